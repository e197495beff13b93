"""The page and corrections on the command line."""

import json
from pathlib import Path

import opentimelineio as otio
import pytest
from opentimelineio.opentime import RationalTime

from tests.cuts import clip, span, timeline, track
from tests.stand_in import StandIn


@pytest.fixture
def cut(clips, tmp_path) -> Path:
    """A cut of three shots, of numbers that stand for LS, MLS and MS, and of one that is gone."""
    made = timeline(
        track(
            *(
                clip(str(clips / "tc24.mov"), span(86400 + at, 1), available=span(86400, 100), name=f"shot {at}")
                for at in (2, 3, 4)
            ),
            clip("/gone/away.mov", span(0, 10), name="away"),
        ),
        start=RationalTime(86400, 24),
    )
    path = tmp_path / "my cut #1 第1場.otio"
    otio.adapters.write_to_file(made, str(path))
    return path


@pytest.fixture
def run(monkeypatch, command_line):
    """Run the command line in this process with a stand-in for the network; give code, stdout, stderr."""
    monkeypatch.setattr(
        "otio_shottag.analyses.load_analysis", lambda name, **options: StandIn(options.get("frames_per_shot") or 3)
    )
    return command_line


def facts_in(page: Path) -> dict:
    """The facts for corrections that a page carries."""
    text = page.read_text(encoding="utf-8").partition('class="corrections" data-for="c1">')[2]
    return json.loads(text.partition("</script>")[0])


def test_report_writes_the_page_and_nothing_else(run, cut):
    """report CUT writes CUT.report.html beside the input, and says what it skipped."""
    before = cut.read_bytes()
    code, out, err = run("report", cut)
    assert (code, out) == (0, "")
    page = cut.with_name("my cut #1 第1場.report.html")
    assert sorted(entry.name for entry in cut.parent.iterdir()) == sorted([cut.name, page.name])
    assert page.read_text(encoding="utf-8").count('class="still"') == 3
    assert "away on V1: media not found: /gone/away.mov" in err
    assert "3 shots in " in err
    assert cut.read_bytes() == before


def test_a_run_may_draw_its_page_too(run, cut, tmp_path):
    """--report on any run writes the page beside the other outputs; it is the page that report writes."""
    code, _, err = run(cut, "-o", tmp_path / "a.otio", "--report", tmp_path / "a.html")
    assert code == 0, err
    assert f"wrote {tmp_path / 'a.html'}" in err
    assert run("report", cut, "-o", tmp_path / "b.html")[0] == 0
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_heat_maps_lie_over_the_frames_unless_they_are_left_out(run, cut, tmp_path):
    """Every judged shot has a heat map from the weights; --no-heat-maps gives the page without."""
    run("report", cut, "-o", tmp_path / "with.html")
    run("report", cut, "-o", tmp_path / "without.html", "--no-heat-maps")
    pages = [(tmp_path / name).read_text(encoding="utf-8") for name in ("with.html", "without.html")]
    assert [page.count('class="heat" src="data:image/webp;base64,') for page in pages] == [3, 0]
    assert [page.count('class="still"') for page in pages] == [3, 3]


def test_report_takes_several_cuts(run, cut, tmp_path):
    """report A B puts both on one page."""
    other = tmp_path / "b.otio"
    other.write_bytes(cut.read_bytes())
    code, _, err = run("report", cut, other, "-o", tmp_path / "both.html")
    assert code == 0, err
    assert (tmp_path / "both.html").read_text(encoding="utf-8").count('<ol class="sheet"') == 2
    assert "6 shots in " in err


def test_what_cannot_be_a_page_is_said_before_the_work(run, cut, tmp_path):
    """Another ending, a page that is there already and the input itself are refused in one line."""
    (tmp_path / "mine.html").write_text("mine", encoding="utf-8")
    for arguments, said in (
        (["report", cut, "-o", tmp_path / "a.pdf"], "cannot write '.pdf'; a report is .html"),
        ([cut, "-o", tmp_path / "a.csv", "--report", tmp_path / "a"], "cannot write a file without ending"),
        (["report", cut, "-o", tmp_path / "mine.html"], "is there already; --force replaces it"),
        ([cut, "-o", tmp_path / "a.csv", "--report", tmp_path / "mine.html"], "is there already"),
        (["report", tmp_path / "none.otio"], "no such file"),
    ):
        code, _, err = run(*arguments)
        assert code == 1
        assert said in err
        assert "Traceback" not in err
    assert not (tmp_path / "a.csv").exists()
    assert run("report", cut, "-o", tmp_path / "mine.html", "--force")[0] == 0


def test_strict_and_sizes_that_cannot_be_judged(run, cut, tmp_path):
    """--strict exits with 3 where clips were skipped; a cut without shots gives a line and no page."""
    assert run("report", cut, "-o", tmp_path / "a.html", "--strict")[0] == 3
    otio.adapters.write_to_file(timeline(track(clip("/gone/a.mov", span(0, 9)))), str(tmp_path / "gone.otio"))
    code, _, err = run("report", tmp_path / "gone.otio", "-o", tmp_path / "b.html")
    assert (code, (tmp_path / "b.html").exists()) == (1, False)
    assert "no shot can be judged: media not found: /gone/a.mov" in err


def test_corrections_go_into_the_cut(run, cut, tmp_path):
    """What the page saves, tag --corrections writes; what fits no shot is said, and the page knows it, too."""
    run("report", cut, "-o", tmp_path / "a.html")
    document = facts_in(tmp_path / "a.html")
    strange = {**document["corrections"][0], "media": "/vol/other.mov", "name": "lost", "to": "EWS"}
    document["corrections"] = [{**document["corrections"][1], "to": "ECU"}, strange]
    (tmp_path / "fixes.json").write_text(json.dumps(document), encoding="utf-8")
    code, out, err = run(
        "tag", cut, "-o", tmp_path / "b.otio", "--report", tmp_path / "b.html", "--corrections", tmp_path / "fixes.json"
    )
    assert code == 0, err
    assert "1 of 2 corrections applied" in err
    assert "no shot shows frame 2 of /vol/other.mov: lost, LS to EWS" in err
    markers = [
        (marker.name, marker.comment)
        for one in otio.adapters.read_from_file(str(tmp_path / "b.otio")).find_clips()
        for marker in one.markers
    ]
    assert [name for name, _ in markers] == ["LS 90%", "ECU 100%", "MS 90%"]
    assert markers[1][1] == "extreme close-up; set by a human (otio-shottag)"
    assert "ECU 100%" in out
    assert "set by hand" in (tmp_path / "b.html").read_text(encoding="utf-8")


def test_a_broken_file_of_corrections_stops_before_the_work(run, cut, tmp_path):
    """What is no file of corrections is said in one line, and nothing is judged or written."""
    (tmp_path / "fixes.json").write_text('{"shots": []}', encoding="utf-8")
    code, _, err = run(cut, "-o", tmp_path / "a.otio", "--corrections", tmp_path / "fixes.json")
    assert (code, (tmp_path / "a.otio").exists()) == (1, False)
    assert "holds no corrections; should be the file that a report saved" in err
