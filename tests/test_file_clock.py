"""Formats that count by the file's own clock are right also where the cut does not know that clock."""

from xml.etree import ElementTree

import pytest
from opentimelineio.opentime import RationalTime
from opentimelineio.schema import Marker

from otio_shottag.finding import find_shots
from otio_shottag.formats import deliver, write
from otio_shottag.formats.file_clock import on_file_clock
from otio_shottag.media_paths import MediaFinder
from otio_shottag.timeline import Cut, read_timeline
from tests.cuts import clip, span, timeline, track
from tests.format_cuts import editors_cut, tag, tags_of
from tests.route_cuts import RATES, rated_cut, real_tags

FORMATS = [("fcp7", ".xml"), ("fcpxml", ".fcpxml"), ("cmx", ".edl")]


def seen(cut: Cut, folder) -> dict[str, list[int]]:
    """The file's frames that each shot shows, by the shot's name."""
    shots, skips = find_shots(cut, finder=MediaFinder(folder=folder, roots=(folder,)))
    assert skips == []
    return {shot.name: list(shot.frames) for shot in shots}


@pytest.mark.parametrize(("name", "ending"), FORMATS)
@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_a_cut_that_counts_from_zero_keeps_its_frames(tmp_path, rate, name, ending):
    """Frame 10 of a file whose timecode is hour one is frame 10 after the trip, though the cut says neither."""
    cut = rated_cut(tmp_path, rate)
    write(cut, real_tags(cut), tmp_path / f"cut{ending}", format=name)
    before, after = seen(cut, tmp_path), seen(read_timeline(tmp_path / f"cut{ending}", rate=rate.exact), tmp_path)
    if name == "cmx":  # where a dissolve begins before the cut, with the incoming clip
        assert after.pop("第四")[5:] == before.pop("第四")
        assert before.pop("third")[: len(after["third"])] == after.pop("third")
    assert after == before


@pytest.mark.parametrize(("name", "ending"), FORMATS)
def test_a_cut_that_says_where_its_files_begin_is_written_as_before(tmp_path, clips, name, ending):
    """With the file's true start in the cut the file adds nothing; without the file nothing is added."""
    known = clip(str(clips / "tc24.mov"), span(86405, 24), available=span(86400, 100))
    for cut in (Cut.of(timeline(track(known))), editors_cut(), Cut.of(timeline(track(known.deepcopy()), resolve=True))):
        delivery = deliver(cut, tags_of(cut))
        assert on_file_clock(delivery).cut.timeline.is_equivalent_to(cut.timeline)


def test_other_peoples_markers_stay_on_their_frames(clips):
    """When a clip's clock is put right, the markers on it move along; the cut that was given stays as it was."""
    item = clip(str(clips / "tc24.mov"), span(30, 24), available=span(0, 100))
    item.markers.append(Marker(name="boom", marked_range=span(40, 3)))
    cut = Cut.of(timeline(track(item)))
    (moved,) = on_file_clock(deliver(cut, real_tags(cut))).cut.timeline.find_clips()
    assert (moved.source_range, moved.media_reference.available_range) == (span(86430, 24), span(86400, 100))
    assert moved.markers[0].marked_range == span(86440, 3)
    assert next(iter(cut.timeline.find_clips())).source_range == span(30, 24)


def test_the_sound_of_a_file_moves_with_its_picture(tmp_path, clips):
    """In XML the sound of a clip that counts from zero begins at the same frame of the file as the picture."""
    both = [clip(str(clips / "tc24.mov"), span(30, 24), name=name) for name in ("picture", "sound")]
    cut = Cut.of(timeline(track(both[0]), track(both[1], kind="Audio")))
    write(cut, real_tags(cut), tmp_path / "cut.xml")
    items = ElementTree.parse(tmp_path / "cut.xml").getroot().iter("clipitem")
    assert [(one.findtext("name"), one.findtext("in")) for one in items] == [("picture", "30"), ("sound", "30")]


def test_another_rate_moves_by_seconds_and_a_like_one_by_frames(clips):
    """An hour of 25 is an hour in a cut of 24; an hour of 23.976 is as many frames in a cut of 24."""
    items = [clip(str(clips / name), span(10, 24), available=span(0, 96)) for name in ("tc25.mov", "tc23976.mov")]
    cut = Cut.of(timeline(track(*items)))
    starts = [one.source_range.start_time for one in on_file_clock(deliver(cut, [])).cut.timeline.find_clips()]
    assert starts == [RationalTime(864010, 24), RationalTime(86410, 24)]


def test_a_list_without_paths_leads_to_the_files_that_were_found(tmp_path):
    """An EDL names no file: what --media-root found is what Premiere and Final Cut are sent to."""
    source = rated_cut(tmp_path, RATES[1])
    write(source, [], tmp_path / "in.edl", format="cmx")
    cut = read_timeline(tmp_path / "in.edl", rate=RATES[1].exact)
    shots, _ = find_shots(cut, finder=MediaFinder(roots=(tmp_path,)))
    for name, ending in FORMATS[:2]:
        write(cut, [tag(shot) for shot in shots], tmp_path / f"cut{ending}", format=name)
        back = read_timeline(tmp_path / f"cut{ending}")
        assert {shot.media for shot in find_shots(back)[0]} == {shot.media for shot in shots}
        assert len({shot.media for shot in shots}) == 1
