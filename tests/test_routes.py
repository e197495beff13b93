"""``--for`` on the command line: which files, where, what is said; every kind of cut through every route."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import opentimelineio as otio
import pytest

from otio_shottag.cli import main
from otio_shottag.cli.routes import EDITORS
from otio_shottag.errors import FormatError
from otio_shottag.formats import WRITERS, write
from otio_shottag.formats.routes import ROUTES, set_of_files
from otio_shottag.timeline import KINDS, read_timeline
from tests.route_cuts import RATES, rated_cut, real_tags
from tests.stand_in import StandIn
from tests.test_formats_corpus import cuts_in, tags_in

SETS = {
    "resolve": [".tagged.otio", ".markers.edl"],
    "premiere": [".tagged.xml", ".markers.jsx"],
    "fcp": [".tagged.fcpxml"],
    "avid": [".markers.txt", ".tagged.edl"],
}
ALL = [ending for endings in SETS.values() for ending in endings]


@pytest.fixture
def cut(tmp_path) -> Path:
    """A cut with blanks, # and Japanese in its path, of a file that is called so, too."""
    folder = tmp_path / "編集 #2"
    folder.mkdir()
    path = folder / "my cut #1 第1場.otio"
    otio.adapters.write_to_file(rated_cut(folder, RATES[1]).timeline, str(path))
    return path


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line in this process with a stand-in for the network; give code and stderr."""
    monkeypatch.setattr("otio_shottag.analyses.load_analysis", lambda name, **options: StandIn())

    def call(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["otio-shottag", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, capsys.readouterr().err

    return call


def stem_files(folder: Path, stem: str) -> list[str]:
    return sorted(one.name.removeprefix(stem) for one in folder.iterdir() if one.suffix not in (".mov",))


@pytest.mark.parametrize("editor", EDITORS)
def test_an_editor_gets_its_files_and_two_lines(run, cut, editor):
    """The files lie beside the cut, which stays as it was; two lines name them and the menus they go into."""
    before = cut.read_bytes()
    code, err = run(cut, "--for", editor)
    assert code == 0, err
    assert stem_files(cut.parent, cut.stem) == sorted([".otio", *SETS[editor]])
    assert cut.read_bytes() == before
    lines = [line for line in err.splitlines() if line.startswith(f"{ROUTES[editor].editor}: ")]
    assert len(lines) == 2
    for ending in SETS[editor]:
        assert any(f"{cut.stem}{ending}" in line for line in lines)
        assert f"wrote {cut.with_name(cut.stem + ending)}" in err


def test_the_command_line_knows_the_routes():
    """The names that --for takes are those of the routes, and each route's formats exist."""
    assert tuple(ROUTES) == EDITORS
    for name, route in ROUTES.items():
        assert [ending for ending, _ in route.files] == SETS[name]
        assert all(form in WRITERS for _, form in route.files)
        assert all("{0}" in step or "{1}" in step or name == "fcp" for step in route.steps)


def test_several_editors_into_one_folder(run, cut, tmp_path):
    """--for takes a list and may be repeated; -o names the folder, and other files besides."""
    out = tmp_path / "for all"
    out.mkdir()
    arguments = ["--for", "resolve,Premiere", "--for", "fcp", "--for", "avid,fcp"]
    code, err = run(cut, *arguments, "-o", out, "-o", tmp_path / "shots.csv")
    assert code == 0, err
    assert stem_files(out, cut.stem) == sorted(ALL)
    assert (tmp_path / "shots.csv").exists()
    assert not cut.with_name(f"{cut.stem}.tagged.otio").exists()
    tagged = otio.adapters.read_from_file(str(out / f"{cut.stem}.tagged.otio"))
    names = [marker.name for one in tagged.find_clips() for marker in one.markers]
    assert len(names) == 4
    for ending in ALL:
        text = (out / f"{cut.stem}{ending}").read_text(encoding="utf-8")
        for name in names:
            assert name in text.replace("->", "→").replace("\\u2192", "→"), ending


def test_what_is_there_needs_force(run, cut):
    """A file of the set that exists already stops the run before any work; --force replaces all of them."""
    there = cut.with_name(f"{cut.stem}.markers.edl")
    there.write_text("mine", encoding="utf-8")
    code, err = run(cut, "--for", "resolve")
    assert (code, there.read_text(encoding="utf-8")) == (1, "mine")
    assert "is there already; --force replaces it" in err
    assert not cut.with_name(f"{cut.stem}.tagged.otio").exists()
    assert run(cut, "--for", "resolve", "--force")[0] == 0
    assert "|M:" in there.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--for", "kdenlive"], 2, "'kdenlive' is no editor known here; one of resolve, premiere, fcp, avid"),
        (["--for", "resolve,"], 2, "'' is no editor known here"),
        (["--for", "fcp", "-o", "A", "-o", "B"], 2, "--for writes into one folder; -o names 2: A, B"),
        (["--for", "fcp", "--format", "cmx"], 2, "--format is for a file that -o names; --for picks its own formats"),
        (
            ["--for", "fcp", "-o", "nowhere"],
            2,
            "-o nowhere: is no folder here; make it first, or give a file an ending",
        ),
        (["--for", "fcp", "-o", "a.xyz"], 1, "a.xyz: cannot write '.xyz'; one of .otio"),
    ],
)
def test_wrong_use_is_said_in_one_line(run, cut, monkeypatch, tmp_path, arguments, code, message):
    """An editor nobody knows, two folders, a format without a file: what is wrong and what would be right."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "A").mkdir()
    (tmp_path / "B").mkdir()
    ended, err = run(cut, *arguments)
    assert ended == code
    assert message in " ".join(err.split())


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux, where nobody may write to /proc")
def test_a_folder_that_cannot_be_written_to(run, cut):
    """A read-only folder is said in one line, before the work."""
    code, err = run(cut, "--for", "avid", "-o", "/proc")
    assert code == 1
    assert "cannot be written" in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_of_somebody_else(run, cut, tmp_path):
    """The same for a folder without the right to write."""
    (tmp_path / "shut").mkdir(mode=0o500)
    code, err = run(cut, "--for", "fcp", "-o", tmp_path / "shut")
    assert code == 1
    assert "cannot be written to; name another place with -o" in err


def test_two_tracks_cost_only_the_list(run, cut):
    """Of a cut with two video tracks Avid's list is refused in one line, and the marker text is written."""
    made = otio.adapters.read_from_file(str(cut))
    made.tracks.append(made.tracks[0].deepcopy())
    otio.adapters.write_to_file(made, str(cut))
    code, err = run(cut, "--for", "avid")
    assert code == 1
    assert "an EDL holds one video track, the cut has 2" in err
    assert "pick one with --tracks" in err
    assert stem_files(cut.parent, cut.stem) == [".markers.txt", ".otio"]
    assert run(cut, "--for", "avid", "--tracks", "V1", "--force")[0] == 0


@pytest.mark.parametrize("editor", ["resolve", "premiere", "fcp", "avid"])
def test_a_second_run_over_the_first_ones_output(run, cut, tmp_path, editor):
    """Tagged again, from the file that the first run wrote, each shot has one mark of ours."""
    out = tmp_path / "second"
    out.mkdir()
    run(cut, "--for", editor)
    first = next(cut.with_name(f"{cut.stem}{ending}") for ending in SETS[editor] if ".tagged" in ending)
    if editor == "avid":  # a list has neither paths nor a rate
        shutil.copy(first, out)
        first = out / first.name
    code, err = run(first, "--for", editor, "-o", out, "--media-root", cut.parent, "--rate", "25")
    assert code == 0, err
    again = next(out / f"{first.stem}{ending}" for ending in SETS[editor] if ".tagged" in ending)
    signed = {"premiere": b"(otio-shottag)</comment>", "fcp": b"<marker "}.get(editor, b"(otio-shottag)")
    count = 8 if editor == "resolve" else 4  # Resolve's markers have a comment and a note
    assert again.read_bytes().count(signed) == first.read_bytes().count(signed) == count
    if editor != "avid":  # whose dissolve begins before the cut, where other frames are clear of it
        assert again.read_bytes() == first.read_bytes()


def test_a_bundle_stays_a_bundle(tmp_path):
    """From a .fcpxmld Final Cut gets one, with what else is in it."""
    route = ROUTES["fcp"]
    assert set_of_files(route, Path("a/film.fcpxmld"), tmp_path) == [(tmp_path / "film.tagged.fcpxmld", "fcpxmld")]
    assert set_of_files(route, Path("a/film.fcpxml"), tmp_path) == [(tmp_path / "film.tagged.fcpxml", "fcpxml")]


def test_every_real_cut_goes_every_way(corpus, tmp_path):
    """Each kind of cut that editors export is written for every editor, or refused in a line of known words."""
    kinds, refusals = set(), []
    for path in sorted(corpus.rglob("*")):
        most = 490_000 if path.suffix == ".aaf" else 20_000  # bytes, to be quick
        if not path.is_file() or path.suffix.lower() not in KINDS or path.stat().st_size > most:
            continue
        for cut, _ in cuts_in(path, most=1):
            tags, done = tags_in(cut), 0
            for route in ROUTES.values():
                for target, name in set_of_files(route, path, tmp_path):
                    try:
                        write(cut, tags, target, format=name)
                    except FormatError as error:
                        refusals.append(str(error))
                        continue
                    done += 1
                    names = target.read_bytes().decode(errors="replace").count("%") if target.is_file() else len(tags)
                    assert names >= len({tag.shot.record.start_time.value for tag in tags}), target
            kinds.add(cut.format)
            assert done, path
    assert kinds == {"otio", "edl", "fcp7", "fcpxml", "aaf", "ale"}
    known = (
        "one video track|cannot write this cut|track in a track|trimmed as a whole|none that is enabled|says neither"
    )
    assert [line for line in refusals if "\n" in line or not re.search(known, line)] == []


@pytest.mark.parametrize("route", [one for one in EDITORS if one != "resolve"])
def test_names_survive_a_trip_that_drops_the_rest(tmp_path, route):
    """Read by OTIO's adapter and written by it again, which drops our metadata, a marker's name still says it."""
    cut = rated_cut(tmp_path, RATES[1])
    target, name = next(
        one for one in set_of_files(ROUTES[route], tmp_path / "c.otio", tmp_path) if "tagged" in one[0].name
    )
    write(cut, real_tags(cut), target, format=name)
    options = {"rate": 25} if name == "cmx" else {}
    read = otio.adapters.read_from_file(str(target), **options)
    for one in read.find_clips():
        one.metadata.clear()
        one.media_reference.available_range = one.media_reference.available_range or one.source_range
        for marker in one.markers:
            marker.metadata.clear()
            marker.comment = ""
    trip = tmp_path / f"trip{target.suffix}"
    otio.adapters.write_to_file(read, str(trip))
    assert "MCU 92%" in trip.read_text(encoding="utf-8")


def test_media_in_an_archive_is_out_of_reach(run, cut, tmp_path):
    """From an .otioz the files are written, and it is said that the media has to be unpacked."""
    archive = tmp_path / "all.otioz"
    write(read_timeline(cut), [], archive)
    code, err = run(archive, "--for", "resolve")
    assert code == 0, err
    assert "no editor reaches the media inside an .otioz; unpack it and relink" in err
    assert "no editor" not in run(cut, "--for", "resolve")[1]


def test_the_help_explains_it():
    """--help says what --for is, without loading anything heavy."""
    ended = subprocess.run(
        [sys.executable, "-m", "otio_shottag", "tag", "--help"], capture_output=True, text=True, check=True
    )
    assert "--for EDITOR" in ended.stdout
    assert "resolve, premiere, fcp, avid" in " ".join(ended.stdout.split())


def test_a_doubt_is_said_whatever_is_written(run, cut):
    """An OTIO of Premiere's with a fast clip gets its line also without --for."""
    made = otio.adapters.read_from_file(str(cut))
    made.tracks.metadata["PremierePro_OTIO"] = {}
    otio.adapters.write_to_file(made, str(cut))
    code, err = run(cut)
    assert code == 0
    assert "note: 1 clip is retimed in this OTIO of Premiere's" in err
    assert read_timeline(cut.with_name(f"{cut.stem}.tagged.otio")).timeline is not None
