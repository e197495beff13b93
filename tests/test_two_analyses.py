"""A shot that was judged twice, for its size and for its camera, says both wherever tags go."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import given
from opentimelineio.opentime import RationalTime

from otio_shottag.analyses.camera_movement import CameraMovement
from otio_shottag.formats import strip, write
from otio_shottag.formats.joining import join_marks
from otio_shottag.marks import METADATA_KEY, SIGNATURE, item_at, mark_timeline, marks_of, strip_marks
from otio_shottag.settings import Settings
from otio_shottag.shots import Prediction, Shot, Tag
from otio_shottag.timeline import Cut, read_timeline
from otio_shottag.vocabulary import CAMERA_MOVEMENTS
from tests.cut_strategies import cuts
from tests.cuts import clip, span, timeline, track
from tests.format_cuts import editors_cut, shots_of, tag, tags_of, text_of
from tests.stand_in import StandIn
from tests.test_house import modules_after
from tests.test_marks import QUICK

APART = Settings(join_markers=False)


def movement(shot: Shot, code: str, confidence: float = 0.88) -> Tag:
    """A tag that says how the camera moves."""
    label = next(label for label in CAMERA_MOVEMENTS if label.code == code)
    others = (1 - confidence) / (len(CAMERA_MOVEMENTS) - 1)
    scores = tuple((one, confidence if one == label else others) for one in CAMERA_MOVEMENTS)
    return Tag(shot, "camera_movement", Prediction(label, confidence, scores, (), (label,)), "camera-movement 1")


def both(cut: Cut) -> list[Tag]:
    """Two tags for every shot: its size, and the movements in turn, one of them unsure."""
    tags = []
    for number, size in enumerate(tags_of(cut)):
        code = CAMERA_MOVEMENTS[(5 + number) % 9].code
        tags += [size, movement(size.shot, code, 0.35 if code == "mixed" else 0.88)]
    return tags


def words(tags: list[Tag], settings: Settings | None = None) -> list[tuple[str, str]]:
    settings = settings or Settings()
    return [(mark.name, mark.color) for mark in join_marks(marks_of(tags, settings), settings)]


def test_one_marker_says_both():
    """Size first, then the movement, in the size's colour; the comment has the movement's confidence."""
    shot = shots_of(editors_cut())[0]
    (mark,) = join_marks(marks_of([tag(shot), movement(shot, "push in")], Settings()), Settings())
    assert (mark.name, mark.color) == ("MCU 92% · push in", "ORANGE")
    assert mark.comment == f"medium close-up; next likely MS 2%; stand-in 1; push in 88% {SIGNATURE}"
    assert [one.analysis for one in mark.tags] == ["shot_type", "camera_movement"]


def test_a_still_camera_stays_out_of_the_name():
    """Static is in the comment only, and an unsure movement has a question mark."""
    shot = shots_of(editors_cut())[0]
    (mark,) = join_marks(marks_of([tag(shot), movement(shot, "static", 0.97)], Settings()), Settings())
    assert mark.name == "MCU 92%"
    assert "; static 97%" in mark.comment
    assert words([tag(shot), movement(shot, "tilt up", 0.4)]) == [("MCU 92% · tilt up?", "ORANGE")]


def test_a_movement_alone_says_everything():
    """Judged alone, a movement is a marker like any other, static too."""
    shot = shots_of(editors_cut())[0]
    assert words([movement(shot, "push in")]) == [("push in 88%", "RED")]
    assert words([movement(shot, "static", 0.4)]) == [("static? 40%", "WHITE")]


def test_markers_may_be_kept_apart():
    """With join_markers off each analysis has its own marker."""
    shot = shots_of(editors_cut())[0]
    assert words([tag(shot), movement(shot, "push in")], APART) == [("MCU 92%", "ORANGE"), ("push in 88%", "RED")]


def test_settings_name_movements_too():
    """Names and colours of movements come from the settings."""
    shot = shots_of(editors_cut())[0]
    settings = Settings(names={"MCU": "MCU", "push in": "travelling avant"})
    assert words([tag(shot), movement(shot, "push in")], settings)[0][0] == "MCU 92% · travelling avant"


def test_metadata_has_both():
    """The clip's metadata holds a tag by analysis, the marker's the size with the movement beside it."""
    cut = editors_cut()
    marks = join_marks(marks_of(both(cut), Settings()), Settings())
    item = item_at(mark_timeline(cut.timeline, marks, start=cut.start), (0, 2))
    facts = item.metadata[METADATA_KEY]
    assert (facts["shot_type"]["label"], facts["camera_movement"]["label"]) == ("CU", "pull out")
    (marker,) = item.markers
    assert marker.metadata[METADATA_KEY]["label"] == "CU"
    assert marker.metadata[METADATA_KEY]["also"]["camera_movement"]["label"] == "pull out"


@QUICK
@given(cuts())
def test_law_3_both_come_off_again(cut):
    """Marked twice is marked once, and stripped it is the original, joined or apart."""
    before = text_of(cut.timeline)
    for settings in (Settings(), APART):
        marks = join_marks(marks_of(both(cut), settings), settings)
        once = mark_timeline(cut.timeline, marks, start=cut.start)
        assert text_of(mark_timeline(once, marks, start=cut.start)) == text_of(once)
        assert text_of(strip_marks(once)) == before
    assert text_of(cut.timeline) == before


def without_scores(text: str) -> str:
    """OTIO's metadata names every movement beside its score."""
    return re.sub(r'"[a-z ]+": 0\.\d+,?', "", text)


READ_BACK = ["cut.otio", "cut.edl", "cut.xml", "cut.fcpxml"]


@pytest.mark.parametrize("settings", [Settings(), APART], ids=["joined", "apart"])
@pytest.mark.parametrize("name", READ_BACK)
def test_every_format_takes_both_and_gives_them_back(tmp_path, name, settings):
    """A second run over the first's file writes the same markers, and strip leaves none of them."""
    cut = editors_cut()
    write(cut, both(cut), tmp_path / name, settings=settings)
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert "CU 92%" in text
    assert "pull out" in text
    again = read_timeline(tmp_path / name)
    shots = {shot.address: shot for shot in shots_of(again)}
    assert shots
    tags = [one for shot in shots.values() for one in (tag(shot), movement(shot, "push in"))]
    write(again, tags, tmp_path / f"second.{name}", settings=settings)
    second = without_scores((tmp_path / f"second.{name}").read_text(encoding="utf-8"))
    assert "pull out" not in second
    assert "push in" in second
    strip(read_timeline(tmp_path / f"second.{name}"), tmp_path / f"third.{name}")
    stripped = (tmp_path / f"third.{name}").read_text(encoding="utf-8")
    assert "push in" not in stripped
    assert "92%" not in stripped
    assert "Fix boom" in stripped


@pytest.mark.parametrize(
    ("name", "format", "line"),
    [
        ("cut.edl", "cmx", "YELLOW  MS? 41% - pan left"),
        ("cut.edl", "resolve-markers", "|M:MS? 41% · pan left "),
        ("cut.txt", "avid", "MS? 41% - pan left: medium shot"),
    ],
)
def test_line_formats_have_one_marker_a_shot(tmp_path, name, format, line):
    """Formats with one marker a frame get the joined words; those older than Unicode a hyphen."""
    cut = editors_cut()
    size, pan = tags_of(cut)[4], movement(shots_of(cut)[4], "pan left")
    assert size.prediction.confidence == 0.41
    write(cut, [tag(size.shot, "MS", 0.41), pan], tmp_path / name, format=format)
    text = (tmp_path / name).read_text(encoding="utf-8").replace("WHITE ", "YELLOW")
    assert line in text
    assert text.count("41%") == (2 if format == "cmx" else 1)


def test_final_cut_gets_a_keyword_for_each(tmp_path):
    """FCPXML has a keyword for the size and one for the movement, but one marker."""
    cut = editors_cut()
    write(cut, both(cut)[:2], tmp_path / "cut.fcpxml")
    text = (tmp_path / "cut.fcpxml").read_text(encoding="utf-8")
    assert 'value="medium close-up"' in text
    assert 'value="push in"' in text
    assert text.count(f'{SIGNATURE}"/>') == 3


@pytest.mark.parametrize("settings", [Settings(), APART], ids=["joined", "apart"])
def test_csv_has_one_line_a_shot(tmp_path, settings):
    """A line for each shot, the movement in its own last columns, scores of sizes only."""
    cut = editors_cut()
    write(cut, [*both(cut)[:-1]], tmp_path / "cut.csv", settings=settings)
    rows = list(csv.DictReader((tmp_path / "cut.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(tags_of(cut))
    assert (rows[0]["size"], rows[0]["movement"], rows[0]["movement_confidence"]) == ("MCU", "push in", "0.88")
    assert rows[0]["marker"] == ("MCU 92% · push in" if settings.join_markers else "MCU 92% / push in 88%")
    assert (rows[-1]["movement"], rows[-1]["movement_confidence"]) == ("", "")
    assert "push in" not in rows[0]


def test_csv_of_movements_alone(tmp_path):
    """Without sizes their columns stay empty."""
    cut = editors_cut()
    write(cut, [one for one in both(cut) if one.analysis == "camera_movement"], tmp_path / "cut.csv")
    rows = list(csv.DictReader((tmp_path / "cut.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(tags_of(cut))
    assert (rows[0]["size"], rows[0]["confidence"], rows[0]["movement"]) == ("", "", "push in")


@pytest.mark.parametrize("settings", [Settings(), APART], ids=["joined", "apart"])
def test_json_has_an_entry_for_each_tag(tmp_path, settings):
    """Two entries a shot, side by side; the statistics of sizes hold sizes, the movements have their own."""
    cut = editors_cut()
    write(cut, both(cut), tmp_path / "cut.json", settings=settings)
    report = json.loads((tmp_path / "cut.json").read_text(encoding="utf-8"))
    number = len(tags_of(cut))
    assert report["otio_shottag"]["schema"] == 1
    assert [shot["analysis"] for shot in report["shots"]] == ["shot_type", "camera_movement"] * number
    assert report["shots"][1]["label"] == "push in"
    assert report["shots"][1]["marker"]["name"] == ("MCU 92% · push in" if settings.join_markers else "push in 88%")
    statistics = report["statistics"]
    assert statistics["shots"] == number
    assert sum(statistics["sizes"].values()) == number
    assert set(statistics["sizes"]) == {"EWS", "WS", "LS", "MLS", "MS", "MCU", "CU", "ECU"}
    moves = statistics["camera_movement"]
    assert (moves["shots"], moves["unsure"], sum(moves["movements"].values())) == (number, 1, number)


def test_json_without_movements_says_nothing_of_them(tmp_path):
    """A run for sizes alone has the report that it always had."""
    cut = editors_cut()
    write(cut, tags_of(cut), tmp_path / "cut.json")
    assert "camera_movement" not in (tmp_path / "cut.json").read_text(encoding="utf-8")


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch, command_line) -> Run:
    """Run the command line in this process, the network a stand-in; give code, stdout, stderr."""
    monkeypatch.setattr(
        "otio_shottag.analyses.load_analysis",
        lambda name, **options: CameraMovement() if name == "camera_movement" else StandIn(),
    )
    return command_line


@pytest.fixture
def cut(clips, tmp_path) -> Path:
    """A freeze, a shot of one frame, and a clip that is gone."""
    items = [
        clip(str(clips / "tc24.mov"), span(86402, 48), available=span(86400, 100), speed=0, name="freeze"),
        clip(str(clips / "tc24.mov"), span(86403, 1), available=span(86400, 100), name="flash"),
        clip("/gone/away.mov", span(0, 10), name="away"),
    ]
    path = tmp_path / "my cut #1.otio"
    otio.adapters.write_to_file(timeline(track(*items), start=RationalTime(86400, 24)), str(path))
    return path


def markers_of(path: Path) -> list[list[str]]:
    return [[marker.name for marker in one.markers] for one in otio.adapters.read_from_file(str(path)).find_clips()]


def test_both_from_the_command_line(run, cut, tmp_path):
    """--analyses judges both; what is too short for one keeps the other, and is said."""
    code, out, err = run(cut, "--analyses", "camera_movement, shot_type", "-o", tmp_path / "a.otio", "--json", "-")
    assert code == 0
    assert markers_of(tmp_path / "a.otio") == [["LS 90%"], ["MLS 90%"], []]
    report = json.loads(out)
    assert [(shot["name"], shot["analysis"], shot["label"]) for shot in report["shots"]] == [
        ("freeze", "shot_type", "LS"),
        ("freeze", "camera_movement", "static"),
        ("flash", "shot_type", "MLS"),
    ]
    assert [skip["name"] for skip in report["skips"]] == ["flash", "away"]
    assert "flash on V1: shows 1 frame, too few to tell how the camera moves" in err
    assert "2 shots in" in err
    assert "judged on cpu (stand-in), cpu (OpenCV)" in err


def test_the_table_has_a_column_for_each(run, cut, tmp_path):
    """The summary shows size and movement side by side, then the figures of each."""
    _, out, _ = run(cut, "--analyses", "shot_type,camera_movement", "-o", tmp_path / "a.otio")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["track", "record", "in", "shot", "size", "movement"]
    assert lines[1][2:6] == ["freeze", "LS", "90%", "static"]
    assert ["movement", "name", "shots", "on", "screen", "mean", "confidence"] in lines


def test_separate_markers(run, cut, tmp_path):
    """--separate-markers gives each analysis its own."""
    run(cut, "--analyses", "shot_type,camera_movement", "--separate-markers", "-o", tmp_path / "a.otio")
    freeze, flash, _ = markers_of(tmp_path / "a.otio")
    assert [name.split()[0] for name in freeze] == ["LS", "static"]
    assert len(flash) == 1


def test_a_second_run_and_strip(run, cut, tmp_path):
    """A second run changes nothing, one for sizes alone takes the movements away, strip gives the input back."""
    asked = ("--analyses", "shot_type,camera_movement")
    run(cut, *asked, "-o", tmp_path / "one.otio")
    run(tmp_path / "one.otio", *asked, "-o", tmp_path / "two.otio")
    assert (tmp_path / "one.otio").read_bytes() == (tmp_path / "two.otio").read_bytes()
    run(tmp_path / "two.otio", "-o", tmp_path / "three.otio")
    assert "camera_movement" not in (tmp_path / "three.otio").read_text(encoding="utf-8")
    run("strip", tmp_path / "two.otio", "-o", tmp_path / "back.otio")
    assert (tmp_path / "back.otio").read_bytes() == cut.read_bytes()


@pytest.mark.parametrize("names", ["shot_typ", "shot_type,movement", " , "])
def test_an_unknown_analysis_is_a_usage_error(run, cut, names):
    """A name that is none is said with those that are, before any work."""
    code, _, err = run(cut, "--analyses", names)
    assert code == 2
    assert "one or more of shot_type, camera_movement" in err


@pytest.mark.parametrize("option", [("--model", "x.pt"), ("--frames-per-shot", 5)])
def test_options_of_an_analysis_that_is_left_out_are_a_usage_error(run, cut, option):
    """What would have no effect is refused, before any work."""
    code, _, err = run(cut, "--analyses", "camera_movement", *option)
    assert code == 2
    assert f"{option[0]} is for shot_type, which --analyses camera_movement leaves out" in err


def test_movements_alone_need_no_torch(cut, tmp_path):
    """A run for camera movement alone loads no torch at all."""
    arguments = [str(cut), "--analyses", "camera_movement", "-o", str(tmp_path / "a.otio")]
    code = f"from otio_shottag.cli import cli\ntry: cli({arguments!r})\nexcept SystemExit: pass"
    assert not modules_after(code) & {"torch", "torchvision"}
    assert markers_of(tmp_path / "a.otio")[0][0].startswith("static ")
