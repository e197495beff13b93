"""Many cuts in one command come out as cut by cut, one that fails costs only itself, and --resume goes on."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from otio_shottag.formats import WRITERS
from otio_shottag.formats.routes import ENDINGS
from otio_shottag.journal import NAME
from tests.cuts import clip, span, timeline, track
from tests.media import Clip, write_clip, write_sequence
from tests.stand_in import StandIn

FAST = [sys.executable, str(Path(__file__).parent / "fast_command.py")]


class Remembered(StandIn):
    """A stand-in whose answers the cache keeps."""

    fingerprint = "stand-in"


@pytest.fixture
def run(monkeypatch, command_line):
    """Run the command line in this process with a stand-in for the network; give code, stdout, stderr."""
    monkeypatch.setattr(
        "otio_shottag.analyses.load_analysis", lambda name, **options: Remembered(options.get("frames_per_shot") or 3)
    )
    return command_line


@pytest.fixture
def cuts(clips, tmp_path, monkeypatch) -> Path:
    """A folder of three cuts over shared media, where the test stands: two flat, one in a folder with a name."""
    monkeypatch.chdir(tmp_path)
    write_cut(Path("cuts/ep1.otio"), clips, [(0, 9), (20, 12), (50, 1)])
    write_cut(Path("cuts/ep2.otio"), clips, [(20, 12), (3, 1)])
    write_cut(Path("cuts/b #2/日本 3.otio"), clips, [(50, 1), (60, 30), (0, 9), (70, 5)])
    return Path("cuts")


def write_cut(path: Path, clips: Path, spans: Sequence[tuple[int, int]], *more: Any) -> None:
    """Write a cut of a clip's frames, each from and how many, and of whatever else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    items = [
        clip(str(clips / "plain24.mp4"), span(at, length), available=span(0, 100), name=f"shot {number}")
        for number, (at, length) in enumerate(spans)
    ]
    otio.adapters.write_to_file(timeline(track(*items, *more)), str(path))


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but the journal, by its path."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


def stamps(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*.tagged.*")}


def test_a_folder_comes_out_as_cut_by_cut(run, cuts):
    """A folder of cuts gives the same bytes as each cut by itself, in the same tree, in several formats at once."""
    code, out, err = run(cuts, "-o", "tagged/new", "--format", "otio", "--format", "csv")
    assert code == 0, err
    for cut, name in {"ep1": "ep1", "ep2": "ep2", "b #2/日本 3": "b #2/日本 3"}.items():
        for ending in ("otio", "csv"):
            run(cuts / f"{cut}.otio", "-o", f"single.{ending}", "--force", "--no-cache")
            assert Path(f"tagged/new/{name}.tagged.{ending}").read_bytes() == Path(f"single.{ending}").read_bytes()
    assert len(tree(Path("tagged"))) == 6
    first = "cuts/b #2/日本 3.otio: 4 shots, 0 unsure, 0 skipped; wrote tagged/new/b #2/日本 3.tagged.otio, tagged/new/"
    assert sorted(out.splitlines())[0].startswith(first)
    assert len(out.splitlines()) == 3
    assert "3 of 3 cuts written" in err
    assert "9 shots in " in err


def test_both_analyses_come_out_as_cut_by_cut(command_line, cuts, clips):
    """With camera movement beside the size, tags and skips of a cut are those that it has by itself."""
    import otio_shottag.analyses as analyses

    real = analyses.load_analysis
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "otio_shottag.analyses.load_analysis",
            lambda name, **options: StandIn() if name == "shot_type" else real(name),
        )
        both = ["--analyses", "shot_type,camera_movement", "--format", "csv"]
        write_cut(cuts / "ep3.otio", clips, [(1, 2), (10, 40)], clip("/gone/away.mov", span(0, 10), name="away"))
        command_line(cuts, "-o", "tagged", *both, "--format", "json")
        for cut in ("ep1", "ep3"):
            command_line(cuts / f"{cut}.otio", "-o", "single.csv", "--force", *both, "--json", "single.json")
            assert Path(f"tagged/{cut}.tagged.csv").read_bytes() == Path("single.csv").read_bytes()
            many, single = (json.loads(Path(name).read_text()) for name in (f"tagged/{cut}.tagged.json", "single.json"))
            assert (many["shots"], many["skips"]) == (single["shots"], single["skips"])
            assert (many["remembered"], many["timings"]) == (None, {})


def test_without_o_each_lies_beside_its_cut(run, cuts):
    """Without -o the outputs lie where one cut's would, and a second run takes none of them for a cut."""
    assert run(cuts)[0] == 0
    assert (cuts / "b #2/日本 3.tagged.otio").exists()
    for names in ([cuts], ["cuts/**/*.otio"], sorted(cuts.glob("*.otio"))):
        code, _, err = run(*names, "--resume")
        assert code == 0
        assert "cuts done already" in err
        assert "left out, as otio-shottag wrote them" in err
    assert not list(cuts.rglob("*.tagged.tagged.*"))


def test_one_cut_into_a_folder_is_one_of_many(run, cuts):
    """What a shell's pattern matches goes into the folder also if it is one cut; the folder is made."""
    Path("there").mkdir()
    for folder in ("there", "new/", "newer/"):
        assert run(cuts / "ep1.otio", "-o", folder)[0] == 0
        assert (Path(folder) / "ep1.tagged.otio").exists()
    assert run(cuts / "ep1.otio", "-o", "for/", "--for", "avid")[0] == 0
    assert sorted(tree(Path("for"))) == ["ep1.markers.txt", "ep1.tagged.edl"]


def test_one_plain_cut_leaves_no_journal(run, cuts):
    """One CUT by itself is written as ever: nothing but its output."""
    run(cuts / "ep1.otio")
    assert sorted(path.name for path in cuts.iterdir()) == ["b #2", "ep1.otio", "ep1.tagged.otio", "ep2.otio"]


def test_a_cut_that_fails_costs_only_itself(run, cuts, clips):
    """Broken, absent, empty and undecodable cuts are listed at the end with exit code 1; the others are written."""
    (cuts / "broken.otio").write_text("{", encoding="utf-8")
    Path("bad.mov").write_bytes(b"no film")
    otio.adapters.write_to_file(timeline(track(clip("../bad.mov", span(0, 5)))), str(cuts / "unseen.otio"))
    otio.adapters.write_to_file(timeline(track()), str(cuts / "void.otio"))
    code, out, err = run(cuts, "nowhere.otio", "-o", "tagged")
    assert code == 1
    assert len(out.splitlines()) == 3
    listed = err[err.index("4 of 7 cuts failed:") :]
    for words in (
        "cuts/broken.otio: not an OpenTimelineIO file",
        "nowhere.otio: no such file",
        "cuts/unseen.otio: no shot can be judged: ",
        "cuts/void.otio: no shot can be judged: it shows no clips",
    ):
        assert words in listed
    assert len(tree(Path("tagged"))) == 3
    assert "Traceback" not in err


def test_a_bug_keeps_its_traceback(run, cuts, monkeypatch):
    """What is no fault of the cut stops the run and is not hidden among the cuts that failed."""

    def broken(*arguments: Any, **options: Any) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("otio_shottag.cli.many_run.find_shots", broken)
    with pytest.raises(ZeroDivisionError):
        run(cuts, "-o", "tagged")


def test_an_output_that_does_not_fit_costs_only_its_cut(run, cuts, clips):
    """Of a cut of two tracks the EDL is refused and the .otio written; the next run tries the EDL again."""
    item = clip(str(clips / "plain24.mp4"), span(0, 2), available=span(0, 100))
    otio.adapters.write_to_file(timeline(track(item), track(item.deepcopy())), str(cuts / "two.otio"))
    for resume in ([], ["--resume"]):
        code, _, err = run(cuts, "-o", "tagged", "--format", "cmx", "--format", "otio", *resume)
        assert code == 1
        assert "  cuts/two.otio: an EDL holds one video track" in err
        assert "(wrote tagged/two.tagged.otio)" in err
        assert "two.tagged.otio" in tree(Path("tagged"))
        assert len(tree(Path("tagged"))) == 7
    assert "3 of 4 cuts done already" in err


def test_skips_are_counted_and_strict_says_so(run, cuts, clips):
    """Skipped clips are listed by reason with their cuts; --strict exits with 3, also when all is done already."""
    for number in range(6):
        write_cut(cuts / f"more{number}.otio", clips, [(0, 2)], clip("/gone/away.mov", span(0, 10), name="away"))
    code, out, err = run(cuts, "-o", "tagged", "--strict")
    assert code == 3
    assert "1 shots, 0 unsure, 1 skipped; wrote tagged/more0.tagged.otio" in out
    assert "6 clips skipped:" in err
    assert "more0.otio: away on V1, " in err
    assert " and 3 more: media not found: /gone/away.mov" in err
    before = stamps(Path("tagged"))
    code, _, err = run(cuts, "-o", "tagged", "--strict", "--resume")
    assert code == 3
    assert "9 of 9 cuts done already" in err
    assert stamps(Path("tagged")) == before


def test_a_skipped_clip_is_looked_at_again(run, cuts, clips):
    """When the footage of a skipped clip has come, --resume writes that cut again, and no other."""
    write_cut(cuts / "late.otio", clips, [(0, 2)], clip("late.mp4", span(0, 10), available=span(0, 100)))
    run(cuts, "-o", "tagged")
    before = stamps(Path("tagged"))
    shutil.copy(clips / "plain24.mp4", cuts / "late.mp4")
    code, out, err = run(cuts, "-o", "tagged", "--resume")
    assert code == 0
    assert "late.otio: 2 shots, 0 unsure, 0 skipped" in out
    assert "3 of 4 cuts done already" in err
    assert {name for name, stamp in stamps(Path("tagged")).items() if stamp != before[name]} == {"late.tagged.otio"}


def test_an_existing_output_is_refused(run, cuts):
    """An output that is there costs its cut only; --force replaces it."""
    Path("tagged").mkdir()
    Path("tagged/ep1.tagged.otio").write_text("mine", encoding="utf-8")
    for resume in ([], ["--resume"]):
        code, _, err = run(cuts, "-o", "tagged", *resume)
        assert code == 1
        assert "tagged/ep1.tagged.otio: is there already; --force replaces it" in err
        assert Path("tagged/ep1.tagged.otio").read_text(encoding="utf-8") == "mine"
        assert len(tree(Path("tagged"))) == 3
    assert run(cuts, "-o", "tagged", "--force", "--resume")[0] == 0
    assert Path("tagged/ep1.tagged.otio").read_text(encoding="utf-8") != "mine"


def test_a_second_run_says_what_would_be_right(run, cuts):
    """Without --resume the outputs of an earlier run are refused like any, and the way on is named."""
    run(cuts, "-o", "tagged")
    code, _, err = run(cuts, "-o", "tagged")
    assert code == 1
    assert "3 of 3 cuts failed" in err
    assert "--resume leaves out what is done" in err


def test_no_cut_is_written_over(run, cuts, clips):
    """An output that would replace another cut of the run is refused, even with --force."""
    write_cut(Path("other/ep1.otio"), clips, [(0, 2)])
    write_cut(Path("source/ep1.tagged.otio"), clips, [(5, 2)])
    before = Path("source/ep1.tagged.otio").read_bytes()
    code, _, err = run("other/ep1.otio", "source/ep1.tagged.otio", "-o", "source", "--force")
    assert code == 1
    assert "source/ep1.tagged.otio: is one of the cuts, which are never written over" in err
    assert Path("source/ep1.tagged.otio").read_bytes() == before


def test_cuts_that_would_be_called_alike_keep_their_ending(run, cuts, clips):
    """ep1.otio and EP1.edl in one folder, alike on some disks, are written under both names, endings and all."""
    run(cuts / "ep1.otio", "-o", cuts / "EP1.edl", "--format", "cmx")
    code, _, err = run(cuts, "-o", "tagged", "--media-root", clips)
    assert code == 0, err
    assert sorted(tree(Path("tagged"))) == [
        *("EP1.edl.tagged.otio", "b #2/日本 3.tagged.otio", "ep1.otio.tagged.otio", "ep2.tagged.otio")
    ]


def test_every_format_has_a_name_of_its_own():
    """What a file is called after its cut differs for each format, fits it, and says that it is ours."""
    assert set(ENDINGS) == set(WRITERS)
    assert len(set(ENDINGS.values())) == len(ENDINGS)
    for name, ending in ENDINGS.items():
        assert Path(f"x{ending}").suffix in WRITERS[name].endings
        if WRITERS[name].is_cut or ending.endswith(".edl"):
            assert Path(f"x{ending}").with_suffix("").suffix in (".tagged", ".markers")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cuts", "-o", "all.otio"], "-o all.otio: names a file; many cuts, and --resume, go into a folder"),
        (["cuts/ep1.otio", "--resume", "-o", "ep1.csv"], "-o ep1.csv: names a file"),
        (["cuts", "-o", "a", "-o", "b"], "many cuts go into one folder; -o names 2: a, b"),
        (["cuts", "-o", "x.otiod/out"], "is a bundle or lies in one"),
        (["cuts", "--json", "all.json"], "--format json writes one for each"),
        (["cuts", "--report", "all.html"], "otio-shottag report CUT... draws one of all"),
        (["cuts", "--keep-partial"], "--resume goes on"),
        (["cuts", "--for", "resolve", "--format", "otio"], "ask for one of them"),
        (
            ["cuts/ep1.otio", "other/ep1.otio", "-o", "out"],
            "cuts/ep1.otio and other/ep1.otio would both be written to out/",
        ),
        (["cuts", "--tracks", ","], "names no track"),
    ],
)
def test_wrong_usage_is_said_before_the_work(run, cuts, arguments, message):
    """What many cuts cannot do is exit code 2 and one line with what would be right; nothing is written."""
    code, _, err = run(*arguments)
    assert code == 2
    assert message in " ".join(err.split())
    assert sorted(path.name for path in Path().iterdir()) == ["cuts"]


@pytest.mark.parametrize("name", ["empty", "nix/*.otio"])
def test_names_that_mean_no_cut_are_said_in_one_line(run, cuts, name):
    """A folder without cuts and a pattern without match end the run with one line."""
    Path("empty").mkdir()
    code, _, err = run(name)
    assert code == 1
    assert len(err.splitlines()) == 1
    assert err.startswith(f"otio-shottag: {name.partition('/')[0]}")


def test_for_an_editor(run, cuts):
    """--for writes each cut's file set into the folder, and says once how they get in."""
    code, _, err = run(cuts, "-o", "tagged", "--for", "resolve,avid")
    assert code == 0
    assert len(tree(Path("tagged"))) == 12
    assert err.count("File > Import > Timeline, *.tagged.otio") == 1
    run(cuts / "ep1.otio", "-o", "single", "--for", "resolve", "--resume")
    assert Path("single/ep1.markers.edl").read_bytes() == Path("tagged/ep1.markers.edl").read_bytes()


def test_progress_as_lines(run, cuts):
    """--progress lines says in a pipe how many of the cuts are done; without it a pipe gets no progress."""
    _, _, err = run(cuts, "-o", "tagged", "--progress", "lines")
    assert [line for line in err.splitlines() if line.endswith("/3 cuts")] == ["1/3 cuts", "2/3 cuts", "3/3 cuts"]
    assert "/3 cuts" not in run(cuts, "-o", "other")[2]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal, which Windows has not")
def test_a_terminal_shows_a_bar_and_a_file_gets_the_lines(cuts):
    """With stdout in a file the terminal shows the bar alone; with both on it each cut has a line of its own."""
    import pty

    for is_file in (True, False):
        ours, theirs = pty.openpty()
        with Path("lines.txt").open("wb") as file:
            process = subprocess.Popen(
                [*FAST, "cuts", "-o", f"tagged {is_file}"],
                stdin=theirs, stdout=file if is_file else theirs, stderr=theirs,
                env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
            )  # fmt: skip
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # as Linux says that the other end is closed
            while some := os.read(ours, 4096):
                shown += some
        os.close(ours)
        assert process.wait(timeout=30) == 0
        lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown.decode()))
        assert any(" 3/3 cuts, 9 shots, " in line for line in lines)
        assert "3 of 3 cuts written" in lines
        listed = [line for line in lines if "; wrote " in line]
        assert len(listed) == (0 if is_file else 3)
        assert all(line.startswith("cuts/") for line in listed)
        assert len(Path("lines.txt").read_text(encoding="utf-8").splitlines()) == (3 if is_file else 0)


def test_a_folder_that_cannot_be_made_is_said_before_the_work(run, cuts):
    """An -o below a file ends the run at once."""
    Path("film").write_text("film", encoding="utf-8")
    code, out, err = run(cuts, "-o", "film/tagged")
    assert (code, out) == (1, "")
    assert "film/tagged: cannot be made: " in err
    assert len(err.splitlines()) == 1


def test_the_cuts_folder_may_be_that_of_the_outputs(run, cuts):
    """-o naming the folder of the cuts writes beside them, and goes on like anywhere."""
    assert run(cuts, "-o", cuts)[0] == 0
    assert (cuts / "b #2/日本 3.tagged.otio").exists()
    assert "3 of 3 cuts done already" in run(cuts, "-o", cuts, "--resume")[2]


def test_corrections_are_applied_to_the_cuts_they_fit(run, cuts):
    """A correction finds its shot in whichever cut has it; one that fits none is listed once."""
    facts = {"address": [0, 1], "track": "V1", "name": "shot 1", "record_first_frame": 1, "rate": "24", "from": "LS"}
    shot = {**facts, "media": "/x/plain24.mp4", "first_frame": 60, "last_frame": 89, "frames": [70], "to": "ECU"}
    content = {"otio_shottag_corrections": 1, "corrections": [shot, {**shot, "first_frame": 61}]}
    Path("c.json").write_text(json.dumps(content), encoding="utf-8")
    code, _, err = run(cuts, "-o", "tagged", "--corrections", "c.json", "--format", "csv")
    assert code == 0
    assert "1 of 2 corrections applied" in err
    assert err.count("no shot shows frame 70 of /x/plain24.mp4") == 1
    assert ",ECU," in Path("tagged/b #2/日本 3.tagged.csv").read_text(encoding="utf-8")


def test_media_roots_are_looked_through_once(run, cuts, clips, monkeypatch):
    """However many cuts ask for a file by its name, the folders below --media-root are gone through once."""
    walks = []
    real = os.walk
    monkeypatch.setattr("os.walk", lambda root: walks.append(root) or real(root))
    for number in range(5):
        otio.adapters.write_to_file(
            timeline(track(clip("P:/gone/tc24.mov", span(86400, 2)))), str(cuts / f"moved{number}.otio")
        )
    code, _, err = run(cuts, "-o", "tagged", "--media-root", clips.parent)
    assert code == 0, err
    assert walks.count(clips.parent) == 1


def test_shared_media_is_decoded_once(run, clips, tmp_path, monkeypatch):
    """Twelve cuts of the same four shots, in windows or at once, have four shots decoded."""
    import otio_shottag.decode as decode

    asked = []
    real = decode.decode_frames

    def counting(media, moments, short_side, **options):
        asked.append((media, tuple(moments)))
        return real(media, moments, short_side, **options)

    monkeypatch.setattr("otio_shottag.tagging.decode_frames", counting)
    for number in range(12):
        spans = [(0, 9), (20, 12), (50, 1), (60, 30)]
        write_cut(tmp_path / f"cuts/ep{number}.otio", clips, spans[number % 4 :] + spans[: number % 4])
    code, _, err = run(tmp_path / "cuts", "-o", tmp_path / "tagged")
    assert code == 0, err
    assert len(asked) == len(set(asked)) == 4


def test_windows_change_nothing(run, cuts, monkeypatch):
    """Whether all shots are looked at together or each cut by itself, the same files come out."""
    _, together, _ = run(cuts, "-o", "together", "--no-cache")
    monkeypatch.setattr("otio_shottag.cli.windows.WINDOW", 1)
    _, apart, _ = run(cuts, "-o", "apart", "--no-cache")
    assert tree(Path("together")) == tree(Path("apart"))
    written = [[line.partition(":")[0] for line in out.splitlines()] for out in (together, apart)]
    in_order = ["cuts/b #2/日本 3.otio", "cuts/ep1.otio", "cuts/ep2.otio"]
    assert written == [["cuts/ep2.otio", "cuts/ep1.otio", "cuts/b #2/日本 3.otio"], in_order]


CHANGES: dict[str, Callable[[Path], Sequence[str]]] = {
    "cut": lambda clips: write_cut(Path("cuts/ep1.otio"), clips, [(7, 3)]) or (),
    "option": lambda clips: ("--min-confidence", "0.95"),
    "settings": lambda clips: Path("s.yaml").write_text("marker_name: '{sizes}'") and ("--settings", "s.yaml"),
    "format": lambda clips: ("--format", "csv", "--format", "otio"),
    "output deleted": lambda clips: Path("tagged/ep1.tagged.otio").unlink() or (),
    "media": lambda clips: os.utime("film.mp4", (1, 1)) or (),
    "new cut": lambda clips: write_cut(Path("cuts/new.otio"), clips, [(7, 3)]) or (),
    "nothing": lambda clips: (),
    "--device": lambda clips: ("--device", "cpu"),
}


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ("cut", {"ep1"}),
        ("option", {"ep1", "ep2", "b #2/日本 3", "film"}),
        ("settings", {"ep1", "ep2", "b #2/日本 3", "film"}),
        ("format", {"ep1", "ep2", "b #2/日本 3", "film"}),
        ("output deleted", {"ep1"}),
        ("media", {"film"}),
        ("new cut", {"new"}),
        ("nothing", set()),
        ("--device", set()),
    ],
)
def test_resume_does_what_has_changed(run, cuts, clips, change, written):
    """After a change --resume writes again just the cuts whose outputs depend on it."""
    shutil.copy(clips / "plain50.mp4", "film.mp4")
    item = clip("../film.mp4", span(0, 20, 50), available=span(0, 100, 50))
    otio.adapters.write_to_file(timeline(track(item)), str(cuts / "film.otio"))
    assert run(cuts, "-o", "tagged")[0] == 0
    before = stamps(Path("tagged"))
    options = CHANGES[change](clips)
    code, _, err = run(cuts, "-o", "tagged", "--resume", *options)
    assert code == 0, err
    after = stamps(Path("tagged"))
    assert {name for name in after if before.get(name) != after[name] and name.endswith(".otio")} == {
        f"{name}.tagged.otio" for name in written
    }
    if change == "nothing":
        assert err.strip() == "4 of 4 cuts done already"


def test_resume_keeps_an_output_that_somebody_changed(run, cuts):
    """A file that took the place of an output is refused by --resume, and kept."""
    run(cuts, "-o", "tagged")
    output = Path("tagged/ep1.tagged.otio")
    output.write_text("edited by hand", encoding="utf-8")
    code, _, err = run(cuts, "-o", "tagged", "--resume")
    assert code == 1
    assert "tagged/ep1.tagged.otio: is there already" in err
    assert "2 of 3 cuts done already" in err
    assert output.read_text(encoding="utf-8") == "edited by hand"


def test_a_journal_that_says_to_write_elsewhere_is_not_believed(run, cuts):
    """A journal from a stranger decides neither what is written nor what is taken away."""
    Path("tagged").mkdir()
    precious = Path("precious.otio")
    precious.write_text("mine", encoding="utf-8")
    lines = [
        {"otio_shottag_journal": 1, "cut": "../cuts/ep1.otio", "writing": ["../precious.otio"], "process": 1},
        {"otio_shottag_journal": 1, "cut": "../precious.otio", "wrote": {"../cuts/ep2.otio": [1, 1]}},
    ]
    Path("tagged", NAME).write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    before = tree(cuts)
    assert run(cuts, "-o", "tagged", "--resume")[0] == 0
    assert (tree(cuts), precious.read_text(encoding="utf-8")) == (before, "mine")


def test_a_fcpxmld_bundle_is_resumed_like_a_file(run, cuts):
    """An output that is a folder is known as done, and is done again when a file in it changes."""
    assert run(cuts, "-o", "tagged", "--format", "fcpxmld")[0] == 0
    assert "3 of 3 cuts done already" in run(cuts, "-o", "tagged", "--format", "fcpxmld", "--resume")[2]
    os.utime("tagged/ep1.tagged.fcpxmld/Info.fcpxml", (1, 1))
    code, _, err = run(cuts, "-o", "tagged", "--format", "fcpxmld", "--resume")
    assert (code, "ep1.tagged.fcpxmld: is there already" in err) == (1, True)


def test_numbered_pictures_are_known_by_those_that_were_looked_at(run, tmp_path, monkeypatch):
    """A cut of an image sequence is done again when a picture that was judged has changed, and not for any other."""
    monkeypatch.chdir(tmp_path)
    Path("seq").mkdir()
    write_sequence(Path("seq"), "png", "rgb24", ".png", numbers=range(1, 11), rate=Fraction(24))
    reference = otio.schema.ImageSequenceReference(
        target_url_base="seq", name_prefix="shot.", name_suffix=".png", start_frame=1, frame_step=1, rate=24,
        frame_zero_padding=4, available_range=span(0, 10),
    )  # fmt: skip
    item = otio.schema.Clip(name="row", media_reference=reference, source_range=span(0, 10))
    otio.adapters.write_to_file(timeline(track(item)), "cut.otio")
    assert run("cut.otio", "--resume", "--frames-per-shot", "1")[0] == 0
    for number, expected in ((2, "1 of 1 cuts done already"), (6, "1 of 1 cuts written")):
        os.utime(f"seq/shot.{number:04d}.png", (1, 1))
        assert expected in run("cut.otio", "--resume", "--frames-per-shot", "1")[2]


def test_movies_and_archives_go_the_same_way(run, clips, tmp_path, monkeypatch):
    """Movies named by a pattern have their cuts found, an .otioz brings its media; both are known as done."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "films").mkdir()
    for name in ("one", "two #2"):
        write_clip(tmp_path / f"films/{name}.mp4", Clip(num_frames=30))
    away = clip("", span(0, 10), name="away")
    items = [clip(str(clips / "plain24.mp4"), span(0, 9), available=span(0, 100)), away]
    otio.adapters.write_to_file(timeline(track(*items)), "films/arc.otioz")
    arguments = ["films/**/*.mp4", "films/arc.otioz", "-o", "tagged", "--progress", "lines"]
    code, _, err = run(*arguments)
    assert code == 0, err
    assert sorted(tree(Path("tagged"))) == ["arc.tagged.otio", "one.tagged.otio", "two #2.tagged.otio"]
    assert "1 clip skipped:" in err
    assert "3 of 3 cuts done already" in run(*arguments, "--resume")[2]
    code, _, err = run("films", "-o", "more")
    assert code == 0
    assert "1 of 1 cuts written" in err


def make_season(folder: Path, clips: Path, num_cuts: int, num_shots: int) -> None:
    """Write many cuts over a few films, each of random shots, the same at every call."""
    dice = random.Random(4)
    films = sorted(clips.glob("*24.m*"))
    for number in range(num_cuts):
        items = []
        for _ in range(num_shots):
            film, at = dice.choice(films), dice.randrange(80)
            start = 86400 if film.name == "tc24.mov" else 0
            items.append(clip(str(film), span(start + at, dice.randint(1, 20)), available=span(start, 100)))
        path = folder / f"s{number % 4}" / f"ep{number:03d}.otio"
        path.parent.mkdir(parents=True, exist_ok=True)
        otio.adapters.write_to_file(timeline(track(*items)), str(path))


def test_200_cuts_killed_half_way_and_resumed(clips, tmp_path):
    """200 cuts over shared media, killed with SIGKILL half way and resumed, end with an undisturbed run's files.

    All files but the journal are compared, byte for byte; what the first run finished is not written again.
    """
    make_season(tmp_path / "cuts", clips, 200, 12)

    def start(out: str, *more: str) -> subprocess.Popen[str]:
        arguments = [*FAST, "cuts", "-o", out, "--format", "otio", "--format", "resolve-markers", *more]
        environment = {**os.environ, "STAND_IN_SECONDS": "0.01"}
        return subprocess.Popen(
            arguments, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    with start("whole") as process:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    with start("halves") as process:
        while process.poll() is None and len(list((tmp_path / "halves").glob("*/*.tagged.otio"))) < 100:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    lines = [json.loads(line) for line in (tmp_path / "halves" / NAME).read_text(encoding="utf-8").splitlines()]
    done = {name for line in lines for name in line.get("wrote", ())}
    assert 100 <= len(done) < 400
    before = {name: (tmp_path / "halves" / name).stat().st_mtime_ns for name in done}
    with start("halves", "--resume") as process:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert f"{len(done) // 2} of 200 cuts done already" in err
    assert tree(tmp_path / "halves") == tree(tmp_path / "whole")
    assert len(tree(tmp_path / "whole")) == 400
    assert {name: (tmp_path / "halves" / name).stat().st_mtime_ns for name in done} == before


def test_ctrl_c_keeps_what_is_finished(clips, tmp_path):
    """Ctrl-C ends with 130 and the way on; finished cuts stay whole, nothing is left half done, --resume ends it."""
    make_season(tmp_path / "cuts", clips, 20, 60)
    environment = {**os.environ, "STAND_IN_SECONDS": "0.02"}
    arguments = [*FAST, "cuts", "-o", "tagged", "--progress", "lines"]
    with subprocess.Popen(
        arguments, cwd=tmp_path, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if line == "1/20 cuts\n")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "of 20 cuts; --resume goes on with the others" in err
    assert "Traceback" not in err
    kept = tree(tmp_path / "tagged")
    assert 0 < len(kept) < 20
    for name in kept:
        assert len(list(otio.adapters.read_from_file(str(tmp_path / "tagged" / name)).find_clips())) == 60
    ended = subprocess.run([*arguments, "--resume"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert f"{len(kept)} of 20 cuts done already" in ended.stderr
    assert len(tree(tmp_path / "tagged")) == 20


def test_what_a_killed_run_left_half_written_goes(run, cuts):
    """--resume takes away the temporary file of a writer that is gone, and of nobody else."""
    run(cuts, "-o", "tagged")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    journal = Path("tagged", NAME)
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    line = next(line for line in lines if "ep1.tagged.otio" in line.get("writing", ()))
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**line, "process": gone.pid}) + "\n")
    torn = Path(f"tagged/.ep1.tagged.otio.{gone.pid}.part")
    others = [Path(f"tagged/.ep1.tagged.otio.{os.getpid()}0.part"), Path(f"tagged/.ep2.tagged.otio.{gone.pid}.part")]
    for path in (torn, *others):
        path.write_text("half", encoding="utf-8")
    assert run(cuts, "-o", "tagged", "--resume")[0] == 0
    assert [path.exists() for path in (torn, *others)] == [False, True, True]
