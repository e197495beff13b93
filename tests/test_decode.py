"""The right picture at every moment: bar-coded clips in what editors really get."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from otio_shottag.decode import can_decode, decode_frames, probe
from otio_shottag.decode.reading import Reader
from otio_shottag.decode.render import Renderer
from otio_shottag.decode.stream import PictureStream
from otio_shottag.errors import MediaError
from tests.media import Clip, draw_number, read_number, write_clip

FILM, NTSC_FILM, PAL, NTSC = Fraction(24), Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001)
FAST_PAL, FAST_NTSC = Fraction(50), Fraction(60000, 1001)
QUIET_X265 = "log-level=none:keyint=20"
OPEN_GOP = {"x264-params": "open-gop=1:keyint=12:scenecut=0"}
# Frames last 20 to 400 ms, as in screen recordings and phone films.
UNEVEN = tuple(sum((20, 33, 100, 40, 400, 17)[frame % 6] for frame in range(end)) for end in range(48))

CLIPS = {
    "H.264, B-frames, mp4": Clip("mp4", b_frames=3, gop=30, num_frames=80, timecode="01:00:00:00"),
    "H.264, one key frame, mov": Clip("mov", b_frames=3, gop=250, num_frames=80, rate=NTSC, timecode="01:00:00;00"),
    "H.264, mkv at 23.976": Clip("mkv", b_frames=3, gop=30, num_frames=80, rate=NTSC_FILM, timecode="01:02:03:04"),
    "H.264, mkv at 59.94": Clip("mkv", b_frames=3, gop=30, num_frames=80, rate=FAST_NTSC),
    "H.264, transport stream": Clip("ts", b_frames=3, gop=30, num_frames=80, rate=FAST_NTSC),
    "H.264, open groups, mp4": Clip("mp4", b_frames=3, gop=12, num_frames=60, options=OPEN_GOP),
    "H.264, open groups, ts": Clip("ts", b_frames=3, gop=12, num_frames=60, options=OPEN_GOP),
    "H.264, B-frames, avi": Clip("avi", b_frames=3, gop=30, num_frames=60),
    "MPEG-2, bare": Clip("m2v", "mpeg2video", b_frames=2, rate=PAL, num_frames=60),
    "H.264 10 bit intra, mxf": Clip(
        "mxf", pix_fmt="yuv422p10le", gop=1, num_frames=30, rate=PAL, size=(320, 192), timecode="10:00:00:00"
    ),
    "HEVC, mp4": Clip(
        "mp4", "libx265", b_frames=3, gop=20, num_frames=60, rate=FAST_PAL, options={"x265-params": QUIET_X265}
    ),
    "HEVC, ts": Clip(
        "ts", "libx265", b_frames=3, gop=20, num_frames=60, rate=FAST_PAL, options={"x265-params": QUIET_X265}
    ),
    "ProRes, mov": Clip("mov", "prores_ks", "yuv422p10le", rate=NTSC_FILM, timecode="09:59:50:00"),
    "DNxHR, mxf": Clip(
        "mxf", "dnxhd", "yuv422p", size=(256, 128), rate=PAL, options={"profile": "dnxhr_lb"}, timecode="10:00:00:00"
    ),
    "MJPEG, avi": Clip("avi", "mjpeg", "yuvj420p", rate=NTSC),
    "MPEG-4, B-frames, avi": Clip("avi", "mpeg4", b_frames=2, rate=PAL, num_frames=60),
    "MPEG-2, ts": Clip("ts", "mpeg2video", b_frames=2, rate=PAL, num_frames=60),
    "MPEG-2, program stream": Clip("mpg", "mpeg2video", b_frames=2, rate=NTSC, num_frames=60),
    "MPEG-2, mxf": Clip("mxf", "mpeg2video", b_frames=2, rate=PAL, num_frames=60, timecode="10:00:00:00"),
    "VP9, hidden frames, webm": Clip(
        "webm",
        "libvpx-vp9",
        gop=20,
        num_frames=60,
        options={"auto-alt-ref": "1", "lag-in-frames": "16", "deadline": "realtime", "cpu-used": "8"},
    ),
    "AV1, mp4": Clip(
        "mp4",
        "libsvtav1",
        num_frames=40,
        size=(256, 144),
        options={"preset": "8", "crf": "20", "svtav1-params": "keyint=20"},
    ),
    "FFV1, mkv": Clip("mkv", "ffv1", rate=FAST_NTSC),
    "uncompressed, mov": Clip("mov", "rawvideo", "uyvy422"),
    "uneven H.264, mp4": Clip("mp4", b_frames=2, gop=12, ticks=UNEVEN, time_base=Fraction(1, 1000)),
    "uneven H.264, mkv": Clip("mkv", b_frames=2, gop=12, ticks=UNEVEN, time_base=Fraction(1, 1000)),
}

ClipPath = Callable[[str], Path]


@pytest.fixture(scope="session")
def clip_path(tmp_path_factory: pytest.TempPathFactory) -> ClipPath:
    """Where a clip of CLIPS is, encoded when first asked for."""
    folder = tmp_path_factory.mktemp("decode")

    def path_of(name: str) -> Path:
        path = folder / f"{list(CLIPS).index(name)}.{CLIPS[name].ending}"
        return path if path.exists() else write_clip(path, CLIPS[name])

    return path_of


def middle(clip: Clip, frame: int) -> Fraction:
    """The middle of a frame, in seconds from the start of the file."""
    if clip.ticks is None:
        return (frame + Fraction(1, 2)) / clip.rate
    last = frame + 1 == clip.num_frames
    return clip.start(frame) + Fraction(1, 100) if last else (clip.start(frame) + clip.start(frame + 1)) / 2


@pytest.mark.parametrize("name", CLIPS)
def test_every_frame_asked_for_by_its_middle_says_its_number(clip_path: ClipPath, name: str) -> None:
    """All frames of a clip at once, in random order, each come out as themselves, in that order."""
    clip = CLIPS[name]
    frames = list(range(clip.num_frames))
    random.Random(name).shuffle(frames)
    decoded = decode_frames(clip_path(name), [middle(clip, frame) for frame in frames], 90)
    assert [read_number(picture) for picture in decoded.data] == frames
    assert decoded.failures == 0
    # Matroska rounds to a millisecond.
    for frame, seconds in zip(frames, decoded.seconds, strict=True):
        assert abs(seconds - clip.start(frame)) <= Fraction(1, 1000)


@pytest.mark.parametrize("name", CLIPS)
def test_a_single_frame_says_its_number_wherever_reading_was_before(clip_path: ClipPath, name: str) -> None:
    """One reader that jumps back and forth gives each frame as itself."""
    clip = CLIPS[name]
    frames = random.Random(name).choices(range(clip.num_frames), k=25)
    renderer = Renderer(90)
    with Reader(clip_path(name)) as reader:
        for frame in frames:
            shown = reader.picture_at(middle(clip, frame))
            assert shown is not None
            assert read_number(renderer.render(shown)) == frame


@pytest.mark.parametrize("name", [name for name, clip in CLIPS.items() if clip.ticks is None])
def test_the_header_gives_the_exact_rate_and_what_else_it_knows(clip_path: ClipPath, name: str) -> None:
    """Rate, start timecode, size and, where a header counts them, the number of frames are right."""
    clip, info = CLIPS[name], probe(clip_path(name))
    assert info.rate == clip.rate
    assert info.start_timecode == clip.timecode
    assert (info.width, info.height, info.is_still) == (*clip.size, False)
    counts = clip.ending in ("mp4", "mov", "mxf", "avi", "ts")
    assert info.num_frames == (clip.num_frames if counts else None)


def test_moments_outside_the_file_are_failures(clip_path: ClipPath) -> None:
    """Before the start and more than a frame after the end nothing is on screen; one frame after, the last is held."""
    name = "H.264, B-frames, mp4"
    clip, path = CLIPS[name], clip_path(name)
    moments = [Fraction(-1, 48), middle(clip, 79), middle(clip, 80), middle(clip, 82), Fraction(10**6)]
    decoded = decode_frames(path, moments, 90)
    assert [read_number(picture) for picture in decoded.data] == [79, 79]
    assert decoded.failures == 3
    with pytest.raises(MediaError, match=r"no picture from 1000\.00 s to 2000\.00 s"):
        decode_frames(path, [Fraction(1000), Fraction(2000)], 90)


def test_a_moment_asked_for_twice_is_given_twice(clip_path: ClipPath) -> None:
    """Repeated moments, and different moments of one frame, each give their picture."""
    name = "ProRes, mov"
    clip = CLIPS[name]
    moments = [middle(clip, 7), middle(clip, 3), middle(clip, 7), middle(clip, 7) + Fraction(1, 1000)]
    decoded = decode_frames(clip_path(name), moments, 90)
    assert [read_number(picture) for picture in decoded.data] == [7, 3, 7, 7]


def test_asking_for_nothing_is_a_mistake_of_the_caller(clip_path: ClipPath) -> None:
    """No moments, or a picture without size, is a ValueError."""
    path = clip_path("MJPEG, avi")
    for moments, short_side in (([], 90), ([Fraction(0)], 0)):
        with pytest.raises(ValueError, match="at least one of each"):
            decode_frames(path, moments, short_side)


def test_files_are_decoded_on_several_threads_at_once(clip_path: ClipPath) -> None:
    """Eight threads on four files get what one thread gets."""
    names = ["H.264, B-frames, mp4", "HEVC, mp4", "ProRes, mov", "VP9, hidden frames, webm"]

    def numbers(job: int) -> list[int]:
        clip = CLIPS[names[job % 4]]
        frames = random.Random(job).choices(range(clip.num_frames), k=10)
        decoded = decode_frames(clip_path(names[job % 4]), [middle(clip, frame) for frame in frames], 90)
        assert [read_number(picture) for picture in decoded.data] == frames
        return frames

    for name in names:
        clip_path(name)
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(numbers, range(16)))) == 16


def test_a_file_that_begins_late_begins_at_zero(tmp_path: Path) -> None:
    """Time counts from the first picture, whatever the file's clock says then."""
    clip = Clip(
        "mkv", num_frames=24, ticks=tuple(5000 + 40 * frame for frame in range(24)), time_base=Fraction(1, 1000)
    )
    decoded = decode_frames(write_clip(tmp_path / "late.mkv", clip), [middle(clip, 3)], 90)
    assert read_number(decoded.data[0]) == 3
    assert decoded.seconds == (Fraction(120, 1000),)


def test_an_avi_without_its_index_is_read_all_the_same(tmp_path: Path) -> None:
    """A recording that broke off before its index was written still gives every frame."""
    path = write_clip(tmp_path / "broken_off.avi", Clip("avi", "mjpeg", "yuvj420p", num_frames=30))
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"idx1")])
    frames = [25, 3, 14]
    decoded = decode_frames(path, [(frame + Fraction(1, 2)) / 24 for frame in frames], 90)
    assert [read_number(picture) for picture in decoded.data] == frames


def test_frames_that_an_edit_list_hides_do_not_count(tmp_path: Path) -> None:
    """Frame 0 is the first that a player shows, also where the file stores some before it."""
    path = tmp_path / "trimmed.mov"
    whole = write_clip(tmp_path / "whole.mov", Clip("mov", gop=12, b_frames=2, num_frames=48))
    with av.open(str(whole)) as source, av.open(str(path), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        # A negative start becomes an edit list that begins within the first group of pictures.
        shift = int(Fraction(5, 24) / stream.time_base)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.pts -= shift
                packet.dts -= shift
                packet.stream = copy
                target.mux(packet)
    decoded = decode_frames(path, [(frame + Fraction(1, 2)) / 24 for frame in (0, 1, 20, 42)], 90)
    assert [read_number(picture) for picture in decoded.data] == [5, 6, 25, 47]
    assert probe(path).num_frames == 43


def test_sound_beside_the_picture_is_stepped_over(tmp_path: Path) -> None:
    """A file with a sound track before the video gives its pictures."""
    path, silence = tmp_path / "sound.mov", np.zeros((1, 1600), dtype=np.int16)
    with av.open(str(path), "w") as container:
        sound = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        video = container.add_stream("libx264", rate=30, options={"threads": "1"})
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        for number in range(30):
            samples = av.AudioFrame.from_ndarray(silence, format="s16", layout="mono")
            samples.sample_rate, samples.pts, samples.time_base = 48000, number * 1600, Fraction(1, 48000)
            container.mux(sound.encode(samples))
            picture = av.VideoFrame.from_ndarray(draw_number(number, 160, 96), format="rgb24")
            container.mux(video.encode(picture.reformat(format="yuv420p")))
        container.mux(video.encode(None))
    decoded = decode_frames(path, [Fraction(41, 60), Fraction(5, 60)], 90)
    assert [read_number(picture) for picture in decoded.data] == [20, 2]
    assert probe(path).num_frames == 30


def test_long_clips_are_sought_and_not_read_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A late frame of a long clip costs a few packets, not the whole file."""
    clip = Clip("avi", "mjpeg", "yuvj420p", num_frames=600)
    path = write_clip(tmp_path / "long.avi", clip)
    packets_of, read = PictureStream._packets, []

    def counted(stream: PictureStream) -> Iterator[object]:
        for packet in packets_of(stream):
            read.append(packet.pts)
            yield packet

    monkeypatch.setattr(PictureStream, "_packets", counted)
    decoded = decode_frames(path, [middle(clip, 590)], 90)
    assert read_number(decoded.data[0]) == 590
    assert len(read) < 10


def test_real_films_give_by_moment_what_reading_through_gives(real_clips: Path) -> None:
    """Of every real clip, frames asked for at random are those that a plain linear read gives."""
    for path in sorted(real_clips.glob("*.mp4")):
        with av.open(str(path)) as container:
            times = [Fraction(frame.pts) * frame.time_base for frame in container.decode(video=0)]
        chosen = sorted(random.Random(path.name).sample(range(len(times) - 1), 12))
        moments = [(times[frame] + times[frame + 1]) / 2 - times[0] for frame in chosen]
        decoded = decode_frames(path, moments, 90)
        assert decoded.seconds == tuple(times[frame] - times[0] for frame in chosen)


def test_decoders_are_known_by_name() -> None:
    """A codec that PyAV can decode is told from one that nobody has."""
    assert can_decode("h264")
    assert not can_decode("no such codec")
