"""Where, in an item's own time, what is seen of it begins: times for markers that stand on clips."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import Any

from opentimelineio.opentime import RationalTime
from opentimelineio.schema import Clip, Timeline, Track, Transition

from otio_shottag.items import duration_of, own_speed
from otio_shottag.rates import exact_rate, seconds_of


def own_start(item: Any) -> RationalTime:
    """Give the time in an item's own space at which its first frame stands."""
    if item.source_range is not None:
        return item.source_range.start_time
    if isinstance(item, Clip) and item.media_reference and item.media_reference.available_range:
        return item.media_reference.available_range.start_time
    return RationalTime(0, 1)


def first_seen(timeline: Timeline, address: Sequence[int]) -> RationalTime:
    """Give the time, in an item's own space, of the first of its frames that its parents let through."""
    parent: Any = timeline.tracks
    seen_from = seconds_of(own_start(parent))
    for index in address[:-1]:
        hidden = _hidden_head(parent, index, seen_from)
        parent = parent[index]
        seen_from = seconds_of(own_start(parent)) + hidden * forward_speed(parent)
    begins = own_start(parent[address[-1]])
    hidden = _hidden_head(parent, address[-1], seen_from)
    return begins + RationalTime(float(hidden * exact_rate(begins.rate)), begins.rate)


def _hidden_head(parent: Any, index: int, seen_from: Fraction) -> Fraction:
    """Say how many seconds of a child lie before the time that its parent shows first."""
    hidden = seen_from  # in a stack all children start at 0
    if isinstance(parent, Track):
        for position in range(index):
            if hidden <= 0:
                break
            if not isinstance(parent[position], Transition):
                hidden -= duration_of(parent[position])
    return max(hidden, Fraction(0))


def forward_speed(item: Any) -> Fraction:
    """Give an item's own speed; one that stands still or runs backward keeps its order here."""
    speed = own_speed(item)
    return speed if speed > 0 else Fraction(1)


def in_resolves_count(clip: Clip, first: RationalTime) -> RationalTime:
    """Move a time in a retimed clip to where Resolve counts it.

    Its markers are in the warped clip: the frame of the file divided by the speed; for reverse
    play counted from the file's end. (From pipelines that read Resolve's exports, which put
    markers in the middle of clips: 2x from frame 39 has them at 19 + n, -1x of frames 20 to 59
    of 99 at 39 + n.)
    """
    speed, rate = float(own_speed(clip)), first.rate
    available = clip.media_reference.available_range if clip.media_reference else None
    if speed in (0, 1) or available is None:
        return first
    shown = clip.trimmed_range()
    file_start = available.start_time.rescaled_to(rate)
    if speed > 0:
        before = (shown.start_time - file_start).rescaled_to(rate).value
    else:
        last = shown.start_time.rescaled_to(rate).value + shown.duration.rescaled_to(rate).value * -speed
        before = available.end_time_exclusive().rescaled_to(rate).value - last
    warped = floor(before / abs(speed))
    return RationalTime(file_start.value + warped, rate) + (first - shown.start_time)
