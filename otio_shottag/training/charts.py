"""Charts of an evaluation and of a training, each as a PNG.

matplotlib draws them, without its global state: no window, nothing left behind. It comes with the
extra ``train`` and is imported when a chart is wanted.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from otio_shottag.errors import ModelError
from otio_shottag.shots import Label
from otio_shottag.training.learning_rate import RateSearch
from otio_shottag.training.metrics import Positions, Probabilities, accuracy_over_coverage

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INSTALL = "pip install 'otio-shottag[train]'"
DOTS_PER_INCH = 120
BLUE, ORANGE, GREY = "#2b6cb0", "#dd6b20", "#a0aec0"
NUM_BINS = 15
"""As many as the calibration error counts with."""
COVERAGES = tuple(part / 100 for part in range(5, 101))


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One step of a training."""

    part: str
    """What was trained: ``head, network 1 of 2``."""
    loss: float
    rate: float
    """The highest of the step's learning rates."""


def require_charts() -> None:
    """Raise ModelError, with what to install, where charts cannot be drawn."""
    _axes(1, 1)


def confusion_chart(confusion: Sequence[Sequence[int]], labels: Sequence[Label]) -> bytes:
    """Draw what each true size was judged: a row for each true label, coloured by its share."""
    counts = np.array(confusion)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    figure, axes = _axes(2.2 + 0.55 * len(labels), 1.6 + 0.55 * len(labels))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    codes = [label.code for label in labels]
    axes.set_xticks(range(len(codes)), codes)
    axes.set_yticks(range(len(codes)), [f"{code}  ({row.sum()})" for code, row in zip(codes, counts, strict=True)])
    axes.set(xlabel="judged", ylabel="labelled (stills)", title="What each size was judged")
    axes.tick_params(length=0)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=color, fontsize=9)
    return _png(figure)


def calibration_chart(probabilities: Probabilities, positions: Positions, *, error: float) -> bytes:
    """Draw how often answers of each confidence are right, and how many there are."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == positions
    bins = np.minimum((confidence * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    filled = [number for number in range(NUM_BINS) if (bins == number).any()]
    counts = [int((bins == number).sum()) for number in filled]
    said = [float(confidence[bins == number].mean()) for number in filled]
    found = [float(right[bins == number].mean()) for number in filled]
    figure, axes = _axes(5.2, 5.0)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="as often right as sure")
    # A circle's area is its share: bins of a few stills jump about and must not draw the eye.
    sizes = [20 + 900 * count / len(positions) for count in counts]
    axes.scatter(said, found, s=sizes, color=BLUE, alpha=0.6)
    axes.scatter([], [], s=60, color=BLUE, alpha=0.6, label="answers; area: how many")
    axes.set(xlim=(0, 1.04), ylim=(-0.03, 1.05), xlabel="confidence", ylabel="part that is right")
    axes.set_title(f"Calibration: error {100 * error:.1f} %, {len(positions)} stills")
    _in_percent(axes)
    axes.legend(loc="lower right", frameon=False)
    return _png(figure)


def coverage_chart(probabilities: Probabilities, positions: Positions) -> bytes:
    """Draw the accuracy of the surest part of the stills over how large that part is."""
    curve = accuracy_over_coverage(probabilities, positions, coverages=COVERAGES)
    figure, axes = _axes(6.0, 4.2)
    parts = [part for part, _, _ in curve]
    axes.plot(parts, [accuracy for _, _, accuracy in curve], color=BLUE, linewidth=2, label="right among them")
    lowest = [confidence for _, confidence, _ in curve]
    axes.plot(parts, lowest, color=ORANGE, linewidth=1, linestyle="--", label="lowest confidence among them")
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="surest part of the stills", ylabel="")
    axes.set_title("Accuracy over coverage")
    _in_percent(axes)
    axes.legend(loc="lower left", frameon=False)
    return _png(figure)


def training_chart(points: Sequence[CurvePoint]) -> bytes:
    """Draw the loss of every step, smoothed, and the learning rate, part by part."""
    figure, axes = _axes(7.5, 4.2)
    rates = axes.twinx()
    start = 0
    for part in dict.fromkeys(point.part for point in points):
        own = [point for point in points if point.part == part]
        steps = np.arange(start, start + len(own))
        losses = np.array([point.loss for point in own])
        (line,) = axes.plot(steps, _smoothed(losses), linewidth=1.5, label=part)
        axes.plot(steps, losses, color=line.get_color(), linewidth=0.5, alpha=0.25)
        rates.plot(steps, [point.rate for point in own], color=GREY, linewidth=1, linestyle="--")
        start += len(own)
    axes.set(xlabel="step", ylabel="loss", title="Training")
    axes.set_ylim(bottom=0)
    rates.set_ylabel("highest learning rate (dashed)", color="#718096")
    rates.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    rates.set_ylim(bottom=0)
    rates.spines[["top"]].set_visible(False)
    axes.set_zorder(rates.get_zorder() + 1)  # the legend above the rates, which would cross it
    axes.patch.set_visible(False)
    axes.legend(loc="upper right", edgecolor="white", framealpha=0.9)
    return _png(figure)


def pull_chart(tried: Sequence[tuple[float, float]], *, before: float, chosen: float | None) -> bytes:
    """Draw how often refitted layers are right on stills left out, over how hard they were held to the old ones."""
    figure, axes = _axes(6.5, 4.2)
    pulls, parts = [pull for pull, _ in tried], [exact for _, exact in tried]
    axes.plot(pulls, parts, color=BLUE, linewidth=1.5, marker="o", markersize=4, label="refitted")
    axes.axhline(before, color=GREY, linestyle="--", linewidth=1, label="as it was")
    if chosen is not None:
        axes.plot(chosen, parts[pulls.index(chosen)], marker="o", color=ORANGE, markersize=9, label="chosen")
    axes.set_xscale("log")
    axes.invert_xaxis()  # from staying put, on the left, to moving freely
    axes.set(xlabel="pull towards the old layer (free on the right)", ylabel="right among stills left out")
    axes.set_title("Refitting the last layer" if chosen is not None else "Refitting the last layer: better left alone")
    axes.legend(loc="best", frameon=False)
    _in_percent(axes, x=False)
    return _png(figure)


def rate_chart(searches: Sequence[tuple[str, RateSearch]]) -> bytes:
    """Draw the loss over the learning rate of each search, with its suggestion."""
    figure, axes = _axes(6.5, 4.2)
    for name, search in searches:
        text = f"{name}: {search.suggestion:.1e}"
        (line,) = axes.plot(search.rates, search.losses, linewidth=1.5, label=text)
        at = search.rates.index(search.suggestion)
        axes.plot(search.suggestion, search.losses[at], marker="o", color=line.get_color())
    axes.set_xscale("log")
    axes.set(xlabel="learning rate", ylabel="loss, smoothed", title="Where the loss falls most steeply")
    axes.legend(loc="upper left", frameon=False)
    return _png(figure)


def _axes(width: float, height: float) -> "tuple[Figure, Axes]":
    """Make an empty chart; sizes in inches."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModelError(f"charts need matplotlib, which is not installed: {INSTALL}") from error
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _in_percent(axes: "Axes", *, x: bool = True) -> None:
    from matplotlib.ticker import PercentFormatter

    for axis in (axes.xaxis, axes.yaxis) if x else (axes.yaxis,):
        axis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(color="#edf2f7")
    axes.set_axisbelow(True)


def _smoothed(losses: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[float]:
    """Running mean that forgets: each loss counts a tenth as much 20 steps later."""
    smoothed, total, weight = [], 0.0, 0.0
    for loss in losses:
        total, weight = 0.9 * total + float(loss), 0.9 * weight + 1
        smoothed.append(total / weight)
    return smoothed


def _png(figure: "Figure") -> bytes:
    out = io.BytesIO()
    # Neither date nor version in the file: the same figures give the same bytes.
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()
