"""Labelled stills: read from class folders, or from a CSV with groups, and split by film.

A still carries a *target*: how likely each label is. Where a CSV gives a second reading or an
alternative, the target is spread over them; two people who label by the same guide agree on about
85 stills in a hundred, and on all within one size, so a hard label would teach what is not known.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from otio_shottag.errors import ModelError
from otio_shottag.shots import Label

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"})

SECOND_READING = 0.2
"""What a second reading takes of the target, and an alternative likewise."""
NEIGHBOUR = 0.03
"""What each neighbour on the scale takes: the borders are soft for every still."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face's box, in parts (0..1) of the picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float
    score: float

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """One labelled picture."""

    path: Path
    label: int
    """Position of its label among the labels."""
    target: NDArray[np.float32]
    """How likely each label is; adds up to 1."""
    group: str
    """Pictures of one film share it; a split never cuts through a group."""
    source: str
    """The collection it came from: the part of the group's name before a colon."""
    faces: tuple[Face, ...] = ()


def read_list(table: Path, labels: Sequence[Label]) -> list[Still]:
    """Read a CSV with the columns file and label, and if there are: second_label, alternative,
    group, faces.

    Paths are relative to the CSV. Faces are ``left top right bottom score`` in 0..1, several
    separated by ``;``. Raises ModelError, with the line, for a label or a file that is not there.
    """
    codes = [label.code for label in labels]
    stills = []
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not {"file", "label"} <= set(rows.fieldnames or ()):
            raise ModelError(f"{table}: columns {rows.fieldnames}; should have file and label")
        for row in rows:
            place = f"{table}, line {rows.line_num}"
            readings = {name: (row.get(name) or "").strip() for name in ("label", "second_label", "alternative")}
            for name, code in readings.items():
                if code not in codes and (code or name == "label"):
                    raise ModelError(f"{place}: {name} is {code!r}; one of {', '.join(codes)}")
            path = table.parent / row["file"]
            if not path.is_file():
                raise ModelError(f"{place}: no such picture: {path}")
            group = (row.get("group") or "").strip() or row["file"]
            label = codes.index(readings["label"])
            others = [codes.index(readings[name]) for name in ("second_label", "alternative") if readings[name]]
            target = soft_target(label, others, len(codes))
            faces = _faces(place, row.get("faces") or "")
            stills.append(Still(path, label, target, group, group.partition(":")[0], faces))
    if not stills:
        raise ModelError(f"{table}: lists no stills")
    return stills


def read_folder(folder: Path, labels: Sequence[Label]) -> list[Still]:
    """Read pictures that lie in folders named after their label's code or name, at any depth.

    Each picture is its own group, unless a folder lies between it and the label's: then that one
    is the group (``MCU/some film/001.jpg``). Raises ModelError where no label's folder is found.
    """
    words = {word.casefold(): index for index, label in enumerate(labels) for word in (label.code, label.name)}
    stills = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in PICTURE_SUFFIXES or not path.is_file():
            continue
        parts = path.relative_to(folder).parts[:-1]
        found = [place for place, part in enumerate(parts) if _as_word(part) in words]
        if found:
            label = words[_as_word(parts[found[-1]])]
            below = parts[found[-1] + 1 :]
            group = "/".join(below) if below else str(path.relative_to(folder))
            stills.append(Still(path, label, soft_target(label, [], len(labels)), group, folder.name))
    if not stills:
        wanted = ", ".join(label.code for label in labels)
        raise ModelError(f"{folder}: no pictures in folders named after a size; should be some of {wanted}")
    return stills


def soft_target(label: int, others: Sequence[int], num_labels: int) -> NDArray[np.float32]:
    """Spread a target over a label, the other readings, and a little over the neighbours."""
    target = np.zeros(num_labels, dtype=np.float32)
    target[label] = 1 - SECOND_READING * len(others)
    for other in others:
        target[other] += SECOND_READING
    spread = (1 - 2 * NEIGHBOUR) * target
    spread[:-1] += NEIGHBOUR * target[1:]
    spread[1:] += NEIGHBOUR * target[:-1]
    normalized: NDArray[np.float32] = spread / spread.sum()
    return normalized


def film_disjoint_folds(stills: Sequence[Still], num_folds: int = 5) -> NDArray[np.int64]:
    """Give each still the number of its fold, so that no group is in two of them.

    The largest group goes first, each to the fold where it leaves sources and labels most evenly
    spread. There is no chance in it: the same stills give the same folds.
    """
    members: dict[str, list[int]] = {}
    for index, still in enumerate(stills):
        members.setdefault(still.group, []).append(index)
    kinds = Counter((still.source, still.label) for still in stills)
    counts: list[Counter[tuple[str, int]]] = [Counter() for _ in range(num_folds)]
    folds = np.zeros(len(stills), dtype=np.int64)
    for group in sorted(members, key=lambda name: (-len(members[name]), name)):
        inside = Counter((stills[index].source, stills[index].label) for index in members[group])
        best = min(range(num_folds), key=lambda fold: _unevenness(counts[fold], inside, kinds))
        counts[best] += inside
        folds[members[group]] = best
    return folds


def _unevenness(
    present: Mapping[tuple[str, int], int], new: Mapping[tuple[str, int], int], total: Counter[tuple[str, int]]
) -> float:
    """How much a fold's overfullness grows with a group: the square weighs full kinds more."""
    return sum(((present[kind] + num) ** 2 - present[kind] ** 2) / total[kind] for kind, num in new.items())


def _as_word(folder_name: str) -> str:
    return folder_name.replace("_", " ").strip().casefold()


def _faces(place: str, text: str) -> tuple[Face, ...]:
    try:
        return tuple(Face(*map(float, box.split())) for box in text.split(";") if box.strip())
    except (ValueError, TypeError) as error:
        raise ModelError(f"{place}: faces are {text!r}; should be 'left top right bottom score; ...'") from error
