"""How well probabilities fit labels: accuracy on a scale, by class, and how honest the confidence is.

All functions take probabilities (N, labels) and the labels' positions (N). Calibration error is Naeini
et al. 2015's (15 bins); temperature scaling is Guo et al. 2017's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from otio_shottag.shots import Label

Probabilities = NDArray[np.float64]
Positions = NDArray[np.int64]

SIX_CLASSES = ("EWS", "LS", "MS", "MCU", "CU", "ECU")
"""The sizes of the 2019 article; stills of the two others are left out when comparing with it."""
FIVE_CLASSES: tuple[tuple[str, ...], ...] = (("EWS", "WS"), ("LS",), ("MLS", "MS"), ("MCU", "CU"), ("ECU",))
"""MovieShots' (Rao et al. 2020): LS, FS, MS, CS, ECS."""
THREE_CLASSES: tuple[tuple[str, ...], ...] = (("EWS", "WS", "LS"), ("MLS", "MS", "MCU"), ("CU", "ECU"))
"""Savardi et al.'s (2018): long, medium, close."""


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Of one label, 0..1."""

    label: Label
    count: int
    """Stills that carry it."""
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What an evaluation found, all in 0..1."""

    count: int
    exact: float
    within_one: float
    """Right or one size off."""
    macro_f1: float
    """Mean over the classes that occur."""
    calibration_error: float
    six_classes: float | None
    """Among the article's six sizes, on their stills alone; None where the labels lack one."""
    five_classes: float | None
    three_classes: float | None
    classes: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    """A row for each true label, a column for each judged one."""


def measure(probabilities: Probabilities, positions: Positions, labels: Sequence[Label]) -> Figures:
    """Compare the likeliest label of each row with the true one."""
    judged = probabilities.argmax(axis=1)
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (positions, judged), 1)
    classes = tuple(_class_figures(confusion, index, label) for index, label in enumerate(labels))
    return Figures(
        count=len(positions),
        exact=float((judged == positions).mean()),
        within_one=float((np.abs(judged - positions) <= 1).mean()),
        macro_f1=float(np.mean([figures.f1 for figures in classes if figures.count])),
        calibration_error=calibration_error(probabilities, positions),
        six_classes=_among(probabilities, positions, labels, SIX_CLASSES),
        five_classes=_merged(judged, positions, labels, FIVE_CLASSES),
        three_classes=_merged(judged, positions, labels, THREE_CLASSES),
        classes=classes,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def calibration_error(probabilities: Probabilities, positions: Positions, *, num_bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over bins of equal width, weighed by their stills."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == positions
    bins = np.minimum((confidence * num_bins).astype(np.int64), num_bins - 1)
    gaps = [abs(float((right[bins == b] - confidence[bins == b]).sum())) for b in range(num_bins)]
    return sum(gaps) / len(positions)


def accuracy_over_coverage(
    probabilities: Probabilities, positions: Positions, *, coverages: Sequence[float] = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
) -> list[tuple[float, float, float]]:
    """For the surest part of the stills give: the part, the lowest confidence in it, its accuracy."""
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    right = (probabilities.argmax(axis=1) == positions)[order]
    counts = [max(1, round(coverage * len(order))) for coverage in coverages]
    return [
        (c, float(confidence[order[n - 1]]), float(right[:n].mean())) for c, n in zip(coverages, counts, strict=True)
    ]


INDISTINCT = 0.001
"""Differences in mean log-likelihood that a few hundred stills cannot tell from chance."""


def fit_temperature(scores: NDArray[np.float64], positions: Positions) -> float:
    """Find what to divide scores (N, labels, before softmax) by so that the labels are likeliest.

    Searched over 0.3 to 3 in steps of 1 %. Of those that are as likely as the best but for
    ``INDISTINCT``, the one with the least calibration error is taken.
    """
    rows = np.arange(len(positions))
    temperatures = np.exp(np.arange(np.log(0.3), np.log(3.0), 0.01))
    losses = np.array([-log_softmax(scores / temperature)[rows, positions].mean() for temperature in temperatures])
    likely = temperatures[losses <= losses.min() + INDISTINCT]
    errors = [calibration_error(np.exp(log_softmax(scores / temperature)), positions) for temperature in likely]
    return float(likely[int(np.argmin(errors))])


def log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the logarithms of the probabilities of each row of scores."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logs


def _class_figures(confusion: NDArray[np.int64], index: int, label: Label) -> ClassFigures:
    hits, count, judged = confusion[index, index], confusion[index].sum(), confusion[:, index].sum()
    precision, recall = hits / max(1, judged), hits / max(1, count)
    f1 = 2 * hits / max(1, judged + count)
    return ClassFigures(label, int(count), float(precision), float(recall), float(f1))


def _among(
    probabilities: Probabilities, positions: Positions, labels: Sequence[Label], codes: Sequence[str]
) -> float | None:
    """Accuracy when only some sizes may be said, on the stills that have one of them."""
    chosen = [index for index, label in enumerate(labels) if label.code in codes]
    kept = np.isin(positions, chosen)
    if len(chosen) < len(codes) or not kept.any():
        return None
    judged = np.array(chosen)[probabilities[kept][:, chosen].argmax(axis=1)]
    return float((judged == positions[kept]).mean())


def _merged(
    judged: Positions, positions: Positions, labels: Sequence[Label], groups: Sequence[Sequence[str]]
) -> float | None:
    """Accuracy after neighbouring sizes are called one."""
    group_of = {code: number for number, codes in enumerate(groups) for code in codes}
    if len(labels) < len(group_of):
        return None
    numbers = np.array([group_of[label.code] for label in labels])
    return float((numbers[judged] == numbers[positions]).mean())
