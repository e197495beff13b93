"""The charts of the page, as SVG inside of it: the scale strip, the rhythm, bars.

They stretch to the width of the page, so they hold shapes only; words and numbers stand beside them
in HTML, where they keep their size and are read aloud. Colours are classes, named after OTIO's
marker colours, for which the style sheet has one palette on light and one on dark paper.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH = 10_000
"""Units of every chart from left to right."""
STEP = 10
"""Units of height for each size of the strip."""
SIZES = 8
_HEIGHT = STEP * SIZES
_THIN = 22
"""Units; about two pixels on a wide screen. Thinner bars get no gap between them, which would hide them."""
_CAPTION, _CAPTION_ON_A_PHONE = 0.035, 0.1
"""The part of a drawing's width that a word of three letters needs."""
_BARS_A_ROW = 220
_MOST_ROWS = 12
_ROW_SECONDS = (30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600)
_NICE_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


@dataclass(frozen=True, slots=True)
class Bar:
    """One shot in the strip, or a clip that was not judged."""

    start: float
    """Seconds from the start of the cut."""
    end: float
    first: int
    """The size it starts with: 0 the widest, 7 the closest; -1 for a clip that was not judged."""
    last: int
    """The size it ends with."""
    color: str
    code: str
    """What is written over it where there is room."""
    target: str
    """The id of its card."""
    label: str
    """What is read aloud."""
    is_unsure: bool = False


@dataclass(frozen=True, slots=True)
class Caption:
    """A word over a bar; numbers are per cent of the drawing."""

    text: str
    left: float
    bottom: float
    is_roomy: bool
    """Whether it fits on a phone, too."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One track of a line of the strip."""

    name: str
    drawing: Markup
    captions: tuple[Caption, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the strip: the tracks over one another for a stretch of time."""

    start: float
    share: float
    """How much of the full width it takes, 0..1."""
    lanes: tuple[Lane, ...]
    """The topmost track first."""


def row_seconds(total: float, bars: int) -> float:
    """Choose how many seconds a line of the strip lasts: a scene is one line, a film several, as music is."""
    rows = min(_MOST_ROWS, -(-bars // _BARS_A_ROW))
    if rows <= 1:
        return total
    return next((float(nice) for nice in _ROW_SECONDS if nice >= total / rows), total / rows)


def strip(lanes: Sequence[tuple[str, Sequence[Bar]]], total: float, per_row: float) -> list[Row]:
    """Draw the tracks of a cut, line after line."""
    rows = []
    count = max(1, -int(-total // per_row)) if per_row else 1
    for number in range(count):
        start = number * per_row
        end = min(total, start + per_row)
        share = (end - start) / per_row if per_row else 1.0
        rows.append(Row(start, share, tuple(_lane(name, bars, start, end, share) for name, bars in lanes)))
    return rows


def _lane(name: str, bars: Iterable[Bar], start: float, end: float, share: float) -> Lane:
    length = max(end - start, 1e-9)
    visible = [bar for bar in bars if bar.end > start and bar.start < end]
    shapes = Markup("").join(
        _bar(bar, max(bar.start, start), min(bar.end, end), start, WIDTH / length) for bar in visible
    )
    drawing = Markup('<svg class="lane" viewBox="0 0 {} {}" preserveAspectRatio="none">{}</svg>')
    captions = []
    for bar in visible:
        left, right = ((min(max(at, start), end) - start) / length for at in (bar.start, bar.end))
        room = share * (right - left) / (1 + 0.5 * (len(bar.code) - 3))
        if bar.code and room > _CAPTION:
            bottom = 100 * (max(bar.first, bar.last) + 1) / SIZES
            captions.append(Caption(bar.code, 50 * (left + right), bottom, room > _CAPTION_ON_A_PHONE))
    return Lane(name, drawing.format(WIDTH, _HEIGHT, shapes), tuple(captions))


def _bar(bar: Bar, begin: float, finish: float, origin: float, unit: float) -> Markup:
    left, right = (round((at - origin) * unit) for at in (begin, finish))
    right = max(right, left + 1)
    if bar.first < 0:
        shape = Markup('<path class="unjudged" d="M{} {}H{}V{}H{}Z"><title>{}</title></path>')
        return shape.format(left, _HEIGHT - 4, right, _HEIGHT, left, bar.label)

    def height(at: float) -> float:
        passed = (at - bar.start) / (bar.end - bar.start)
        return _HEIGHT - STEP * (bar.first + 1 + passed * (bar.last - bar.first))

    classes = f"bar c-{bar.color}{' unsure' if bar.is_unsure else ''}{' thin' if right - left < _THIN else ''}"
    path = f"M{left} {_HEIGHT}V{height(begin):.4g}L{right} {height(finish):.4g}V{_HEIGHT}Z"
    link = Markup('<a class="{}" href="#{}" aria-label="{}"><path d="{}"/></a>')
    return link.format(classes, bar.target, bar.label, path)


def rhythm(
    lengths: Sequence[tuple[float, float]], average: Sequence[tuple[float, float]], total: float, top: float
) -> Markup:
    """Draw each shot as wide and as high as it lasts, and the moving average over them.

    Takes (start, length) of each shot and (moment, mean) of the average, in seconds; ``total`` seconds
    are as wide as the chart, and ``top`` seconds as high.
    """
    if total <= 0 or top <= 0:
        return Markup("")
    shapes, line = [], []
    for start, length in lengths:
        left, right = round(start / total * WIDTH), round((start + length) / total * WIDTH)
        shapes.append(f"M{left} 100V{100 - 100 * length / top:.4g}H{right}V100Z")
    for moment, mean in average:
        line.append(f"{round(moment / total * WIDTH)},{100 - 100 * mean / top:.4g}")
    return Markup(
        '<svg class="rhythm" viewBox="0 0 {} 100" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="lengths" d="{}"/><polyline class="average" points="{}"/></svg>'
    ).format(WIDTH, "".join(shapes), " ".join(line))


def meter(share: float, color: str) -> Markup:
    """Draw a bar that fills a share (0..1) of its cell."""
    return Markup(
        '<svg class="meter c-{}" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="{}" height="10"/></svg>'
    ).format(color, round(1000 * share))


def ticks(total: float, most: int = 8) -> list[float]:
    """Choose round moments, in seconds, to write along an axis of time; 0 is the first."""
    step = next((nice for nice in _NICE_STEPS if total / nice <= most), total / most or 1.0)
    return [number * step for number in range(int(total / step) + 1)]


def shades(counts: Sequence[Sequence[int]]) -> list[list[int]]:
    """Give each count of a table a shade from 0 (none) to 5 (the most)."""
    most = max((count for row in counts for count in row), default=0)
    return [[-(-5 * count // most) if most else 0 for count in row] for row in counts]
