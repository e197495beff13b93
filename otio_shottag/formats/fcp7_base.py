"""Any cut -> Final Cut Pro 7 XML, through OTIO's adapter with its faults stepped round.

What is mended in a copy before the adapter (otio-fcp-adapter 1.0.0) sees it: clips and nested
sequences without a ``source_range``; references without an ``available_range``; picture sequences
and generators, which it cannot write; two equal clips, of which it writes one; speeds, which it
leaves out (written as a Time Remap filter, the clip's range in whole retimed frames); transitions
that lie unevenly over their cut, which would move it; disabled clips; markers, whose start
timecode it forgets to take off; paths, which this format wants as URLs; a missing start;
characters XML cannot hold. A trim of a whole track, which it overlooks, is refused.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import opentimelineio as otio
from opentimelineio.core import Item, MediaReference
from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import (
    Clip,
    ExternalReference,
    GeneratorReference,
    ImageSequenceReference,
    MissingReference,
    Timeline,
    Track,
    Transition,
)

from otio_shottag.errors import FormatError
from otio_shottag.formats.item_facts import file_name, speed_of
from otio_shottag.formats.media_urls import media_url
from otio_shottag.formats.pieces import shows_all
from otio_shottag.formats.plain_text import one_line
from otio_shottag.item_times import own_start
from otio_shottag.items import details_of, duration_of
from otio_shottag.marks import items_of, strip_marks
from otio_shottag.rates import exact_rate
from otio_shottag.timeline import Cut

_METADATA = "fcp_xml"
"""What the adapter finds here it writes as elements of the item."""


def fcp7_text(cut: Cut) -> bytes:
    """Give a cut as Final Cut Pro 7 XML, without marks of ours.

    Raises FormatError, with the adapter's words, where it cannot write the cut.
    """
    timeline = _prepared(cut)
    # Not otio.adapters.write_to_string: that runs OTIO's hooks, of which one may be our own.
    adapter = otio.adapters.from_name("fcp_xml").module()
    try:
        text: str = adapter.write_to_string(timeline)
    except Exception as error:  # the adapter raises anything (ValueError, AttributeError, ExpatError)
        raise FormatError(f"OTIO's Final Cut 7 adapter cannot write this cut: {error!r}") from error
    _, _, elements = text.partition("?>")
    # Final Cut Pro itself wants the document type, which the adapter leaves out.
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>'
    return f"{head}{elements}".encode("utf-8", errors="xmlcharrefreplace")


def _prepared(cut: Cut) -> Timeline:
    timeline = strip_marks(cut.timeline)
    timeline.name = one_line(timeline.name) or "Untitled"
    timeline.global_start_time = cut.start
    clock = _details(timeline).get("timecode")
    kept = dict(clock) if isinstance(clock, Mapping) else {}
    _details(timeline)["timecode"] = {**kept, "displayformat": "DF" if cut.drop_frame else "NDF"}
    for number, item in enumerate(items_of(timeline)):
        for holder in (item, *getattr(item, "markers", ())):
            _details(holder)
        item.name = one_line(item.name or "")
        if isinstance(item, Transition):
            item.name = item.name or "Cross Dissolve"
            _center(item)
            continue
        # Equal items share one element, and the second loses its place: make none equal.
        item.metadata["otio_shottag_number"] = number
        if not item.enabled:
            _details(item)["enabled"] = "FALSE"
        _check_untrimmed(item, timeline)
        _trim(item, float(cut.rate))
        if isinstance(item, Clip):
            item.media_reference = _writable(item, cut)
            for marker in item.markers:
                _to_media_time(marker, item)
        if isinstance(item, Item):
            _retime(item, from_resolve=cut.from_resolve)
            for marker in item.markers:
                marker.name = one_line(marker.name)
    return timeline


def _details(holder: Any) -> Any:
    """Give what the adapter will write of an item's metadata, to be changed."""
    if not isinstance(holder.metadata.get(_METADATA), Mapping):
        holder.metadata[_METADATA] = {}
    return holder.metadata[_METADATA]


def _center(transition: Transition) -> None:
    """Put a transition's middle on its cut, where this format looks for the cut."""
    before, after = transition.in_offset, transition.out_offset
    if before.value and after.value:
        total = before + after
        transition.in_offset = RationalTime(total.value // 2, total.rate)
        transition.out_offset = total - transition.in_offset


def _trim(item: Any, at_rate: float) -> None:
    """Say outright what a clip or nested sequence shows, which the adapter does not work out."""
    if item.source_range is None and not isinstance(item, Track) and item.parent() is not None:
        begins = own_start(item)
        rate = begins.rate if isinstance(item, Clip) else at_rate
        length = RationalTime(float(duration_of(item) * exact_rate(rate)), rate)
        item.source_range = TimeRange(begins.rescaled_to(rate), length)


def _check_untrimmed(item: Any, timeline: Timeline) -> None:
    """Refuse what shows only a part of itself where the adapter would write all of it."""
    trimmed = item is timeline.tracks and item.source_range is not None
    if trimmed or (isinstance(item, Track) and not shows_all(item)):
        what = f"{type(item).__name__.lower()} {item.name!r}"
        raise FormatError(f"{what} is trimmed as a whole, which OTIO's Final Cut 7 adapter overlooks")


def _writable(clip: Clip, cut: Cut) -> MediaReference:
    """Give a clip's reference as one that the adapter can write."""
    reference = deepcopy(clip.media_reference) if clip.media_reference else MissingReference()
    _details(reference)
    if isinstance(reference, ExternalReference | ImageSequenceReference):
        available = reference.available_range or clip.source_range
        name = reference.name or file_name(clip)
        reference = ExternalReference(media_url(clip, cut), available, dict(reference.metadata))
        reference.name = name
    elif isinstance(reference, GeneratorReference) and "effecttype" not in details_of(reference, _METADATA):
        reference = MissingReference(name=reference.name or reference.generator_kind)
    reference.name = one_line(reference.name)
    return reference


def _to_media_time(marker: otio.schema.Marker, clip: Clip) -> None:
    """Count a marker from the file's first frame; one that is before its start counts so already."""
    available = clip.media_reference.available_range
    span = marker.marked_range
    if available is not None and span.start_time >= available.start_time:
        start = (span.start_time - available.start_time).rescaled_to(clip.source_range.start_time.rate)
        marker.marked_range = TimeRange(start, span.duration.rescaled_to(start.rate))
    comment = one_line(marker.comment)
    if comment:
        _details(marker).setdefault("comment", comment)


def _retime(item: Any, *, from_resolve: bool) -> None:
    """Write a speed as the filter that stands for it, and the item's range in retimed frames.

    Frame ``in`` of a retimed item shows frame ``in * speed`` of the file, backward from its end.
    """
    speed = float(speed_of(item)) if isinstance(item, Clip) else 1.0
    if speed == 1:
        return
    _details(item)["filter"] = {"effect": _time_remap(speed)}
    available, shown = item.media_reference.available_range, item.source_range
    if available is None or speed == 0:
        return
    rate = shown.start_time.rate
    first = (shown.start_time - available.start_time).rescaled_to(rate).value
    if speed < 0:
        if from_resolve:  # its range begins at the low end of what is played
            first += shown.duration.value * -speed - 1
        first = available.duration.rescaled_to(rate).value - 1 - first
    start = available.start_time.rescaled_to(rate) + RationalTime(round(first / abs(speed)), rate)
    item.source_range = TimeRange(start, shown.duration)


def _time_remap(speed: float) -> dict[str, object]:
    parameters = {
        "speed": f"{abs(speed) * 100:.6g}",
        "reverse": "TRUE" if speed < 0 else "FALSE",
        "variablespeed": "0",
        "frameblending": "FALSE",
    }
    return {
        "name": "Time Remap",
        "effectid": "timeremap",
        "effectcategory": "motion",
        "effecttype": "motion",
        "mediatype": "video",
        "parameter": [{"parameterid": key, "name": key, "value": value} for key, value in parameters.items()],
    }
