"""A folder or a list of labelled stills -> those to learn from and those to judge by.

The judging ones come from a folder ``valid`` beside ``train``, as in the 2019 article; otherwise one
of five folds is held out, whole groups of stills, so that no film is on both sides.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.shots import Label
from otio_shottag.training.recipe import NUM_FOLDS
from otio_shottag.training.stills import PICTURE_SUFFIXES, Still, film_disjoint_folds, read_folder, read_list
from otio_shottag.vocabulary import SHOT_TYPES

FEWEST = 10
"""Stills below which training says nothing; some 200 make a useful set."""
PARTS = ("train", "valid")
"""The two folders of the article's layout."""
VALID = "the folder valid"


@dataclass(frozen=True, slots=True, eq=False)
class StillSet:
    """Stills to train with."""

    labels: tuple[Label, ...]
    """The sizes that occur, widest first; the stills' labels are positions in it."""
    stills: tuple[Still, ...]
    learned: NDArray[np.bool_]
    """Which of the stills to learn from; the others are unseen and judge the result."""
    held_out: str
    """Which ones are unseen, in words for the training record."""

    def part(self, *, learned: bool) -> list[Still]:
        """Give the stills to learn from, or the unseen ones."""
        return [still for still, chosen in zip(self.stills, self.learned, strict=True) if chosen == learned]


def read_stills(place: Path) -> list[Still]:
    """Read a CSV of stills, or a folder of class folders; labels are positions in SHOT_TYPES.

    Raises ModelError for a place that is neither, a broken line, and a folder that is named after no size.
    """
    if place.is_file():
        return read_list(place, SHOT_TYPES)
    if not place.is_dir():
        raise ModelError(f"{place}: no such folder or list of stills")
    stills = read_folder(place, SHOT_TYPES)
    strange = sorted(_folders_with_pictures(place) - {still.path.parent for still in stills})
    if strange:
        allowed = ", ".join(f"{label.code} or {label.name}" for label in SHOT_TYPES)
        raise ModelError(f"{strange[0]}: holds pictures and is named after no size; one of {allowed}")
    return stills


def read_set(place: Path) -> StillSet:
    """Read stills to train with, and choose those that stay unseen.

    Raises ModelError for too few stills, for a single size, and where a size has no still to learn from.
    """
    found = read_stills(place)
    labels = tuple(SHOT_TYPES[index] for index in sorted({still.label for still in found}))
    if len(found) < FEWEST:
        raise ModelError(f"{place}: {len(found)} stills; should be {FEWEST} at least, and some 200 to be of use")
    if len(labels) < 2:
        raise ModelError(f"{place}: all stills are {labels[0].code}; should be two sizes at least")
    stills = relabeled(found, labels)
    if all((place / part).is_dir() for part in PARTS):
        learned = np.array([still.path.relative_to(place).parts[0] != "valid" for still in stills])
        held_out = VALID
    else:
        folds = film_disjoint_folds(stills, NUM_FOLDS)
        fold = _fold_to_hold_out(folds, stills)
        learned = folds != fold
        held_out = f"fold {fold} of {NUM_FOLDS}, split by group"
    made = StillSet(labels, tuple(stills), learned, held_out)
    counts = Counter(still.label for still in made.part(learned=True))
    lacking = [label.code for index, label in enumerate(labels) if not counts[index]]
    if lacking:
        raise ModelError(f"{place}: every still of {', '.join(lacking)} is held out; should be more of them")
    return made


def relabeled(stills: Sequence[Still], labels: Sequence[Label]) -> list[Still]:
    """Give the stills whose label is among ``labels``, their labels as positions there.

    Takes stills whose labels are positions in SHOT_TYPES.
    """
    kept = [SHOT_TYPES.index(label) for label in labels]
    chosen = []
    for still in stills:
        if still.label in kept:
            target = still.target[kept]
            chosen.append(replace(still, label=kept.index(still.label), target=target / target.sum()))
    return chosen


def held_out_part(stills: Sequence[Still], checkpoint: Checkpoint, place: Path) -> list[Still]:
    """Give the stills that the training of ``checkpoint`` held out, by its record.

    Raises ModelError where it held none out, and where these are not the stills it was trained on.
    """
    words = str(checkpoint.record.get("held out", "none"))
    if words == VALID:
        unseen = [still for still in stills if still.path.relative_to(place).parts[0] == "valid"]
    elif fold := re.match(r"fold (\d+) of (\d+)\b", words):
        folds = film_disjoint_folds(stills, int(fold[2]))
        unseen = [still for still, number in zip(stills, folds, strict=True) if number == int(fold[1])]
    else:
        raise ModelError(f"{checkpoint.version}: its training held out {words!r}; leave --held-out away")
    learned = checkpoint.record.get("stills", len(stills) - len(unseen))
    if not unseen or len(stills) - len(unseen) != learned:
        here = f"{len(stills) - len(unseen)} here are outside of it"
        raise ModelError(f"{place}: trained on {learned} stills beside {words}, {here}; should be the same stills")
    return unseen


def _fold_to_hold_out(folds: NDArray[np.int64], stills: Sequence[Still]) -> int:
    """Choose a fold that leaves every size something to learn from and is nearest to a fifth of the stills.

    With few films the folds are uneven: the one with the longest film would leave little to learn from.
    """
    labels = np.array([still.label for still in stills])

    def badness(fold: int) -> tuple[int, float]:
        held = folds == fold
        robbed = len(set(labels.tolist()) - set(labels[~held].tolist()))
        return robbed, abs(float(held.mean()) - 1 / NUM_FOLDS)

    return min((fold for fold in range(NUM_FOLDS) if (folds == fold).any()), key=badness)


def _folders_with_pictures(place: Path) -> set[Path]:
    """Give every folder below ``place`` that holds a picture itself, but for hidden ones."""
    return {
        path.parent
        for path in place.rglob("*")
        if path.suffix.lower() in PICTURE_SUFFIXES
        and path.parent != place
        and not any(part.startswith(".") for part in path.relative_to(place).parts)
    }
