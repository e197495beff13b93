"""The adapter for Resolve's marker lists, as OTIO itself and its command line use it."""

import subprocess
import sys
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from opentimelineio.opentime import RationalTime
from opentimelineio.schema import Marker

from otio_shottag.formats.resolve_markers import OTIO_COLORS, RESOLVE_COLORS
from otio_shottag.marks import is_ours, mark_timeline, marks_of, strip_marks
from otio_shottag.settings import Settings
from otio_shottag.vocabulary import MARKER_COLORS
from tests.cut_strategies import cuts
from tests.cuts import clip, span, timeline, track
from tests.format_cuts import editors_cut, tags_of

ADAPTER = "resolve_markers"
HOUR = 86400
SAMPLE = (
    "TITLE: Reel 3\r\nFCM: NON-DROP FRAME\r\n\r\n"
    "001  001      V     C        01:00:02:03 01:00:02:04 01:00:02:03 01:00:02:04  \r\n"
    "a note |C:ResolveColorLavender |M:one |D:5\r\n\r\n"
    "003  001      V     C        01:00:08:05 01:00:08:06 01:00:08:05 01:00:08:06  \r\n"
    " |C:ResolveColorRed |M:three |D:1\r\n\r\n"
)


def read(text: str, **options) -> otio.schema.Timeline:
    return otio.adapters.read_from_string(text, ADAPTER, **options)


def marker(**facts) -> otio.schema.Timeline:
    """A timeline with one marker, from 01:00:00:00 at 24."""
    made = timeline(track(clip("/a.mov", span(0, 240))), start=RationalTime(HOUR, 24))
    made.tracks.markers.append(Marker(**facts))
    return made


def test_otio_finds_it_and_still_gives_edls_to_the_other():
    """It is registered by name; a path that ends in .edl stays with the CMX 3600 adapter."""
    assert ADAPTER in otio.adapters.available_adapter_names()
    assert otio.adapters.from_filepath("cut.edl").name == "cmx_3600"


def test_markers_count_from_the_start_that_is_given():
    """With the cut's start timecode they count from its first frame, without it from midnight."""
    counted = read(SAMPLE, rate=24, start="01:00:00:00")
    assert counted.global_start_time == RationalTime(HOUR, 24)
    assert [one.marked_range for one in counted.tracks.markers] == [span(51, 5), span(197, 1)]
    absolute = read(SAMPLE, rate="25")
    assert absolute.global_start_time is None
    assert absolute.tracks.markers[0].marked_range == span(90053, 5, 25)
    assert read(SAMPLE).tracks.markers[1].marked_range.start_time == RationalTime(HOUR + 197, 24)


def test_name_note_and_colour_are_read():
    """Resolve's own name of a colour is kept beside OTIO's nearest."""
    read_back = read(SAMPLE)
    first, second = read_back.tracks.markers
    assert (first.name, first.comment, first.color) == ("one", "a note", "PURPLE")
    assert first.metadata["resolve_markers"]["color"] == "Lavender"
    assert (second.name, second.comment, second.color) == ("three", "", "RED")
    assert read_back.name == "Reel 3"


def test_what_was_read_is_written_again():
    """Read and written, a list is what it was, but for the numbers of its events."""
    for options in ({}, {"start": "01:00:00:00"}):
        written = otio.adapters.write_to_string(read(SAMPLE, **options), ADAPTER)
        assert written == SAMPLE.replace("003  001", "002  001")


def test_drop_frame_is_counted_by_the_list(tmp_path):
    """Semicolons, or FCM, make a list drop-frame; it is written so again."""
    text = (
        SAMPLE.replace("NON-DROP", "DROP").replace("01:00:02:03", "01:00:02;03").replace("01:00:08:05", "01:01:00;02")
    )
    dropped = read(text.replace("01:00:02:04", "01:00:02;04"), rate=29.97, start="01:00:00;00")
    assert [one.marked_range.start_time.value for one in dropped.tracks.markers] == [63, 1800]
    again = otio.adapters.write_to_string(dropped, ADAPTER)
    assert "FCM: DROP FRAME" in again
    assert "01:01:00;02 01:01:00;03" in again
    plain = otio.adapters.write_to_string(dropped, ADAPTER, drop_frame=False)
    assert "FCM: NON-DROP FRAME" in plain


def test_every_colour_comes_back():
    """Each of OTIO's colours has one of Resolve's of its own, and each of Resolve's sixteen has one of OTIO's."""
    assert set(RESOLVE_COLORS) == set(MARKER_COLORS)
    assert len(OTIO_COLORS) == 16
    for color in MARKER_COLORS:
        text = otio.adapters.write_to_string(marker(name="x", marked_range=span(0, 1), color=color), ADAPTER)
        assert read(text).tracks.markers[0].color == color


def test_markers_of_clips_and_tracks_are_written_in_record_time():
    """All that a timeline carries is in the list; a nameless marker gets a name, as Resolve adds none without."""
    made = marker(name="on timeline", marked_range=span(12, 1))
    made.tracks[0].markers.append(Marker(name="on track", marked_range=span(24, 1)))
    made.tracks[0][0].markers.append(Marker(marked_range=span(36, 2)))
    made.tracks[0][0].markers.append(Marker(marked_range=span(48, 0), metadata={"Resolve_OTIO": {"Note": "hi"}}))
    back = read(otio.adapters.write_to_string(made, ADAPTER), start="01:00:00:00")
    assert [(one.name, one.marked_range, one.comment) for one in back.tracks.markers] == [
        ("on timeline", span(12, 1), ""),
        ("on track", span(24, 1), ""),
        ("Marker", span(36, 2), ""),
        ("Marker", span(48, 1), "hi"),
    ]


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts())
def test_no_marker_is_lost_on_the_way(cut):
    """Of any cut, every frame with a marker comes back with one, and others' notes are not taken for ours."""
    marked = mark_timeline(cut.timeline, marks_of(tags_of(cut), Settings()), start=cut.start)
    back = read(otio.adapters.write_to_string(marked, ADAPTER, rate=str(cut.rate)), rate=str(cut.rate))
    ours = {round(one.shot.record.start_time.value) for one in tags_of(cut)}
    frames = {round(one.marked_range.start_time.value) for one in back.tracks.markers}
    assert ours <= frames
    plain = read(otio.adapters.write_to_string(cut.timeline, ADAPTER, rate=str(cut.rate)), rate=str(cut.rate))
    theirs = {one.marked_range.start_time.value for one in plain.tracks.markers}
    kept = {one.marked_range.start_time.value for one in strip_marks(back).tracks.markers}
    assert theirs <= kept


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": "fast"}, "is no frame rate"),
        ({"rate": 4}, "does not exist in plain timecode of 4 frames"),
        ({"start": "one"}, "is no timecode"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    """A rate or a start that makes no sense raises ValueError and is named."""
    with pytest.raises(ValueError, match=message):
        read(SAMPLE, **options)


def test_only_a_timeline_is_written():
    """Anything else is refused."""
    with pytest.raises(otio.exceptions.NotSupportedError, match="this is a Clip"):
        otio.adapters.write_to_string(clip("/a.mov", span(0, 24)), ADAPTER)


def test_a_file_is_read_whatever_its_encoding(tmp_path):
    """Lists with a byte order mark or in UTF-16 are read; written ones end their lines in CRLF on every system."""
    path = tmp_path / "list.edl"
    for encoding in ("utf-8-sig", "utf-16"):
        path.write_bytes(SAMPLE.encode(encoding))
        assert otio.adapters.read_from_file(str(path), ADAPTER).name == "Reel 3"
    otio.adapters.write_to_file(read(SAMPLE), str(path), ADAPTER)
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n") == 9


def convert(*arguments: str) -> None:
    program = Path(sys.executable).with_name("otioconvert")
    if not program.exists():
        pytest.skip("otioconvert is not installed beside this Python")
    subprocess.run([str(program), *arguments], check=True, capture_output=True, timeout=120)


def test_otioconvert_goes_both_ways(tmp_path):
    """OTIO's command line turns a marked cut into a list and the list into a timeline with the same markers."""
    cut = editors_cut()
    marked = mark_timeline(cut.timeline, marks_of(tags_of(cut), Settings()))
    source, listed, back = (str(tmp_path / name) for name in ("cut.otio", "list.edl", "back.otio"))
    otio.adapters.write_to_file(marked, source)
    convert("-i", source, "-o", listed, "-O", ADAPTER)
    convert("-i", listed, "-I", ADAPTER, "-a", "rate=24", "-a", 'start="01:00:00:00"', "-o", back)
    markers = otio.adapters.read_from_file(back).tracks.markers
    assert sum(is_ours(one) for one in markers) == 8
    assert {one.name for one in markers} >= {"MCU 92%", "MS→CU 92%", "Fix boom", "Act two"}
