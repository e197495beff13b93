"""Final Cut 7 and X: marks in the right element at the right time, all else as it was."""

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime
from opentimelineio.schema import Marker

from otio_shottag.errors import FormatError, TimelineError
from otio_shottag.formats import strip, write
from otio_shottag.formats.xml_source import Insertion, XmlSource
from otio_shottag.marks import is_ours
from otio_shottag.settings import Settings
from otio_shottag.timeline import Cut, read_timeline
from tests.cut_strategies import cuts
from tests.cuts import clip, dissolve, gap, span, stack, timeline, track
from tests.format_cuts import editors_cut, shots_of, tag, tags_of

QUICK = hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
HOUR = 86400
SIGNED = "(otio-shottag)"
BEFORE = {
    "note",
    "conform-rate",
    "timeMap",
    "param",
    "text",
    "text-style-def",
    "mc-source",
    "object-tracker",
    "caption",
}
ANCHORED = {
    "audio",
    "video",
    "clip",
    "title",
    "mc-clip",
    "ref-clip",
    "sync-clip",
    "asset-clip",
    "audition",
    "spine",
    "gap",
}
MARKING = {"marker", "chapter-marker", "rating", "keyword", "analysis-marker"}


def written(cut: Cut, path: Path, **options) -> ElementTree.Element:
    write(cut, options.pop("tags", None) or tags_of(cut), path, **options)
    return ElementTree.parse(path).getroot()


def in_dtd_order(element: ElementTree.Element) -> bool:
    """Whether what comes before, the anchored items, the markers and the rest follow in that order."""

    def group(child: ElementTree.Element) -> int:
        tag_name = child.tag
        return (
            0
            if tag_name in BEFORE or tag_name.startswith("adjust-")
            else 1
            if tag_name in ANCHORED
            else 2
            if tag_name in MARKING
            else 3
        )

    groups = [group(child) for child in element]
    return groups == sorted(groups)


def seconds(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))


def ours_in(root: ElementTree.Element) -> list[tuple[ElementTree.Element, ElementTree.Element]]:
    """Each element with a marker of ours, and the marker."""
    return [
        (parent, child)
        for parent in root.iter()
        for child in parent
        if child.tag == "marker" and (child.get("note") or child.findtext("comment") or "").endswith(SIGNED)
    ]


@QUICK
@given(cuts())
@pytest.mark.parametrize("ending", [".xml", ".fcpxml"])
def test_an_xml_cut_is_marked_again_and_stripped(tmp_path_factory, ending, cut):
    """Marking twice is marking once, and stripping gives the bytes that were there before."""
    folder = tmp_path_factory.mktemp("xml")
    plain, once, twice, stripped = (folder / f"{name}{ending}" for name in ("plain", "once", "twice", "stripped"))
    write(cut, [], plain)
    read = read_timeline(plain)
    tags = tags_of(read)
    write(read, tags, once)
    write(read_timeline(once), tags_of(read_timeline(once)), twice)
    strip(read_timeline(twice), stripped)
    assert twice.read_bytes() == once.read_bytes()
    assert stripped.read_bytes() == plain.read_bytes()
    assert once.read_text().count(SIGNED) >= len(tags)


@QUICK
@given(cuts())
def test_an_fcpxml_of_any_cut_reads_back(tmp_path_factory, cut):
    """Every shot comes back at its record time with its frames, compound clips and connected ones included."""
    for one in cut.timeline.find_clips():  # the file's length has to be known for its start to be
        start = {"A001": 0, "A002": 86400, "A003": 107892}[one.media_reference.target_url.split("/")[2]]
        one.media_reference.available_range = span(start, 1000, one.source_range.start_time.rate)
    path = tmp_path_factory.mktemp("xml") / "cut.fcpxml"
    root = written(cut, path)
    back = read_timeline(path)
    assert (back.rate, back.start, back.drop_frame) == (cut.rate, cut.start, cut.drop_frame)
    assert sorted(map(facts, shots_of(back))) == sorted(map(facts, shots_of(cut)))
    assert all(in_dtd_order(element) for element in root.iter() if element.tag in ANCHORED - {"spine"})


def facts(shot) -> tuple:
    return shot.track, shot.record.start_time.value, shot.record.duration.value, list(shot.frames), str(shot.media)


@QUICK
@given(cuts(plain=True))
def test_a_final_cut_7_xml_of_a_plain_cut_reads_back(tmp_path_factory, cut):
    """Every shot comes back at its record time with its frames; start and drop-frame stay."""
    path = tmp_path_factory.mktemp("xml") / "cut.xml"
    written(cut, path)
    back = read_timeline(path)
    assert (back.rate, back.start, back.drop_frame) == (cut.rate, cut.start, cut.drop_frame)
    assert sorted(map(facts, shots_of(back))) == sorted(map(facts, shots_of(cut)))


@QUICK
@given(cuts())
def test_each_mark_is_on_its_own_clip(tmp_path_factory, cut):
    """In both formats a marker sits in the element that plays its shot's file, inside what that shows."""
    folder = tmp_path_factory.mktemp("xml")
    tags = [replace(tag(shot), model=shot.media.name) for shot in shots_of(cut)]
    settings = Settings(marker_comment="{model}")
    root = written(cut, folder / "cut.fcpxml", tags=tags, settings=settings)
    files = {asset.get("id"): asset.get("src") for asset in root.iter("asset")}
    found = ours_in(root)
    for clip_element, marker in found:
        assert marker.get("note") == f"{files[clip_element.get('ref')].rpartition('/')[2]} {SIGNED}"
        start = seconds(clip_element.get("start"))
        assert start <= seconds(marker.get("start")) < start + seconds(clip_element.get("duration"))
    root = written(cut, folder / "cut.xml", tags=tags, settings=settings)
    paths = {file.get("id"): file.findtext("pathurl") for file in root.iter("file") if len(file)}
    for item, marker in ours_in(root):
        assert marker.findtext("comment") == f"{paths[item.find('file').get('id')].rpartition('/')[2]} {SIGNED}"
        assert float(item.findtext("in")) <= float(marker.findtext("in")) <= float(item.findtext("out"))
    assert len(found) == len(ours_in(root)) == len(tags)


def test_final_cut_7_counts_clip_markers_in_the_media(tmp_path):
    """A clip's marker has the clip's own count, without the file's start timecode; a dissolve does not move it."""
    cut = editors_cut()
    items = [
        (item.findtext("name"), int(marker.findtext("in")))
        for item, marker in ours_in(written(cut, tmp_path / "cut.xml"))
    ]
    assert items[:5] == [
        ('Émile & "<Anna>" 第1場', 100),
        ("A001C004.mov", 2000),
        ("fast", 25),
        ("backward", 319),
        ("=frozen", 30),
    ]
    markers = [marker for _, marker in ours_in(ElementTree.parse(tmp_path / "cut.xml").getroot())]
    assert {marker.findtext("out") for marker in markers} == {"-1"}
    assert [marker.findtext("pproColor") for marker in markers][:3] == ["4280578025", "4281740498", "4281740498"]
    assert markers[6].find("pproColor") is None  # green: what Premiere shows without one


def test_final_cut_7_counts_sequence_markers_from_the_first_frame(tmp_path):
    """With --markers timeline they are on the sequence, in its frames, and others' stay there."""
    root = written(editors_cut(), tmp_path / "cut.xml", markers="timeline")
    assert {parent.tag for parent, _ in ours_in(root)} == {"sequence"}
    assert [int(marker.findtext("in")) for _, marker in ours_in(root)] == [0, 48, 132, 156, 180, 204, 222, 240]
    assert next(root.iterfind(".//sequence/marker")).findtext("name") == "Act two"


def test_other_peoples_markers_go_through_final_cut_7(tmp_path):
    """A clip marker that counts in source time is where it was after a trip through the XML and OTIO's adapter."""
    item = clip("/a.mov", span(HOUR + 10, 48), available=span(HOUR, 100))
    item.markers.append(Marker(name="boom", marked_range=span(HOUR + 12, 1), comment="loud"))
    write(Cut.of(timeline(track(item))), [], tmp_path / "cut.xml")
    (marker,) = next(iter(otio.adapters.read_from_file(str(tmp_path / "cut.xml")).find_clips())).markers
    assert (marker.name, marker.metadata["fcp_xml"]["comment"], marker.marked_range.start_time.value) == (
        "boom",
        "loud",
        12,
    )


def test_otios_adapter_knows_our_final_cut_7_markers(tmp_path):
    """Read by OTIO's adapter, our markers are on their clips and known as ours."""
    write(editors_cut(), tags_of(editors_cut()), tmp_path / "cut.xml")
    read = otio.adapters.read_from_file(str(tmp_path / "cut.xml"))
    ours = [(one.name, marker.name) for one in read.find_clips() for marker in one.markers if is_ours(marker)]
    assert ours[1:3] == [("A001C004.mov", "MS→CU 92%"), ("fast", "ECU 92%")]


def test_otios_adapter_reads_our_fcpxml(tmp_path):
    """OTIO's own FCPXML adapter finds the clips and the markers on them."""
    cut = Cut.of(timeline(track(clip("/vol/a.mov", span(10, 24)), gap(24), clip("/vol/b.mov", span(0, 24)))))
    write(cut, tags_of(cut), tmp_path / "cut.fcpxml")
    read = otio.adapters.read_from_file(str(tmp_path / "cut.fcpxml"))
    found = [(one.name, [marker.name for marker in one.markers]) for one in read.find_clips()]
    assert found == [("a.mov", ["MCU 92%"]), ("b.mov", ["MS→CU 92%"])]


def test_two_equal_clips_are_two_clip_items(tmp_path):
    """A clip that is used twice in the same way stands twice in Final Cut 7 XML, each with its place and marker."""
    cut = Cut.of(timeline(track(clip("/a.mov", span(0, 24)), clip("/a.mov", span(0, 24)))))
    root = written(cut, tmp_path / "cut.xml")
    assert [one.findtext("start") for one in root.iter("clipitem")] == ["0", "24"]
    assert len(ours_in(root)) == 2


def test_what_the_final_cut_7_adapter_cannot_write_is_mended(tmp_path):
    """Clips and nests without a range, sequences of pictures, titles, uneven dissolves: written, in their places."""
    pictures = otio.schema.ImageSequenceReference("/vol/seq", "a.", ".exr", 1001, 1, 24, 4, available_range=span(0, 50))
    title = otio.schema.GeneratorReference(generator_kind="Title", name="Lower third")
    cut = Cut.of(
        timeline(
            track(
                clip("/a.mov", None, available=span(HOUR, 48)),
                dissolve(3, 8),
                clip("/b.mov", span(20, 48)),
                otio.schema.Clip(name="seq", media_reference=pictures, source_range=span(5, 24)),
                otio.schema.Clip(name="title", media_reference=title, source_range=span(0, 24)),
                stack(track(clip("/c.mov", span(0, 30)))),
                clip("/d.mov", span(0, 24), enabled=False),
            )
        )
    )
    cut.timeline.tracks[0][5].source_range = None
    root = written(cut, tmp_path / "cut.xml")
    assert [one.text for one in root.iter("pathurl")][2] == "file:///vol/seq/a.%23%23%23%23.exr"
    assert [one.findtext("enabled") for one in root.iter("clipitem")][-1] == "FALSE"
    back = read_timeline(tmp_path / "cut.xml")
    starts = [shot.record.start_time.value for shot in shots_of(back)]
    assert starts[:3] == [0, 48, 96]


def test_a_cut_that_the_adapter_cannot_write_is_one_line(tmp_path):
    """What even the mended copy does not get through is a FormatError with the adapter's words."""
    nested = track(track(clip("/a.mov", span(0, 24))))
    with pytest.raises(FormatError, match="OTIO's Final Cut 7 adapter cannot write this cut: "):
        write(Cut.of(timeline(nested)), [], tmp_path / "cut.xml")
    with pytest.raises(FormatError, match="FCPXML has no place for a track in a track"):
        write(Cut.of(timeline(nested.deepcopy())), [], tmp_path / "cut.fcpxml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["track", "stack"])
def test_a_trim_of_everything_is_refused_by_final_cut_7_and_kept_by_the_others(tmp_path, what):
    """OTIO's adapter overlooks the trim of a track or of all tracks; FCPXML and EDL show what is left."""
    made = timeline(track(clip("/a.mov", span(100, 24), available=span(0, 500)), clip("/b.mov", span(50, 24))))
    (made.tracks if what == "stack" else made.tracks[0]).source_range = span(10, 30)
    cut = Cut.of(made)
    with pytest.raises(FormatError, match="trimmed as a whole"):
        write(cut, [], tmp_path / "cut.xml")
    for name in ("cut.fcpxml", "cut.edl"):
        write(cut, tags_of(cut), tmp_path / name)
        back = shots_of(read_timeline(tmp_path / name))
        assert [(shot.record.start_time.value, shot.record.duration.value) for shot in back] == [(0, 14), (14, 16)]
    assert 'start="55/12s"' in (tmp_path / "cut.fcpxml").read_text()
    assert "00:00:04:14" in (tmp_path / "cut.edl").read_text()


PREMIERE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE xmeml>
<!-- made elsewhere -->
<xmeml version="4"><sequence id='sequence-1'>
\t<name>a &amp; b</name><duration>72</duration>
\t<rate><timebase>24</timebase><ntsc>FALSE</ntsc></rate>
\t<media><video><track>
\t\t<clipitem id="clipitem-1"><name>one</name><rate><timebase>24</timebase></rate><start>24</start><end>72</end>
\t\t\t<in>5</in><out>53</out>
\t\t\t<file id="file-1"><name>one.mov</name><pathurl>file://localhost/vol/one.mov</pathurl><duration>99</duration>
\t\t\t\t<rate><timebase>24</timebase></rate><timecode><rate><timebase>24</timebase></rate><frame>86400</frame></timecode></file>
\t\t\t<marker><comment>theirs</comment><name>MCU 92%</name><in>9</in><out>-1</out></marker>
\t\t\t<labels><label2>Iris</label2></labels>
\t\t</clipitem>
\t</track></video></media>
\t<marker><name>act</name><in>3</in><out>-1</out></marker>
</sequence></xmeml>
"""


@pytest.mark.parametrize("markers", ["clip", "timeline"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_premiere_xml_keeps_its_own_text(tmp_path, markers, end):
    """Marked, the file is its own text and our markers; stripped, its own bytes, quotes and comments and all."""
    source = tmp_path / "in.xml"
    source.write_bytes(PREMIERE.replace("\n", end).encode())
    cut = read_timeline(source)
    write(cut, tags_of(cut), tmp_path / "out.xml", markers=markers)
    marked = (tmp_path / "out.xml").read_text()
    ((parent, marker),) = ours_in(ElementTree.fromstring(marked.encode()))
    assert (parent.tag, marker.findtext("in")) == (("clipitem", "5") if markers == "clip" else ("sequence", "24"))
    assert re.sub(r"\s*<marker><comment>[^<]*\(otio-shottag\)</comment>.*?</marker>", "", marked) == source.read_text()
    strip(read_timeline(tmp_path / "out.xml"), tmp_path / "back.xml")
    assert (tmp_path / "back.xml").read_bytes() == source.read_bytes()


def test_the_right_one_of_several_sequences_is_marked(tmp_path):
    """Of a project with two sequences the one that was read is marked."""
    one = PREMIERE[PREMIERE.index("<sequence") : PREMIERE.index("</xmeml>")]
    other = (
        re.sub(r"(sequence|clipitem|file)-1", r"\1-2", one)
        .replace("a &amp; b", "second")
        .replace("<start>24", "<start>30")
    )
    bins = f"<project><name>p</name><children>{one}{other}</children></project>"
    source = tmp_path / "in.xml"
    source.write_text(f'<?xml version="1.0"?><xmeml version="4">{bins}</xmeml>')
    cut = read_timeline(source, sequence="second")
    root = written(cut, tmp_path / "out.xml")
    assert [len(ours_in(sequence)) for sequence in root.iter("sequence")] == [0, 1]
    source.write_text(source.read_text().replace("<name>one</name>", "<name>two</name>"))
    with pytest.raises(FormatError, match="does not hold the sequence that was read"):
        write(cut, tags_of(cut), tmp_path / "out.xml")


FINAL_CUT = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE fcpxml>
<fcpxml version="1.10">
    <resources>
        <format id="r1" name="FFVideoFormat1080p2398" frameDuration="1001/24000s" width="1920" height="1080"/>
        <asset id="r2" name="a" start="86486400/24000s" duration="2402400/24000s" hasVideo="1" format="r1">
            <media-rep kind="original-media" src="file:///vol/a.mov"/>
        </asset>
        <asset id="r3" name="b" start="0s" duration="2402400/24000s" hasVideo="1" hasAudio="1" format="r1">
            <media-rep kind="original-media" src="file:///vol/b.mov"/>
        </asset>
        <media id="r4" name="Compound"><sequence format="r1" tcStart="0s"><spine>
            <asset-clip ref="r3" offset="0s" duration="48048/24000s"/>
        </spine></sequence></media>
    </resources>
    <library><event name="e"><project name="p"><sequence format="r1" tcStart="86486400/24000s" duration="240240/24000s">
        <note>kept</note>
        <spine>
            <asset-clip ref="r2" offset="86486400/24000s" start="86510424/24000s" duration="48048/24000s" name="a">
                <timeMap><timept time="0s" value="0s" interp="linear"/>
                <timept time="9009s" value="9009s" interp="linear"/></timeMap>
                <adjust-volume amount="-3dB"/>
                <asset-clip lane="1" ref="r3" offset="86522436/24000s" duration="24024/24000s" name="connected"/>
                <marker start="86511425/24000s" duration="1001/24000s" value="MCU 92%" note="theirs"/>
                <audio-channel-source srcCh="1"/>
                <filter-video ref="r9"/>
                <metadata><md key="k"/></metadata>
            </asset-clip>
            <sync-clip offset="86534448/24000s" start="1001/24000s" duration="48048/24000s" name="sync">
                <spine><asset-clip ref="r3" offset="0s" duration="25025/24000s" name="in 1"/>
                    <asset-clip ref="r3" offset="25025/24000s" duration="48048/24000s" name="in 2"/></spine>
                <sync-source sourceID="storyline"/>
            </sync-clip>
            <ref-clip ref="r4" offset="86582496/24000s" start="12012/24000s" duration="24024/24000s" name="Compound"/>
            <ref-clip ref="r4" offset="86606520/24000s" start="12012/24000s" duration="24024/24000s"
                name="Compound"></ref-clip>
            <clip offset="86630544/24000s" duration="24024/24000s" name="c" format="r1" tcFormat="NDF" >
                <video ref="r3" offset="0s" duration="48048/24000s"/></clip>
        </spine>
    </sequence></project></event></library>
</fcpxml>
"""


def test_a_final_cut_project_keeps_its_own_text(tmp_path):
    """Marked, the project is its own text and our elements in the DTD's order; stripped, its own bytes."""
    source = tmp_path / "in.fcpxml"
    source.write_text(FINAL_CUT)
    cut = read_timeline(source)
    root = written(cut, tmp_path / "out.fcpxml")
    assert all(in_dtd_order(element) for element in root.iter() if element.tag in ANCHORED - {"spine"})
    again = read_timeline(tmp_path / "out.fcpxml")
    write(again, tags_of(again), tmp_path / "again.fcpxml")
    assert (tmp_path / "again.fcpxml").read_bytes() == (tmp_path / "out.fcpxml").read_bytes()
    strip(again, tmp_path / "back.fcpxml")
    assert (tmp_path / "back.fcpxml").read_text() == FINAL_CUT


def test_final_cut_marks_are_in_each_clips_local_time(tmp_path):
    """The mark of a shot begins where it is first seen: trimmed, connected, synchronized, compound."""
    source = tmp_path / "in.fcpxml"
    source.write_text(FINAL_CUT)
    marks = [
        (parent.get("name"), seconds(marker.get("start")) * 24000 / 1001)
        for parent, marker in ours_in(written(read_timeline(source), tmp_path / "out.fcpxml"))
    ]
    assert marks == [
        (None, 12),  # inside the compound clip, which is used twice and marked alike once for each
        (None, 12),
        ("a", 86424),
        ("connected", 0),
        ("sync", 1),
        ("sync", 25),
        ("c", 0),
    ]


def test_a_size_is_keyword_marker_and_shot_type(tmp_path):
    """The keyword spans the shot and says the size in words; Final Cut's own shot type is only for the sure."""
    cut = Cut.of(timeline(track(*[clip(f"/{n}.mov", span(0, 24)) for n in range(8)], clip("/8.mov", span(0, 24)))))
    codes = ["EWS", "WS", "LS", "MLS", "MS", "MCU", "CU", "ECU", "CU"]
    tags = [
        tag(shot, code, 0.9 if n < 8 else 0.3) for n, (shot, code) in enumerate(zip(shots_of(cut), codes, strict=True))
    ]
    root = written(cut, tmp_path / "cut.fcpxml", tags=tags)
    clips = list(root.iter("asset-clip"))
    types = [one.find("analysis-marker/shot-type") for one in clips]
    assert [one.get("value") if one is not None else None for one in types] == [
        *["wideShot"] * 3, *["mediumShot"] * 2, *["closeUp"] * 3, None,
    ]  # fmt: skip
    keywords = [one.find("keyword") for one in clips]
    assert [one.get("value") for one in keywords][:2] == ["extreme wide shot", "wide shot"]
    assert {(one.get("start"), one.get("duration")) for one in keywords} == {("0s", "1s")}


def test_somebody_elses_shot_type_stays(tmp_path):
    """Only the shot type that stands right behind our marker and begins with it is ours."""
    theirs = '<analysis-marker start="0s" duration="1s"><shot-type value="group"/></analysis-marker>'
    source = tmp_path / "in.fcpxml"
    source.write_text(
        FINAL_CUT.replace(
            '<video ref="r3" offset="0s" duration="48048/24000s"/>',
            f'<video ref="r3" offset="0s" duration="48048/24000s"/>{theirs}',
        )
    )
    cut = read_timeline(source)
    write(cut, tags_of(cut), tmp_path / "out.fcpxml")
    assert theirs in (tmp_path / "out.fcpxml").read_text()
    strip(read_timeline(tmp_path / "out.fcpxml"), tmp_path / "back.fcpxml")
    assert (tmp_path / "back.fcpxml").read_bytes() == source.read_bytes()


def test_a_bundle_keeps_what_else_is_in_it(tmp_path):
    """A .fcpxmld written from one has its other files; written over, it is replaced whole."""
    source = tmp_path / "in.fcpxmld"
    (source / "data").mkdir(parents=True)
    (source / "Info.fcpxml").write_text(FINAL_CUT)
    (source / "data" / "tracking.bin").write_bytes(b"\0\1")
    cut = read_timeline(source)
    for _ in range(2):
        write(cut, tags_of(cut), tmp_path / "out.fcpxmld")
    out = tmp_path / "out.fcpxmld"
    assert sorted(str(one.relative_to(out)) for one in out.rglob("*")) == [
        "Info.fcpxml",
        "data",
        str(Path("data/tracking.bin")),
    ]
    assert len(ours_in(ElementTree.parse(out / "Info.fcpxml").getroot())) == 7
    write(read_timeline(out), [], tmp_path / "one.fcpxml")
    assert (tmp_path / "one.fcpxml").read_text() == FINAL_CUT
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in.fcpxmld", "one.fcpxml", "out.fcpxmld"]


def test_a_project_that_changed_since_is_refused(tmp_path):
    """Elements that are not there any more are not marked elsewhere."""
    source = tmp_path / "in.fcpxml"
    source.write_text(FINAL_CUT)
    cut = read_timeline(source)
    source.write_text('<fcpxml version="1.10"><resources/></fcpxml>')
    with pytest.raises(FormatError, match="fewer elements than were read"):
        write(cut, tags_of(cut), tmp_path / "out.fcpxml")


def test_connected_and_joined_clips_of_upper_tracks(tmp_path):
    """A clip above is connected to what plays then; clips that a dissolve joins are a storyline; sound is below."""
    cut = Cut.of(
        timeline(
            track(clip("/a.mov", span(0, 48)), clip("/b.mov", span(100, 48))),
            track(
                gap(60),
                clip("/c.mov", span(0, 12)),
                clip("/d.mov", span(50, 24)),
                dissolve(4, 4),
                clip("/e.mov", span(50, 24)),
            ),
            track(clip("/s.wav", span(0, 200)), kind="Audio"),
            start=RationalTime(HOUR, 24),
        )
    )
    root = written(cut, tmp_path / "cut.fcpxml")
    spine = root.find(".//project/sequence/spine")
    assert [one.get("name") or one.tag for one in spine] == ["a.mov", "b.mov", "Gap"]
    upper = spine[1].find("asset-clip[@lane='1']")
    assert (upper.get("name"), seconds(upper.get("offset"))) == ("c.mov", Fraction(112, 24))
    story = spine[1].find("spine")
    assert (story.get("lane"), seconds(story.get("offset"))) == ("1", Fraction(124, 24))
    assert [one.tag for one in story] == ["asset-clip", "transition", "asset-clip"]
    sound = spine[0].find("asset-clip[@lane='-1']")
    assert (sound.get("srcEnable"), root.find("resources/asset[@name='s.wav']").get("hasVideo")) == ("audio", None)


def test_files_are_named_by_url_however_the_cut_names_them(tmp_path):
    """POSIX, Windows, shared and relative paths become file URLs; what has no file gets its clip's name."""
    urls = [
        "/vol/a b#1.mov",
        "C:\\media\\a.mov",
        "\\\\server\\share\\a.mov",
        "rel/a.mov",
        "file:///vol/x%20y.mov",
        "http://host/a.mov",
        "",
    ]
    cut = Cut.of(
        timeline(track(*[clip(url, span(0, 24), name=f"n {n}") for n, url in enumerate(urls)])), media_folder=tmp_path
    )
    root = written(cut, tmp_path / "cut.fcpxml", tags=[tag(shots_of(cut)[0])])
    assert [one.get("src") for one in root.iter("asset")] == [
        "file:///vol/a%20b%231.mov",
        "file:///C:/media/a.mov",
        "file://server/share/a.mov",
        f"file://{tmp_path.as_posix()}/rel/a.mov",
        "file:///vol/x%20y.mov",
        "http://host/a.mov",
        "file:///n%206",
    ]


def test_foreign_markers_go_into_fcpxml(tmp_path):
    """Markers of clips are on them, those of the timeline on what plays then, with name and note."""
    root = written(editors_cut(), tmp_path / "cut.fcpxml")
    theirs = {one.get("value"): one for one in root.iter("marker") if not (one.get("note") or "").endswith(SIGNED)}
    assert seconds(theirs["Fix boom"].get("start")) == Fraction(HOUR + 112, 24)
    assert theirs["Fix boom"].get("note") == "in shot"
    assert seconds(theirs["Act two"].get("start")) == Fraction(HOUR + 50 + 8, 24)


XML_TEXTS = [
    b"<r><a/></r>",
    b'<r>\n  <a b="x>y" />\n</r>',
    b"<r><a></a></r>",
    b"<r><a>\n</a></r>",
    b'<?xml version="1.0" encoding="ISO-8859-1"?>\r\n<r>\r\n\t<a><!-- q -->\r\n\t\t<b>\xe9</b>\r\n\t</a>\r\n<a/></r>\n',
    "\ufeff<r>\n<a/>\u65e5</r>".encode("utf-16-le"),
    "\ufeff<r>\n<a/>\u65e5</r>".encode("utf-16-be"),
    b"\xef\xbb\xbf<r><a><b/></a></r>",
    b"<r><a> <b/> text </a><a   /></r>",
    b"<r>  <a><a/></a><a><a/></a></r>",
    b"<r><a><![CDATA[<x>]]></a></r>",
]


@given(st.sampled_from(XML_TEXTS), st.booleans())
@QUICK
def test_what_is_put_into_xml_comes_out_again(data, last_first):
    """Whatever way an element is written, inner and outer ones both marked, taking out gives the same bytes."""
    source = XmlSource(data)
    parents = [node for node in source.nodes if node.tag == "a"]
    insertions = [
        Insertion(one, one.children[-1] if one.children else None, ['<m n="1"/>', "<m>日</m>"]) for one in parents
    ]
    marked = XmlSource(source.with_insertions(insertions[::-1] if last_first else insertions))
    assert [len([one for one in node.children if one.tag == "m"]) for node in marked.nodes if node.tag == "a"] == [
        2
    ] * len(parents)
    assert marked.without([node for node in marked.nodes if node.tag == "m"]) == data


def test_an_entity_bomb_is_refused(tmp_path):
    """A file that grows entities after it was read is not followed."""
    source = tmp_path / "in.fcpxml"
    source.write_text(FINAL_CUT)
    cut = read_timeline(source)
    source.write_text('<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><fcpxml>&b;</fcpxml>')
    with pytest.raises(TimelineError, match="entities"):
        write(cut, tags_of(cut), tmp_path / "out.fcpxml")


def test_an_encoding_that_cannot_be_kept_is_refused(tmp_path):
    """A file whose declared encoding does not fit its bytes is one line."""
    with pytest.raises((FormatError, TimelineError)):
        XmlSource(b'<?xml version="1.0" encoding="utf-16"?><r/>')
