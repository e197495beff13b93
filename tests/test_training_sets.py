"""Stills to train with: what is read, what is refused, what stays unseen."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import SHIPPED, Checkpoint, load_checkpoint
from otio_shottag.model.network import Committee
from otio_shottag.model.pictures import Geometry, Normalization
from otio_shottag.training.still_sets import held_out_part, read_set, read_stills, relabeled
from otio_shottag.vocabulary import SHOT_TYPES
from tests.conftest import SHARED


def write_pictures(folder: Path, *names: str) -> Path:
    """Write small pictures below a folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 18), (90, 60, 30)).save(folder / name)
    return folder


def trained_with(record: dict[str, object]) -> Checkpoint:
    """Make a checkpoint of which only the record matters."""
    normalization = Normalization((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    return Checkpoint(Committee([]), SHOT_TYPES, Geometry(64, 32), normalization, 1.0, "some 1", record)


def test_valid_is_what_stays_unseen(tmp_path: Path) -> None:
    """With train and valid, the stills of valid judge; labels are those that occur, widest first."""
    names = [f"train/{code}/{number}.png" for code in ("CU", "MS") for number in range(4)]
    made = read_set(write_pictures(tmp_path, *names, "valid/medium shot/8.png", "valid/CU/9.png"))
    assert [label.code for label in made.labels] == ["MS", "CU"]
    assert sorted(still.path.name for still in made.part(learned=False)) == ["8.png", "9.png"]
    assert {still.label for still in made.part(learned=True)} == {0, 1}
    assert all(still.target.shape == (2,) and still.target.sum() == pytest.approx(1) for still in made.stills)
    unseen = held_out_part(read_stills(tmp_path), trained_with({"held out": made.held_out, "stills": 8}), tmp_path)
    assert sorted(still.path.name for still in unseen) == ["8.png", "9.png"]


def test_a_fold_of_whole_films_is_held_out(tmp_path: Path) -> None:
    """Without valid a fifth stays unseen, no film is on both sides, and the record finds it again."""
    names = [f"{code}/film {number % 7}/{number}.png" for code in ("LS", "MCU") for number in range(21)]
    made = read_set(write_pictures(tmp_path, *names))
    learned, unseen = made.part(learned=True), made.part(learned=False)
    assert 4 <= len(unseen) <= 14
    assert not {still.group for still in learned} & {still.group for still in unseen}
    record = {"held out": made.held_out, "stills": len(learned)}
    found = held_out_part(read_stills(tmp_path), trained_with(record), tmp_path)
    assert [still.path for still in found] == [still.path for still in unseen]


def test_a_long_film_is_learned_from_rather_than_held_out(tmp_path: Path) -> None:
    """Where one film has most of the stills, others are held out: about a fifth, if they have so many."""
    names = [f"{code}/long film/{number}.png" for code in ("LS", "MCU") for number in range(20)]
    names += [f"{code}/short film {number % 2}/{number}.png" for code in ("LS", "MCU") for number in range(10)]
    made = read_set(write_pictures(tmp_path, *names))
    assert {still.group for still in made.part(learned=True)} > {"long film"}
    assert len(made.part(learned=False)) == 10


def test_held_out_stills_of_another_set_are_refused(tmp_path: Path) -> None:
    """What a record held out cannot be found among other stills, nor where nothing was held out."""
    stills = read_stills(write_pictures(tmp_path, *[f"CU/{number}.png" for number in range(12)]))
    with pytest.raises(ModelError, match="should be the same stills"):
        held_out_part(stills, trained_with({"held out": "fold 0 of 5, split by group", "stills": 2470}), tmp_path)
    with pytest.raises(ModelError, match="leave --held-out away"):
        held_out_part(stills, trained_with({"held out": "none"}), tmp_path)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["CU/1.png", "MS/2.png"], "2 stills; should be 10 at least"),
        ([f"CU/{number}.png" for number in range(12)], "all stills are CU; should be two sizes"),
        ([f"train/{code}/{number}.png" for code in ("CU", "MS") for number in range(6)] + ["valid/LS/1.png"],
         "every still of LS is held out"),
        (["CU/1.png", "XCU/2.png"], "XCU: holds pictures and is named after no size; one of EWS or extreme wide shot"),
        (["holiday/1.png"], "no pictures in folders named after a size"),
    ],
)  # fmt: skip
def test_stills_that_cannot_be_trained_on_are_refused(tmp_path: Path, names: list[str], said: str) -> None:
    """Too few stills, one size, a size without stills to learn from, a folder of no size: one line each."""
    with pytest.raises(ModelError, match=said):
        read_set(write_pictures(tmp_path, *names))


def test_a_place_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A path that leads nowhere is a ModelError."""
    with pytest.raises(ModelError, match="no such folder or list"):
        read_set(tmp_path / "nowhere")


def test_stills_of_other_sizes_are_left_out(tmp_path: Path) -> None:
    """Among two sizes only their stills are left, and their labels count in that order."""
    stills = read_stills(write_pictures(tmp_path, "CU/1.png", "MS/2.png", "EWS/3.png"))
    known = relabeled(stills, [SHOT_TYPES[6], SHOT_TYPES[0]])
    assert [(still.path.name, still.label) for still in known] == [("1.png", 0), ("3.png", 1)]


def test_the_shipped_weights_say_which_stills_they_have_not_seen() -> None:
    """Of the stills they were trained on, the held-out ones are whole films, as many as their figures are of."""
    table = SHARED / "data" / "stills" / "labels.csv"
    if not table.is_file():
        pytest.skip("the stills are not on this machine: no folder shared/data beside the checkout")
    stills, checkpoint = read_stills(table), load_checkpoint(SHIPPED)
    unseen = held_out_part(stills, checkpoint, table)
    assert len(unseen) == checkpoint.record["figures"]["stills"]
    chosen = {still.path for still in unseen}
    assert not {still.group for still in unseen} & {still.group for still in stills if still.path not in chosen}
    assert set(Counter(still.label for still in unseen)) == set(range(8))
    assert np.isclose(len(unseen) / len(stills), 0.2, atol=0.06)
