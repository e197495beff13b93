"""What a person set takes the place of what was judged, on the right shot, and says who set it."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from otio_shottag.corrections import SCHEMA, SCHEMA_KEY, Correction, correct, correction_facts, read_corrections
from otio_shottag.errors import CorrectionsError
from otio_shottag.formats import write
from otio_shottag.marks import is_unsure, marks_of
from otio_shottag.settings import Settings
from otio_shottag.shots import Tag
from otio_shottag.timeline import Cut, read_timeline
from tests.cuts import clip, gap, span, timeline, track
from tests.format_cuts import shots_of, tag


def cut_of(*items) -> tuple[Cut, list[Tag]]:
    cut = Cut.of(timeline(track(*items)))
    return cut, [tag(shot, "CU", 0.41) for shot in shots_of(cut)]


def saved(path: Path, cut: Cut, tags: list[Tag], **codes: str) -> Path:
    """Save a file as the page does: the shots' facts, and for those named the size they are."""
    chosen = [{**correction_facts(one, cut), "to": codes[one.shot.name]} for one in tags if one.shot.name in codes]
    document = {SCHEMA_KEY: SCHEMA, "cut": "cut", "rate": str(cut.rate), "corrections": chosen}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def three() -> tuple[Cut, list[Tag]]:
    """Three shots, two of which show the same frames of one file."""
    return cut_of(
        clip("/vol/a.mov", span(10, 24), name="one"),
        clip("/vol/b.mov", span(0, 24), name="two"),
        clip("/vol/a.mov", span(10, 24), name="again"),
    )


def codes(tags: list[Tag]) -> dict[str, str]:
    return {one.shot.name: one.prediction.label.code for one in tags}


def test_a_correction_is_the_word_of_a_person(three, tmp_path):
    """It is certain, never unsure, and marker, metadata, JSON and CSV say that a human set it."""
    cut, tags = three
    corrected, unmatched = correct(tags, read_corrections(saved(tmp_path / "c.json", cut, tags, two="MCU")))
    assert unmatched == []
    assert codes(corrected) == {"one": "CU", "two": "MCU", "again": "CU"}
    human = corrected[1]
    assert (human.model, human.prediction.confidence) == ("human", 1.0)
    assert not is_unsure(human, Settings(min_confidence=1.0))
    mark = marks_of(corrected, Settings())[1]
    assert (mark.name, mark.color) == ("MCU 100%", "ORANGE")
    assert mark.comment == "medium close-up; set by a human (otio-shottag)"
    write(cut, corrected, tmp_path / "a.otio")
    clips = list(read_timeline(tmp_path / "a.otio").timeline.find_clips())
    assert clips[1].metadata["otio_shottag"]["shot_type"]["model"] == "human"
    assert clips[0].metadata["otio_shottag"]["shot_type"]["model"] == "stand-in 1"
    write(cut, corrected, tmp_path / "a.json")
    shots = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["shots"]
    assert (shots[1]["model"], shots[1]["confidence"], shots[1]["unsure"]) == ("human", 1, False)
    write(cut, corrected, tmp_path / "a.csv")
    assert ",human," in (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[2]


def test_of_two_that_show_the_same_the_place_decides(three, tmp_path):
    """One of two shots of the same frames is corrected alone."""
    cut, tags = three
    corrected, _ = correct(tags, read_corrections(saved(tmp_path / "c.json", cut, tags, again="ECU")))
    assert codes(corrected) == {"one": "CU", "two": "CU", "again": "ECU"}


def test_a_shot_that_moved_is_found_by_its_frames(three, tmp_path):
    """In a cut that was exported anew the same frames of the same file get the correction."""
    cut, tags = three
    corrections = read_corrections(saved(tmp_path / "c.json", cut, tags, two="LS"))
    _, later = cut_of(
        gap(100), clip("/vol/c.mov", span(0, 9), name="new"), clip("/vol/b.mov", span(0, 24), name="moved")
    )
    corrected, unmatched = correct(later, corrections)
    assert (codes(corrected), unmatched) == ({"new": "CU", "moved": "LS"}, [])


def test_a_shot_that_was_trimmed_is_found_while_it_shows_what_was_looked_at(three, tmp_path):
    """Frames 1 and 3 of the file were looked at: a trim that keeps them is the same shot, another is not."""
    cut, tags = three
    corrections = read_corrections(saved(tmp_path / "c.json", cut, tags, two="LS"))
    _, kept = cut_of(clip("/vol/b.mov", span(1, 12), name="trimmed"))
    _, lost = cut_of(clip("/vol/b.mov", span(2, 12), name="trimmed"))
    assert codes(correct(kept, corrections)[0]) == {"trimmed": "LS"}
    changed, unmatched = correct(lost, corrections)
    assert codes(changed) == {"trimmed": "CU"}
    assert [one.name for one in unmatched] == ["two"]


def test_footage_that_was_copied_elsewhere_is_found_by_name_and_frames(three, tmp_path):
    """A file of the same name in another folder counts where exactly the same frames are shown."""
    cut, tags = three
    path = saved(tmp_path / "c.json", cut, tags, two="LS")
    path.write_text(path.read_text(encoding="utf-8").replace("/media/b.mov", "D:\\\\show\\\\b.mov"), encoding="utf-8")
    corrected, unmatched = correct(tags, read_corrections(path))
    assert (codes(corrected)["two"], unmatched) == ("LS", [])
    _, trimmed = cut_of(clip("/vol/b.mov", span(1, 12), name="trimmed"))
    assert len(correct(trimmed, read_corrections(path))[1]) == 1


def test_a_correction_may_confirm_what_was_judged(three, tmp_path):
    """The same size, set by a person, is certain."""
    cut, tags = three
    corrected, _ = correct(tags, read_corrections(saved(tmp_path / "c.json", cut, tags, one="CU")))
    assert (corrected[0].model, corrected[0].prediction.confidence) == ("human", 1.0)


def test_a_later_correction_wins(three, tmp_path):
    """Of two corrections of one shot the last is meant."""
    cut, tags = three
    first = read_corrections(saved(tmp_path / "1.json", cut, tags, two="LS"))
    second = read_corrections(saved(tmp_path / "2.json", cut, tags, two="WS"))
    assert codes(correct(tags, first + second)[0])["two"] == "WS"


def test_the_file_reads_back(three, tmp_path):
    """Every value comes back as it was saved."""
    cut, tags = three
    (read,) = read_corrections(saved(tmp_path / "c.json", cut, tags, two="LS"))
    assert read == Correction(
        (0, 1), "V1", "two", 24, "/media/b.mov", Fraction(24), 0, 23, (1, 3), "CU", tags[0].prediction.scores[2][0]
    )


GOOD = {
    "address": [0, 1], "track": "V1", "name": "two", "record_first_frame": 24, "media": "/media/b.mov", "rate": "24",
    "first_frame": 0, "last_frame": 23, "frames": [1, 3], "from": "CU", "to": "LS",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"to": "XXL"}, 'correction 1: to is "XXL"; one of EWS, WS,'),
        ({"to": None}, "to is null; one of EWS"),
        ({"to": "<script>"}, 'to is "<script>"'),
        ({"media": ""}, "media is \"\"; should be text"),
        ({"media": "a\0b"}, "media is"),
        ({"media": 7}, "media is 7; should be text"),
        ({"rate": "1e999"}, "rate: '1e999' is no frame rate"),
        ({"rate": "0"}, "rate: '0' is no frame rate"),
        ({"frames": []}, "frames is []; should be whole numbers from 0"),
        ({"frames": [True]}, "frames is [true]"),
        ({"frames": [-1]}, "frames is [-1]"),
        ({"frames": "x" * 1000}, '...; should be whole numbers'),
        ({"first_frame": 1.5}, "first_frame is [1.5]"),
        ({"last_frame": 10**30}, "last_frame is"),
        ({"address": "0,1"}, 'address is "0,1"'),
    ],
)  # fmt: skip
def test_a_wrong_value_is_said_in_one_line(tmp_path, change, said):
    """A value that no report saves is named with its place, and with what would be right."""
    path = tmp_path / "c.json"
    path.write_text(json.dumps({SCHEMA_KEY: SCHEMA, "corrections": [{**GOOD, **change}]}), encoding="utf-8")
    with pytest.raises(CorrectionsError) as caught:
        read_corrections(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"[" * 100_000, "not JSON"),
        (b"1" * 5000, "not JSON"),
        (b"[1]", "holds no corrections"),
        (b'{"shots": []}', "holds no corrections"),
        (b'{"otio_shottag_corrections": 2}', "otio_shottag_corrections is 2; this version reads 1"),
        (b'{"otio_shottag_corrections": 1}', "corrections is null; should be a list"),
        (b'{"otio_shottag_corrections": 1, "corrections": [4]}', "correction 1: is 4; should be an object"),
    ],
)
def test_a_file_that_is_none_is_said_in_one_line(tmp_path, content, said):
    """What is no file of corrections is refused with a line."""
    path = tmp_path / "c.json"
    path.write_bytes(content)
    with pytest.raises(CorrectionsError, match=said):
        read_corrections(path)


def test_a_file_that_is_missing_is_said(tmp_path):
    """A path without a file is named."""
    with pytest.raises(CorrectionsError, match=r"c\.json: cannot read the corrections: No such file"):
        read_corrections(tmp_path / "c.json")
