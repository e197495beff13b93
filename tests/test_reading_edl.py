"""EDLs come out with the right frames, speeds, transitions and record times."""

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from otio_shottag.errors import TimelineError
from otio_shottag.finding import find_shots
from otio_shottag.media_paths import MediaFinder
from otio_shottag.shots import Shot
from otio_shottag.timeline import Cut, read_timeline
from tests.cuts import span
from tests.media import Clip, write_clip

HEAD = "TITLE: TEST\nFCM: NON-DROP FRAME\n\n"


def read(tmp_path: Path, text: str | bytes, **options) -> Cut:
    path = tmp_path / "cut.edl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_timeline(path, **options)


def clips_of(cut: Cut) -> list[otio.schema.Clip]:
    return list(cut.timeline.find_clips())


def shots_of(cut: Cut, folder: Path) -> list[Shot]:
    shots, skips = find_shots(cut, finder=MediaFinder(roots=(folder,)))
    assert skips == []
    return shots


@pytest.fixture(scope="module")
def reels(tmp_path_factory) -> Path:
    """Two bar-coded reels with timecode."""
    folder = tmp_path_factory.mktemp("reels")
    write_clip(folder / "REEL1.mov", Clip(num_frames=100, timecode="01:00:00:00"))
    write_clip(folder / "REEL2.mov", Clip(num_frames=100, timecode="02:00:00:00"))
    return folder


def test_events_become_shots_at_their_record_time(tmp_path, reels):
    """Source timecode becomes frames of the reel, record timecode the place in the cut, gaps included."""
    cut = read(
        tmp_path,
        HEAD
        + "001  REEL1 V C 01:00:00:10 01:00:01:00 01:00:00:00 01:00:00:14\n"
        + "002  REEL2 V C 02:00:02:00 02:00:02:05 01:00:01:00 01:00:01:05\n* FROM CLIP NAME: SECOND\n",
    )
    first, second = shots_of(cut, reels)
    assert (list(first.frames), first.record) == (list(range(10, 24)), span(86400, 14))
    assert (list(second.frames), second.record, second.name) == (list(range(48, 53)), span(86424, 5), "SECOND")


def test_drop_frame_is_counted(tmp_path, reels):
    """In drop-frame, two numbers are missing after every minute but the tenth, in source and record."""
    cut = read(
        tmp_path,
        "TITLE: DF\nFCM: DROP FRAME\n001 REEL1 V C 01:00:59:28 01:01:00:04 01:00:59:28 01:01:00:04\n"
        "* LOC: 01:01:00:02 RED LOOK\n",
    )
    assert (cut.rate, cut.drop_frame) == (Fraction(30000, 1001), True)
    (clip,) = clips_of(cut)
    assert clip.source_range.duration.value == 4
    assert [marker.marked_range.start_time.value - clip.source_range.start_time.value for marker in clip.markers] == [2]


@pytest.mark.parametrize(("frame", "rate"), [(23, 24), (24, 25), (29, 30), (49, 50), (59, 60)])
def test_the_lowest_rate_that_fits_is_taken(tmp_path, frame, rate):
    """Without --rate, the lowest usual rate that has all the frame numbers is meant."""
    cut = read(tmp_path, HEAD + f"001 R V C 01:00:00:00 01:00:00:{frame} 01:00:00:00 01:00:00:{frame}\n")
    assert cut.rate == rate


def test_a_given_rate_wins(tmp_path):
    """--rate 23.976 makes the cut count in 24000/1001."""
    cut = read(
        tmp_path, HEAD + "001 R V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n", rate=Fraction(24000, 1001)
    )
    assert cut.rate == Fraction(24000, 1001)
    assert clips_of(cut)[0].source_range.start_time.value == 86400


def test_a_timecode_that_the_rate_has_not_is_refused(tmp_path):
    """Frame 24 at a rate of 24 is refused, and the option that mends it is named."""
    with pytest.raises(TimelineError, match=r"01:00:00:24 does not exist .* --rate"):
        read(tmp_path, HEAD + "001 R V C 01:00:00:00 01:00:00:24 01:00:00:00 01:00:00:24\n", rate=Fraction(24))


def test_m2_gives_the_speed(tmp_path, reels):
    """M2 of 48 frames a second in a cut of 24 is double speed."""
    cut = read(
        tmp_path,
        HEAD + "001 REEL1 V C 01:00:00:10 01:00:01:06 01:00:00:00 01:00:00:10\nM2 REEL1 048.0 01:00:00:10\n",
    )
    assert list(shots_of(cut, reels)[0].frames) == list(range(10, 30, 2))


def test_m2_counts_though_the_lengths_agree(tmp_path, reels):
    """A speed is a speed even where source and record are written equally long."""
    cut = read(
        tmp_path,
        HEAD + "001 REEL1 V C 01:00:00:10 01:00:00:20 01:00:00:00 01:00:00:10\nM2 REEL1 012.0 01:00:00:10\n",
    )
    assert list(shots_of(cut, reels)[0].frames) == [10, 10, 11, 11, 12, 12, 13, 13, 14, 14]


def test_reverse_play_goes_down_from_the_m2_timecode(tmp_path, reels):
    """A negative M2 speed plays down from the timecode in its line."""
    cut = read(
        tmp_path,
        HEAD + "001 REEL1 V C 01:00:01:00 01:00:01:01 01:00:00:00 01:00:00:05\nM2 REEL1 -024.0 01:00:01:00\n",
    )
    assert list(shots_of(cut, reels)[0].frames) == [24, 23, 22, 21, 20]


@pytest.mark.parametrize("note", ["M2 REEL1 000.0 01:00:01:00", "* FREEZE FRAME"])
def test_a_freeze(tmp_path, reels, note):
    """M2 of 0, or the comment FREEZE FRAME, holds the source in."""
    cut = read(tmp_path, HEAD + f"001 REEL1 V C 01:00:01:00 01:00:01:01 01:00:00:00 01:00:00:05\n{note}\n")
    assert list(shots_of(cut, reels)[0].frames) == [24] * 5


def test_lengths_that_differ_without_m2_are_a_speed(tmp_path, reels):
    """Forty frames of source over twenty of record is double speed, said or not."""
    cut = read(tmp_path, HEAD + "001 REEL1 V C 01:00:00:00 01:00:01:16 01:00:00:00 01:00:00:20\n")
    assert list(shots_of(cut, reels)[0].frames) == list(range(0, 40, 2))


def test_a_dissolve_lies_at_the_start_of_the_incoming_shot(tmp_path, reels):
    """A dissolve of 8 frames takes the first 8 of the incoming shot, and the last of the outgoing stay clear."""
    cut = read(
        tmp_path,
        HEAD
        + "001 REEL1 V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n"
        + "002 REEL1 V C 01:00:01:00 01:00:01:00 01:00:01:00 01:00:01:00\n"
        + "002 REEL2 V D 008 02:00:00:00 02:00:01:00 01:00:01:00 01:00:02:00\n"
        + "* FROM CLIP NAME: REEL1\n* TO CLIP NAME: REEL2\n",
    )
    first, second = shots_of(cut, reels)
    assert (first.clear, second.clear) == (range(0, 24), range(8, 24))
    assert list(second.frames) == list(range(24))


def test_a_fade_in_as_the_first_event(tmp_path, reels):
    """A cut that fades in from black is read, and the fade is not clear."""
    cut = read(
        tmp_path,
        HEAD
        + "001 BL V C 00:00:00:00 00:00:00:00 01:00:00:00 01:00:00:00\n"
        + "001 REEL1 V D 012 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n",
    )
    (shot,) = shots_of(cut, reels)
    assert (shot.clear, shot.record) == (range(12, 24), span(86400, 24))


def test_the_outgoing_sides_speed_is_its_own(tmp_path, reels):
    """In a dissolve, an M2 line of the outgoing reel does not speed up the incoming one."""
    cut = read(
        tmp_path,
        HEAD
        + "001 REEL1 V C 01:00:00:00 01:00:02:00 01:00:00:00 01:00:01:00\nM2 REEL1 048.0 01:00:00:00\n"
        + "002 REEL1 V C 01:00:02:00 01:00:02:00 01:00:01:00 01:00:01:00\n"
        + "002 REEL2 V D 008 02:00:00:00 02:00:01:00 01:00:01:00 01:00:02:00\nM2 REEL1 048.0 01:00:02:00\n",
    )
    assert list(shots_of(cut, reels)[1].frames) == list(range(24))


def test_a_cut_past_midnight(tmp_path):
    """An event that runs past midnight keeps its length and its place."""
    cut = read(tmp_path, HEAD + "001 A V C 00:00:00:00 00:00:04:00 23:59:58:00 00:00:02:00\n")
    assert clips_of(cut)[0].source_range == span(0, 96)
    assert cut.start.value == 24 * 86400 - 48


def test_source_out_before_source_in_is_reverse_play(tmp_path, reels):
    """A source that is written backward plays backward."""
    cut = read(tmp_path, HEAD + "001 REEL1 V C 01:00:01:00 01:00:00:14 01:00:00:00 01:00:00:10\n")
    assert list(shots_of(cut, reels)[0].frames) == list(range(23, 13, -1))


def test_a_rate_that_only_m2_gives_away(tmp_path):
    """A frame number in an M2 line counts when the rate is guessed."""
    cut = read(tmp_path, HEAD + "001 R V C 01:00:00:00 01:00:02:00 01:00:00:00 01:00:01:00\nM2 R 050.0 01:00:00:24\n")
    assert cut.rate == 25


def test_drop_frame_at_a_rate_that_has_none(tmp_path):
    """FCM: DROP FRAME in a cut of 25 is ignored where the rate is given."""
    text = "TITLE: X\nFCM: DROP FRAME\n001 R V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n"
    assert not read(tmp_path, text, rate=Fraction(25)).drop_frame


def test_an_impossible_locator_costs_itself(tmp_path):
    """A LOC line at a time that does not exist is dropped; the event stays."""
    cut = read(tmp_path, HEAD + "001 R V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n* LOC: 01:00:61:12 RED X\n")
    assert len(clips_of(cut)[0].markers) == 0


def test_reels_with_spaces(tmp_path):
    """A reel name of two words does not cost the EDL."""
    cut = read(tmp_path, HEAD + "001 CAM A 12 V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n")
    assert clips_of(cut)[0].metadata["cmx_3600"]["reel"] == "CAM_A_12"


def test_locators_move_from_record_to_source_time(tmp_path):
    """A LOC line names record time; the marker lands on that frame of the clip."""
    cut = read(
        tmp_path,
        HEAD + "001 R V C 05:00:00:00 05:00:02:00 01:00:00:00 01:00:02:00\n* LOC: 01:00:01:00 GREEN  VFX 10\n",
    )
    (marker,) = clips_of(cut)[0].markers
    assert (marker.name, marker.color) == ("VFX 10", "GREEN")
    assert marker.marked_range.start_time.value == 5 * 86400 + 24


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_ending(tmp_path, encoding, newline):
    """BOMs, UTF-16, Latin-1 and the line endings of all machines are read."""
    text = HEAD + "001 R V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n* FROM CLIP NAME: CAFÉ\n"
    cut = read(tmp_path, text.replace("\n", newline).encode(encoding))
    assert clips_of(cut)[0].name == "CAFÉ"


def test_two_tracks_start_together(tmp_path):
    """Events on V2 keep their own record time beside those on V."""
    cut = read(
        tmp_path,
        HEAD
        + "001 R V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n"
        + "002 R V2 C 01:00:00:00 01:00:00:10 01:00:00:12 01:00:00:22\n",
    )
    assert [len(track) for track in cut.timeline.tracks] == [1, 2]
    assert cut.timeline.tracks[1][0].duration().value == 12


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("TITLE: X\n", "holds no events"),
        ("just words\n", "holds no events"),
        (HEAD + "002 R V D 010 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n", "starts with a transition"),
        (HEAD + "001 C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n", r"holds no events|lacks its reel"),
        (HEAD + "E02 R V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n", "an event that cannot be read: E02"),
        (HEAD + "002 R V C 1:00:00:00 1:00:01:00 1:00:00:00 1:00:01:00\n", "an event that cannot be read: 002"),
        (HEAD + "001 R V C 01:00:00:00 01:00:01:00 01:00:02:00 01:00:01:00\n", "record out is before its in"),
        (HEAD + "001 R V D ² 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n", "incorrect edit type"),
        (HEAD + "001 R V C 01:00:00:00 01:00:01:99 01:00:00:00 01:00:01:99\n", "counts 99 frames in a second"),
    ],
)
def test_what_is_no_edl_is_said(tmp_path, text, message):
    """What cannot be read is refused in one line that names the file and the fault."""
    with pytest.raises(TimelineError, match=message) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)
