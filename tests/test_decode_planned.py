"""Cheaper ways to a picture give the picture that the dear one gives."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from otio_shottag.decode import Hardware, OpenFiles, decode_frames
from otio_shottag.decode.reading import Reader
from otio_shottag.decode.render import Renderer
from otio_shottag.errors import MediaError
from otio_shottag.shots import NearMoment
from tests.media import Clip, read_number, write_clip

STEADY = {"x264-params": "scenecut=0:b-adapt=0:keyint=24:min-keyint=24"}
LONG = Clip("mp4", b_frames=3, gop=24, num_frames=120, options=STEADY)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with a key frame every second."""
    return write_clip(tmp_path_factory.mktemp("planned") / "long.mp4", LONG)


def near(frame: int, leeway: int) -> NearMoment:
    return NearMoment(*(Fraction(2 * number + 1, 48) for number in (frame, frame - leeway, frame + leeway)))


@pytest.mark.parametrize(
    ("frame", "leeway", "shown"),
    [
        (30, 6, 24),  # a key frame at the very start of its leeway
        (30, 5, 30),  # one just before it
        (44, 4, 48),  # one at its very end
        (44, 3, 44),  # one just after it
        (33, 20, 24),  # of two the nearer one
        (39, 20, 48),
        (2, 9, 0),
        (60, 0, 60),
    ],
)
def test_a_moment_moves_to_the_nearest_key_frame_within_its_leeway(path, frame, leeway, shown):
    """It takes a key frame that its leeway holds, and stays where it is else."""
    frames = decode_frames(path, [near(frame, leeway)], 90)
    assert [read_number(picture) for picture in frames.data] == [shown]
    assert frames.seconds == (Fraction(shown, 24),)


def test_a_moved_moment_does_not_depend_on_what_was_read_before(path):
    """One reader that jumps about gives for each moment what a fresh one gives."""
    draw = random.Random(1)
    moments = [near(draw.randrange(120), draw.randrange(12)) for _ in range(40)]
    with OpenFiles() as files:
        together = [decode_frames(path, [moment], 90, files=files).seconds for moment in moments]
    assert together == [decode_frames(path, [moment], 90).seconds for moment in moments]


@pytest.mark.parametrize(
    "clip",
    [
        LONG,
        replace(LONG, codec="libx265", options={"x265-params": "log-level=none:keyint=24"}),
        replace(LONG, codec="mpeg2video", b_frames=2, options={}),
        replace(LONG, ending="mkv"),
        # Long frames among short ones: what was left out may be what is on screen.
        replace(
            LONG,
            ticks=tuple(sum((20, 900, 20, 33)[frame % 4] for frame in range(end)) for end in range(120)),
            time_base=Fraction(1, 1000),
        ),
    ],
    ids=["H.264", "HEVC", "MPEG-2", "mkv", "uneven"],
)
def test_pictures_left_out_on_the_way_change_nothing(tmp_path, clip):
    """Reading forward in steps of any length gives the frames asked for, in files where some pictures are left out."""
    path = write_clip(tmp_path / f"clip.{clip.ending}", clip)
    for step in (2, 5, 7, 23):
        wanted = range(0, clip.num_frames - 1, step)
        middles = [(clip.start(frame) + clip.start(frame + 1)) / 2 for frame in wanted]
        decoded = decode_frames(path, middles, 90)
        assert [read_number(picture) for picture in decoded.data] == list(wanted)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_single_moments_among_uneven_frames_are_right(tmp_path, codec):
    """A fresh reader gives each frame as itself where long ones stand among short ones, in open groups, too."""
    lengths = (20, 20, 20, 900, 20, 33, 20)
    x264 = {"x264-params": "open-gop=1:scenecut=0:b-adapt=0:keyint=24:min-keyint=24"}
    x265 = {"x265-params": "log-level=none:keyint=24:bframes=4:open-gop=1:scenecut=0:b-adapt=0"}
    clip = Clip(
        "mp4",
        codec,
        b_frames=4,
        gop=24,
        num_frames=120,
        options=x264 if codec == "libx264" else x265,
        ticks=tuple(sum(lengths[frame % 7] for frame in range(end)) for end in range(120)),
        time_base=Fraction(1, 1000),
    )
    path = write_clip(tmp_path / "uneven.mp4", clip)
    for frame in range(119):
        middle = (clip.start(frame) + clip.start(frame + 1)) / 2
        decoded = decode_frames(path, [middle], 90)
        assert [read_number(picture) for picture in decoded.data] == [frame]


def test_pictures_are_left_out(path):
    """On the way to a frame deep in a group the decoder gives fewer pictures than it passes."""
    with Reader(path) as reader:
        came_out = 0
        give = reader._stream.next

        def counting():
            nonlocal came_out
            came_out += 1
            return give()

        reader._stream.next = counting
        shown = reader.picture_at(Fraction(2 * 21 + 1, 48))
        assert read_number(Renderer(90).render(shown)) == 21
        assert came_out < 18


def test_a_file_stays_open_between_shots(path):
    """Two shots of one file open it once, also when they come from different threads."""
    with OpenFiles() as files:
        for frame in (10, 30, 20):
            with ThreadPoolExecutor(1) as pool:
                frames = pool.submit(decode_frames, path, [near(frame, 0)], 90, files=files).result()
            assert read_number(frames.data[0]) == frame
        assert len(files._idle) == 1
    assert not files._idle


def test_threads_do_not_share_a_reader(path):
    """As many threads as read at once have a reader each, and every one sees its own frames."""
    begin = threading.Barrier(4)
    with OpenFiles() as files, ThreadPoolExecutor(4) as pool:

        def numbers(first: int) -> list[int]:
            begin.wait()
            wanted = [near(frame, 0) for frame in range(first, 120, 9)]
            return [read_number(picture) for picture in decode_frames(path, wanted, 90, files=files).data]

        assert list(pool.map(numbers, range(4))) == [list(range(first, 120, 9)) for first in range(4)]


def test_no_more_than_a_few_files_stay_open(path, tmp_path):
    """A cut of hundreds of files does not hold hundreds of decoders."""
    with OpenFiles() as files:
        for number in range(12):
            copy = tmp_path / f"{number}.mp4"
            copy.write_bytes(path.read_bytes())
            decode_frames(copy, [near(3, 0)], 90, files=files)
        assert len(files._idle) <= 8


def test_after_an_error_a_reader_is_not_lent_again(path, tmp_path):
    """A missing file is said, and the reader of a sound one whose user failed is closed."""
    with OpenFiles() as files:
        with pytest.raises(MediaError, match=r"gone\.mp4"):
            decode_frames(tmp_path / "gone.mp4", [near(3, 0)], 90, files=files)
        with pytest.raises(KeyError), files.borrowed(path):
            raise KeyError
        assert not files._idle


@pytest.mark.parametrize("wish", ["auto", "none", "cuda", "videotoolbox", "d3d11va"])
def test_hardware_that_is_not_there_is_no_hindrance(path, wish):
    """Whatever is asked for, the frames come out, and what decoded is said."""
    hardware = Hardware(wish)
    with OpenFiles(hardware=hardware) as files:
        frames = decode_frames(path, [near(40, 0)], 90, files=files)
    assert read_number(frames.data[0]) == 40
    if wish in ("auto", "none"):
        assert hardware.words == "cpu"
    else:
        assert hardware.words.startswith((wish, f"cpu; {wish} was asked for"))


def test_unknown_hardware_is_refused():
    """A kind that nobody knows is named, with those that are known."""
    with pytest.raises(MediaError, match="unknown hardware decoding 'gpu'; one of auto, none, cuda"):
        Hardware("gpu")
