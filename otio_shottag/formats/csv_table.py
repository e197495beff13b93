"""``.csv``: one line a shot, for a spreadsheet.

UTF-8, commas, CRLF, quoted where needed (RFC 4180). A spreadsheet runs what begins with ``=``,
``+``, ``-`` or ``@``: text that does gets an apostrophe in front.
"""

import csv
import io
from pathlib import Path

from otio_shottag.formats.delivery import Delivery, record_frames, record_timecode
from otio_shottag.formats.files import write_bytes
from otio_shottag.formats.plain_text import one_line
from otio_shottag.formats.source_times import seconds_long, source_times
from otio_shottag.marks import Mark, runner_up

_COLUMNS = (
    "track", "address", "name", "media",
    "source_in", "source_out", "source_first_frame", "source_last_frame", "speed",
    "record_in", "record_out", "record_first_frame", "record_last_frame", "seconds",
    "size", "size_name", "confidence", "runner_up", "runner_up_confidence", "marker",
)  # fmt: skip
_LAST_COLUMNS = ("model", "failures")
_FORMULA = ("=", "+", "-", "@")


def write_csv(delivery: Delivery, path: Path) -> None:
    """Write a CSV table: a header, then a line for each tag."""
    codes = list(dict.fromkeys(label.code for tag in delivery.tags for label, _ in tag.prediction.scores))
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow((*_COLUMNS, *codes, *_LAST_COLUMNS))
    for mark in delivery.marks:
        table.writerow(_safe(cell) for cell in _row(mark, codes, delivery))
    write_bytes(path, text.getvalue().encode("utf-8", errors="replace"))


def _row(mark: Mark, codes: list[str], delivery: Delivery) -> list[str | int | float]:
    tag, cut = mark.tag, delivery.cut
    shot, prediction = tag.shot, tag.prediction
    source, record = source_times(shot, cut), record_frames(shot.record, cut)
    other, other_score = runner_up(tag)
    scores = {label.code: round(score, 4) for label, score in prediction.scores}
    label = prediction.label
    return [
        shot.track,
        str(list(shot.address)),
        shot.name,
        str(shot.media),
        source.timecode_in,
        source.timecode_out,
        source.first_frame,
        source.last_frame,
        source.speed,
        record_timecode(record[0], cut),
        record_timecode(record[-1] + 1, cut),
        record[0],
        record[-1],
        seconds_long(shot, cut),
        label.code,
        delivery.settings.names.get(label.code, label.name),
        round(prediction.confidence, 4),
        other,
        round(other_score, 4),
        mark.name,
        *(scores.get(code, "") for code in codes),
        tag.model,
        prediction.failures,
    ]


def _safe(cell: str | int | float) -> str | int | float:
    if not isinstance(cell, str):
        return cell
    text = one_line(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
