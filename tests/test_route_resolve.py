"""``--for resolve``: an ``.otio`` in the shape that Resolve imports, read back by OTIO, and the markers' EDL."""

import json
import re
from copy import deepcopy
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import Marker

from otio_shottag.errors import FormatError
from otio_shottag.finding import find_shots
from otio_shottag.formats import strip, write
from otio_shottag.marks import is_ours
from otio_shottag.media_paths import MediaFinder
from otio_shottag.shots import Shot
from otio_shottag.timeline import KINDS, Cut, read_timeline
from tests.cut_strategies import cuts
from tests.cuts import clip, dissolve, gap, span, stack, timeline, track
from tests.format_cuts import tag, tags_of
from tests.media import draw_number, write_sequence, write_still
from tests.route_cuts import OFFSETS, RATES, frame_of, rated_cut, rated_media, real_tags, resolve_faults
from tests.test_formats_corpus import cuts_in, tags_in

QUICK = hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def written(cut: Cut, path: Path, **options) -> otio.schema.Timeline:
    """The cut as ``--for resolve`` writes it, read back by OTIO; it has no fault that is known."""
    write(cut, options.pop("tags", None) or real_tags(cut), path, format="resolve-otio", **options)
    assert resolve_faults(json.loads(path.read_text())) == []
    return otio.adapters.read_from_file(str(path))


def seen(cut: Cut, **options) -> list[tuple]:
    """What is on screen: each shot's record time, its file and the file's frames."""

    def facts(shot: Shot) -> tuple:
        return shot.address, shot.record.start_time.value, str(shot.media), list(shot.frames)

    return [facts(shot) for shot in find_shots(cut, **options)[0]]


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
@pytest.mark.parametrize("place", ["clip", "timeline"])
def test_every_marker_is_on_the_first_frame_of_its_shot(tmp_path, rate, place):
    """OTIO's own arithmetic puts each marker on the frame of the cut where its shot comes on."""
    read = written(rated_cut(tmp_path, rate), tmp_path / "cut.otio", markers=place)
    start = round(read.global_start_time.value)
    assert (start, read.global_start_time.rate) == (rate.start_frame, float(rate.exact))
    frames = []
    for one in read.find_clips():
        begins = one.range_in_parent().start_time
        for marker in one.markers:
            # Of the fast clip Resolve counts markers at twice the speed: frame 20 of the file is number 10.
            first = one.source_range.start_time if one.name != "fast" else resolves_start(one)
            frames.append(start + round((begins + marker.marked_range.start_time - first).value))
    frames += [start + round(marker.marked_range.start_time.value) for marker in read.tracks.markers]
    assert frames == [rate.start_frame + offset for offset in OFFSETS]


def resolves_start(one: otio.schema.Clip) -> RationalTime:
    """Where Resolve counts a retimed clip's first frame: frames of the file before it, by the speed."""
    available, speed = one.media_reference.available_range, one.effects[0].time_scalar
    before = one.source_range.start_time - available.start_time
    return available.start_time + RationalTime(before.value // speed, before.rate)


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_every_marker_of_the_list_is_on_the_first_frame_of_its_shot(tmp_path, rate):
    """A parser of the published sample's two lines finds the same frames, by OTIO's timecode."""
    cut = rated_cut(tmp_path, rate)
    write(cut, real_tags(cut), tmp_path / "cut.markers.edl", format="resolve-markers")
    text = (tmp_path / "cut.markers.edl").read_bytes().decode()
    assert f"FCM: {'DROP FRAME' if 'DF' in rate.name else 'NON-DROP FRAME'}\r\n" in text
    event = r"^\d{3}  001      V     C        (\S+) (\S+) (\S+) (\S+)  \r\n(.*) \|C:(\w+) \|M:(.*) \|D:1\r\n\r\n"
    events = re.findall(event, text, re.MULTILINE)
    assert [frame_of(event[2], rate) for event in events] == [rate.start_frame + offset for offset in OFFSETS]
    assert all(event[0] == event[2] and event[1] == event[3] for event in events)
    assert [event[6] for event in events] == ["MCU 92%", "CU 92%", "ECU 92%", "EWS 92%"]


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_what_the_cut_does_not_say_comes_from_the_file(tmp_path, rate):
    """available_range is the file's own start timecode, rate and length, and source times count from there."""
    cut = rated_cut(tmp_path, rate)
    hour = frame_of("01:00:00:00", rate)
    for one in written(cut, tmp_path / "cut.otio").find_clips():
        assert one.media_reference.target_url == str(rated_media(tmp_path, rate))
        assert one.media_reference.available_range == span(hour, 100, float(rate.exact))
    firsts = [one.source_range.start_time.value - hour for one in otio_clips(tmp_path / "cut.otio")]
    assert firsts == [10, 20, 5, 50]


def otio_clips(path: Path) -> list[otio.schema.Clip]:
    return list(otio.adapters.read_from_file(str(path)).find_clips())


@pytest.mark.parametrize("ending", ["otio", "edl", "xml", "fcpxml"])
@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_the_same_frames_are_seen_wherever_the_cut_came_from(tmp_path, rate, ending):
    """A cut in any format becomes one that shows the same frames of the same file at the same time, also run twice."""
    write(rated_cut(tmp_path, rate), [], tmp_path / f"in.{ending}")
    cut = read_timeline(tmp_path / f"in.{ending}", rate=rate.exact)
    finder = MediaFinder(folder=tmp_path, roots=(tmp_path,))
    shots, skips = find_shots(cut, finder=finder)
    assert (len(shots), skips) == (4, [])
    once, twice = tmp_path / "once.otio", tmp_path / "twice.otio"
    written(cut, once, tags=[tag(shot) for shot in shots])
    assert seen(read_timeline(once)) == [
        (shot.address, shot.record.start_time.value, str(shot.media), list(shot.frames)) for shot in shots
    ]
    again = read_timeline(once)
    written(again, twice, tags=[tag(shot) for shot in find_shots(again)[0]])
    assert twice.read_bytes() == once.read_bytes()


@pytest.fixture
def awkward(clips, tmp_path) -> Cut:
    """Everything a cut may hold that Resolve counts in its own way, of real files."""
    (tmp_path / "pictures").mkdir()
    write_sequence(tmp_path / "pictures", "png", "rgb24", ".png", numbers=range(1001, 1049), rate=Fraction(24))
    write_still(tmp_path / "still.png", draw_number(7, 160, 96), "png", "rgb24")
    pictures = otio.schema.ImageSequenceReference(
        f"file://{tmp_path}/pictures/", "shot.", ".png", 1001, 1, 24, 4, available_range=span(0, 48)
    )
    tc24 = str(clips / "tc24.mov")
    bottom = track(
        clip(tc24, span(30, 24), available=span(0, 100), name="counted from zero"),
        clip(tc24, span(86400 + 80, 24), speed=-1.0, name="backward"),
        clip(tc24, span(86400 + 90, 20), available=span(86400, 100), speed=-2.0, name="fast backward"),
        clip(tc24, span(86400 + 33, 24), speed=0, name="frozen"),
        clip(tc24, None, available=span(86400, 100), name="all of it"),
        clip(str(clips / "tc25.mov"), span(900000 + 40, 25, 25), name="25 in 24"),
        clip(str(clips / "tc23976.mov"), span(86400 + 12, 24), name="23.976 in 24"),
        otio.schema.Clip("numbered", pictures, span(5, 24)),
        clip(f"{tmp_path}/pictures/shot.%04d.png", span(1009, 24), available=span(1001, 48), name="pattern"),
        clip(str(tmp_path / "still.png"), span(3600 * 24, 60), name="still"),
        dissolve(4, 6),
        stack(
            track(clip(tc24, span(10, 40), available=span(0, 100)), clip(tc24, span(86400 + 60, 20), name="inner")),
            track(gap(5), clip(str(clips / "plain24.mp4"), span(3, 9), name="upper inner"), kind="Video", name="mine"),
            source=span(12, 36),
        ),
        clip("relative.mp4", span(6, 10), name="beside the cut"),
        name="reference",
    )
    (tmp_path / "relative.mp4").write_bytes((clips / "plain24.mp4").read_bytes())
    sound = track(clip(tc24, span(30, 24), available=span(0, 100), name="its sound"), kind="Audio")
    return Cut.of(timeline(bottom, sound, start=RationalTime(86400, 24)), media_folder=tmp_path)


def test_what_counts_otherwise_shows_the_same_frames(awkward, tmp_path):
    """Zero-based, reversed, frozen, conformed, numbered, still and nested clips show what they showed."""
    before = seen(awkward)
    assert len(before) == 14
    written(awkward, tmp_path / "cut.otio")
    after = read_timeline(tmp_path / "cut.otio")
    assert after.from_resolve
    assert seen(after) == before
    write(after, real_tags(after), tmp_path / "again.otio", format="resolve-otio")
    assert (tmp_path / "again.otio").read_bytes() == (tmp_path / "cut.otio").read_bytes()


def test_resolves_own_way_to_count(awkward, tmp_path):
    """Start timecode counted in, reverse from its low end, other rates through seconds, sound like its picture."""
    by_name = {one.name: one for one in written(awkward, tmp_path / "cut.otio").find_clips()}
    starts = {name: one.source_range.start_time.value for name, one in by_name.items()}
    assert starts["counted from zero"] == starts["its sound"] == 86430
    assert starts["backward"] == 86400 + 80 + 1 - 24
    assert starts["fast backward"] == 86400 + 90 + 1 - 40
    assert starts["all of it"] == 86400
    assert starts["25 in 24"] == pytest.approx((900000 + 40) / 25 * 24)
    assert starts["still"] == 0
    assert by_name["still"].media_reference.available_range.duration.value == 1
    assert by_name["pattern"].media_reference.name_prefix == "shot."
    assert by_name["numbered"].media_reference.target_url_base == str(tmp_path / "pictures")
    assert by_name["beside the cut"].media_reference.target_url == str(tmp_path / "relative.mp4")
    assert {one.source_range.duration.rate for one in by_name.values()} == {24}


def test_tracks_are_numbered_and_keep_their_names_elsewhere(awkward, tmp_path):
    """Video 1 and Audio 1 count by kind, in nested sequences too; the editor's own name is in the metadata."""
    read = written(awkward, tmp_path / "cut.otio")
    assert [one.name for one in read.tracks] == ["Video 1", "Audio 1"]
    assert read.tracks[0].metadata["otio_shottag_track_name"] == "reference"
    assert [one.name for one in next(iter(read.find_children(descended_from_type=otio.schema.Stack)))] == [
        "Video 1",
        "Video 2",
    ]


def test_transitions_speeds_and_nests_stay(awkward, tmp_path):
    """What is in the cut is in the file: each transition, speed and nested sequence at its place."""

    def kinds(made: otio.schema.Timeline) -> list:
        found = [(type(one), [getattr(each, "time_scalar", None) for each in one.effects]) for one in made.tracks[0]
                 if not isinstance(one, otio.schema.Transition)]  # fmt: skip
        return [
            *found,
            [(one.in_offset, one.out_offset) for one in made.tracks[0] if type(one) is otio.schema.Transition],
        ]

    assert kinds(written(awkward, tmp_path / "cut.otio")) == kinds(awkward.timeline)


def test_other_peoples_markers_move_with_their_clips(clips, tmp_path):
    """A marker stays on its frame of the file when the clock under it changes, name, note and colour as they were."""
    item = clip(str(clips / "tc24.mov"), span(30, 24), available=span(0, 100))
    item.markers.append(Marker(name="boom", marked_range=span(40, 3), color="MAGENTA", comment="in shot"))
    (one,) = written(Cut.of(timeline(track(item))), tmp_path / "cut.otio").find_clips()
    theirs = next(marker for marker in one.markers if not is_ours(marker))
    assert (theirs.name, theirs.comment, theirs.color, theirs.marked_range) == (
        "boom",
        "in shot",
        "MAGENTA",
        span(86440, 3),
    )


@QUICK
@given(cuts())
def test_any_cut_has_the_shape_even_without_its_media(tmp_path_factory, cut):
    """Of whatever cut, with its media away, what is written has no known fault and every mark; the cut is as it was."""
    path, before = tmp_path_factory.mktemp("out") / "cut.otio", deepcopy(cut.timeline)
    tags = tags_of(cut)
    read = written(cut, path, tags=tags)
    assert sum(any(map(is_ours, one.markers)) for one in read.find_clips()) == len(tags)
    assert cut.timeline.is_equivalent_to(before)
    again = read_timeline(path)
    write(again, tags_of(again), path.with_name("again.otio"), format="resolve-otio")
    assert json.loads(path.with_name("again.otio").read_text()) == json.loads(path.read_text())


def without_ours(value):
    """A JSON document without our markers and metadata."""
    if isinstance(value, dict):
        kept = {key: without_ours(one) for key, one in value.items()}
        if isinstance(kept.get("metadata"), dict):
            kept["metadata"].pop("otio_shottag", None)
        if "markers" in kept:
            kept["markers"] = [one for one in value["markers"] if "otio_shottag" not in one["metadata"]]
        return kept
    return [without_ours(one) for one in value] if isinstance(value, list) else value


def test_a_cut_from_resolve_changes_by_our_marks_only(corpus, tmp_path):
    """A timeline that Resolve exported has its own bytes but for our marks, which come off again; a lone clip its JSON.

    AYON keeps single clips of Resolve's timelines: those get a timeline around them.
    """
    timelines = alone = 0
    for path in sorted(corpus.rglob("*")):
        if KINDS.get(path.suffix) != "otio" or '"Resolve_OTIO"' not in path.read_text(errors="replace"):
            continue
        for cut, _ in cuts_in(path):
            tags = tags_in(cut)
            assert cut.from_resolve
            write(cut, tags, tmp_path / "out.otio", format="resolve-otio")
            assert (tmp_path / "out.otio").read_text().count('"otio_shottag"') == 2 * len(tags) > 0
            source, result = (json.loads(one.read_text(encoding="utf-8")) for one in (path, tmp_path / "out.otio"))
            if source["OTIO_SCHEMA"].startswith("Clip"):
                assert result["global_start_time"] is not None
                (result,) = result["tracks"]["children"][0]["children"]
                assert without_blanks(without_ours(result)) == without_blanks(source), path
                alone += 1
                continue
            assert without_ours(result) == source, path
            strip(read_timeline(tmp_path / "out.otio"), tmp_path / "back.otio", format="resolve-otio")
            assert (tmp_path / "back.otio").read_bytes() == path.read_bytes()
            timelines += 1
    assert (timelines, alone) == (1, 7)


def test_a_clip_of_resolve_kept_by_itself(clips):
    """A clip that carries Resolve's metadata is read as Resolve counts, with no timeline around it to say so."""
    item = clip(str(clips / "tc24.mov"), span(86420, 20), available=span(86400, 100), speed=-1.0)
    (before,) = find_shots(Cut.of(timeline(track(item.deepcopy()))))[0]
    item.metadata["Resolve_OTIO"] = {}
    (after,) = find_shots(Cut.of(timeline(track(item))))[0]
    assert (before.frames[0], after.frames[0], after.frames[-1]) == (20, 39, 20)


def without_blanks(value):
    """A JSON document without the blank fields that OTIO 0.18 gives old files: a colour, a switch that is on."""
    if isinstance(value, dict):
        newer = {"color": None} if "effects" in value else {"enabled": True} if "effect_name" in value else {}
        return {key: without_blanks(one) for key, one in value.items() if (key, one) not in newer.items()}
    return [without_blanks(one) for one in value] if isinstance(value, list) else value


RESOLVES = """{
    "OTIO_SCHEMA": "Timeline.1",
    "metadata": {"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}},
    "name": "第1場",
    "global_start_time": {"OTIO_SCHEMA": "RationalTime.1", "rate": 24.0, "value": 86400.0},
    "tracks": {"OTIO_SCHEMA": "Stack.1", "children": [{"OTIO_SCHEMA": "Track.1", "kind": "Video", "name": "Mine",
        "metadata": {"n": [0.25190380215644836, 1e-9, 7]}, "children": [{"OTIO_SCHEMA": "Clip.2", "name": "a",
        "metadata": {},
        "markers": [{"OTIO_SCHEMA": "Marker.2", "name": "theirs", "color": "GREEN", "metadata": {}, "marked_range":
        {"OTIO_SCHEMA": "TimeRange.1", "start_time": {"OTIO_SCHEMA": "RationalTime.1", "rate": 24.0, "value": 9.0},
        "duration": {"OTIO_SCHEMA": "RationalTime.1", "rate": 24.0, "value": 1.0}}}],
        "media_references": {"DEFAULT_MEDIA": {"OTIO_SCHEMA": "ExternalReference.1",
        "target_url": "C:\\\\x\\\\日.mov"}},
        "active_media_reference_key": "DEFAULT_MEDIA", "source_range": {"OTIO_SCHEMA": "TimeRange.1",
        "start_time": {"OTIO_SCHEMA": "RationalTime.1", "rate": 24.0, "value": 0.0},
        "duration": {"OTIO_SCHEMA": "RationalTime.1", "rate": 24.0, "value": 24.0}}}]}]}
}"""


@pytest.mark.parametrize("end", ["", "\n"])
def test_numbers_and_names_of_resolves_text_stay(tmp_path, end):
    """Seventeen digits, exponents, whole numbers, Japanese and others' markers come through digit for digit."""
    source, out, back = tmp_path / "in.otio", tmp_path / "out.otio", tmp_path / "back.otio"
    source.write_text(json.dumps(json.loads(RESOLVES), indent=4, ensure_ascii=False) + end, encoding="utf-8")
    plain = source.read_bytes()
    for _ in range(2):
        cut = read_timeline(source)
        write(cut, tags_of(cut), out, format="resolve-otio")
        assert out.read_text(encoding="utf-8").count("(otio-shottag)") == 2  # comment and note
        assert "0.25190380215644836" in out.read_text(encoding="utf-8")
        strip(read_timeline(out), back, format="resolve-otio")
        assert back.read_bytes() == plain
        source = out


def test_a_second_run_over_resolves_own_export(tmp_path, clips):
    """A cut that Resolve exported, tagged twice, is tagged once; its track names and paths are its own."""
    made = timeline(
        track(clip(str(clips / "tc24.mov"), span(86430, 24), available=span(86400, 100), speed=2.0), name="Mine"),
        start=RationalTime(86400, 24),
        resolve=True,
    )
    otio.adapters.write_to_file(made, str(tmp_path / "in.otio"))
    for source, target in (("in", "one"), ("one", "two")):
        cut = read_timeline(tmp_path / f"{source}.otio")
        write(cut, real_tags(cut), tmp_path / f"{target}.otio", format="resolve-otio")
    assert (tmp_path / "one.otio").read_bytes() == (tmp_path / "two.otio").read_bytes()
    result, source = (json.loads((tmp_path / f"{name}.otio").read_text()) for name in ("two", "in"))
    assert without_ours(result) == without_ours(source)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("file:///vol/a%20b%23.mov", "/vol/a b#.mov"),
        ("file://localhost/C%3a/media/%E6%97%A5.mov", "C:\\media\\日.mov"),
        ("C:/media/a.mov", "C:\\media\\a.mov"),
        ("\\\\server\\share\\a.mov", "\\\\server\\share\\a.mov"),
        ("/vol/a b#1?.mov", "/vol/a b#1?.mov"),
        ("sub/a.mov", "{folder}/sub/a.mov"),
    ],
)
def test_a_path_is_bare_and_absolute(tmp_path, url, expected):
    """URLs lose their scheme and encoding, Windows paths get their backslashes, relative ones the cut's folder."""
    cut = Cut.of(timeline(track(clip(url, span(0, 24)))), media_folder=tmp_path)
    (one,) = written(cut, tmp_path / "cut.otio").find_clips()
    assert one.media_reference.target_url == expected.format(folder=tmp_path)


def test_media_that_was_found_elsewhere(tmp_path, clips):
    """What --media-root found is named, where the cut says a path of this kind of machine or none at all."""
    cut = Cut.of(timeline(track(clip("/gone/tc24.mov", span(86405, 24)), clip("", span(900010, 24, 25), name="tc25"))))
    shots, _ = find_shots(cut, finder=MediaFinder(roots=(clips,)))
    read = written(cut, tmp_path / "cut.otio", tags=[tag(shot) for shot in shots])
    assert [one.media_reference.target_url for one in read.find_clips()] == [
        str(clips / "tc24.mov"),
        str(clips / "tc25.mov"),
    ]


def test_offline_media_keeps_the_words_of_the_cut(tmp_path):
    """A file that is away has as its range what the cut says of it, or all that the cut shows of it."""
    cut = Cut.of(
        timeline(
            track(
                clip("/gone/a.mov", span(100, 24)),
                clip("/gone/a.mov", span(300, 24), speed=2.0),
                clip("/gone/b.mov", span(100, 24), available=span(50, 500)),
                clip("", span(7, 24)),
            )
        )
    )
    ranges = [
        one.media_reference.available_range
        for one in written(cut, tmp_path / "cut.otio", tags=tags_of(cut)).find_clips()
    ]
    assert ranges == [span(100, 248), span(100, 248), span(50, 500), span(7, 24)]


def test_what_only_others_understand_becomes_plain_metadata(tmp_path):
    """A schema in the metadata that Resolve cannot know is data under another key, and nothing of it is lost."""
    source = json.loads(timeline(track(clip("/a.mov", span(0, 24)))).to_json_string())
    holder = source["tracks"]["children"][0]["children"][0]
    holder["metadata"]["theirs"] = {"deep": [{"OTIO_SCHEMA": "Mystery.7", "answer": 42, "in": {"OTIO_SCHEMA": "M.1"}}]}
    (tmp_path / "in.otio").write_text(json.dumps(source))
    cut = read_timeline(tmp_path / "in.otio")
    (one,) = written(cut, tmp_path / "out.otio", tags=tags_of(cut)).find_clips()
    inside = one.metadata["theirs"]["deep"][0]
    assert (inside["schema"], inside["answer"], inside["in"]["schema"]) == ("Mystery.7", 42, "M.1")


def test_the_active_media_is_the_default(tmp_path):
    """A clip whose proxy plays has it under DEFAULT_MEDIA, and the other reference beside it."""
    item = clip("/proxy.mov", span(10, 24))
    item.set_media_references(
        {"DEFAULT_MEDIA": otio.schema.ExternalReference("file:///full.mov"), "proxy": item.media_reference}, "proxy"
    )
    cut = Cut.of(timeline(track(item)))
    (one,) = written(cut, tmp_path / "cut.otio", tags=tags_of(cut)).find_clips()
    urls = {key: reference.target_url for key, reference in one.media_references().items()}
    assert urls == {"DEFAULT_MEDIA": "/proxy.mov", "proxy": "/full.mov"}


def test_a_loose_clip_gets_a_track(tmp_path):
    """A clip that lies in a stack without a track is put on one."""
    cut = Cut.of(timeline(clip("/a.mov", span(0, 24))))
    read = written(cut, tmp_path / "cut.otio", tags=tags_of(cut))
    assert [type(one) for one in read.tracks] == [otio.schema.Track]
    assert [one.name for one in read.find_clips()] == ["a.mov"]


def test_lengths_are_whole_frames_and_cuts_do_not_drift(tmp_path):
    """Clips whose lengths are no whole frames of the cut are rounded where they meet: the last cut is right."""
    cut = Cut.of(timeline(track(*[clip("/a.mov", span(0, 10, 25)) for _ in range(25)]), start=RationalTime(86400, 24)))
    read = written(cut, tmp_path / "cut.otio", tags=tags_of(cut))
    lengths = [one.source_range.duration.value for one in read.find_clips()]
    assert sum(lengths) == 240
    assert set(lengths) == {9, 10}


@pytest.mark.parametrize("what", ["track", "stack"])
def test_a_real_trim_of_everything_is_refused(tmp_path, what):
    """A trim of a whole track that hides something is one line; one that hides nothing is taken off."""
    made = timeline(track(clip("/a.mov", span(0, 24)), name="V"))
    holder = made.tracks if what == "stack" else made.tracks[0]
    holder.source_range = span(5, 10)
    with pytest.raises(FormatError, match=r"'V?\w*' is trimmed as a whole, which Resolve is not known to read"):
        write(Cut.of(made), [], tmp_path / "cut.otio", format="resolve-otio")
    made.tracks.source_range = None
    made.tracks[0].source_range = TimeRange(RationalTime(-86400, 24), RationalTime(24, 24))  # OTIO's EDL adapter's
    written(Cut.of(made), tmp_path / "cut.otio", tags=tags_of(Cut.of(made)))


def test_what_has_no_place_is_one_line(tmp_path):
    """A track in a track, and a clip of which nothing is known, are refused by name."""
    nested = timeline(track(track(clip("/a.mov", span(0, 24)), name="inner")))
    with pytest.raises(FormatError, match="'inner': Resolve has no place for a track in a track"):
        write(Cut.of(nested), [], tmp_path / "cut.otio", format="resolve-otio")
    with pytest.raises(FormatError, match=r"clip 'a\.mov' says neither what it shows nor how long its file is"):
        write(Cut.of(timeline(track(clip("/a.mov", None)))), [], tmp_path / "cut.otio", format="resolve-otio")
    assert list(tmp_path.iterdir()) == []


def test_several_shots_on_one_frame_are_one_line_of_the_list(tmp_path):
    """Where two tracks cut on one frame Resolve keeps one marker: both names are in it."""
    cut = Cut.of(timeline(*[track(clip(f"/{name}.mov", span(0, 24))) for name in "abc"], start=RationalTime(86400, 24)))
    write(cut, tags_of(cut), tmp_path / "cut.edl", format="resolve-markers")
    text = (tmp_path / "cut.edl").read_text()
    assert text.count("|M:") == 1
    assert "|M:MCU 92% / MS→CU 92% / ECU 92% |" in text
