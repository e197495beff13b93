"""``--for avid``: marker text and LOC lines, read by parsers of their own and by OTIO's."""

import re
from pathlib import Path

import opentimelineio as otio
import pytest

from otio_shottag.errors import FormatError
from otio_shottag.formats import write
from otio_shottag.timeline import Cut
from tests.cuts import clip, span, timeline, track
from tests.format_cuts import tags_of
from tests.route_cuts import OFFSETS, RATES, Rate, frame_of, rated_cut, real_tags

NAMES = ["MCU 92%", "CU 92%", "ECU 92%", "EWS 92%"]
COLORS = {"green", "red", "blue", "cyan", "magenta", "yellow", "black", "white"}


def written(folder: Path, rate: Rate, ending: str, name: str) -> str:
    cut = rated_cut(folder, rate)
    write(cut, real_tags(cut), folder / f"cut{ending}", format=name)
    return (folder / f"cut{ending}").read_bytes().decode()


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_marker_text_is_in_record_timecode(tmp_path, rate):
    """Six fields a line, the timecode that of the shot's first frame, drop-frame with its semicolon."""
    lines = [line.split("\t") for line in written(tmp_path, rate, ".txt", "avid").splitlines()]
    assert {len(line) for line in lines} == {6}
    assert [frame_of(line[1], rate) for line in lines] == [rate.start_frame + offset for offset in OFFSETS]
    assert all((";" in line[1]) == ("DF" in rate.name) for line in lines)
    assert [line[4].partition(":")[0] for line in lines] == NAMES
    assert {(line[0], line[2], line[5]) for line in lines} == {("otio-shottag", "V1", "1")}
    assert {line[3] for line in lines} <= COLORS


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_every_locator_is_in_its_event_at_its_first_frame(tmp_path, rate):
    """A parser of events and LOC lines finds each locator under the event that plays then, in record time."""
    text = written(tmp_path, rate, ".edl", "cmx")
    assert f"FCM: {'DROP FRAME' if 'DF' in rate.name else 'NON-DROP FRAME'}\r\n" in text
    stamp = r"(\d\d:\d\d:\d\d[:;]\d\d)"
    found, event = [], (0, 0)
    for line in text.split("\r\n"):
        if edit := re.match(rf"\d{{3}}  \S+ +V .* {stamp} {stamp} {stamp} {stamp}$", line):
            event = (frame_of(edit[3], rate), frame_of(edit[4], rate))
        elif locator := re.match(rf"\* LOC: {stamp} ([A-Z]+) +(.*)$", line):
            frame = frame_of(locator[1], rate)
            assert event[0] <= frame < event[1]
            found.append((frame, locator[3]))
    assert found == list(zip((rate.start_frame + offset for offset in OFFSETS), NAMES, strict=True))


@pytest.mark.parametrize("name", ["23.976", "25"])
def test_otios_adapter_finds_the_locators(tmp_path, name):
    """OTIO's EDL adapter, which knows LOC lines without drop-frame, reads the same record times and names."""
    rate = next(one for one in RATES if one.name == name)
    written(tmp_path, rate, ".edl", "cmx")
    read = otio.adapters.read_from_file(str(tmp_path / "cut.edl"), rate=float(rate.exact))
    markers = [marker for one in read.find_clips() for marker in one.markers]
    frames = [round(one.marked_range.start_time.value) for one in markers]
    assert frames == [rate.start_frame + offset for offset in OFFSETS]
    assert [one.name for one in markers] == NAMES


def test_two_tracks_do_not_fit_a_list(tmp_path):
    """Marker text names each shot's track; an EDL has one, and says which there are and how to pick."""
    cut = Cut.of(timeline(*[track(clip(f"/{name}.mov", span(0, 24)), name=name) for name in "ab"]))
    write(cut, tags_of(cut), tmp_path / "cut.txt", format="avid")
    assert [line.split("\t")[2] for line in (tmp_path / "cut.txt").read_text().splitlines()] == ["V1", "V2"]
    with pytest.raises(FormatError, match="one video track, the cut has 2: V1 'a', V2 'b'; pick one with --tracks"):
        write(cut, tags_of(cut), tmp_path / "cut.edl", format="cmx")
