"""References of every kind of machine are read, and footage is found where it has moved to."""

from pathlib import Path

import pytest

from otio_shottag.errors import MediaError
from otio_shottag.media_paths import FilesBelow, MediaFinder, PathMap, spellings


@pytest.mark.parametrize(
    ("url", "likeliest"),
    [
        ("/a/b c#1?.mov", "/a/b c#1?.mov"),
        ("file:///a/b%20c%231.mov", "/a/b c#1.mov"),
        ("file://localhost/C%3a/show/a.mov", "C:/show/a.mov"),
        ("file:///C:/show/a.mov", "C:/show/a.mov"),
        ("file://C:/show/a.mov", "C:/show/a.mov"),
        ("C:\\show\\a b.mov", "C:/show/a b.mov"),
        ("\\\\server\\share\\a.mov", "//server/share/a.mov"),
        ("file://server/share/a.mov", "//server/share/a.mov"),
        ("media/a.mov", "media/a.mov"),
        ("file:media/a.mov", "media/a.mov"),
        ("/show/映像 #2/a.mov", "/show/映像 #2/a.mov"),
    ],
)
def test_a_reference_is_read(url, likeliest):
    """URLs, bare paths, drives and shares all come out as a path with forward slashes."""
    assert spellings(url)[0] == likeliest


def test_percent_signs_may_be_meant():
    """A bare path with a percent sign is tried as it is before it is decoded."""
    assert spellings("/a/50%20off.mov") == ["/a/50%20off.mov", "/a/50 off.mov"]


def test_an_empty_reference_means_nothing():
    """An empty reference gives no path to try."""
    assert spellings("") == []
    with pytest.raises(MediaError, match="media not found"):
        MediaFinder().find("")


@pytest.mark.parametrize("url", ["https://example.org/a.mov", "s3://bucket/a.mov", "rtsp://camera/1"])
def test_what_is_not_on_this_machine_is_refused(url):
    """A network address is refused in words, never opened."""
    with pytest.raises(MediaError, match="not a file on this machine"):
        spellings(url)


@pytest.fixture
def footage(tmp_path) -> Path:
    """Two folders of footage, one file name in both."""
    for name in ("day1/A001.mov", "day2/A001.mov", "day2/B001 #2.mov", "cards/C100.mxf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def test_relative_references_start_at_the_cut(footage):
    """A relative reference is looked for beside the cut."""
    assert MediaFinder(folder=footage).find("day2/B001 #2.mov") == footage / "day2/B001 #2.mov"


def test_a_root_is_searched_by_relative_path_first(footage):
    """Below a media root the longest tail of the path that exists wins."""
    finder = MediaFinder(roots=(footage,))
    assert finder.find("P:\\show\\day2\\A001.mov") == footage / "day2/A001.mov"


def test_a_root_is_searched_by_file_name(footage):
    """A file that is nowhere by path is found by its name, in any case of letters."""
    assert MediaFinder(roots=(footage,)).find("/gone/c100.MXF") == footage / "cards/C100.mxf"


def test_a_name_that_two_files_have_is_not_guessed(footage):
    """Where two files fit equally well, neither is taken, and both are named."""
    with pytest.raises(MediaError, match=r"several files are called A001.mov: .*day1.*day2"):
        MediaFinder(roots=(footage,)).find("/gone/A001.mov")


def test_folders_decide_between_files_of_one_name(footage):
    """Of two files of one name the one whose folder agrees with the reference is taken."""
    deeper = footage / "x" / "day1"
    deeper.mkdir(parents=True)
    (deeper / "Z.mov").write_bytes(b"x")
    (footage / "cards" / "Z.mov").write_bytes(b"x")
    assert MediaFinder(roots=(footage,)).find("/elsewhere/day1/Z.mov") == deeper / "Z.mov"


def test_names_are_found_with_and_without_ending(footage):
    """An EDL's clip name finds its file with or without the ending."""
    finder = MediaFinder(roots=(footage,))
    assert finder.find_named(["nothing", "C100"]) == footage / "cards/C100.mxf"
    assert finder.find_named(["C100.mxf"]) == footage / "cards/C100.mxf"
    assert finder.find_named(["C1"]) is None


@pytest.mark.parametrize(
    ("text", "path", "mapped"),
    [
        ("P:/show=/mnt/show", "P:/show/a.mov", "/mnt/show/a.mov"),
        ("P:\\show=/mnt/show", "p:/SHOW/a.mov", "/mnt/show/a.mov"),
        ("P:=/mnt/p", "P:/a.mov", "/mnt/p/a.mov"),
        ("\\\\nas\\vol=/mnt/vol", "//NAS/vol/a.mov", "/mnt/vol/a.mov"),
        ("/Volumes/Raid=D:\\raid", "/Volumes/Raid/x/a.mov", "D:/raid/x/a.mov"),
        ("/Volumes/Raid/=/mnt", "/Volumes/Raid/a.mov", "/mnt/a.mov"),
        ("/Volumes/Raid=/", "/Volumes/Raid/a.mov", "/a.mov"),
        ("/Volumes/Raid=/mnt", "/Volumes/Raid2/a.mov", None),
        ("/volumes/raid=/mnt", "/Volumes/Raid/a.mov", None),
        ("media=/mnt", "media/a.mov", "/mnt/a.mov"),
    ],
)
def test_path_maps(text, path, mapped):
    """--map changes whole folders at the start of a path; Windows paths compare without case."""
    assert PathMap.parse(text).apply(path) == mapped


@pytest.mark.parametrize("text", ["nonsense", "=", "=/mnt", "P:/show=", "/=/mnt"])
def test_a_map_that_is_none_is_refused(text):
    """What is not FROM=TO is refused, with an example of what would be."""
    with pytest.raises(ValueError, match=r"is no path map; should be FROM=TO"):
        PathMap.parse(text)


def test_a_mapped_file_is_found(footage):
    """A reference under FROM is found under TO."""
    finder = MediaFinder(maps=(PathMap.parse(f"Q:\\2019={footage}"),))
    assert finder.find("Q:\\2019\\day1\\A001.mov") == footage / "day1/A001.mov"


def test_impossible_names_are_not_found():
    """A name too long for the disk, or with a NUL in it, is simply not found."""
    for name in ("x" * 5000 + ".mov", "a\0b.mov"):
        with pytest.raises(MediaError, match="media not found"):
            MediaFinder(folder=Path("/")).find(name)


def test_finders_share_what_lies_below_their_roots(tmp_path):
    """A finder for another folder resolves relative paths from there, and shares the index of names."""
    for name in ("a/x.mov", "b/x.mov", "root/deep/y.mov"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    first = MediaFinder(folder=tmp_path / "a", roots=(tmp_path / "root",))
    other = first.beside(tmp_path / "b")
    assert first.find("x.mov") == tmp_path / "a/x.mov"
    assert other.find("x.mov") == tmp_path / "b/x.mov"
    assert isinstance(first.below, FilesBelow)
    assert other.below is first.below
    assert other.find("P:/z/y.mov") == tmp_path / "root/deep/y.mov"
