"""``.csv``: one line a shot, for a spreadsheet.

UTF-8, commas, CRLF, quoted where needed (RFC 4180).
"""

import csv
import io
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from otio_shottag.formats.delivery import MOVEMENT, Delivery, record_frames, record_timecode
from otio_shottag.formats.files import write_bytes
from otio_shottag.formats.plain_text import table_cell
from otio_shottag.formats.source_times import seconds_long, source_times
from otio_shottag.marks import runner_up
from otio_shottag.shots import Shot, Tag

_COLUMNS = (
    "track", "address", "name", "media",
    "source_in", "source_out", "source_first_frame", "source_last_frame", "speed",
    "record_in", "record_out", "record_first_frame", "record_last_frame", "seconds",
    "size", "size_name", "confidence", "runner_up", "runner_up_confidence", "marker",
)  # fmt: skip
_LAST_COLUMNS = ("model", "failures")
_MOVEMENT_COLUMNS = ("movement", "movement_confidence", "movement_model")
Cell = str | int | float


def write_csv(delivery: Delivery, path: Path) -> None:
    """Write a CSV table: a header, then a line for each shot; camera movements, where judged, come last."""
    sizes = [tag for tag in delivery.tags if tag.analysis != MOVEMENT]
    codes = list(dict.fromkeys(label.code for tag in sizes for label, _ in tag.prediction.scores))
    has_moves = len(sizes) < len(delivery.tags)
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow((*_COLUMNS, *codes, *_LAST_COLUMNS, *(_MOVEMENT_COLUMNS if has_moves else ())))
    for _, group in groupby(delivery.marks, key=lambda mark: mark.tag.shot.address):
        marks = list(group)
        by_analysis = {tag.analysis: tag for mark in marks for tag in mark.tags}
        move = by_analysis.pop(MOVEMENT, None)
        size = next(iter(by_analysis.values()), None)
        row = [
            *_where(marks[0].tag.shot, delivery),
            *_size(size, delivery),
            " / ".join(mark.name for mark in marks),
            *_scores(size, codes),
            *((size.model, size.prediction.failures) if size else ("", "")),
            *(_movement(move, delivery) if has_moves else ()),
        ]
        table.writerow(table_cell(cell) for cell in row)
    write_bytes(path, text.getvalue().encode("utf-8", errors="replace"))


def _where(shot: Shot, delivery: Delivery) -> list[Cell]:
    cut = delivery.cut
    source, record = source_times(shot, cut), record_frames(shot.record, cut)
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
    ]


def _size(tag: Tag | None, delivery: Delivery) -> list[Cell]:
    if tag is None:
        return [""] * 5
    other, other_score = runner_up(tag)
    label = tag.prediction.label
    name = delivery.settings.names.get(label.code, label.name)
    return [label.code, name, round(tag.prediction.confidence, 4), other, round(other_score, 4)]


def _scores(tag: Tag | None, codes: Sequence[str]) -> list[Cell]:
    scores = {label.code: round(score, 4) for label, score in tag.prediction.scores} if tag else {}
    return [scores.get(code, "") for code in codes]


def _movement(tag: Tag | None, delivery: Delivery) -> list[Cell]:
    if tag is None:
        return [""] * len(_MOVEMENT_COLUMNS)
    label = tag.prediction.label
    name = delivery.settings.names.get(label.code, label.name)
    return [name, round(tag.prediction.confidence, 4), tag.model]
