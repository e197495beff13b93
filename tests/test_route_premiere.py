"""``--for premiere``: Final Cut Pro 7 XML read back by OTIO, and the script run in Node against a stand-in."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import opentimelineio as otio
import pytest

from otio_shottag.formats import write
from otio_shottag.formats.premiere_script import literal
from otio_shottag.formats.routes import doubts
from otio_shottag.settings import Settings
from otio_shottag.timeline import Cut
from tests.cut_strategies import AWKWARD
from tests.cuts import clip, span, timeline, track
from tests.format_cuts import editors_cut, tags_of
from tests.route_cuts import OFFSETS, RATES, rated_cut, real_tags

TICKS = 254016000000
"""Premiere's clock, in one second."""

STAND_IN = """
// Premiere's objects as its scripting guide has them: a collection that is walked, markers that know their time.
var fs = require("fs"), vm = require("vm");
var asked = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
function Marker(seconds) { this.start = {seconds: seconds}; this.name = ""; this.comments = ""; this.color = 0; }
Marker.prototype.setColorByIndex = function (index) { this.color = index; };
var held = asked.markers.map(function (one) {
    var made = new Marker(one[0]); made.name = one[1]; made.comments = one[2]; return made;
});
var markers = {
    getFirstMarker: function () { return held[0] || undefined; },
    getNextMarker: function (marker) { return held[held.indexOf(marker) + 1] || undefined; },
    createMarker: function (seconds) {
        if (typeof seconds !== "number") { throw new Error("createMarker takes seconds"); }
        var made = new Marker(seconds); held.push(made);
        held.sort(function (one, other) { return one.start.seconds - other.start.seconds; });
        return made;
    },
    deleteMarker: function (marker) {
        if (held.indexOf(marker) < 0) { throw new Error("no such marker"); }
        held.splice(held.indexOf(marker), 1);
    }
};
var sequence = asked.timebase ? {name: "Séq 1", timebase: asked.timebase, markers: markers} : null;
var said = [];
var world = {app: {project: {activeSequence: sequence}}, alert: function (text) { said.push(text); }};
var source = fs.readFileSync(process.argv[3], "latin1");  // as bytes: nothing in it may depend on an encoding
var answer = vm.runInNewContext(source, world);
console.log(JSON.stringify({answer: answer, said: said, markers: held.map(function (one) {
    return [one.start.seconds, one.name, one.comments, one.color];
})}));
"""


@pytest.fixture
def premiere(tmp_path):
    """Run a script in Node on a sequence that counts ``rate`` and has markers; give what is there then."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node on this machine to run the script in")

    def run(script: Path, rate: Fraction | None, markers=()) -> dict:
        (tmp_path / "stand_in.js").write_text(STAND_IN, encoding="utf-8")
        asked = {"timebase": str(TICKS / rate) if rate else None, "markers": list(markers)}
        (tmp_path / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
        command = [node, tmp_path / "stand_in.js", tmp_path / "asked.json", script]
        ended = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
        return json.loads(ended.stdout)

    return run


def script_of(cut: Cut, path: Path, **options) -> Path:
    write(cut, options.pop("tags", None) or tags_of(cut), path, format="premiere-script", **options)
    return path


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_the_script_puts_every_marker_on_its_frame(premiere, tmp_path, rate):
    """Whatever Premiere does with the last digit, rounding or cutting off, each marker is on its shot's first frame."""
    cut = rated_cut(tmp_path, rate)
    found = premiere(script_of(cut, tmp_path / "cut.jsx", tags=real_tags(cut)), rate.exact)
    frames = [seconds * float(rate.exact) for seconds, *_ in found["markers"]]
    assert [int(frame) for frame in frames] == [round(frame) for frame in frames] == list(OFFSETS)
    assert [name for _, name, *_ in found["markers"]] == ["MCU 92%", "CU 92%", "ECU 92%", "EWS 92%"]
    assert [color for *_, color in found["markers"]] == [3, 1, 1, 2]
    assert found["said"] == [found["answer"]]
    assert found["answer"].startswith("4 shot sizes are markers of Séq 1 now, 0 earlier ones are gone")


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_no_frame_of_a_long_cut_is_missed(tmp_path, rate):
    """Seconds as the script has them fall into their frame, never into the one before, up to a day's cut."""
    from otio_shottag.formats.premiere_script import _seconds

    for frame in [*range(3000), *range(86_000, 5_000_000, 997)]:
        ticks = int(float(_seconds(frame / rate.exact)) * TICKS)  # cut off, the worst that a program can do
        assert ticks * rate.exact // TICKS == frame


def test_a_second_run_replaces_our_markers_only(premiere, tmp_path):
    """Earlier markers of ours go, known by their signature, even two neighbours; everybody else's stay."""
    cut = editors_cut()
    script = script_of(cut, tmp_path / "cut.jsx")
    theirs = [[0, "MCU 92%", "note"], [3, "x", "(otio-shottag) was here"], [9, "", ""]]
    first = premiere(script, cut.rate, theirs)
    ours = [one for one in first["markers"] if one[2].endswith("(otio-shottag)")]
    assert len(first["markers"]) == len(ours) + 3
    again = premiere(script, cut.rate, [one[:3] for one in first["markers"]] + [[1, "old", "old (otio-shottag) \n"]])
    assert again["markers"] == first["markers"]
    assert f"{len(ours) + 1} earlier ones are gone" in again["answer"]


def test_the_wrong_sequence_stays_as_it_is(premiere, tmp_path):
    """Without an open sequence, or with one of another rate, nothing is done and what to do is said."""
    script = script_of(editors_cut(), tmp_path / "cut.jsx")
    theirs = [[1, "a", "b (otio-shottag)"]]
    other = premiere(script, Fraction(25), theirs)
    assert other["markers"] == [[*theirs[0], 0]]
    assert other["answer"] == (
        "Nothing was changed: Séq 1 does not count 24 frames per second, as cut does. "
        "Open the right sequence and run this again."
    )
    assert premiere(script, None)["answer"] == "No sequence is open. Open the one of cut and run this again."


EVIL = "\"'\\ </script> \u2028\u2029 \n\r ]]> */ // ${x} `x` 日本😀 " + AWKWARD


def test_no_text_breaks_out_of_its_string(premiere, tmp_path):
    """Names and comments that hold quotes, line separators, tags or anything else arrive as text."""
    cut = Cut.of(timeline(track(clip("/a.mov", span(0, 24), name=EVIL.replace("\0", "")))))
    cut.timeline.name = EVIL.replace("\0", "")
    tags = [replace(one, model=EVIL) for one in tags_of(cut)]
    settings = Settings(marker_name="{sizes} " + EVIL.replace("{x}", "") + "{model}")
    script = script_of(cut, tmp_path / "cut.jsx", tags=tags, settings=settings)
    ((_, name, comment, _),) = premiere(script, cut.rate)["markers"]
    assert "\"'\\ </script>" in name
    assert "日本😀" in name
    assert comment.endswith("(otio-shottag)")
    assert "</" not in script.read_text(encoding="ascii")


def test_a_literal_is_ascii_on_one_line():
    """Whatever the text, its literal is printable ASCII without a tag's end, and reads back as JSON, too."""
    written = literal(EVIL)
    assert re.fullmatch(r'"[\x20-\x7e]*"', written)
    assert "</" not in written
    assert "日本😀" in json.loads(written)


def test_the_script_is_javascript_of_1999(tmp_path):
    """No word, mark or method that ExtendScript does not know, and no comma before a closing bracket."""
    text = script_of(editors_cut(), tmp_path / "cut.jsx").read_text(encoding="ascii")
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|//[^\n]*', '""', text)
    assert not re.search(r"\b(let|const|class|import|export|async|await|of|JSON|Map|Set|Promise)\b|=>|`|\.\.\.", bare)
    assert not re.search(r"\.(forEach|map|filter|trim|includes|endsWith|startsWith|indexOf|keys)\(", bare)
    assert not re.search(r",\s*[\]})]", bare)
    assert [bare.count(left) for left in "([{"] == [bare.count(right) for right in ")]}"]


def test_a_cut_without_shots_makes_a_script_that_only_removes(premiere, tmp_path):
    """With nothing found the script still is one, and takes our earlier markers off."""
    write(editors_cut(), [], tmp_path / "cut.jsx", format="premiere-script")
    assert premiere(tmp_path / "cut.jsx", Fraction(24), [[1, "a", "b (otio-shottag)"]])["markers"] == []


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_sequence_markers_of_the_xml_are_on_their_frames(tmp_path, rate):
    """OTIO's adapter finds the sequence's markers at the frames where the shots come on, with colours and comments."""
    cut = rated_cut(tmp_path, rate)
    write(cut, real_tags(cut), tmp_path / "cut.xml", format="fcp7", markers="timeline")
    read = otio.adapters.read_from_file(str(tmp_path / "cut.xml"), "fcp_xml")
    markers = list(read.tracks.markers)
    assert [round(one.marked_range.start_time.value) for one in markers] == list(OFFSETS)
    assert round(read.global_start_time.value) == rate.start_frame
    root = ElementTree.parse(tmp_path / "cut.xml").getroot()
    sequence = next(root.iter("sequence"))
    assert [int(one.findtext("in")) for one in sequence.findall("marker")] == list(OFFSETS)
    assert [one.findtext("name") for one in sequence.findall("marker")] == ["MCU 92%", "CU 92%", "ECU 92%", "EWS 92%"]
    assert [one.findtext("pproColor") for one in sequence.findall("marker")] == [
        "4280578025",
        "4281740498",
        "4281740498",
        "4289825711",
    ]
    assert all(one.findtext("comment").endswith("(otio-shottag)") for one in sequence.findall("marker"))
    timebase = sequence.findtext("rate/timebase"), sequence.findtext("rate/ntsc")
    assert timebase == (str(round(rate.exact)), "TRUE" if rate.exact.denominator != 1 else "FALSE")


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_clip_markers_of_the_xml_are_on_their_frames(tmp_path, rate):
    """By the format's rules, from a clip item's start and its in, each clip's marker is on its shot's first frame."""
    cut = rated_cut(tmp_path, rate)
    write(cut, real_tags(cut), tmp_path / "cut.xml", format="fcp7")
    items = list(ElementTree.parse(tmp_path / "cut.xml").getroot().find(".//video/track").iter("clipitem"))
    frames = []
    for item, previous in zip(items, [None, *items], strict=False):
        marker, begins = int(item.findtext("marker/in")), int(item.findtext("start"))
        if begins == -1:  # after a transition: the cut lies in its middle, five frames after the item's in
            begins = int(previous.findtext("out")) - int(previous.findtext("in")) + int(previous.findtext("start")) - 10
        frames.append(begins + marker - int(item.findtext("in")))
    assert frames == list(OFFSETS)


def premiere_otio(speed: float | None) -> Cut:
    made = timeline(track(clip("/a.mov", span(0, 48), speed=speed), clip("/b.mov", span(0, 24))))
    made.tracks.metadata["PremierePro_OTIO"] = {"VideoFrameRate": 24}
    return Cut.of(made)


def test_premieres_own_otio_with_speeds_is_said_to_be_doubtful():
    """Of an OTIO from Premiere with a retimed clip the editor hears how its length was read; of others not a word."""
    (line,) = doubts(premiere_otio(2.0))
    assert line.startswith("1 clip is retimed in this OTIO of Premiere's")
    assert "export Final Cut Pro XML instead" in line
    assert doubts(premiere_otio(None)) == doubts(premiere_otio(0)) == doubts(editors_cut()) == []
    in_effects = timeline(track(clip("/a.mov", span(0, 48), effects=[otio.schema.LinearTimeWarp(time_scalar=-1)])))
    in_effects.tracks[0][0].effects[0].metadata["PremierePro_OTIO"] = {}
    assert len(doubts(Cut.of(in_effects))) == 1
