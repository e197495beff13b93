"""Tags become markers that say everything, sit where they should, and come off again."""

from dataclasses import replace

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from opentimelineio.schema import Marker

from otio_shottag.marks import METADATA_KEY, SIGNATURE, is_ours, item_at, mark_timeline, marks_of, percent, strip_marks
from otio_shottag.settings import Settings
from otio_shottag.timeline import Cut
from tests.cut_strategies import cuts
from tests.cuts import clip, gap, span, stack, timeline, track
from tests.format_cuts import editors_cut, shots_of, tag, tags_of, text_of

HOUR = 86400
QUICK = hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def marked(cut: Cut, **options) -> otio.schema.Timeline:
    return mark_timeline(cut.timeline, marks_of(tags_of(cut), Settings()), **options)


def one_marker(item, **options) -> Marker:
    """The marker of a cut's only clip."""
    cut = Cut.of(timeline(item if isinstance(item, otio.schema.Track) else track(item), resolve=bool(options)))
    (shot,) = shots_of(cut)
    (marker,) = item_at(marked(cut, **options), shot.address).markers
    return marker


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (0.41, "41%"), (0.29, "29%"), (0.5799, "57%"), (0.995, "99%"), (1 - 1e-12, "99%"), (1.0, "100%")],
)
def test_only_certainty_is_a_hundred_percent(share, text):
    """Confidence is rounded down, and 100% is said of nothing less than 1."""
    assert percent(share) == text


def test_a_mark_says_what_was_judged():
    """The default words: size and confidence; in words, with the runner-up and the model, signed."""
    (mark,) = marks_of([tag(shots_of(Cut.of(timeline(track(clip("/a.mov", span(0, 24))))))[0])], Settings())
    assert mark.name == "MCU 92%"
    assert mark.comment == f"medium close-up; next likely MS 2%; stand-in 1 {SIGNATURE}"
    assert mark.color == "ORANGE"


def test_an_unsure_mark_says_so():
    """Below the asked confidence the size stays, with a question mark and another colour."""
    shot = shots_of(editors_cut())[0]
    (mark,) = marks_of([tag(shot, "MS", 0.41)], Settings())
    assert (mark.name, mark.color) == ("MS? 41%", "WHITE")
    (sure,) = marks_of([tag(shot, "MS", 0.41)], Settings(min_confidence=0.41))
    assert (sure.name, sure.color) == ("MS 41%", "YELLOW")


def test_a_push_in_names_both_sizes():
    """A shot that changes its size says the way it goes."""
    (mark,) = marks_of([tag(shots_of(editors_cut())[0], "CU", 0.8, ("MS", "CU"))], Settings())
    assert mark.name == "MS→CU 80%"
    assert mark.comment.startswith("medium shot → close-up; ")


def test_settings_choose_words_and_colours():
    """Texts, names and colours come from the settings; the signature stays."""
    shot = shots_of(editors_cut())[0]
    settings = Settings(
        marker_name="{name}/{confidence}",
        marker_comment="{runner_up}",
        colors={"CU": "BLACK"},
        names={"CU": "gros plan"},
    )
    (mark,) = marks_of([tag(shot, "CU", 0.8)], settings)
    assert (mark.name, mark.comment, mark.color) == ("gros plan/80%", f"MCU {SIGNATURE}", "BLACK")


def test_a_clip_marker_is_one_frame_at_the_clips_first():
    """It sits in the clip's own source time, at its rate, where source_range begins."""
    marker = one_marker(clip("/a.mov", span(HOUR + 7, 30), available=span(HOUR, 100)))
    assert marker.marked_range == span(HOUR + 7, 1)


def test_a_late_clip_of_a_trimmed_track_loses_nothing():
    """Only the clip that the trim cuts into starts later; those after it begin where they begin."""
    trimmed = track(clip("/a.mov", span(HOUR, 30)), clip("/b.mov", span(50, 30)))
    trimmed.source_range = span(12, 40)
    cut = Cut.of(timeline(trimmed))
    markers = [one.markers[0].marked_range for one in marked(cut).find_clips()]
    assert markers == [span(HOUR + 12, 1), span(50, 1)]


def test_without_source_range_the_marker_is_where_the_file_begins():
    """A clip without source_range counts from available_range."""
    assert one_marker(clip("/a.mov", None, available=span(HOUR, 100))).marked_range == span(HOUR, 1)


def test_a_trimmed_track_hides_the_head_of_its_first_clip():
    """Where a track's trim cuts into a clip, the marker is at the first frame that is still seen."""
    trimmed = track(clip("/a.mov", span(HOUR, 30), available=span(HOUR, 100)))
    trimmed.source_range = span(12, 10)
    assert one_marker(trimmed).marked_range == span(HOUR + 12, 1)


def test_a_compound_clip_hides_the_head_of_what_is_inside():
    """Where a compound clip's trim cuts into a clip, the marker is at the first frame that is still seen."""
    inside = stack(track(gap(5), clip("/a.mov", span(100, 30), available=span(0, 500))), source=span(9, 20))
    assert one_marker(inside).marked_range == span(104, 1)


def test_a_retimed_compound_clip_hides_by_its_speed():
    """At double speed twice as much of the inside is hidden by a track's trim."""
    inside = stack(track(clip("/a.mov", span(100, 60), available=span(0, 500))), source=span(0, 30))
    inside.effects.append(otio.schema.LinearTimeWarp(time_scalar=2))
    trimmed = track(inside)
    trimmed.source_range = span(7, 10)
    assert one_marker(trimmed).marked_range == span(114, 1)


@pytest.mark.parametrize(
    ("speed", "source", "expected"),
    [(2.0, span(39, 11), 19), (-1.0, span(20, 40), 39), (None, span(20, 40), 20), (0, span(20, 40), 20)],
)
def test_resolve_counts_a_retimed_clips_markers_in_the_warped_clip(speed, source, expected):
    """In a cut from Resolve: 2x from frame 39 is 19, -1x over 20 to 59 of 99 frames is 39, others stay."""
    item = clip("/a.tif", source, available=span(0, 99), speed=speed)
    assert one_marker(item, from_resolve=True).marked_range == span(expected, 1)


def test_resolve_keeps_the_files_timecode_in_the_warped_clip():
    """The warped count starts at the file's start timecode."""
    item = clip("/a.mov", span(HOUR + 40, 11), available=span(HOUR, 99), speed=2.0)
    assert one_marker(item, from_resolve=True).marked_range == span(HOUR + 20, 1)


def test_timeline_markers_count_from_the_first_frame():
    """They are on the timeline's stack, in its own time from 0, and none is on a clip."""
    cut = editors_cut()
    result = marked(cut, place="timeline", start=cut.start)
    ours = [marker for marker in result.tracks.markers if is_ours(marker)]
    assert [marker.marked_range.start_time.value for marker in ours] == [0, 48, 132, 156, 180, 204, 222, 240]
    assert not any(is_ours(marker) for one in result.find_clips() for marker in one.markers)


def test_a_marker_carries_its_facts():
    """Metadata holds label, way, confidence and rounded scores; Resolve finds its note."""
    cut = editors_cut()
    item = item_at(marked(cut), (0, 2))
    (marker,) = item.markers
    facts = marker.metadata[METADATA_KEY]
    assert facts["label"] == "CU"
    assert list(facts["sizes"]) == ["MS", "CU"]
    assert (facts["version"], facts["analysis"], facts["confidence"], facts["model"]) == (
        1,
        "shot_type",
        0.92,
        "stand-in 1",
    )
    assert dict(facts["scores"])["MCU"] == 0.0269
    assert marker.metadata["Resolve_OTIO"]["Note"] == marker.comment
    assert str(item.metadata[METADATA_KEY]["shot_type"]) == str(facts)


@QUICK
@given(cuts())
def test_marking_leaves_the_timeline_alone_and_comes_off(cut):
    """Law 2 and 3: the input stays; twice is once; stripped, it is what it was, to the letter."""
    before = text_of(cut.timeline)
    marks = marks_of(tags_of(cut), Settings())
    once = mark_timeline(cut.timeline, marks, start=cut.start)
    assert text_of(cut.timeline) == before
    assert text_of(mark_timeline(once, marks, start=cut.start)) == text_of(once)
    assert text_of(strip_marks(once)) == before
    assert strip_marks(once).is_equivalent_to(cut.timeline)
    on_timeline = mark_timeline(once, marks, start=cut.start, place="timeline")
    assert text_of(strip_marks(on_timeline)) == before


@QUICK
@given(cuts())
def test_a_clip_marker_is_on_the_frame_that_is_seen_first(cut):
    """In every cut, the marker of a clip at its own speed names the first frame of the file that the shot shows."""
    starts = {"A001": 0, "A002": 86400, "A003": 107892}
    marks = marks_of(tags_of(cut), Settings())
    result = mark_timeline(cut.timeline, marks, start=cut.start)
    for mark in marks:
        item = item_at(result, mark.tag.shot.address)
        (marker,) = [one for one in item.markers if is_ours(one)]
        if not len(item.effects) and item.media_reference.available_range is not None:
            first = marker.marked_range.start_time.value - starts[item.media_reference.target_url.split("/")[2]]
            # Inside a nest at double speed a clip may begin between two frames of the cut.
            nest = item_at(result, mark.tag.shot.address[:2])
            assert mark.tag.shot.frames[0] - int(first) in ((0, 1) if len(nest.effects) else (0,))


@QUICK
@given(cuts())
def test_the_name_says_everything(cut):
    """Law 8: every marker's name has the size and the confidence."""
    for mark in marks_of(tags_of(cut), Settings()):
        assert mark.tag.prediction.label.code in mark.name
        assert percent(mark.tag.prediction.confidence) in mark.name


@pytest.mark.parametrize(
    "marker",
    [
        Marker(name="MCU 92%", comment="seen in the rushes"),
        Marker(name="otio-shottag"),
        Marker(name="MCU 92%", metadata={"fcp_xml": {"comment": None}, "cmx_3600": {"color": "RED"}}),
        Marker(name="x", comment="(otio-shottag) is a tool"),
    ],
)
def test_other_peoples_markers_are_never_ours(marker):
    """A name that looks like ours, or our signature in the middle of a sentence, makes no marker ours."""
    assert not is_ours(marker)


@pytest.mark.parametrize(
    "marker",
    [
        Marker(metadata={METADATA_KEY: {"version": 1}}),
        Marker(comment=f"medium shot {SIGNATURE}"),
        Marker(metadata={"fcp_xml": {"comment": f"medium shot {SIGNATURE}"}}),
        Marker(metadata={"Resolve_OTIO": {"Note": f"medium shot {SIGNATURE} "}}),
        Marker(metadata={"fcpxml": {"note": SIGNATURE}}),
    ],
)
def test_ours_are_known_by_metadata_or_signature(marker):
    """Our metadata, or the signature at the end of the comment wherever a format keeps it, makes a marker ours."""
    assert is_ours(marker)


def test_a_run_replaces_all_of_an_earlier_one():
    """Marking with other tags leaves nothing of the tags before."""
    cut = editors_cut()
    again = mark_timeline(marked(cut), marks_of([tag(shots_of(cut)[0], "EWS")], Settings()))
    ours = [marker.name for one in again.find_clips() for marker in one.markers if is_ours(marker)]
    assert ours == ["EWS 92%"]
    assert sum(METADATA_KEY in one.metadata for one in again.find_clips()) == 1


def test_two_analyses_stand_side_by_side():
    """A clip carries a tag of each analysis, told apart by its name."""
    cut = editors_cut()
    first = tag(shots_of(cut)[0])
    second = replace(first, analysis="camera_movement")
    item = item_at(mark_timeline(cut.timeline, marks_of([first, second], Settings())), (0, 0))
    assert sorted(item.metadata[METADATA_KEY]) == ["camera_movement", "shot_type"]
