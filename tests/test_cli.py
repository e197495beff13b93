"""The command line does what it says, says what it cannot do, and leaves nothing half-done."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import opentimelineio as otio
import pytest
from opentimelineio.opentime import RationalTime

from tests.cuts import clip, span, timeline, track
from tests.stand_in import StandIn


@pytest.fixture
def cut(clips, tmp_path) -> Path:
    """A cut of three shots and one that is gone, with numbers that stand for LS, MLS and MS."""
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
    path = tmp_path / "my cut #1.otio"
    otio.adapters.write_to_file(made, str(path))
    return path


@pytest.fixture
def run(monkeypatch, command_line):
    """Run the command line in this process with a stand-in for the network; give code, stdout, stderr."""
    monkeypatch.setattr(
        "otio_shottag.analyses.load_analysis", lambda name, **options: StandIn(options.get("frames_per_shot") or 3)
    )
    return command_line


def markers_of(path: Path) -> list[str]:
    return [marker.name for one in otio.adapters.read_from_file(str(path)).find_clips() for marker in one.markers]


def test_the_bare_command_writes_a_tagged_cut_beside_the_input(run, cut):
    """otio-shottag CUT writes CUT.tagged.otio, prints the table, lists the skip and leaves the input alone."""
    before = cut.read_bytes()
    code, out, err = run(cut)
    assert code == 0
    assert markers_of(cut.with_name("my cut #1.tagged.otio")) == ["LS 90%", "MLS 90%", "MS 90%"]
    assert "LS" in out
    assert "long shot" in out
    assert "away on V1: media not found: /gone/away.mov" in err
    assert "judged on cpu (stand-in)" in err
    assert cut.read_bytes() == before


def test_the_verb_tag_is_the_same(run, cut, tmp_path):
    """otio-shottag tag CUT does what otio-shottag CUT does."""
    run(cut, "-o", tmp_path / "one.otio")
    run("tag", cut, "-o", tmp_path / "two.otio")
    assert (tmp_path / "one.otio").read_bytes() == (tmp_path / "two.otio").read_bytes()


def test_options_may_stand_first(run, cut, tmp_path):
    """otio-shottag -o OUT CUT tags, too."""
    assert run("-o", tmp_path / "x.csv", cut)[0] == 0
    assert "shot 2" in (tmp_path / "x.csv").read_text(encoding="utf-8")


def test_several_outputs_from_one_run(run, cut, tmp_path):
    """Several -o write several formats; --format says which of two an ending means."""
    code, _, err = run(
        cut, "-o", tmp_path / "a.otio", "-o", tmp_path / "b.edl", "--format", "otio", "--format", "resolve-markers"
    )
    assert code == 0, err
    assert "|M:LS 90%" in (tmp_path / "b.edl").read_text(encoding="utf-8")
    assert len(markers_of(tmp_path / "a.otio")) == 3


def test_json_has_everything(run, cut, tmp_path):
    """--json - prints the whole run on stdout and nothing else."""
    code, out, _ = run(cut, "-o", tmp_path / "a.otio", "--json", "-")
    assert code == 0
    report = json.loads(out)
    assert report["device"] == "cpu (stand-in)"
    assert [shot["label"] for shot in report["shots"]] == ["LS", "MLS", "MS"]
    assert report["shots"][0]["record"]["timecode_in"] == "01:00:00:00"
    assert report["shots"][0]["record"]["first_frame"] == report["cut"]["start_frame"] == 86400
    assert report["shots"][0]["source"]["first_frame"] == 2
    assert len(report["shots"][0]["scores"]) == 8
    assert [skip["reason"] for skip in report["skips"]] == ["media not found: /gone/away.mov"]


def test_progress_as_lines_for_programs(run, cut, tmp_path):
    """--progress lines says in a pipe how many of the shots are done; without it a pipe gets no progress."""
    _, _, err = run(cut, "-o", tmp_path / "a.otio", "--progress", "lines")
    assert [line for line in err.splitlines() if line.endswith(" shots")] == ["1/3 shots", "2/3 shots", "3/3 shots"]
    _, _, err = run(cut, "-o", tmp_path / "b.otio")
    assert "/3 shots" not in err


def test_a_second_run_over_the_first_ones_output_changes_nothing(run, cut, tmp_path):
    """Tagging a tagged cut gives the same file again."""
    run(cut, "-o", tmp_path / "one.otio")
    run(tmp_path / "one.otio", "-o", tmp_path / "two.otio")
    assert (tmp_path / "one.otio").read_bytes() == (tmp_path / "two.otio").read_bytes()


def test_strip_gives_back_the_input(run, cut, tmp_path):
    """strip takes our marks off again: what is left is the input."""
    run(cut, "-o", tmp_path / "one.otio")
    code, _, _ = run("strip", tmp_path / "one.otio", "-o", tmp_path / "back.otio")
    assert code == 0
    assert (tmp_path / "back.otio").read_bytes() == cut.read_bytes()


def test_an_existing_file_needs_force(run, cut, tmp_path):
    """What is there already is replaced with --force only."""
    out = tmp_path / "a.otio"
    out.write_text("mine", encoding="utf-8")
    code, _, err = run(cut, "-o", out)
    assert (code, out.read_text(encoding="utf-8")) == (1, "mine")
    assert "--force replaces it" in err
    assert run(cut, "-o", out, "--force")[0] == 0
    assert len(markers_of(out)) == 3


def test_the_input_is_never_written_over(run, cut):
    """-o naming the input is refused even with --force, also by another spelling."""
    before = cut.read_bytes()
    for spelling in (cut, cut.parent / "." / cut.name):
        code, _, err = run(cut, "-o", spelling, "--force")
        assert code == 1
        assert "is the input, which is never written over" in err
    assert cut.read_bytes() == before


def test_nothing_inside_or_around_the_input_is_replaced(run, cut, tmp_path):
    """A bundle that is the input, its folder and the files in it are as safe as a single file."""
    bundle = tmp_path / "cut.otiod"
    bundle.mkdir()
    (bundle / "content.otio").write_bytes(cut.read_bytes())
    for target in (bundle / "content.otio", bundle, tmp_path):
        code, _, err = run("strip", bundle, "-o", target, "--force")
        assert code == 1
        assert "never" in err
    assert (bundle / "content.otio").read_bytes() == cut.read_bytes()


def test_a_folder_that_is_no_bundle_is_never_replaced(run, cut, tmp_path):
    """--force replaces a .fcpxmld bundle, and no other folder whatever it is called: a plain one is written into."""
    for name, expected in (("mine", 0), ("mine.fcpxmld", 1)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "precious.txt").write_text("mine", encoding="utf-8")
        code, _, err = run(cut, "-o", tmp_path / name, "--format", "fcpxmld", "--force")
        assert code == expected
        assert name in err or code == 0
        assert (tmp_path / name / "precious.txt").exists()
    assert (tmp_path / "mine" / "my cut #1.tagged.fcpxmld" / "Info.fcpxml").exists()


def test_a_map_to_a_relative_folder_starts_at_the_shell(run, clips, tmp_path, monkeypatch):
    """--map P:/show=foot means the folder foot where the command runs, not beside the cut."""
    (tmp_path / "cuts").mkdir()
    (tmp_path / "foot").symlink_to(clips)
    path = tmp_path / "cuts" / "a.otio"
    otio.adapters.write_to_file(
        timeline(track(clip("P:/show/plain24.mp4", span(0, 2), available=span(0, 9)))), str(path)
    )
    monkeypatch.chdir(tmp_path)
    _, _, err = run("list", path, "--map", "P:/show=foot")
    assert "1 shots, 0 skipped" in err


def test_links_in_a_circle_are_said(run, cut, tmp_path):
    """A link that leads to itself is refused in one line, as input and as output."""
    (tmp_path / "a.otio").symlink_to(tmp_path / "b.otio")
    (tmp_path / "b.otio").symlink_to(tmp_path / "a.otio")
    for arguments in (["list", tmp_path / "a.otio"], [cut, "-o", tmp_path / "a.otio"]):
        code, _, err = run(*arguments)
        assert code == 1
        assert "a.otio" in err
        assert "Traceback" not in err


def test_a_terminal_that_knows_few_letters(cut, clips, tmp_path):
    """A clip's Japanese name does not stop a run whose output can only say Latin letters."""
    path = tmp_path / "names.otio"
    item = clip(str(clips / "plain24.mp4"), span(0, 2), available=span(0, 9), name="日本")
    otio.adapters.write_to_file(timeline(track(item)), str(path))
    ended = subprocess.run(
        [sys.executable, "-m", "otio_shottag", "list", str(path)],
        capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )  # fmt: skip
    assert b"??" in ended.stdout


def test_unsure_shots_say_so(run, cut, tmp_path):
    """Below --min-confidence the marker says 'LS? 90%'."""
    run(cut, "-o", tmp_path / "a.otio", "--min-confidence", "0.95")
    assert markers_of(tmp_path / "a.otio") == ["LS? 90%", "MLS? 90%", "MS? 90%"]


def test_settings_are_used(run, cut, tmp_path):
    """A settings file words the markers; --min-confidence on the command line wins over it."""
    (tmp_path / "shottag.yaml").write_text("marker_name: 'size {sizes}'\nmin_confidence: 0.99\n", encoding="utf-8")
    run(cut, "-o", tmp_path / "a.otio", "--settings", tmp_path / "shottag.yaml", "--min-confidence", "0.1")
    assert markers_of(tmp_path / "a.otio") == ["size LS", "size MLS", "size MS"]


def test_strict_exits_with_3(run, cut, tmp_path):
    """--strict makes a skip an exit code of 3, though the file is written."""
    assert run(cut, "-o", tmp_path / "a.otio", "--strict")[0] == 3
    assert (tmp_path / "a.otio").exists()


def test_media_root_and_map(run, cut, clips, tmp_path):
    """Footage that moved is found by --media-root and by --map."""
    made = timeline(track(clip("P:\\show\\tc24.mov", span(86400 + 5, 1), available=span(86400, 100))))
    path = tmp_path / "moved.otio"
    otio.adapters.write_to_file(made, str(path))
    assert run(path)[0] == 1
    assert run(path, "-o", tmp_path / "a.otio", "--media-root", clips)[0] == 0
    assert run(path, "-o", tmp_path / "b.otio", "--map", f"P:\\show={clips}")[0] == 0
    assert markers_of(tmp_path / "a.otio") == markers_of(tmp_path / "b.otio") == ["MCU 90%"]


def test_frames_per_shot(run, clips, tmp_path):
    """--frames-per-shot decides how many frames are judged."""
    path = tmp_path / "long.otio"
    made = timeline(track(clip(str(clips / "plain24.mp4"), span(0, 90), available=span(0, 100))))
    otio.adapters.write_to_file(made, str(path))
    _, out, _ = run(path, "-o", tmp_path / "a.otio", "--json", "-", "--frames-per-shot", "7")
    assert len(json.loads(out)["shots"][0]["frames"]) == 7


def test_list_shows_frames_and_skips(run, cut):
    """list prints each shot with its frames, and the skips on stderr."""
    code, out, err = run("list", cut)
    assert code == 0
    assert "01:00:00:02" in out
    assert "4-4" in out
    assert "3 shots, 1 skipped" in err
    _, out, _ = run("list", cut, "--json")
    assert [shot["source"]["first_frame"] for shot in json.loads(out)["shots"]] == [2, 3, 4]


def test_list_needs_no_network(cut):
    """list imports no torch."""
    code = (
        "import sys\nsys.argv = ['otio-shottag', 'list', sys.argv[1]]\nfrom otio_shottag.cli import main\n"
        "try: main()\nexcept SystemExit: pass\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(cut)], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "Usage: otio-shottag CUT"),
        (["--no-such-option", "CUT"], 2, "No such option"),
        (["CUT", "--map", "nonsense"], 2, "'nonsense' is no path map; should be FROM=TO"),
        (["CUT", "--media-root", "/no/such/folder"], 2, "'/no/such/folder' is no folder here"),
        (["CUT", "--rate", "fast"], 2, "'fast' is no frame rate; should be like 24, 23.976 or 30000/1001"),
        (["CUT", "--min-confidence", "80"], 2, "80.0 is not in the range 0<=x<=1"),
        (["CUT", "--frames-per-shot", "0"], 2, "0 is not in the range 1<=x<=1000"),
        (["CUT", "--tracks", ","], 2, "names no track; should be like V1,V2"),
        (
            ["CUT", "-o", "a.otio", "-o", "b.otio", "-o", "c.edl", "--format", "otio", "--format", "cmx"],
            2,
            "give one for each",
        ),
        (["CUT", "--tracks", "V9"], 1, "the cut has no video track 'V9'; it has V1"),
        (["CUT", "-o", "a.xyz"], 1, "a.xyz: cannot write '.xyz'; one of .otio, .otioz, .edl"),
        (["CUT", "-o", "no/such/folder/a.otio"], 1, "there is no folder no/such/folder; make it first"),
        (["CUT", "--sequence", "other"], 1, "holds no sequence 'other'; it has 'cut'"),
        (["CUT", "--settings", "no.yaml"], 1, "no.yaml: cannot read the settings: No such file"),
        (["nowhere.otio"], 1, "nowhere.otio: no such file"),
        (["stills", "nowhere.jpg"], 1, "nowhere.jpg: no such file or folder"),
        (["strip", "CUT", "-o", "a.csv"], 1, "csv holds marks but no cut"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(run, cut, arguments, code, message, monkeypatch, tmp_path):
    """Wrong usage exits with 2, what cannot be done with 1, each with what would be right."""
    monkeypatch.chdir(tmp_path)
    ended, out, err = run(*(str(cut) if one == "CUT" else one for one in arguments))
    assert ended == code
    assert message in " ".join((out + err).split())
    if code == 1:
        assert len(err.strip().splitlines()) == 1


def test_all_media_missing_is_said(run, tmp_path):
    """A cut of which no media is here writes nothing and says why."""
    path = tmp_path / "gone.otio"
    otio.adapters.write_to_file(
        timeline(track(clip("/gone/a.mov", span(0, 5)), clip("/gone/b.mov", span(0, 5)))), str(path)
    )
    code, _, err = run(path)
    assert code == 1
    assert "no shot can be judged: 2 clips, each for a reason listed above" in err
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_fifo_as_media_does_not_hang(run, tmp_path):
    """A named pipe in place of a film is a skip, at once."""
    os.mkfifo(tmp_path / "pipe.mov")
    path = tmp_path / "cut.otio"
    otio.adapters.write_to_file(timeline(track(clip("pipe.mov", span(0, 5)))), str(path))
    started = time.monotonic()
    code, _, err = run(path)
    assert code == 1
    assert "pipe" in err
    assert time.monotonic() - started < 5


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux, where nobody may write to /proc")
def test_a_place_that_cannot_be_written_to(run, cut):
    """A read-only target is said in one line."""
    code, _, err = run(cut, "-o", "/proc/a.otio")
    assert code == 1
    assert "/proc/a.otio" in err
    assert "cannot be written" in err


def test_one_output_that_fails_does_not_cost_the_others(run, clips, tmp_path):
    """An EDL that two tracks do not fit in is refused; the .otio beside it is written."""
    item = clip(str(clips / "tc24.mov"), span(86400, 2), available=span(86400, 100))
    path = tmp_path / "two.otio"
    otio.adapters.write_to_file(timeline(track(item), track(item.deepcopy())), str(path))
    code, _, err = run(path, "-o", tmp_path / "a.edl", "-o", tmp_path / "b.otio")
    assert code == 1
    assert "--tracks" in err
    assert (tmp_path / "b.otio").exists()
    assert not (tmp_path / "a.edl").exists()
    assert run(path, "-o", tmp_path / "a.edl", "--tracks", "V2")[0] == 0


def test_control_characters_in_names_do_not_reach_the_terminal(run, clips, tmp_path):
    """A clip called like an escape sequence is printed harmlessly."""
    path = tmp_path / "evil.otio"
    item = clip(str(clips / "tc24.mov"), span(86400, 2), available=span(86400, 100), name="\x1b[2J[red]boo[/red]")
    otio.adapters.write_to_file(
        timeline(track(item, clip("/gone/\x1b]0;x\x07.mov", span(0, 1), name="\x1b[31m"))), str(path)
    )
    _, out, err = run(path)
    assert "\x1b" not in out + err
    assert "[red]boo[/red]" in out


SLOW = """
import sys, time
import otio_shottag.analyses as analyses
from tests.stand_in import StandIn
class Slow(StandIn):
    def predict(self, batch):
        print("judging", file=sys.stderr, flush=True)
        time.sleep(0.2)
        return super().predict(batch)
analyses.load_analysis = lambda name, **options: Slow()
from otio_shottag.cli import main
main()
"""


@pytest.mark.parametrize("keep", [False, True])
def test_ctrl_c_stops_cleanly(clips, tmp_path, keep):
    """Ctrl-C writes what was judged with --keep-partial, nothing without, and no half a file ever."""
    path = tmp_path / "long.otio"
    items = [clip(str(clips / "plain24.mp4"), span(at % 90, 2), available=span(0, 100)) for at in range(200)]
    otio.adapters.write_to_file(timeline(track(*items)), str(path))
    arguments = [str(path), *(["--keep-partial"] if keep else [])]
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parent.parent,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        batches = (line for line in process.stderr if line.startswith("judging"))
        next(batches)
        next(batches)  # the second one is at work, so the first one's shots are judged
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    written = path.with_name("long.tagged.otio")
    assert written.exists() == keep
    if keep:
        assert 0 < len(markers_of(written)) < 200
        assert "the rest carries no marker" in err
    assert sorted(one.name for one in tmp_path.iterdir()) == (
        ["long.otio", "long.tagged.otio"] if keep else ["long.otio"]
    )
