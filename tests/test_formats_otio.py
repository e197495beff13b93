"""``.otio`` and ``.otioz`` keep all that was in them."""

import json
import zipfile
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from otio_shottag.errors import FormatError
from otio_shottag.formats import WRITERS, strip, write
from otio_shottag.marks import is_ours
from otio_shottag.timeline import Cut, read_timeline
from tests.cut_strategies import cuts
from tests.cuts import clip, gap, span, timeline, track
from tests.format_cuts import editors_cut, shots_of, tag, tags_of, text_of

QUICK = hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(cuts())
def test_read_mark_strip_gives_the_file_back(tmp_path_factory, cut):
    """What was marked and written reads back marked, marks again to the same bytes, and strips to the input's."""
    folder = tmp_path_factory.mktemp("out")
    plain, once, twice, stripped = (folder / f"{name}.otio" for name in ("plain", "once", "twice", "stripped"))
    write(cut, [], plain)
    write(read_timeline(plain), tags_of(cut), once)
    write(read_timeline(once), tags_of(cut), twice)
    strip(read_timeline(twice), stripped)
    assert twice.read_bytes() == once.read_bytes()
    assert stripped.read_bytes() == plain.read_bytes()
    ours = [one for one in read_timeline(once).timeline.find_clips() if any(map(is_ours, one.markers))]
    assert len(ours) == len(tags_of(cut))


def test_the_other_timelines_of_a_collection_stay(tmp_path):
    """Of a file with several sequences, the one that was read is marked and all others are kept."""
    first, second = timeline(track(clip("/a.mov", span(0, 24)))), timeline(track(clip("/b.mov", span(0, 24))))
    first.name, second.name = "one", "two"
    bins = otio.schema.SerializableCollection(name="bin", children=[second], metadata={"kept": True})
    whole = otio.schema.SerializableCollection(children=[first, bins])
    source = tmp_path / "all.otio"
    source.write_text(whole.to_json_string())
    cut = read_timeline(source, sequence="two")
    write(cut, tags_of(cut), tmp_path / "out.otio")
    result = otio.core.deserialize_json_from_file(str(tmp_path / "out.otio"))
    assert result[0].is_equivalent_to(first)
    assert result[1].metadata["kept"]
    assert [len(one.markers) for one in result[1][0].find_clips()] == [1]
    again = read_timeline(tmp_path / "out.otio", sequence="two")
    strip(again, tmp_path / "stripped.otio")
    stripped = otio.core.deserialize_json_from_file(str(tmp_path / "stripped.otio"))
    assert stripped.is_equivalent_to(whole)


def write_archive(path: Path, cut: otio.schema.Timeline) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("version.txt", "1.0.0", zipfile.ZIP_DEFLATED)
        archive.writestr("content.otio", cut.to_json_string(), zipfile.ZIP_DEFLATED)
        archive.writestr("media/a.mov", b"moving pictures" * 100, zipfile.ZIP_STORED)
        archive.writestr("notes/read me.txt", b"for the next one", zipfile.ZIP_DEFLATED)


def test_an_archive_is_copied_member_by_member(tmp_path):
    """An .otioz written from an .otioz has its members, order and compression; only content.otio is new."""
    source, target = tmp_path / "a.otioz", tmp_path / "b.otioz"
    write_archive(source, timeline(track(clip("media/a.mov", span(0, 24)))))
    cut = read_timeline(source)
    write(cut, tags_of(cut), target)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target) as new:
        facts = [[(one.filename, one.compress_type, one.date_time) for one in each.infolist()] for each in (old, new)]
        assert facts[0] == facts[1]
        assert all(old.read(name) == new.read(name) for name in old.namelist() if name != "content.otio")
    marked = read_timeline(target)
    assert [len(one.markers) for one in marked.timeline.find_clips()] == [1]
    write(marked, tags_of(marked), tmp_path / "c.otioz")
    assert (tmp_path / "c.otioz").read_bytes() == target.read_bytes()
    strip(marked, tmp_path / "d.otioz")
    assert text_of(read_timeline(tmp_path / "d.otioz").timeline) == text_of(cut.timeline)


def test_an_archive_over_itself(tmp_path):
    """An archive may be written over the one that was read."""
    source = tmp_path / "a.otioz"
    write_archive(source, timeline(track(clip("media/a.mov", span(0, 24)))))
    cut = read_timeline(source)
    write(cut, tags_of(cut), source)
    assert [len(one.markers) for one in read_timeline(source).timeline.find_clips()] == [1]


def test_an_archive_that_went_bad_is_refused(tmp_path):
    """A source that is no archive any more is one line, and no target."""
    source = tmp_path / "a.otioz"
    write_archive(source, timeline(track(clip("media/a.mov", span(0, 24)))))
    cut = read_timeline(source)
    source.write_bytes(b"PK?")
    with pytest.raises(FormatError, match=r"a\.otioz: is not what was read; has it changed since\?"):
        write(cut, [], tmp_path / "b.otioz")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.otioz"]


def test_a_new_archive_holds_the_media_that_is_there(tmp_path):
    """Media is bundled from where it was found, two files of one name apart; what is missing says so; OTIO reads it."""
    for name in ("one", "two", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a #1.mov").write_bytes(name.encode())
    cut = Cut.of(
        timeline(
            track(
                clip("one/a #1.mov", span(0, 24), available=span(0, 100)),
                gap(5),
                clip(str(tmp_path / "two" / "a #1.mov"), span(0, 24)),
                clip("Z:\\gone\\b.mov", span(0, 24), available=span(0, 50), name="gone"),
                clip("one/a #1.mov", span(9, 24)),
                clip("Z:\\moved\\c.mov", span(0, 24)),
            )
        ),
        media_folder=tmp_path,
    )
    shots = shots_of(cut)
    moved = [tag(one) for one in shots if one.address == (0, 5)]
    object.__setattr__(moved[0].shot, "media", tmp_path / "elsewhere" / "a #1.mov")
    write(cut, moved, tmp_path / "cut.otioz")
    with zipfile.ZipFile(tmp_path / "cut.otioz") as archive:
        names = {name: archive.read(name) for name in archive.namelist() if name.startswith("media/")}
    assert names == {"media/a #1.mov": b"one", "media/a #1-2.mov": b"two", "media/a #1-3.mov": b"elsewhere"}
    read = otio.adapters.read_from_file(str(tmp_path / "cut.otioz"))
    references = [one.media_reference for one in read.find_clips()]
    assert [getattr(one, "target_url", None) for one in references] == [
        "media/a%20%231.mov",
        "media/a%20%231-2.mov",
        None,
        "media/a%20%231.mov",
        "media/a%20%231-3.mov",
    ]
    assert references[2].is_missing_reference
    assert references[2].metadata["original_target_url"] == "Z:\\gone\\b.mov"
    assert references[2].available_range == span(0, 50)
    assert (tmp_path / "cut.otioz").read_bytes() == rewritten(cut, moved, tmp_path)


def rewritten(cut: Cut, tags, folder: Path) -> bytes:
    write(cut, tags, folder / "again.otioz")
    return (folder / "again.otioz").read_bytes()


def test_references_of_an_otiod_lead_there_from_the_new_file(tmp_path):
    """An .otio written from an .otiod names the media inside it; absolute paths stay as they are."""
    bundle = tmp_path / "cut.otiod"
    (bundle / "media").mkdir(parents=True)
    (bundle / "media" / "a.mov").touch()
    inside = timeline(
        track(clip("media/a.mov", span(0, 24)), clip("/vol/b.mov", span(0, 24)), clip("D:\\c.mov", span(0, 24)))
    )
    (bundle / "content.otio").write_text(inside.to_json_string())
    (tmp_path / "out").mkdir()
    write(read_timeline(bundle), [], tmp_path / "out" / "cut.otio")
    urls = [
        one.media_reference.target_url for one in read_timeline(tmp_path / "out" / "cut.otio").timeline.find_clips()
    ]
    assert urls == ["../cut.otiod/media/a.mov", "/vol/b.mov", "D:\\c.mov"]


def test_what_only_others_understand_stays(tmp_path):
    """A schema that OTIO does not know, and everybody's metadata, come through as they were."""
    source = json.loads(editors_cut().timeline.to_json_string())
    source["metadata"]["theirs"] = {"OTIO_SCHEMA": "Mystery.7", "answer": [42, {"deep": None}]}
    (tmp_path / "in.otio").write_text(json.dumps(source))
    cut = read_timeline(tmp_path / "in.otio")
    write(cut, tags_of(cut), tmp_path / "out.otio")
    result = json.loads((tmp_path / "out.otio").read_text())
    assert result["metadata"] == source["metadata"]


def test_no_hook_of_otio_runs_while_writing(tmp_path, monkeypatch):
    """Writing does not go through OTIO's hooks, of which one may be our own."""

    def ran(*arguments, **options):
        raise AssertionError("a hook ran")

    monkeypatch.setattr(otio.hooks, "run", ran)
    for name, form in WRITERS.items():
        write(editors_cut(), [], tmp_path / f"{name}{form.endings[0]}", format=name)
    assert len(list(tmp_path.iterdir())) == len(WRITERS)
