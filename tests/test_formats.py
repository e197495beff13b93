"""What every writer has in common: its golden file, whole or nothing, nothing changed, nothing broken by a name."""

import csv
import io
import json
import os
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from opentimelineio.schema import Marker

from otio_shottag.errors import FormatError, ShottagError
from otio_shottag.formats import WRITERS, RunFacts, format_of, json_text, strip, write
from otio_shottag.formats.delivery import Delivery
from otio_shottag.marks import marks_of
from otio_shottag.settings import Settings
from otio_shottag.shots import ImageSequence
from otio_shottag.timeline import Cut
from tests.cut_strategies import AWKWARD, cuts
from tests.cuts import clip, span, stack, timeline, track
from tests.format_cuts import editors_cut, shots_of, tag, tags_of, text_of
from tests.rewrite_golden import GOLDEN, GOLDEN_FILES, RUN, write_golden

QUICK = hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
CUTS = [name for name, form in WRITERS.items() if form.is_cut]


def ending(name: str) -> str:
    return WRITERS[name].endings[0]


def content(path: Path) -> bytes:
    return (path / "Info.fcpxml").read_bytes() if path.is_dir() else path.read_bytes()


@pytest.mark.parametrize("name", GOLDEN_FILES)
def test_golden(name, tmp_path):
    """Each writer writes its golden file, byte for byte."""
    assert write_golden(name, tmp_path) == (GOLDEN / name).read_bytes()


@QUICK
@given(cuts())
def test_no_writer_changes_the_cut(tmp_path_factory, cut):
    """Law 2: whatever is written, the timeline handed over stays as it was."""
    tags, before, folder = tags_of(cut), text_of(cut.timeline), tmp_path_factory.mktemp("out")
    for name in WRITERS:
        for place in ("clip", "timeline"):
            one_track = ["V1"] if name == "cmx" else None
            write(cut, tags, folder / f"cut{ending(name)}", format=name, markers=place, tracks=one_track)
            assert text_of(cut.timeline) == before


@pytest.mark.parametrize("name", WRITERS)
def test_an_awkward_name_breaks_no_format(name, tmp_path):
    """Line ends, tabs, pipes, control characters, brackets, Japanese and emoji leave every file well formed."""
    letters = AWKWARD.replace("\0", "")  # where OTIO itself ends a name
    awkward = timeline(track(clip(f"/vol/{letters}.mov", span(0, 24), available=span(0, 100), name=letters)))
    awkward.name = awkward.tracks[0].name = letters
    cut = Cut.of(awkward)
    path = tmp_path / f"cut{ending(name)}"
    write(cut, [tag(shot) for shot in shots_of(cut)], path, format=name)
    text = content(path).decode() if name != "otioz" else zipfile.ZipFile(path).read("content.otio").decode()
    if name in ("fcp7", "fcpxml", "fcpxmld"):
        elements = list(ElementTree.fromstring(text).iter())
        assert any("第😀" in f"{one.text}{one.attrib}" for one in elements)
    elif name in ("otio", "otioz", "resolve-otio", "json"):
        assert json.loads(text)
    elif name == "premiere-script":
        assert text.isascii()
        assert len(text.splitlines()) == len(text.split("\n")[:-1])
    elif name in ("csv", "cinemetrics", "salt"):
        assert len(list(csv.reader(io.StringIO(text, newline="")))) == 2
    elif name == "avid":
        assert [len(line.split("\t")) for line in text.splitlines()] == [6]
    else:
        assert len(text.split("\r\n")) == {"cmx": 9, "resolve-markers": 7}[name]
        assert not any(ord(letter) < 32 for letter in text.replace("\r\n", ""))


@pytest.mark.parametrize("name", CUTS)
def test_writing_over_what_was_written_writes_the_same(name, tmp_path):
    """A second run on the same cut gives the same file, byte for byte."""
    cut = editors_cut()
    path = tmp_path / f"cut{ending(name)}"
    write(cut, tags_of(cut), path, format=name)
    first = content(path)
    write(cut, tags_of(cut), path, format=name)
    assert content(path) == first
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_is_not_there(name, tmp_path):
    """A target in a missing folder is refused in one line that names it."""
    cut = editors_cut()
    path = tmp_path / "no" / f"cut{ending(name)}"
    with pytest.raises(FormatError, match=r"cut\.\w+: cannot be written: No such file or directory$"):
        write(cut, tags_of(cut), path, format=name)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_is_read_only(tmp_path):
    """A target in a read-only folder is refused, and nothing is left in it."""
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(FormatError, match="cannot be written: Permission denied"):
            write(editors_cut(), [], tmp_path / "cut.otio")
    finally:
        tmp_path.chmod(0o700)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", CUTS)
def test_what_fails_half_way_leaves_the_old_file(name, tmp_path, monkeypatch):
    """A disk that refuses the last step keeps what stood there, and no temporary file stays."""
    cut = editors_cut()
    path = tmp_path / f"cut{ending(name)}"
    write(cut, [], path, format=name)
    before = content(path)

    def refuse(source, target):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", refuse)
        with pytest.raises(FormatError, match="No space left on device"):
            write(cut, tags_of(cut), path, format=name)
    assert content(path) == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_bundle_that_cannot_be_exchanged_is_put_back(tmp_path, monkeypatch):
    """A folder is moved away for its successor; where that cannot take its place, it returns."""
    path = tmp_path / "cut.fcpxmld"
    write(editors_cut(), [], path)
    before, replace_really, calls = content(path), os.replace, []

    def refuse_second(source, target):
        calls.append(source)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        replace_really(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", refuse_second)
        with pytest.raises(FormatError, match="No space left on device"):
            write(editors_cut(), tags_of(editors_cut()), path)
    assert content(path) == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_what_is_no_file_is_not_replaced(tmp_path):
    """A folder, or a pipe, where a file should go is left alone."""
    (tmp_path / "cut.otio").mkdir()
    with pytest.raises(FormatError, match="is not a regular file"):
        write(editors_cut(), [], tmp_path / "cut.otio")
    (tmp_path / "cut.fcpxmld").write_text("a file")
    (tmp_path / "folder.fcpxmld").mkdir()
    for name in ("cut.fcpxmld", "folder.fcpxmld"):
        with pytest.raises(FormatError, match="is there and no such bundle"):
            write(editors_cut(), [], tmp_path / name)


@pytest.mark.parametrize(
    ("path", "form", "expected"),
    [
        ("a.otio", None, "otio"),
        ("A.OTIOZ", None, "otioz"),
        ("a.edl", None, "cmx"),
        ("a.edl", "resolve-markers", "resolve-markers"),
        ("a.xml", None, "fcp7"),
        ("a.fcpxml", None, "fcpxml"),
        ("a.fcpxmld", None, "fcpxmld"),
        ("a.txt", None, "avid"),
        ("a.csv", None, "csv"),
        ("a.json", None, "json"),
        ("a.xml", "fcpxml", "fcpxml"),
    ],
)
def test_the_ending_picks_the_format(path, form, expected):
    """The path's ending says what to write, unless a format is named."""
    assert format_of(Path(path), form) == expected


def test_an_unknown_ending_names_the_known_ones():
    """What cannot be written is refused with what can."""
    with pytest.raises(FormatError, match=r"a\.mp4: cannot write '\.mp4'; one of \.otio, \.otioz, \.edl, \.xml"):
        format_of(Path("a.mp4"))
    with pytest.raises(FormatError, match="unknown format 'avi'; one of otio, otioz, cmx, resolve-markers"):
        format_of(Path("a.edl"), "avi")


def test_only_a_cut_can_be_stripped(tmp_path):
    """Stripping into a list of marks is refused: nothing would be left."""
    with pytest.raises(FormatError, match=r"avid holds marks but no cut; .* \.otio, \.otioz, \.edl"):
        strip(editors_cut(), tmp_path / "cut.txt")


def test_the_spreadsheet_runs_nothing(tmp_path):
    """Text that a spreadsheet would run as a formula begins with an apostrophe; numbers do not."""
    cut = Cut.of(timeline(track(*[clip("/a.mov", span(0, 24), name=f"{sign}1") for sign in "=+-@"], name="x")))
    path = tmp_path / "cut.csv"
    write(cut, tags_of(cut), path)
    rows = list(csv.DictReader(io.StringIO(path.read_text(), newline="")))
    assert [row["name"] for row in rows] == ["'=1", "'+1", "'-1", "'@1"]
    assert all(float(row["CU"]) <= 1 for row in rows)


def test_json_is_the_same_but_for_the_run():
    """Two runs differ in device and timings only, and the report says what was skipped."""
    cut = editors_cut()
    tags = tuple(tags_of(cut))
    marks = tuple(marks_of(tags, Settings()))
    first = Delivery(cut, tags, marks, (), "clip", Settings(), None, RUN)
    second = replace(first, run=RunFacts(device="cuda:0", seconds={"judge": 9}, version=RUN.version))
    one, other = json.loads(json_text(first)), json.loads(json_text(second))
    assert one != other
    for report in (one, other):
        del report["device"], report["timings"]
    assert one == other


def test_json_of_nothing():
    """A cut without shots gives a report that says so."""
    empty = Delivery(editors_cut(), (), (), (), "clip", Settings(), None, RunFacts())
    report = json.loads(json_text(empty))
    assert (report["shots"], report["model"], report["statistics"]["mean_confidence"]) == ([], None, None)
    assert report["otio_shottag"]["schema"] == 1


def test_json_holds_paths_that_are_no_unicode(tmp_path):
    """A file name that is no UTF-8 is escaped, not refused."""
    (shot, *_) = shots_of(editors_cut())
    shot = replace(shot, media=Path(os.fsdecode(b"/vol/\xff.mov")))
    write(editors_cut(), [tag(shot)], tmp_path / "cut.json")
    assert json.loads((tmp_path / "cut.json").read_bytes())["shots"][0]["media"] == os.fsdecode(b"/vol/\xff.mov")
    write(editors_cut(), [tag(shot)], tmp_path / "cut.csv")


def test_a_numbered_sequence_is_named_as_one(tmp_path):
    """Numbered pictures stand in the tables as one name with its range."""
    (shot, *_) = shots_of(editors_cut())
    pictures = ImageSequence(Path("/vol"), "a.", ".exr", 4, 1, 100, 1, shot.rate)
    write(editors_cut(), [tag(replace(shot, media=pictures))], tmp_path / "cut.json")
    media = json.loads((tmp_path / "cut.json").read_text())["shots"][0]["media"]
    assert media == str(Path("/vol/a.[0001-0100].exr"))


def test_above_sixty_frames_per_second_there_is_no_timecode(tmp_path):
    """At 120 frames per second tables give frame numbers, and a marker EDL is refused."""
    cut = Cut.of(timeline(track(clip("/a.mov", span(0, 240, 120)))))
    write(cut, tags_of(cut), tmp_path / "cut.json")
    record = json.loads((tmp_path / "cut.json").read_text())["shots"][0]["record"]
    assert (record["timecode_in"], record["timecode_out"]) == ("0", "240")
    with pytest.raises(FormatError, match="ends at 60 frames per second; the cut has 120"):
        write(cut, tags_of(cut), tmp_path / "cut.edl", format="resolve-markers")


def hostile_cut() -> Cut:
    """A cut whose metadata is nothing like what its keys promise."""
    item = clip("/a.mov", span(0, 24), available=span(0, 100))
    for key in ("cmx_3600", "fcp_xml", "fcpxml", "cdl", "Resolve_OTIO", "otio_shottag", "resolve_markers"):
        for value in ("text", [1, 2]):
            item.markers.append(Marker(name="x", marked_range=span(1, 1), metadata={key: value}))
        item.metadata[key] = "text"
    other = clip("/b.mov", span(0, 24), available=span(0, 100), name="b")
    other.metadata["cmx_3600"] = {"comments": 5, "reel": ["a b", 7]}
    other.metadata["cdl"] = {"asc_sop": {"slope": 1}, "asc_sat": "a\nb"}
    made = timeline(track(item, other))
    for holder in (made, made.tracks, made.tracks[0]):
        holder.metadata["fcp_xml"] = holder.metadata["Resolve_OTIO"] = "text"
    return Cut.of(made)


@pytest.mark.parametrize("name", WRITERS)
def test_metadata_that_is_not_what_it_should_be_stops_nothing(name, tmp_path):
    """Keys that other programs use may hold anything; the cut is written all the same."""
    cut = hostile_cut()
    write(cut, tags_of(cut), tmp_path / f"cut{ending(name)}", format=name)
    assert (tmp_path / f"cut{ending(name)}").exists()


@pytest.mark.parametrize("name", CUTS)
def test_a_time_that_is_none_is_one_line(name, tmp_path):
    """A source range that is no number is refused by name, or kept where nothing is worked out from it."""
    cut = Cut.of(timeline(track(clip("/a.mov", span(float("nan"), 24)), clip("/b.mov", span(0, 24)))))
    try:
        write(cut, [], tmp_path / f"cut{ending(name)}", format=name)
    except ShottagError as error:
        assert re.search("holds a time that is none: nan|cannot write this cut", str(error))  # noqa: PT017 may be written
    assert (tmp_path / f"cut{ending(name)}").exists() == (name in ("otio", "otioz"))


def test_compound_clips_without_end_are_one_line(tmp_path):
    """Nests too deep to follow are refused, not followed until Python gives up."""
    deep = stack(track(clip("/a.mov", span(0, 24))))
    for _ in range(600):
        deep = stack(track(deep))
    with pytest.raises(FormatError, match="nested too deep"):
        write(Cut.of(timeline(track(deep))), [], tmp_path / "cut.edl")
