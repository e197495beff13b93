"""An evaluation in words and numbers: as text for people, as JSON for programs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from otio_shottag.training.evaluate import Evaluation
from otio_shottag.training.metrics import Figures, accuracy_over_coverage
from otio_shottag.training.recipe import summary

ROWS = (
    ("exact", "exact", "right"),
    ("within_one", "within one", "right, or the next size"),
    ("macro_f1", "macro-F1", "mean of the sizes' F1"),
    ("calibration_error", "calibration error", "mean gap between confidence and accuracy, 15 bins"),
    ("six_classes", "six classes", "the 2019 article's sizes; stills of WS and MLS left out"),
    ("five_classes", "five classes", "as MovieShots: EWS+WS, LS, MLS+MS, MCU+CU, ECU"),
    ("three_classes", "three classes", "as Savardi et al.: EWS+WS+LS, MLS+MS+MCU, CU+ECU"),
)
"""A figure's name, what it is called, what it says."""


def as_text(evaluation: Evaluation) -> str:
    """Give the figures, the sizes one by one, the confusion matrix and the coverage, in lines."""
    figures = evaluation.figures
    lines = [f"{figures.count} stills", ""]
    for name, title, meaning in ROWS:
        number = getattr(figures, name)
        if number is not None:
            lines.append(f"{title:<18} {_percent(number):>6}  {meaning}")
    lines += ["", *_class_lines(figures), "", *_confusion_lines(figures), "", *_coverage_lines(evaluation)]
    return "\n".join(lines) + "\n"


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Give everything as plain values: figures, sizes, confusion, coverage, each still with its scores."""
    figures = evaluation.figures
    codes = [one.label.code for one in figures.classes]
    return {
        **summary(figures),
        "classes": {
            one.label.code: {
                "stills": one.count,
                "precision": round(one.precision, 4),
                "recall": round(one.recall, 4),
                "f1": round(one.f1, 4),
            }
            for one in figures.classes
        },
        "labels": codes,
        "confusion": [list(row) for row in figures.confusion],
        "coverage": [
            {"part": part, "lowest_confidence": round(lowest, 4), "exact": round(accuracy, 4)}
            for part, lowest, accuracy in _coverage(evaluation)
        ],
        "judged": [
            {
                "file": str(still.path),
                "label": codes[still.label],
                "judged": codes[int(row.argmax())],
                "confidence": round(float(row.max()), 4),
                "scores": {code: round(score, 4) for code, score in zip(codes, row.tolist(), strict=True)},
            }
            for still, row in zip(evaluation.stills, evaluation.probabilities, strict=True)
        ],
    }


def _class_lines(figures: Figures) -> list[str]:
    rows = [
        (one.label.code, str(one.count), _percent(one.precision), _percent(one.recall), _percent(one.f1))
        for one in figures.classes
    ]
    return _columns([("size", "stills", "precision", "recall", "F1"), *rows])


def _confusion_lines(figures: Figures) -> list[str]:
    codes = [one.label.code for one in figures.classes]
    rows = [
        (code, *(str(count) if count else "." for count in row))
        for code, row in zip(codes, figures.confusion, strict=True)
    ]
    return ["labelled (rows), judged (columns)", *_columns([("", *codes), *rows])]


def _coverage_lines(evaluation: Evaluation) -> list[str]:
    rows = [(_percent(part), _percent(lowest), _percent(right)) for part, lowest, right in _coverage(evaluation)]
    return _columns([("surest", "confidence from", "exact"), *rows])


def _coverage(evaluation: Evaluation) -> list[tuple[float, float, float]]:
    positions = np.array([still.label for still in evaluation.stills])
    return accuracy_over_coverage(evaluation.probabilities, positions)


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Set the first column flush left and the others flush right, each as wide as it needs."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    return lines


def _percent(part: float) -> str:
    return f"{100 * part:.1f}%"
