"""Names, folders and patterns stand for the cuts that a person means by them, each once."""

from pathlib import Path

import pytest

from otio_shottag.cli.cuts_given import Found, find_cuts_given, is_folder, is_pattern


@pytest.fixture
def cuts(tmp_path, monkeypatch) -> Path:
    """A folder ``cuts`` as facilities have them, where the test stands."""
    for name in (
        *("cuts/ep2.otio", "cuts/ep1.otio", "cuts/b/ep1.edl", "cuts/a #1/日本.fcpxml", "cuts/a #1/deep/x.aaf"),
        *("cuts/ep1.tagged.otio", "cuts/b/ep1.markers.edl", "cuts/.hidden.otio", "cuts/.git/x.otio", "cuts/._ep1.otio"),
        *("cuts/shots.json", "cuts/readme.txt", "cuts/b/A001.mov"),
        *("cuts/reel.otiod/content.otio", "cuts/reel.otiod/media/inner.otio", "cuts/film.fcpxmld/Info.fcpxml"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cuts"


def names(found: Found) -> list[str]:
    return [cut.path.as_posix() for cut in found.cuts]


def given(*texts: str, outputs: str | None = None) -> Found:
    return find_cuts_given([Path(text) for text in texts], outputs=None if outputs is None else Path(outputs))


def test_a_folder_stands_for_the_timelines_below_it(cuts):
    """Timelines and bundles are taken, sorted; hidden files, ours, movies, JSON and what is in bundles are not."""
    found = given("cuts")
    assert names(found) == [
        *("cuts/a #1/deep/x.aaf", "cuts/a #1/日本.fcpxml", "cuts/b/ep1.edl"),
        *("cuts/ep1.otio", "cuts/ep2.otio", "cuts/film.fcpxmld", "cuts/reel.otiod"),
    ]
    assert found.num_ours == 2
    assert found.problems == []
    assert [cut.below.as_posix() for cut in found.cuts][:3] == ["a #1/deep", "a #1", "b"]


def test_a_named_file_is_taken_whatever_it_is(cuts):
    """JSON, a movie and a file that is not there are cuts where they are named; reading says what is wrong."""
    assert names(given("cuts/shots.json", "cuts/b/A001.mov", "nowhere.otio")) == [
        *("cuts/shots.json", "cuts/b/A001.mov", "nowhere.otio")
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("cuts/*.otio", ["cuts/ep1.otio", "cuts/ep2.otio"]),
        ("cuts/**/*.otio", ["cuts/ep1.otio", "cuts/ep2.otio"]),
        ("cuts/**/*.edl", ["cuts/b/ep1.edl"]),
        ("cuts/*/ep1.*", ["cuts/b/ep1.edl"]),
        ("cuts/**/*.mov", ["cuts/b/A001.mov"]),
        ("cuts/[ab]*/**/*.aaf", ["cuts/a #1/deep/x.aaf"]),
        ("cuts/*.otiod", ["cuts/reel.otiod"]),
        ("c*/ep?.otio", ["cuts/ep1.otio", "cuts/ep2.otio"]),
        ("cuts/b/**", ["cuts/b/A001.mov", "cuts/b/ep1.edl"]),
    ],
)
def test_a_pattern_stands_for_what_it_matches(cuts, pattern, expected):
    """A pattern takes the files and bundles that it matches, but for ours; ** is any number of folders."""
    assert names(given(pattern)) == expected


def test_a_pattern_may_be_absolute(cuts):
    """A pattern from the root on is looked for there."""
    assert names(given(f"{cuts}/**/ep1.edl")) == [f"{cuts}/b/ep1.edl"]


def test_a_file_of_the_patterns_own_name_wins(cuts):
    """A cut called like a pattern is that cut."""
    Path("cuts/ep[1].otio").touch()
    assert not is_pattern(Path("cuts/ep[1].otio"))
    assert names(given("cuts/ep[1].otio")) == ["cuts/ep[1].otio"]
    assert is_pattern(Path("cuts/ep[2].otio"))


def test_a_cut_named_twice_is_one(cuts):
    """The same cut by another spelling, by its folder and through a linked folder is taken once."""
    Path("link").symlink_to("cuts/b", target_is_directory=True)
    assert names(given("cuts/b/ep1.edl", "cuts/../cuts/b/ep1.edl", "cuts/b", "link", "cuts/b/*.edl")) == [
        "cuts/b/ep1.edl"
    ]


def test_links_in_a_circle_end(cuts):
    """Folders that link to one another are gone through once each; a link to nothing is a cut that cannot be read."""
    Path("cuts/b/up").symlink_to("..", target_is_directory=True)
    Path("cuts/b/self").symlink_to(".", target_is_directory=True)
    Path("cuts/loop.otio").symlink_to("loop.otio")
    assert (len(names(given("cuts"))), given("cuts").problems) == (8, [])
    assert names(given("cuts/**/*.edl")) == ["cuts/b/ep1.edl"]


def test_the_folder_of_the_outputs_is_left_out(cuts):
    """What lies where the outputs go is no cut, unless that very folder or one in it is named."""
    Path("cuts/out").mkdir()
    Path("cuts/out2").mkdir()
    Path("cuts/out/x.otio").touch()
    Path("cuts/out2/y.otio").touch()
    assert "cuts/out/x.otio" not in names(given("cuts", outputs="cuts/out"))
    assert "cuts/out2/y.otio" in names(given("cuts", outputs="cuts/out"))
    assert names(given("cuts/out2", outputs="cuts/out")) == ["cuts/out2/y.otio"]
    assert names(given("cuts/out", outputs="cuts")) == ["cuts/out/x.otio"]


def test_what_the_shell_finds_of_ours_is_left_out(cuts):
    """Of cuts/*.otio, as the shell expands it, ep1.tagged.otio is ours where ep1.otio is named too, and else meant."""
    found = given("cuts/ep1.otio", "cuts/ep1.tagged.otio")
    assert (names(found), found.num_ours) == (["cuts/ep1.otio"], 1)
    assert names(given("cuts/ep1.tagged.otio", "cuts/ep2.otio")) == ["cuts/ep1.tagged.otio", "cuts/ep2.otio"]


def test_what_means_nothing_is_said(cuts):
    """An empty folder, one of movies, one of ours only, and a pattern without match each say what would be right."""
    for name in ("empty/x.txt", "films/a.MOV", "films/b/c.mov", "ours/a.tagged.otio"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    assert "empty: holds no timeline; should hold .otio, .otioz" in given("empty").problems[0]
    (movies,) = given("films").problems
    assert "its 2 movies are taken for footage" in movies
    assert "'films/**/*.MOV'" in movies
    assert "only files that otio-shottag wrote" in given("ours").problems[0]
    assert given("cuts/*.xyz").problems == ["cuts/*.xyz: matches no file"]


def test_a_folder_that_cannot_be_read_is_said(cuts, monkeypatch):
    """A folder that the disk refuses is a problem in words, and the others are still found."""
    import os

    real = os.scandir

    def scandir(path):
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)
    found = given("cuts")
    assert found.problems == ["cuts/b: cannot be looked through: Permission denied"]
    assert len(found.cuts) == 6


def test_bundles_are_no_folders(cuts):
    """An .otiod and an .fcpxmld are cuts, other folders hold them."""
    assert not is_folder(Path("cuts/reel.otiod"))
    assert not is_folder(Path("cuts/film.fcpxmld"))
    assert is_folder(Path("cuts/a #1"))
