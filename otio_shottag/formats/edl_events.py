"""A video track -> the events of an EDL, in whole frames.

An EDL's transition begins where the incoming event does: the outgoing one ends there, and the
incoming one starts that much earlier in its source than the cut in the timeline says.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from opentimelineio.schema import Clip, Gap, GeneratorReference, Transition

from otio_shottag.formats.delivery import in_frames, own_frames
from otio_shottag.formats.item_facts import file_name, speed_of
from otio_shottag.formats.pieces import Piece, frames_of, pieces_of
from otio_shottag.item_times import own_start
from otio_shottag.items import details_of, duration_of
from otio_shottag.timeline import Cut

_BLACK = "BL"
_UNKNOWN_REEL = "AX"
_REEL_LETTERS = 8
"""What CMX 3600 has room for."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; frames are counted from midnight of their timecode."""

    item: Any
    """The clip or nested stack; None is black."""
    address: tuple[int, ...]
    record_in: int
    record_out: int
    source_in: int
    source_out: int
    speed: Fraction
    """1 is as shot, 0 a freeze, negative backward."""
    entry: int
    """The first frame of the source that is seen."""
    effect: str
    """``C``, ``D`` or ``W001``."""
    effect_frames: int
    """Of a transition; 0 for a cut."""
    outgoing: "Event | None"
    """What a transition comes from; None for a cut, and from black."""

    @property
    def leaves_at(self) -> int:
        """The frame of the source that would be seen next."""
        return self.source_in if self.speed < 0 else self.source_out

    @property
    def reel(self) -> str:
        return _BLACK if self.item is None else _reel(self.item)


def events_of(cut: Cut, track_index: int, *, tagged: Collection[tuple[int, ...]]) -> list[Event]:
    """Give a track's events in order; gaps, and disabled clips that were not tagged, leave a hole.

    A fade to black is an event of its own; of the black itself there is none.
    """
    events: list[Event] = []
    previous: Event | None = None
    for piece in pieces_of(
        cut.timeline.tracks[track_index], (track_index,), cut.rate, whole=cut.timeline.tracks.source_range
    ):
        item = piece.item
        if isinstance(item, Gap) or (item is not None and not item.enabled and piece.address not in tagged):
            item = None
        event = _event(piece, item, previous, cut)
        if item is not None or piece.before is not None:
            events.append(event)
        previous = event if item is not None else None
    return events


def _event(piece: Piece, item: Any, previous: Event | None, cut: Cut) -> Event:
    rate = cut.rate
    origin = round(in_frames(cut.start, rate))
    # A fade-in has nothing before its cut to overlap with.
    head = frames_of(piece.before.in_offset, rate) if piece.before and piece.start > 0 else 0
    fade = head + frames_of(piece.before.out_offset, rate) if piece.before else 0
    tail = frames_of(piece.after.in_offset, rate) if piece.after else 0
    record_in, record_out = round(piece.start) - head, round(piece.end) - tail
    if item is None:
        record_out = record_in + fade
    length = max(0, record_out - record_in)
    source_in, source_out, entry, speed = 0, length, 0, Fraction(1)
    if item is not None:
        speed = speed_of(item)
        source_in, source_out, entry = _source(item, piece.hidden - head, length, speed, cut)
    return Event(
        item=item,
        address=piece.address,
        record_in=origin + record_in,
        record_out=origin + record_in + length,
        source_in=source_in,
        source_out=source_out,
        speed=speed,
        entry=entry,
        effect=_effect(piece.before) if fade else "C",
        effect_frames=fade,
        outgoing=previous if fade else None,
    )


def _effect(transition: Transition | None) -> str:
    """Name a transition: a wipe as the EDL had it that the cut came from, all others a dissolve."""
    if transition is None:
        return "C"
    stated = str(details_of(transition, "cmx_3600").get("transition", ""))
    if re.fullmatch(r"W\d{3}", stated):
        return stated
    return "W001" if "wipe" in (transition.transition_type or "").lower() else "D"


def _source(item: Any, offset: Fraction, length: int, speed: Fraction, cut: Cut) -> tuple[int, int, int]:
    """Give first frame, end and entry of what an item shows for ``length`` frames of the cut.

    ``offset`` says how many frames of the cut after the item's own start that begins.
    """
    begins = own_start(item)
    # Rates of one nominal share their timecode: 24 and 23.976 count the same frames.
    start = own_frames(begins) * round(cut.rate) / max(1, round(begins.rate))
    if speed < 0 and cut.from_resolve:
        # Resolve gives the low end of what is played backward.
        start += duration_of(item) * cut.rate * -speed - 1
    entry = round(start + offset * speed)
    if speed == 0:
        return entry, entry + 1, entry
    count = max(1, round(length * abs(speed))) if length else 0
    return (entry, entry + count, entry) if speed > 0 else (entry + 1 - count, entry + 1, entry)


def _reel(item: Any) -> str:
    stated = details_of(item, "cmx_3600").get("reel")
    if stated:
        return "_".join(str(stated).split())
    reference = item.media_reference if isinstance(item, Clip) else None
    if isinstance(reference, GeneratorReference):
        kind = (reference.generator_kind or "").lower()
        return _BLACK if kind == "black" else "BARS" if kind == "smptebars" else _UNKNOWN_REEL
    if not isinstance(item, Clip):
        return _UNKNOWN_REEL
    name = file_name(item).rpartition(".")[0] or file_name(item) or item.name or ""
    return re.sub(r"[^A-Za-z0-9_]", "", name)[:_REEL_LETTERS] or _UNKNOWN_REEL
