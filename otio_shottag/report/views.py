"""What was found in a cut -> the words and numbers of the page, ready to be laid out.

Nothing here is HTML: the template escapes whatever it is given.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentimelineio.opentime import TimeRange

from otio_shottag.corrections import SCHEMA, SCHEMA_KEY, correction_facts
from otio_shottag.formats.delivery import Delivery, in_frames, record_frames, record_timecode
from otio_shottag.formats.plain_text import one_line
from otio_shottag.marks import is_unsure, percent, runner_up
from otio_shottag.report.charts import Bar
from otio_shottag.shots import Tag
from otio_shottag.statistics import Figures, Piece, Statistics, statistics_of
from otio_shottag.vocabulary import HUMAN, SHOT_TYPES, SIZES

_WORTH_SAYING = 0.01
"""A runner-up below this score is left away."""


@dataclass(frozen=True, slots=True)
class Card:
    """One shot of the contact sheet."""

    id: str
    number: int
    code: str
    """``MS→CU``, or ``MS`` alone."""
    size: str
    """The label's code."""
    size_name: str
    color: str
    confidence: float
    percent: str
    is_unsure: bool
    is_by_hand: bool
    runner_up: str
    """``MCU 12%``; blank where there is none."""
    timecode: str
    seconds: float
    name: str
    track: str
    badges: tuple[str, ...]
    """What other analyses say of it: ``push in 81%``."""


@dataclass(frozen=True, slots=True)
class Line:
    """A clip that was not judged."""

    timecode: str
    track: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class CutView:
    """Everything the page says of one cut."""

    id: str
    name: str
    facts: tuple[tuple[str, str], ...]
    """How it runs and what judged it: a word and its value."""
    headline: tuple[tuple[str, str], ...]
    """The figures that come first: a word and its value."""
    extremes: str
    """Its longest and its shortest shot, in a sentence."""
    statistics: Statistics
    start: float
    """Record time of its first frame, in seconds."""
    seconds: float
    """From there to the end of its last clip."""
    cards: tuple[Card, ...]
    """In the order they are cut."""
    tags: tuple[Tag, ...]
    """What each card is of."""
    skips: tuple[Line, ...]
    lanes: tuple[tuple[str, tuple[Bar, ...]], ...]
    """The strip: name and bars of each track, the topmost first."""
    tracks: tuple[str, ...]
    corrections: Mapping[str, Any]
    """What the page saves: the JSON of a file of corrections, a fact sheet for each card."""
    key: str
    """Stands for this run, so that the browser keeps corrections of one page apart from another's."""


def view(delivery: Delivery, number: int, *, name: str) -> CutView:
    """Put together what the page says of a cut, which is number ``number`` on it."""
    cut = delivery.cut
    sized = [tag for tag in delivery.tags if tag.analysis == SIZES]
    sized.sort(key=lambda tag: (record_frames(tag.shot.record, cut).start, tag.shot.address))
    badges = _badges(delivery)
    cards = tuple(
        _card(tag, delivery, id=f"c{number}s{index}", number=index, badges=badges.get(tag.shot.address, ()))
        for index, tag in enumerate(sized, start=1)
    )
    first = round(in_frames(cut.start, cut.rate))
    records = [tag.shot.record for tag in sized] + [skip.record for skip in delivery.skips]
    end = max((record_frames(record, cut).stop for record in records), default=first)
    seconds = float((end - first) / cut.rate)
    statistics = statistics_of(cut, sized)
    models = list(dict.fromkeys(tag.model for tag in sized))
    corrections = {
        SCHEMA_KEY: SCHEMA,
        "cut": name,
        "rate": str(cut.rate),
        "corrections": [correction_facts(tag, cut) for tag in sized],
    }
    facts = (
        ("frame rate", f"{float(cut.rate):.6g} fps{', drop-frame' if cut.drop_frame else ''}"),
        ("starts at", record_timecode(first, cut)),
        ("length", clock(seconds)),
        ("judged by", ", ".join(models)),
        ("on", delivery.run.device or "known from earlier runs"),
    )
    return CutView(
        id=f"c{number}",
        name=name,
        facts=facts,
        headline=_headline(delivery, statistics.picture),
        extremes=f"The longest lasts {_piece(statistics.picture.longest, delivery)}, "
        f"the shortest {_piece(statistics.picture.shortest, delivery)}.",
        statistics=statistics,
        start=float(first / cut.rate),
        seconds=seconds,
        cards=cards,
        tags=tuple(sized),
        skips=tuple(
            Line(_timecode(skip.record, delivery), skip.track, one_line(skip.name) or "unnamed", one_line(skip.reason))
            for skip in delivery.skips
        ),
        lanes=_lanes(delivery, sized, cards, first),
        tracks=tuple(dict.fromkeys(tag.shot.track for tag in sized)),
        corrections=corrections,
        key=hashlib.sha256(json.dumps(corrections, sort_keys=True).encode()).hexdigest()[:16],
    )


def _card(tag: Tag, delivery: Delivery, *, id: str, number: int, badges: tuple[str, ...]) -> Card:
    settings, prediction = delivery.settings, tag.prediction
    frames = record_frames(tag.shot.record, delivery.cut)
    other, score = runner_up(tag)
    if len(prediction.path) > 1 or score < _WORTH_SAYING:  # of a shot that changes its size, it is where that goes
        other = ""
    code = prediction.label.code
    return Card(
        id=id,
        number=number,
        code="→".join(label.code for label in prediction.path),
        size=code,
        size_name=" to ".join(settings.names.get(label.code, label.name) for label in prediction.path),
        color=settings.colors.get(code, prediction.label.color),
        confidence=round(prediction.confidence, 4),
        percent=percent(prediction.confidence),
        is_unsure=is_unsure(tag, settings),
        is_by_hand=tag.model == HUMAN,
        runner_up=f"{other} {percent(score)}" if other else "",
        timecode=record_timecode(frames.start, delivery.cut),
        seconds=round(float(len(frames) / delivery.cut.rate), 4),
        name=one_line(tag.shot.name) or "unnamed",
        track=tag.shot.track,
        badges=badges,
    )


def _badges(delivery: Delivery) -> dict[tuple[int, ...], tuple[str, ...]]:
    """Say what the other analyses found, by the shot's address."""
    found: dict[tuple[int, ...], tuple[str, ...]] = {}
    for tag in delivery.tags:
        if tag.analysis != SIZES:
            words = "→".join(label.name for label in tag.prediction.path)
            address = tag.shot.address
            found[address] = (*found.get(address, ()), f"{words} {percent(tag.prediction.confidence)}")
    return found


def _lanes(
    delivery: Delivery, tags: Sequence[Tag], cards: Sequence[Card], first: int
) -> tuple[tuple[str, tuple[Bar, ...]], ...]:
    cut = delivery.cut
    order = {label.code: index for index, label in enumerate(SHOT_TYPES)}
    lanes: dict[str, list[Bar]] = {}
    for tag, card in zip(tags, cards, strict=True):
        frames = record_frames(tag.shot.record, cut)
        path = tag.prediction.path
        bar = Bar(
            start=float((frames.start - first) / cut.rate),
            end=float((frames.stop - first) / cut.rate),
            first=order[path[0].code],
            last=order[path[-1].code],
            color=card.color,
            code=card.code,
            target=card.id,
            label=f"{card.code} {card.percent}, {card.seconds:.1f} s at {card.timecode}, {card.name}",
            is_unsure=card.is_unsure,
        )
        lanes.setdefault(tag.shot.track, []).append(bar)
    for skip in delivery.skips:
        frames = record_frames(skip.record, cut)
        start, end = (float((frame - first) / cut.rate) for frame in (frames.start, frames.stop))
        label = f"not judged: {one_line(skip.name) or 'unnamed'}, {skip.reason}"
        lanes.setdefault(skip.track, []).append(Bar(start, end, -1, -1, "", "", "", label))
    topmost_first = sorted(lanes, key=lambda name: (len(name), name), reverse=True)
    return tuple((name, tuple(lanes[name])) for name in topmost_first)


def _headline(delivery: Delivery, figures: Figures) -> tuple[tuple[str, str], ...]:
    sized = [tag for tag in delivery.tags if tag.analysis == SIZES]
    return (
        ("shots", str(len(figures.pieces))),
        ("average length", f"{length(figures.average)} s"),
        ("median length", f"{length(figures.median)} s"),
        ("on screen", clock(float(figures.seconds))),
        ("unsure", str(sum(is_unsure(tag, delivery.settings) for tag in sized))),
        ("not judged", str(len(delivery.skips))),
    )


def _piece(piece: Piece | None, delivery: Delivery) -> str:
    if piece is None:
        return "nothing"
    code = piece.tag.prediction.label.code
    return f"{length(float(piece.seconds))} s ({code} at {record_timecode(piece.frames.start, delivery.cut)})"


def _timecode(record: TimeRange, delivery: Delivery) -> str:
    return record_timecode(record_frames(record, delivery.cut).start, delivery.cut)


def length(seconds: float | None) -> str:
    """Write a length in seconds as film scholars quote it: one decimal, two below two seconds."""
    seconds = seconds or 0.0
    return f"{seconds:.2f}" if seconds < 2 else f"{seconds:.1f}"


def clock(seconds: float) -> str:
    """Write a running time: ``22.6 s``, ``3:05``, ``1:02:03``."""
    return f"{seconds:.1f} s" if seconds < 60 else moment(seconds)


def moment(seconds: float) -> str:
    """Write a moment of the cut, counted from its start: ``0:30``, ``1:05:00``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
