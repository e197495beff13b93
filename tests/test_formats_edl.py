"""EDLs: events as in the cut, locators in record time, an EDL's own lines left as they are."""

import codecs
import re
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime
from opentimelineio.schema import Marker

from otio_shottag.errors import FormatError
from otio_shottag.formats import strip, write
from otio_shottag.formats.resolve_markers import read_resolve_markers
from otio_shottag.marks import strip_marks
from otio_shottag.timecode import frame_number, timecode
from otio_shottag.timeline import Cut, read_timeline
from tests.cut_strategies import RATES, cuts
from tests.cuts import clip, dissolve, gap, span, stack, timeline, track
from tests.format_cuts import shots_of, tag, tags_of

QUICK = hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
HOUR = 86400
STAMP = re.compile(r"\d\d:\d\d:\d\d[:;]\d\d")


def edl_lines(cut: Cut, folder, tags=None, **options) -> list[str]:
    path = folder / "cut.edl"
    write(cut, tags_of(cut) if tags is None else tags, path, **options)
    return path.read_text(encoding="utf-8").splitlines()


def events(lines: list[str]) -> list[list[str]]:
    """The fields of the numbered lines."""
    return [line.split() for line in lines if line[:1].isdigit()]


def at(seconds: int, rate: Fraction) -> RationalTime:
    """A start timecode of so many seconds, in plain frames."""
    return RationalTime(seconds * round(rate), float(rate))


@pytest.mark.parametrize(
    ("rate", "start", "first", "second"),
    [
        (Fraction(24), "00:59:58:00", "00:59:58:00", "01:00:00:00"),
        (Fraction(24000, 1001), "01:00:00:00", "01:00:00:00", "01:00:02:00"),
        (Fraction(25), "10:00:00:00", "10:00:00:00", "10:00:02:00"),
        (Fraction(30), "01:00:00:00", "01:00:00:00", "01:00:02:00"),
        (Fraction(30000, 1001), "00:59:58;00", "00:59:58;00", "01:00:00;00"),
        (Fraction(30000, 1001), "00:00:59;00", "00:00:59;00", "00:01:01;02"),
        (Fraction(60000, 1001), "00:00:59;00", "00:00:59;00", "00:01:01;04"),
        (Fraction(60000, 1001), "10:00:00;00", "10:00:00;00", "10:00:02;00"),
    ],
)
def test_record_time_keeps_start_and_drop_frame(rate, start, first, second, tmp_path):
    """Events and locators start at the cut's own timecode, dropped numbers left out, and FCM says which."""
    drop_frame, at_rate = ";" in start, float(rate)
    frame = frame_number(start, rate, drop_frame=drop_frame)
    clips = [clip(f"/a{number}.mov", span(0, 2 * round(rate), at_rate)) for number in (1, 2)]
    cut = Cut.of(timeline(track(*clips), start=RationalTime(frame, at_rate)))
    lines = edl_lines(cut, tmp_path)
    assert lines[1] == f"FCM: {'' if drop_frame else 'NON-'}DROP FRAME"
    assert [fields[6] for fields in events(lines)] == [first, second]
    assert [STAMP.search(line).group() for line in lines if line.startswith("* LOC")] == [first, second]
    back = read_timeline(tmp_path / "cut.edl", rate=rate)
    assert (back.start, back.drop_frame) == (cut.start, drop_frame)


@QUICK
@given(cuts(plain=True, video_tracks=1))
def test_a_plain_cut_reads_back(tmp_path_factory, cut):
    """Every clip comes back with its record range and the timecode of its first frame."""
    folder = tmp_path_factory.mktemp("edl")
    lines = edl_lines(cut, folder)
    back = read_timeline(folder / "cut.edl", rate=cut.rate)
    assert [shot.record for shot in shots_of(back)] == [shot.record for shot in shots_of(cut)]
    clips = list(cut.timeline.tracks[0].find_clips())
    sources = [one.source_range.start_time.value for one in clips]
    assert [one.source_range.start_time.value for one in back.timeline.find_clips()] == sources
    assert [line.startswith("* LOC") for line in lines].count(True) >= len(clips)


@QUICK
@given(cuts(video_tracks=1))
def test_an_edl_of_ours_is_marked_again_and_stripped(tmp_path_factory, cut):
    """Marking an EDL twice is marking it once, and stripping it gives the bytes that were there before."""
    folder = tmp_path_factory.mktemp("edl")
    plain, once, twice, stripped = (folder / f"{name}.edl" for name in ("plain", "once", "twice", "stripped"))
    write(cut, [], plain)
    read = read_timeline(plain, rate=cut.rate)
    tags = tags_of(read)
    write(read, tags, once)
    write(read_timeline(once, rate=cut.rate), tags, twice)
    strip(read_timeline(twice, rate=cut.rate), stripped)
    assert twice.read_bytes() == once.read_bytes()
    assert stripped.read_bytes() == plain.read_bytes()
    assert once.read_bytes().count(b"* OTIO-SHOTTAG: ") == len(tags)


@QUICK
@given(cuts(video_tracks=1))
def test_locators_stand_at_the_first_frame_of_their_shots(tmp_path_factory, cut):
    """Each of our locators is inside its event, at the record time at which its shot begins."""
    lines = edl_lines(cut, tmp_path_factory.mktemp("edl"))
    ours = [lines[index - 1] for index, line in enumerate(lines) if line.startswith("* OTIO-SHOTTAG")]
    starts = [
        timecode(round(shot.record.start_time.value), cut.rate, drop_frame=cut.drop_frame) for shot in shots_of(cut)
    ]
    assert sorted(STAMP.search(line).group() for line in ours) == sorted(starts)


def test_a_gap_is_a_hole_in_record_time(tmp_path):
    """Nothing is written for a gap, and what follows keeps its time."""
    cut = Cut.of(timeline(track(clip("/a.mov", span(0, 24)), gap(12), clip("/b.mov", span(0, 24)))))
    assert [fields[6] for fields in events(edl_lines(cut, tmp_path))] == ["00:00:00:00", "00:00:01:12"]


def test_a_disabled_clip_is_a_hole_unless_it_was_tagged(tmp_path):
    """What plays nothing is no event; a tag on it means that it was asked for."""
    cut = Cut.of(timeline(track(clip("/a.mov", span(0, 24)), clip("/b.mov", span(0, 24), enabled=False))))
    assert len(events(edl_lines(cut, tmp_path))) == 1
    everything = [tag(shot) for shot in shots_of(cut, include_disabled=True)]
    assert len(events(edl_lines(cut, tmp_path, everything))) == 2


def test_a_dissolve_is_a_pair_of_lines(tmp_path):
    """The outgoing event ends where the dissolve begins; the incoming one starts that much earlier in its source."""
    cut = Cut.of(timeline(track(clip("/a.mov", span(0, 48)), dissolve(6, 10), clip("/b.mov", span(100, 48)))))
    first, cut_line, dissolve_line = events(edl_lines(cut, tmp_path))
    assert first[3:] == ["C", "00:00:00:00", "00:00:01:18", "00:00:00:00", "00:00:01:18"]
    assert cut_line[1:] == ["a", "V", "C", *["00:00:01:18"] * 4]
    assert dissolve_line[1:] == ["b", "V", "D", "016", "00:00:03:22", "00:00:06:04", "00:00:01:18", "00:00:04:00"]
    (back,) = read_timeline(tmp_path / "cut.edl", rate=Fraction(24)).timeline.tracks
    assert [type(item).__name__ for item in back] == ["Clip", "Transition", "Clip"]
    assert back[1].out_offset == RationalTime(16, 24)


def test_fades_come_from_black_and_go_to_it(tmp_path):
    """A fade has BL on its other side, and the fade out is an event of its own length."""
    cut = Cut.of(timeline(track(dissolve(0, 12), clip("/a.mov", span(0, 48)), dissolve(8, 0), gap(24))))
    lines = events(edl_lines(cut, tmp_path))
    assert lines[0][1:] == ["BL", "V", "C", *["00:00:00:00"] * 4]
    assert lines[1][1:] == ["a", "V", "D", "012", "00:00:00:00", "00:00:01:16", "00:00:00:00", "00:00:01:16"]
    assert lines[2][1:] == ["a", "V", "C", *["00:00:01:16"] * 4]
    assert lines[3][1:] == ["BL", "V", "D", "008", "00:00:00:00", "00:00:00:08", "00:00:01:16", "00:00:02:00"]


def test_a_wipe_keeps_its_number(tmp_path):
    """A wipe that came from an EDL has its pattern's number, another is wipe 1, all the rest are dissolves."""
    wipes = [dissolve(0, 10) for _ in range(3)]
    wipes[0].metadata["cmx_3600"] = {"transition": "W023"}
    wipes[1].transition_type = "SMPTE_Wipe"
    wipes[2].transition_type = "Custom_Transition"
    clips = [clip(f"/{name}.mov", span(0, 48)) for name in "abcd"]
    items = [clips[0], *[one for pair in zip(wipes, clips[1:], strict=True) for one in pair]]
    lines = events(edl_lines(Cut.of(timeline(track(*items))), tmp_path))
    assert [fields[3] for fields in lines if len(fields) == 9] == ["W023", "W001", "D"]


@pytest.mark.parametrize(
    ("speed", "source", "line", "stamps"),
    [
        (2.0, span(HOUR, 24), "048.0", ["01:00:00:00", "01:00:02:00"]),
        (0.5, span(HOUR, 24), "012.0", ["01:00:00:00", "01:00:00:12"]),
        (-1.0, span(HOUR + 23, 24), "-024.0", ["01:00:00:00", "01:00:01:00"]),
        (0, span(HOUR + 23, 24), "000.0", ["01:00:00:23", "01:00:01:00"]),
        (1 / 1000, span(HOUR, 24), "000.02400", ["01:00:00:00", "01:00:00:01"]),
    ],
)
def test_a_retime_is_an_m2_line(speed, source, line, stamps, tmp_path):
    """M2 has rate times speed and the first frame seen; the source covers what is played."""
    cut = Cut.of(timeline(track(clip("/a.mov", source, speed=speed))))
    lines = edl_lines(cut, tmp_path)
    (motion,) = [one for one in lines if one.startswith("M2")]
    entry = timecode(round(source.start_time.value), Fraction(24), drop_frame=False)
    assert motion.split() == ["M2", "a", line, entry]
    assert events(lines)[0][4:6] == stamps
    (shot,) = shots_of(read_timeline(tmp_path / "cut.edl", rate=Fraction(24)))
    (original,) = shots_of(cut)
    assert list(shot.frames)[:3] == list(original.frames)[:3]


def test_resolve_plays_backward_from_the_high_end(tmp_path):
    """In a cut from Resolve the range of reverse play begins at its low end."""
    cut = Cut.of(timeline(track(clip("/a.mov", span(HOUR, 24), speed=-1.0)), resolve=True))
    lines = edl_lines(cut, tmp_path)
    assert events(lines)[0][4:6] == ["01:00:00:00", "01:00:01:00"]
    assert [one.split()[-1] for one in lines if one.startswith("M2")] == ["01:00:00:23"]


def test_a_ramp_says_that_it_is_not_written(tmp_path):
    """A speed that changes has no word in an EDL; a comment names it."""
    ramp = otio.schema.TimeEffect(effect_name="SpeedRamp")
    cut = Cut.of(timeline(track(clip("/a.mov", span(0, 24), effects=[ramp]))))
    assert "* SPEED RAMP NOT WRITTEN: SpeedRamp" in edl_lines(cut, tmp_path)


def test_other_rates_keep_the_seconds_of_their_timecode(tmp_path):
    """24-frame footage in a cut of 25 has the same hour, minute and second; 23.976 in 24 the same frame."""
    mixed = timeline(
        track(clip("/a.mov", span(HOUR, 25, 24)), clip("/b.mov", span(HOUR, 24, 24000 / 1001))),
        start=RationalTime(90000, 25),
    )
    assert [fields[4] for fields in events(edl_lines(Cut.of(mixed), tmp_path))] == ["01:00:00:00"] * 2
    ntsc = timeline(track(clip("/b.mov", span(HOUR + 5, 24, 24))), start=RationalTime(HOUR, 24000 / 1001))
    assert [fields[4] for fields in events(edl_lines(Cut.of(ntsc), tmp_path))] == ["01:00:00:05"]


def test_a_compound_clip_is_one_event_with_a_locator_for_each_shot(tmp_path):
    """The event is the clip that the editor sees; the shots in it are marked where they begin."""
    inside = stack(track(clip("/a.mov", span(0, 24)), clip("/b.mov", span(0, 24))), source=span(12, 30))
    lines = edl_lines(Cut.of(timeline(track(inside))), tmp_path)
    ((_, reel, *_),) = events(lines)
    assert reel == "AX"
    locators = [STAMP.search(line).group() for line in lines if line.startswith("* LOC")]
    assert locators == ["00:00:00:00", "00:00:00:12"]


def test_reels_are_eight_letters_or_what_the_cut_says(tmp_path):
    """Stated reel, file name, clip name, AX; black and bars have their own names."""
    stated = clip("/vol/a.mov", span(0, 24))
    stated.metadata["cmx_3600"] = {"reel": "TAPE 7"}
    black = otio.schema.Clip(
        media_reference=otio.schema.GeneratorReference(generator_kind="black"), source_range=span(0, 24)
    )
    bars = otio.schema.Clip(
        media_reference=otio.schema.GeneratorReference(generator_kind="SMPTEBars"), source_range=span(0, 24)
    )
    items = [stated, clip("/vol/Interview_cam-1.v2.mov", span(0, 24)), clip("", span(0, 24), name="日本"), black, bars]
    lines = edl_lines(Cut.of(timeline(track(*items))), tmp_path, [])
    assert [fields[1] for fields in events(lines)] == ["TAPE_7", "Intervie", "AX", "BL", "BARS"]


def test_more_than_one_video_track_is_refused_by_name(tmp_path):
    """An EDL has one; which they are and what to do is said, and --tracks picks."""
    cut = Cut.of(timeline(track(clip("/a.mov", span(0, 24)), name="Main"), track(clip("/b.mov", span(0, 24)))))
    with pytest.raises(FormatError, match="one video track, the cut has 2: V1 'Main', V2 ''; pick one with --tracks"):
        edl_lines(cut, tmp_path)
    assert list(tmp_path.iterdir()) == []
    for tracks, reel in ((["V2"], "b"), (["Main"], "a")):
        lines = edl_lines(cut, tmp_path, tracks=tracks)
        assert [fields[1] for fields in events(lines)] == [reel]
        assert sum(line.startswith("* OTIO-SHOTTAG") for line in lines) == 1


def test_without_a_video_track_there_is_no_edl(tmp_path):
    """A cut of sound alone is refused."""
    cut = Cut.of(timeline(track(clip("/a.wav", span(0, 24)), kind="Audio")))
    with pytest.raises(FormatError, match="none that is enabled"):
        edl_lines(cut, tmp_path, [])


def test_more_than_999_events_are_numbered_with_more_digits(tmp_path):
    """Numbers grow to what they need, all of one width."""
    cut = Cut.of(timeline(track(*[clip("/a.mov", span(0, 2)) for _ in range(1000)])))
    numbers = [fields[0] for fields in events(edl_lines(cut, tmp_path, []))]
    assert (numbers[0], numbers[-1]) == ("0001", "1000")


def test_other_peoples_markers_become_locators(tmp_path):
    """Those of clips move to record time, those of the timeline go under what plays then, in Avid's colours."""
    item = clip("/a.mov", span(HOUR, 48), available=span(HOUR, 100))
    item.markers.append(Marker(name="boom|in\nshot", marked_range=span(HOUR + 12, 1), color="GREEN"))
    item.markers.append(Marker(marked_range=span(HOUR + 13, 1), color="Mint", comment="no name"))
    cut = Cut.of(timeline(track(item, clip("/b.mov", span(0, 48))), start=RationalTime(HOUR, 24)))
    cut.timeline.tracks.markers.append(Marker(name="act two", marked_range=span(60, 1), color="PURPLE"))
    lines = edl_lines(cut, tmp_path, [])
    assert [line for line in lines if line.startswith("* LOC")] == [
        "* LOC: 01:00:00:12 GREEN   boom|in shot",
        "* LOC: 01:00:00:13 RED     no name",
        "* LOC: 01:00:02:12 PURPLE  act two",
    ]
    assert lines.index("* LOC: 01:00:02:12 PURPLE  act two") > lines.index("* FROM CLIP NAME:  b.mov")


def test_markers_that_adapters_misplaced_are_put_right(tmp_path):
    """OTIO's EDL adapter leaves record time on clips, its Final Cut 7 adapter leaves the file's start out."""
    item = clip("/a.mov", span(2 * HOUR + 10, 48), available=span(2 * HOUR, 100))
    item.markers.append(Marker(name="edl", marked_range=span(HOUR + 5, 0), metadata={"cmx_3600": {"color": "RED"}}))
    item.markers.append(Marker(name="xml", marked_range=span(16, 0), metadata={"fcp_xml": {"comment": None}}))
    cut = Cut.of(timeline(track(item), start=RationalTime(HOUR, 24)))
    locators = [line for line in edl_lines(cut, tmp_path, []) if line.startswith("* LOC")]
    assert [STAMP.search(line).group() for line in locators] == ["01:00:00:05", "01:00:00:06"]


FOREIGN = """TITLE:   REEL 3
FCM: NON-DROP FRAME
000001  A001C003                         V     C        05:00:00:00 05:00:02:00 01:00:00:00 01:00:02:00
*FROM CLIP NAME:  12A-3*
* LOC: 01:00:00:12 GREEN   VFX 10
000002  A001C003                         A     C        05:00:00:00 05:00:02:00 01:00:00:00 01:00:02:00
000003  A001C004                         B     C        06:00:00:00 06:00:01:00 01:00:02:00 01:00:03:00
M2      A001C004                                 048.0 06:00:00:00
000004  A001C004                         V     C        06:00:02:00 06:00:02:00 01:00:03:00 01:00:03:00
000004  A001C005                         V     D    012 07:00:00:00 07:00:02:00 01:00:03:00 01:00:05:00
* FROM CLIP NAME:  caf\u00e9
* TO CLIP NAME:  th\u00e9
* OTIO-SHOTTAG: not ours, there is no locator above (otio-shottag)
"""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("latin-1", b""),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
    ],
)
def test_an_edl_keeps_its_own_lines(tmp_path, end, last, encoding, bom):
    """Marked, an EDL is its own lines and ours, in its encoding and line ends; stripped, its own bytes."""
    text = (FOREIGN if last else FOREIGN.rstrip("\n")).replace("\n", end)
    source = tmp_path / "in.edl"
    source.write_bytes(bom + text.encode(encoding))
    cut = read_timeline(source, rate=Fraction(24))
    tags = tags_of(cut)
    assert [one.shot.address[0] for one in tags] == [0, 0, 0]
    write(cut, tags, tmp_path / "out.edl")
    marked = (tmp_path / "out.edl").read_bytes()
    assert marked.startswith(bom)
    lines = re.split("\r\n|\r|\n", marked[len(bom) :].decode(encoding))
    own = [
        line
        for line in lines
        if not line.startswith(("* LOC: 01:00:00:00", "* LOC: 01:00:02:00", "* LOC: 01:00:03:00"))
    ]
    own = [line for line in own if not (line.startswith("* OTIO-SHOTTAG") and "not ours" not in line)]
    assert own == text.split(end)
    assert lines[lines.index("* LOC: 01:00:00:12 GREEN   VFX 10") + 1].startswith("* LOC: 01:00:00:00 ORANGE  MCU 92%")
    assert sum(line.startswith("* OTIO-SHOTTAG: MCU 92%; ") for line in lines) == 1
    again = read_timeline(tmp_path / "out.edl", rate=Fraction(24))
    write(again, tags, tmp_path / "again.edl")
    assert (tmp_path / "again.edl").read_bytes() == marked
    strip(again, tmp_path / "back.edl")
    assert (tmp_path / "back.edl").read_bytes() == source.read_bytes()


def test_an_edl_that_changed_since_is_refused(tmp_path):
    """A file that is not what was read is not marked in the wrong places."""
    source = tmp_path / "in.edl"
    source.write_text(FOREIGN)
    cut = read_timeline(source, rate=Fraction(24))
    source.write_text("".join(FOREIGN.splitlines(keepends=True)[:5]))
    with pytest.raises(FormatError, match=r"holds 1 events on V, but 3 were read; has it changed since\?"):
        write(cut, tags_of(cut), tmp_path / "out.edl")


def test_our_locators_come_off_after_a_trip_through_otio(tmp_path):
    """An EDL with our locators, read into a timeline, is stripped of the markers and comments that they became."""
    source = tmp_path / "in.edl"
    source.write_text(FOREIGN)
    cut = read_timeline(source, rate=Fraction(24))
    write(cut, tags_of(cut), tmp_path / "out.edl")
    back = strip_marks(read_timeline(tmp_path / "out.edl", rate=Fraction(24)).timeline)
    markers = [marker.name for one in back.find_clips() for marker in one.markers]
    assert markers == ["VFX 10"]
    comments = [list(one.metadata.get("cmx_3600", {}).get("comments", [])) for one in back.find_clips()]
    assert not any("OTIO-SHOTTAG: M" in comment for one in comments for comment in one)


def test_otios_adapter_reads_our_edl(tmp_path):
    """OTIO's own EDL adapter reads what we write: names, sources, speed and our locators."""
    cut = Cut.of(
        timeline(
            track(clip("/a.mov", span(HOUR, 48), name="first"), clip("/b.mov", span(HOUR, 24), speed=2.0)),
            start=RationalTime(HOUR, 24),
        )
    )
    edl_lines(cut, tmp_path)
    read = otio.adapters.read_from_file(str(tmp_path / "cut.edl"), rate=24)
    first, second = read.find_clips()
    assert (first.name, first.source_range.start_time) == ("first", RationalTime(HOUR, 24))
    assert (first.markers[0].name, first.markers[0].color) == ("MCU 92%", "ORANGE")
    assert second.effects[0].time_scalar == 2


@given(st.sampled_from(RATES), st.lists(st.integers(0, 50_000), min_size=1, max_size=12))
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_marker_list_says_each_frame_once(tmp_path_factory, rate, starts):
    """Resolve keeps one marker a frame: shots that begin together share one, and every name is there."""
    at_rate = float(rate)
    tracks = [
        track(gap(start, at_rate) if start else gap(1, at_rate), clip("/a.mov", span(0, 9, at_rate)))
        for start in starts
    ]
    cut = Cut.of(timeline(*tracks, start=at(3600, rate)))
    path = tmp_path_factory.mktemp("markers") / "cut.edl"
    tags = tags_of(cut)
    write(cut, tags, path, format="resolve-markers")
    read = list(read_resolve_markers(path.read_text(encoding="utf-8"), rate=rate))
    frames = [round(one.shot.record.start_time.value) for one in tags]
    assert [one.frame for one in read] == sorted(set(frames))
    assert sum(one.name.count("%") for one in read) == len(tags)


def test_a_marker_list_looks_as_resolve_wants_it(tmp_path):
    """One-frame events with two blanks after them, a line of details, a blank line; CRLF throughout."""
    cut = Cut.of(timeline(track(clip("/a.mov", span(0, 24))), start=RationalTime(HOUR, 24)))
    write(cut, tags_of(cut), tmp_path / "cut.edl", format="resolve-markers")
    title, fcm, blank, event, details, *rest = (tmp_path / "cut.edl").read_bytes().split(b"\r\n")
    assert (title, fcm, blank) == (b"TITLE: cut", b"FCM: NON-DROP FRAME", b"")
    assert event == b"001  001      V     C        01:00:00:00 01:00:00:01 01:00:00:00 01:00:00:01  "
    assert details.endswith(b"(otio-shottag) |C:ResolveColorSand |M:MCU 92% |D:1")
    assert rest == [b"", b""]
