"""Files that are no film, no longer one, or mean harm: each a clear error or honest failures."""

import os
import random
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from otio_shottag.decode import decode_frames, probe
from otio_shottag.decode.damage import DamageWatch
from otio_shottag.errors import MediaError
from tests.media import Clip, read_number, write_clip

NOW = [Fraction(1, 48)]
# Long enough for a busy machine, short enough that a search through gigabytes fails.
FEW_SECONDS = 8


@pytest.fixture(autouse=True)
def within_a_few_seconds() -> Iterator[None]:
    """No file holds us up."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < FEW_SECONDS


def check_refused(path: Path, reason: str) -> None:
    """Check that probing and decoding both say in one line why they will not."""
    for attempt in (lambda: probe(path), lambda: decode_frames(path, NOW, 90)):
        with pytest.raises(MediaError, match=reason) as caught:
            attempt()
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, a pipe that nobody writes to, a socket and a device are not opened."""
    check_refused(tmp_path / "missing.mov", "No such file")
    check_refused(tmp_path, "is a folder")
    os.mkfifo(tmp_path / "pipe.mov")
    check_refused(tmp_path / "pipe.mov", "is a pipe")
    os.mkfifo(tmp_path / "other.mov")
    (tmp_path / "link.mov").symlink_to(tmp_path / "other.mov")
    check_refused(tmp_path / "link.mov", "is a pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        # The path of a socket has little room, so it is bound from within the folder.
        before = Path.cwd()
        os.chdir(tmp_path)
        try:
            listener.bind("socket.mov")
        finally:
            os.chdir(before)
        check_refused(tmp_path / "socket.mov", "is a socket")
    check_refused(Path("/dev/zero"), "is a device")


def test_a_name_that_no_file_can_have_is_refused() -> None:
    """A zero byte in a path from a cut is an error of the medium and not of the program."""
    with pytest.raises(MediaError, match="null byte"):
        probe(Path("a\0b.mov"))


@pytest.mark.parametrize("ending", ["mov", "mkv", "mxf", "ts", "h264", "dv", "dpx", "bin"])
def test_gigabytes_of_nothing_are_not_searched(tmp_path: Path, ending: str) -> None:
    """A 10 GB file that an unfinished copy made room for is refused at once."""
    path = tmp_path / f"sparse.{ending}"
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    check_refused(path, "nothing but zeros")


@pytest.mark.parametrize("ending", ["mov", "mxf", "ts", "bin"])
def test_gigabytes_that_begin_with_something_are_not_searched(tmp_path: Path, ending: str) -> None:
    """A 10 GB file of which only the beginning was copied, and makes no sense, is refused as well."""
    path = tmp_path / f"sparse.{ending}"
    with path.open("wb") as file:
        file.write(random.Random(1).randbytes(2**17))
        file.truncate(10 * 2**30)
    check_refused(path, "cannot be opened as video or picture")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.mov", b"", "is empty"),
        ("text.mov", b"no film, just words\n" * 200, "cannot be opened"),
        ("words.txt", b"FFmpeg would draw these\n" * 200, "playlists, text"),
        ("noise.mp4", random.Random(2).randbytes(200_000), "cannot be opened"),
        ("bare.h264", random.Random(2).randbytes(200_000), "raw data"),
        ("zeros.png", bytes(100), "cannot be opened|does not say how large"),
    ],
)
def test_what_is_no_film_is_refused(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    """An empty file, text and noise are no films, whatever they are called."""
    (tmp_path / name).write_bytes(content)
    check_refused(tmp_path / name, reason)


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    """A file without a picture says that it holds no video."""
    path = tmp_path / "sound.wav.mov"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 4800), dtype=np.int16), format="s16", layout="mono")
        samples.sample_rate = 48000
        container.mux(sound.encode(samples))
    check_refused(path, "holds no video")


@pytest.mark.parametrize("name", ["list.m3u8", "list.mov", "list.ffconcat", "list.mpd"])
def test_a_playlist_opens_no_other_file(tmp_path: Path, name: str) -> None:
    """A playlist of a film that is there is refused, under its own name or a film's."""
    film = write_clip(tmp_path / "film.ts", Clip("ts", num_frames=30))
    content = {
        ".m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{film}\n#EXT-X-ENDLIST\n",
        ".mov": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{film}\n#EXT-X-ENDLIST\n",
        ".ffconcat": f"ffconcat version 1.0\nfile '{film.name}'\n",
        ".mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"/>',
    }
    (tmp_path / name).write_text(content[Path(name).suffix])
    check_refused(tmp_path / name, "playlists, text|cannot be opened")


@pytest.mark.parametrize("name", ["concat:a.ts|b.ts", "subfile,,start,0,end,9,,:film.ts", "shot.%04d.ts", "data:,x.ts"])
def test_a_file_name_is_only_a_name(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose name FFmpeg would take for a protocol or a pattern is read as the file it is."""
    monkeypatch.chdir(tmp_path)
    path = write_clip(tmp_path / "film.ts", Clip("ts", num_frames=10)).rename(name)
    assert read_number(decode_frames(path, NOW, 90).data[0]) == 0


def test_a_name_that_is_no_text_is_only_a_name(tmp_path: Path) -> None:
    """A file named in Latin-1 is read, and in an error its name does not get in the way."""
    path = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    write_clip(tmp_path / "plain.mp4", Clip(num_frames=4)).rename(path)
    assert read_number(decode_frames(path, NOW, 90).data[0]) == 0
    path.write_bytes(b"broken")
    with pytest.raises(MediaError, match="cannot be opened"):
        probe(path)


def test_an_address_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network address where a path should be is a missing file: nothing connects."""
    monkeypatch.chdir(tmp_path)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        check_refused(Path(f"http://127.0.0.1:{server.getsockname()[1]}/film.mov"), "No such file")
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_picture_that_claims_a_gigapixel_takes_no_memory(tmp_path: Path) -> None:
    """A header of 60000 by 60000 pixels is refused before the memory is taken."""
    path, header = tmp_path / "bomb.png", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + bytes(2000)
    )
    with pytest.raises(MediaError, match=r"bomb\.png"):
        decode_frames(path, NOW, 90)


def test_a_film_without_its_index_is_refused(tmp_path: Path) -> None:
    """An mp4 that was cut off before its moov atom cannot be read, and says so."""
    path = write_clip(tmp_path / "cut.mp4", Clip(num_frames=30))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    check_refused(path, "cannot be opened")


@pytest.mark.parametrize(
    "clip",
    [
        Clip("mov", num_frames=60, gop=10, container_options={"movflags": "faststart"}),
        Clip("mov", "prores_ks", "yuv422p10le", num_frames=60, container_options={"movflags": "faststart"}),
        Clip("mkv", num_frames=60, gop=10, b_frames=2),
        Clip("ts", num_frames=60, gop=10, b_frames=2),
        Clip("mxf", "mpeg2video", num_frames=60, rate=Fraction(25), gop=10),
    ],
    ids=lambda clip: f"{clip.codec} {clip.ending}",
)
def test_of_a_truncated_film_the_beginning_is_used(tmp_path: Path, clip: Clip) -> None:
    """A copy that stopped half way gives its first frames as themselves and the missing ones as failures."""
    path = write_clip(tmp_path / f"half.{clip.ending}", clip)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    frames = list(range(60))
    decoded = decode_frames(path, [(frame + Fraction(1, 2)) / clip.rate for frame in frames], 90)
    numbers = [read_number(picture) for picture in decoded.data]
    # The last picture is held for one frame, so it may be there twice.
    assert numbers[:-1] == frames[: len(numbers) - 1]
    assert numbers[-1] in (len(numbers) - 1, len(numbers) - 2)
    assert 10 <= decoded.failures < 50
    assert len(numbers) + decoded.failures == 60


@pytest.mark.parametrize(
    "clip",
    [
        Clip("mkv", num_frames=80, gop=10, b_frames=2, size=(320, 192)),
        Clip("ts", num_frames=80, gop=10, b_frames=2, size=(320, 192)),
        Clip("mov", "prores_ks", "yuv422p10le", num_frames=80, size=(320, 192)),
        Clip("ts", "mpeg2video", num_frames=80, gop=10, b_frames=2, size=(320, 192)),
    ],
    ids=lambda clip: f"{clip.codec} {clip.ending}",
)
def test_random_bytes_in_the_middle_cost_their_own_stretch(tmp_path: Path, clip: Clip) -> None:
    """Noise over a tenth of a film gives failures there, and no frame anywhere that says a wrong number."""
    path = write_clip(tmp_path / f"noise.{clip.ending}", clip)
    content = bytearray(path.read_bytes())
    start, length = len(content) // 2, len(content) // 10
    content[start : start + length] = random.Random(3).randbytes(length)
    path.write_bytes(content)
    frames = random.Random(4).sample(range(80), 80)
    moments = [(frame + Fraction(1, 2)) / clip.rate for frame in frames]
    decoded = decode_frames(path, moments, 90)
    assert 3 <= decoded.failures <= 40
    for seconds, picture in zip(decoded.seconds, decoded.data, strict=True):
        assert read_number(picture) == round(seconds * clip.rate)
    shown = {round(seconds * clip.rate) for seconds in decoded.seconds}
    assert set(range(30)) <= shown
    assert set(range(70, 80)) <= shown


def test_a_film_of_which_nothing_decodes_is_one_error(tmp_path: Path) -> None:
    """Where every picture is noise the error says what was asked for."""
    path = write_clip(tmp_path / "noise.mov", Clip("mov", num_frames=20))
    content = bytearray(path.read_bytes())
    start, end = content.index(b"mdat") + 4, content.index(b"moov") - 4
    content[start:end] = random.Random(5).randbytes(end - start)
    path.write_bytes(content)
    with pytest.raises(MediaError, match=r"noise\.mov: (no picture from|not one picture)"):
        decode_frames(path, NOW, 90)


def test_ffmpeg_says_nothing_on_stderr(tmp_path: Path) -> None:
    """Damage is reported by us; the library's own words do not reach the terminal."""
    path = write_clip(tmp_path / "half.ts", Clip("ts", num_frames=30))
    path.write_bytes(path.read_bytes()[1000:5000])
    code = (
        "import sys; from pathlib import Path; from fractions import Fraction\n"
        "from otio_shottag.decode import decode_frames; from otio_shottag.errors import MediaError\n"
        "try: decode_frames(Path(sys.argv[1]), [Fraction(1, 4)], 90)\n"
        "except MediaError: pass"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


def watched(events: list[tuple[str, int]], *, is_steady: bool = False) -> list[int]:
    """Run a watch over (what, start) events; give the starts that came out sound."""
    watch, sound = DamageWatch(0, Fraction(10), is_steady=is_steady), []
    for what, start in events:
        if what in ("in", "broken in"):
            watch.put_in(start, is_broken=what == "broken in")
            continue
        watch.find_lost(start)
        if watch.is_sound(
            start, duration=10 if what != "long" else 20, is_key_frame="key" in what, is_broken="corrupt" in what
        ):
            sound.append(start)
    return sound


def test_what_follows_damage_is_not_believed_until_a_later_key_frame() -> None:
    """After a corrupt picture the rest of its group is out, the next key frame and what follows are in."""
    events = [("key", 0), ("out", 10), ("corrupt", 20), ("out", 30), ("key", 40), ("out", 50)]
    assert watched(events) == [0, 10, 40, 50]


def test_a_key_frame_shown_before_the_damage_does_not_end_it() -> None:
    """A packet that broke before its turn on screen spoils what is predicted from it, not the key frame before."""
    events = [("in", 0), ("broken in", 30), ("in", 10), ("key", 0), ("out", 10), ("in", 40), ("out", 40), ("key", 50)]
    assert watched(events) == [0, 50]


def test_a_picture_that_never_came_out_counts_as_damage() -> None:
    """A gap between what went in and what came out is found, and a field's own packet is none."""
    events = [("in", 0), ("in", 5), ("in", 10), ("in", 20), ("key", 0), ("out", 20), ("key", 30)]
    assert watched(events) == [0, 30]
    fields = [("in", 0), ("in", 5), ("key", 0), ("in", 10), ("in", 15), ("out", 10)]
    assert watched(fields) == [0, 10]


def test_a_long_picture_hides_a_loss_only_where_all_are_equally_long() -> None:
    """A gap in time is damage in a transport stream and a held picture elsewhere."""
    events = [("key", 0), ("out", 10), ("out", 40), ("key", 50)]
    assert watched(events) == [0, 10, 40, 50]
    assert watched(events, is_steady=True) == [0, 10, 50]
    # A repeated field makes a picture longer, and it says so.
    assert watched([("key", 0), ("long", 10), ("out", 30)], is_steady=True) == [0, 10, 30]
