"""``.json``: everything that is known of a run, for programs.

``schema`` is 1; it goes up when a key changes its meaning or goes, not when one is added. The
same cut, model and settings give the same text but for ``timings``,
``device``, ``decoder`` and ``remembered``. Frames of
record time count from midnight, like its timecode; frames of a file from its first, which is 0.
Above 60 frames per second a timecode is a frame number::

    {
      "otio_shottag": {"version": "0.1.0", "schema": 1},
      "cut": {"path", "name", "format", "rate": "24000/1001", "start_frame", "start_timecode", "drop_frame"},
      "model": what judged, with its version; null where nothing was,
      "device": what it ran on, "decoder": what decoded, "remembered": shots that an earlier run had judged,
      "timings": {stage: seconds}; of one of many cuts "remembered" is null and "timings" empty,
      "min_confidence": below it a shot is unsure,
      "shots": [{
        "address": [0, 3], "track": "V1", "name", "media",
        "source": {"rate", "first_frame", "last_frame", "timecode_in", "timecode_out", "speed"},
        "record": {"first_frame", "end_frame", "timecode_in", "timecode_out", "seconds"},
        "analysis": "shot_type", "label": "CU", "sizes": ["MS", "CU"], "confidence", "unsure",
        "scores": {"EWS": 0.01, ...}, "frames": [{"seconds", "scores"}], "failures", "model",
        "marker": {"name", "comment", "color"}
      }],
      "skips": [{"address", "track", "name", "record": {...}, "reason"}],
      "statistics": {
        "shots", "skips", "unsure", "mean_confidence", "sizes": {"EWS": 0, ...},
        "picture": FIGURES, "tracks": {"V1": FIGURES}, "sequences": {"Reel 1": FIGURES},
        "camera_movement": {"shots", "unsure", "mean_confidence", "movements": {"static": 0, ...}}
      }
    }

    FIGURES = {
      "shots", "seconds", "average_shot_length", "median_shot_length", "standard_deviation",
      "longest": {"address", "record_first_frame", "seconds"}, "shortest": {...},
      "sizes": {"EWS": {"shots", "seconds", "per_500"}, ...}, "transitions": {"EWS": {"WS": 1}, ...},
      "rhythm": {"window": 3, "points": [[seconds from the start of the cut, mean length], ...]}
    }

``sizes`` is the way a shot goes, ``label`` alone where it keeps its size; ``end_frame`` and
``timecode_out`` are the first frame after it; ``frames`` are those that were looked at, with the
time in the file at which each starts. A shot that several analyses judged stands in ``shots`` once
for each, one after the other, with the marker that they share. ``statistics`` are those of the sizes
where they were judged; ``camera_movement`` is there where that was. Those above ``picture`` count tags; what
``picture`` and the parts count, ``otio_shottag.statistics`` says. Lengths are null where there are no shots.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opentimelineio.opentime import TimeRange

from otio_shottag.formats.delivery import MOVEMENT, Delivery, in_frames, record_timecode
from otio_shottag.formats.files import write_bytes
from otio_shottag.formats.source_times import seconds_long, source_times
from otio_shottag.marks import Mark, is_unsure
from otio_shottag.shots import Scores, Skip, Tag
from otio_shottag.statistics import Figures, Piece, statistics_of
from otio_shottag.vocabulary import SHOT_TYPES, SIZES

SCHEMA = 1
_DIGITS = 6


def write_json(delivery: Delivery, path: Path) -> None:
    """Write the report."""
    # A path that is no Unicode decodes to lone surrogates; JSON has an escape for them.
    write_bytes(path, json_text(delivery).encode("utf-8", errors="backslashreplace"))


def json_text(delivery: Delivery) -> str:
    """Give the report's text, its line end included."""
    return json.dumps(_report(delivery), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _report(delivery: Delivery) -> dict[str, Any]:
    cut = delivery.cut
    start = round(in_frames(cut.start, cut.rate))
    models = list(dict.fromkeys(tag.model for tag in delivery.tags))
    return {
        "otio_shottag": {"version": delivery.run.version, "schema": SCHEMA},
        "cut": {
            "path": str(cut.path) if cut.path is not None else None,
            "name": cut.timeline.name,
            "format": cut.format,
            "rate": str(cut.rate),
            "start_frame": start,
            "start_timecode": record_timecode(start, cut),
            "drop_frame": cut.drop_frame,
        },
        "model": ", ".join(models) or None,
        "device": delivery.run.device,
        "decoder": delivery.run.decoder,
        "remembered": delivery.run.remembered,
        "timings": {stage: round(seconds, 3) for stage, seconds in delivery.run.seconds.items()},
        "min_confidence": delivery.settings.min_confidence,
        "shots": [_shot(tag, mark, delivery) for mark in delivery.marks for tag in mark.tags],
        "skips": [_skip(skip, delivery) for skip in delivery.skips],
        "statistics": _statistics(delivery),
    }


def _shot(tag: Tag, mark: Mark, delivery: Delivery) -> dict[str, Any]:
    cut, shot, prediction = delivery.cut, tag.shot, tag.prediction
    source = source_times(shot, cut)
    return {
        "address": list(shot.address),
        "track": shot.track,
        "name": shot.name,
        "media": str(shot.media),
        "source": {
            "rate": str(shot.rate),
            "first_frame": source.first_frame,
            "last_frame": source.last_frame,
            "timecode_in": source.timecode_in,
            "timecode_out": source.timecode_out,
            "speed": source.speed,
        },
        "record": {**_record(shot.record, delivery), "seconds": seconds_long(shot, cut)},
        "analysis": tag.analysis,
        "label": prediction.label.code,
        "sizes": [label.code for label in prediction.path],
        "confidence": round(prediction.confidence, _DIGITS),
        "unsure": is_unsure(tag, delivery.settings),
        "scores": _scores(prediction.scores),
        "frames": [
            {"seconds": round(float(frame.seconds), _DIGITS), "scores": _scores(frame.scores)}
            for frame in prediction.frames
        ],
        "failures": prediction.failures,
        "model": tag.model,
        "marker": {"name": mark.name, "comment": mark.comment, "color": mark.color},
    }


def _skip(skip: Skip, delivery: Delivery) -> dict[str, Any]:
    return {
        "address": list(skip.address),
        "track": skip.track,
        "name": skip.name,
        "record": _record(skip.record, delivery),
        "reason": skip.reason,
    }


def _record(record: TimeRange, delivery: Delivery) -> dict[str, Any]:
    cut = delivery.cut
    first = round(in_frames(record.start_time, cut.rate))
    end = first + round(in_frames(record.duration, cut.rate))
    return {
        "first_frame": first,
        "end_frame": end,
        "timecode_in": record_timecode(first, cut),
        "timecode_out": record_timecode(end, cut),
    }


def _statistics(delivery: Delivery) -> dict[str, Any]:
    moves = [tag for tag in delivery.tags if tag.analysis == MOVEMENT]
    sizes = [tag for tag in delivery.tags if tag.analysis == SIZES]
    counted = statistics_of(delivery.cut, sizes)
    content = {
        **_summary(sizes or moves, delivery),
        "sizes": _counts(sizes),
        "picture": _figures(counted.picture),
        "tracks": {name: _figures(figures) for name, figures in counted.tracks.items()},
        "sequences": {name: _figures(figures) for name, figures in counted.sequences.items()},
    }
    if moves:
        content[MOVEMENT] = {**_summary(moves, delivery), "movements": _counts(moves)}
        del content[MOVEMENT]["skips"]
    return content


def _summary(tags: Sequence[Tag], delivery: Delivery) -> dict[str, Any]:
    confidences = [tag.prediction.confidence for tag in tags]
    return {
        "shots": len(tags),
        "skips": len(delivery.skips),
        "unsure": sum(is_unsure(tag, delivery.settings) for tag in tags),
        "mean_confidence": round(sum(confidences) / len(confidences), _DIGITS) if confidences else None,
    }


def _counts(tags: Sequence[Tag]) -> dict[str, int]:
    counts = {label.code: 0 for tag in tags for label, _ in tag.prediction.scores}
    for tag in tags:
        counts[tag.prediction.label.code] = counts.get(tag.prediction.label.code, 0) + 1
    return counts


def _figures(figures: Figures) -> dict[str, Any]:
    codes = [label.code for label in SHOT_TYPES]
    return {
        "shots": len(figures.pieces),
        "seconds": round(float(figures.seconds), _DIGITS),
        "average_shot_length": _rounded(figures.average),
        "median_shot_length": _rounded(figures.median),
        "standard_deviation": _rounded(figures.deviation),
        "longest": _piece(figures.longest),
        "shortest": _piece(figures.shortest),
        "sizes": {
            share.label.code: {
                "shots": share.shots,
                "seconds": round(float(share.seconds), _DIGITS),
                "per_500": round(share.per_500, _DIGITS),
            }
            for share in figures.sizes
        },
        "transitions": {
            left: {entered: count for entered, count in zip(codes, row, strict=True) if count}
            for left, row in zip(codes, figures.transitions, strict=True)
            if any(row)
        },
        "rhythm": {
            "window": figures.rhythm_window,
            "points": [[round(float(at), _DIGITS), round(mean, _DIGITS)] for at, mean in figures.rhythm],
        },
    }


def _piece(piece: Piece | None) -> dict[str, Any] | None:
    if piece is None:
        return None
    return {
        "address": list(piece.tag.shot.address),
        "record_first_frame": piece.frames.start,
        "seconds": round(float(piece.seconds), _DIGITS),
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, _DIGITS)


def _scores(scores: Scores) -> dict[str, float]:
    return {label.code: round(score, _DIGITS) for label, score in scores}
