"""``.csv`` for those who count films: a line a shot as Cinemetrics takes it down, or a line a film as Barry Salt does.

``cinemetrics``: number, start, length and size of each shot as it is seen. Times are seconds, counted
from the start of the cut. Cinemetrics' own tool records up to eight types of at most seven letters
(http://cinemetrics.lv/cinhelp.php), which the codes of the sizes are.

``salt``: the title, how many shots it has, how long they are together, on average (ASL) and in the median, and
how many of 500 are of each size. The lines of several films make a table. See ``statistics`` for what counts.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from otio_shottag.formats.delivery import Delivery
from otio_shottag.formats.files import write_bytes
from otio_shottag.formats.plain_text import table_cell
from otio_shottag.rates import seconds_of
from otio_shottag.statistics import statistics_of

_Row = Sequence[str | int | float]


def write_cinemetrics(delivery: Delivery, path: Path) -> None:
    """Write a line for each shot as it is seen, after a header."""
    figures = statistics_of(delivery.cut, delivery.tags).picture
    begins = seconds_of(delivery.cut.start)
    shots: list[_Row] = [
        (
            number,
            f"{float(piece.frames.start / piece.rate - begins):.3f}",
            f"{float(piece.seconds):.3f}",
            piece.tag.prediction.label.code,
        )
        for number, piece in enumerate(figures.pieces, start=1)
    ]
    _write([("shot", "start", "length", "size"), *shots], path)


def write_salt(delivery: Delivery, path: Path) -> None:
    """Write one line for the cut, after a header."""
    cut, figures = delivery.cut, statistics_of(delivery.cut, delivery.tags).picture
    title = cut.timeline.name or (cut.path.stem if cut.path is not None else "")
    lengths = [figures.average or 0.0, figures.median or 0.0]
    line: list[str | int | float] = [
        title,
        len(figures.pieces),
        *(f"{seconds:.2f}" for seconds in (float(figures.seconds), *lengths)),
        *(f"{share.per_500:.1f}" for share in figures.sizes),
    ]
    sizes = [f"{share.label.code} per 500" for share in figures.sizes]
    _write([("title", "shots", "seconds", "ASL", "median", *sizes), line], path)


def _write(rows: Iterable[_Row], path: Path) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([table_cell(cell) for cell in row] for row in rows)
    write_bytes(path, text.getvalue().encode("utf-8", errors="replace"))
