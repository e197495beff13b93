"""Builds timelines in code: one line for a clip, one for a track."""

from collections.abc import Sequence
from typing import Any

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange


def span(start: float, length: float, rate: float = 24) -> TimeRange:
    """A range in frames of a rate."""
    return TimeRange(RationalTime(start, rate), RationalTime(length, rate))


def clip(
    url: str,
    source: TimeRange | None,
    *,
    available: TimeRange | None = None,
    speed: float | None = None,
    effects: Sequence[Any] = (),
    name: str = "",
    enabled: bool = True,
) -> otio.schema.Clip:
    """A clip of a file; without a url its media is offline."""
    reference = otio.schema.ExternalReference(target_url=url, available_range=available) if url else None
    made = otio.schema.Clip(name=name or url.rpartition("/")[2], media_reference=reference, source_range=source)
    made.enabled = enabled
    if speed is not None:
        made.effects.append(otio.schema.FreezeFrame() if speed == 0 else otio.schema.LinearTimeWarp(time_scalar=speed))
    for effect in effects:
        made.effects.append(effect)
    return made


def gap(length: float, rate: float = 24) -> otio.schema.Gap:
    return otio.schema.Gap(source_range=span(0, length, rate))


def dissolve(before: float, after: float, rate: float = 24) -> otio.schema.Transition:
    """A dissolve that takes ``before`` frames of the outgoing and ``after`` of the incoming clip."""
    return otio.schema.Transition(
        transition_type="SMPTE_Dissolve", in_offset=RationalTime(before, rate), out_offset=RationalTime(after, rate)
    )


def track(*items: Any, name: str = "", kind: str = "Video") -> otio.schema.Track:
    made = otio.schema.Track(name=name, kind=kind)
    made.extend(items)
    return made


def stack(*tracks: Any, source: TimeRange | None = None, name: str = "compound") -> otio.schema.Stack:
    made = otio.schema.Stack(name=name, source_range=source)
    made.extend(tracks)
    return made


def timeline(*tracks: Any, start: RationalTime | None = None, resolve: bool = False) -> otio.schema.Timeline:
    made = otio.schema.Timeline(name="cut", global_start_time=start)
    made.tracks.extend(tracks)
    if resolve:
        made.metadata["Resolve_OTIO"] = {"Resolve OTIO Meta Version": "1.0"}
    return made
