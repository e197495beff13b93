"""Every marker of a timeline and the record time it stands at.

Markers of clips are in the clips' source time, those of tracks and of the timeline in their own
time from 0. Timelines that were read from elsewhere break the rule in two known ways: OTIO's EDL
adapter leaves record time in them, its Final Cut 7 adapter leaves the file's start timecode out.
A marker that carries such an adapter's metadata is taken at its word only where that puts it on
its clip.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from opentimelineio.core import Composition
from opentimelineio.opentime import RationalTime
from opentimelineio.schema import Clip, Marker, Timeline, Track, Transition

from otio_shottag.formats.delivery import in_frames
from otio_shottag.item_times import forward_speed, in_resolves_count, own_start
from otio_shottag.items import duration_of


@dataclass(frozen=True, slots=True)
class PlacedMarker:
    """A marker and where it stands."""

    address: tuple[int, ...]
    """Of the item that carries it; ``()`` is the timeline itself."""
    frame: int
    """Record frame, counted from midnight."""
    offset: Fraction
    """Frames of the cut after the item's own first frame, hidden or not."""
    length: int
    """Frames; at least 1."""
    marker: Marker


@dataclass(frozen=True, slots=True)
class _Clock:
    """How an item's inside runs in record time; all in frames of the cut."""

    record: Fraction
    """Record time at which ``local`` stands."""
    local: Fraction
    speed: Fraction

    def record_at(self, local: Fraction) -> Fraction:
        return self.record + (local - self.local) / self.speed


def placed_markers(
    timeline: Timeline, rate: Fraction, start: RationalTime, *, from_resolve: bool = False
) -> list[PlacedMarker]:
    """Give all markers of a timeline in record time, which ``rate`` counts and ``start`` begins.

    Outermost first, and in playing order.
    """
    tracks = timeline.tracks
    clock = _Clock(in_frames(start, rate), in_frames(own_start(tracks), rate), Fraction(1))
    found = [_placed((), clock, marker, rate) for marker in tracks.markers]
    for index, track in enumerate(tracks):
        found.extend(_inside(track, (index,), clock.record_at(Fraction(0)), clock.speed, rate, from_resolve))
    return found


def _inside(
    item: Any, address: tuple[int, ...], record: Fraction, speed: Fraction, rate: Fraction, from_resolve: bool
) -> Iterator[PlacedMarker]:
    """Go through an item whose first frame stands at ``record`` and runs at ``speed``."""
    begins = own_start(item)
    clock = _Clock(record, in_frames(begins, rate), speed)
    if isinstance(item, Clip):
        yield from (_on_clip(item, address, clock, marker, rate, from_resolve) for marker in item.markers)
        return
    if isinstance(item, Composition):
        clock = _Clock(record, in_frames(begins, rate), speed * forward_speed(item))
    yield from (_placed(address, clock, marker, rate) for marker in item.markers)
    if not isinstance(item, Composition):
        return
    position = Fraction(0)
    for index, child in enumerate(item):
        if isinstance(child, Transition):
            continue
        yield from _inside(child, (*address, index), clock.record_at(position), clock.speed, rate, from_resolve)
        if isinstance(item, Track):
            position += duration_of(child) * rate


def _placed(address: tuple[int, ...], clock: _Clock, marker: Marker, rate: Fraction) -> PlacedMarker:
    return _at(address, clock, clock.record_at(in_frames(marker.marked_range.start_time, rate)), marker, rate)


def _at(address: tuple[int, ...], clock: _Clock, record: Fraction, marker: Marker, rate: Fraction) -> PlacedMarker:
    length = max(1, round(in_frames(marker.marked_range.duration, rate)))
    return PlacedMarker(address, round(record), record - clock.record, length, marker)


def _on_clip(
    clip: Clip, address: tuple[int, ...], clock: _Clock, marker: Marker, rate: Fraction, from_resolve: bool
) -> PlacedMarker:
    time = marker.marked_range.start_time
    if from_resolve:
        begins = own_start(clip)
        time -= in_resolves_count(clip, begins) - begins
    stated = in_frames(time, rate)
    readings = [clock.record_at(stated)]
    if "cmx_3600" in marker.metadata:
        readings.append(stated)
    available = clip.media_reference.available_range if clip.media_reference else None
    if "fcp_xml" in marker.metadata and available is not None:
        readings.append(clock.record_at(stated + in_frames(available.start_time, rate)))
    end = clock.record + duration_of(clip) * rate / clock.speed
    on_clip = [reading for reading in readings if clock.record <= reading < end]
    return _at(address, clock, (on_clip or readings)[0], marker, rate)
