"""What an item of an OTIO timeline says of itself: its length, its speed, the clips inside."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import isfinite
from typing import Any

import opentimelineio as otio
from opentimelineio.opentime import TimeRange

from otio_shottag.errors import TimelineError
from otio_shottag.rates import seconds_of

_FASTEST = 1e6
"""Times; a file that says more is broken."""


def duration_of(item: Any) -> Fraction:
    """Give an item's length in seconds; 0 where the cut does not say it."""
    span: TimeRange | None = getattr(item, "source_range", None)
    if span is not None:
        return max(Fraction(0), seconds_of(span.duration))
    if isinstance(item, otio.schema.Clip):
        available = item.media_reference.available_range if item.media_reference is not None else None
        return max(Fraction(0), seconds_of(available.duration)) if available is not None else Fraction(0)
    if isinstance(item, otio.schema.Track):
        return sum((duration_of(child) for child in item if not isinstance(child, otio.schema.Transition)), Fraction(0))
    if isinstance(item, otio.schema.Stack):
        return max((duration_of(child) for child in item), default=Fraction(0))
    return Fraction(0)


def own_speed(item: Any) -> Fraction:
    """Multiply an item's speed effects; 0 is a freeze.

    A ramp is written as an effect without its curve: of its frames only the first is sure, so it
    counts as a freeze on that one.
    """
    speed = Fraction(1)
    for effect in item.effects:
        if isinstance(effect, otio.schema.LinearTimeWarp):
            if not isfinite(effect.time_scalar) or abs(effect.time_scalar) > _FASTEST:
                raise TimelineError(f"holds a speed that is none: {effect.time_scalar}")
            speed *= Fraction(effect.time_scalar).limit_denominator(1_000_000)
        elif isinstance(effect, otio.schema.TimeEffect) or _is_unread_ramp(effect):
            speed = Fraction(0)
    return speed


def _is_unread_ramp(effect: Any) -> bool:
    return isinstance(effect, otio.schema.Effect) and details_of(effect, "fcp_xml").get("effectid") == "timeremap"


def details_of(item: Any, key: str) -> Mapping[str, Any]:
    """Give one entry of an item's metadata; empty where it is none, or not what it should be."""
    details = item.metadata.get(key)
    return details if isinstance(details, Mapping) else {}


def clips_below(item: Any, address: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], otio.schema.Clip]]:
    if isinstance(item, otio.schema.Clip):
        yield address, item
    elif isinstance(item, otio.core.Composition) and getattr(item, "kind", "") != otio.schema.TrackKind.Audio:
        for index, child in enumerate(item):
            yield from clips_below(child, (*address, index))
