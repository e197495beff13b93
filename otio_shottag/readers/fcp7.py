"""Final Cut Pro 7 XML (Premiere writes it too) -> Timelines, through OTIO's adapter.

otio-fcp-adapter 1.0.0 keeps a clip's speed only as an unread filter. In this format a retimed
clip's ``in`` and ``out`` count frames of the retimed clip, so that frame ``in`` of it shows frame
``in * speed`` of the file; that, and the speed, are set here.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from otio_shottag.errors import TimelineError
from otio_shottag.items import details_of
from otio_shottag.readers import NO_HOOK
from otio_shottag.readers.text import decode_text
from otio_shottag.readers.untrusted_xml import parse_xml


def read_fcp7(data: bytes) -> otio.core.SerializableObject:
    """Give what the file holds: a timeline, or a collection of them.

    Raises TimelineError, without the file's name.
    """
    root = parse_xml(data)
    if root.tag != "xmeml":
        raise TimelineError(f"an XML file, but its root is <{root.tag}>, not <xmeml> (Final Cut 7) or <fcpxml>")
    try:
        content = otio.adapters.read_from_string(decode_text(data), "fcp_xml", hook_function_argument_map=NO_HOOK)
    except Exception as error:  # the adapter raises anything (ValueError, KeyError, AttributeError)
        raise TimelineError(f"not a Final Cut 7 XML that can be read: {error}") from error
    timelines = [content] if isinstance(content, otio.schema.Timeline) else list(content)
    for timeline in timelines:
        if isinstance(timeline, otio.schema.Timeline):
            _set_enabled(timeline, root)
            for clip in timeline.find_clips():
                try:
                    _set_speed(clip)
                except ArithmeticError as error:
                    raise TimelineError(f"a speed of {clip.name!r} is no number: {error}") from error
    return content


def _set_enabled(timeline: otio.schema.Timeline, root: Element) -> None:
    """Disable what the file disables, which the adapter leaves to its metadata or drops."""
    for item in timeline.find_children(descended_from_type=otio.core.Item):
        if str(details_of(item, "fcp_xml").get("enabled")).upper() == "FALSE":
            item.enabled = False
    named = [one for one in root.iter("sequence") if (one.findtext("name") or "") == timeline.name]
    if len(named) == 1:
        tracks = [track for track in timeline.tracks if track.kind == otio.schema.TrackKind.Video]
        for track, element in zip(tracks, named[0].findall("media/video/track"), strict=False):
            track.enabled = (element.findtext("enabled") or "TRUE").upper() != "FALSE"


def _set_speed(clip: otio.schema.Clip) -> None:
    """Give a clip the speed that its time remap filter names."""
    for index, effect in enumerate(clip.effects):
        details = details_of(effect, "fcp_xml")
        if details.get("effectid") != "timeremap":
            continue
        parameters = {one.get("parameterid"): one.get("value") for one in _dictionaries(details.get("parameter", ()))}
        try:
            speed = Fraction(float(str(parameters["speed"]))).limit_denominator(1_000_000) / 100
        except (KeyError, ValueError):
            continue  # a ramp, or no speed at all: the effect stays as it was read
        if str(parameters.get("reverse")).upper() == "TRUE":
            speed = -abs(speed)
        reference = clip.media_reference
        available = None if reference is None else reference.available_range
        shown = clip.source_range
        if available is None or shown is None or speed == 1:
            continue
        in_frames = (shown.start_time - available.start_time).rescaled_to(shown.start_time.rate).value
        start = in_frames * float(speed)
        if speed < 0:  # counted from the end of the file
            start += available.duration.rescaled_to(shown.start_time.rate).value - 1
        new_start = available.start_time.rescaled_to(shown.start_time.rate) + RationalTime(start, shown.start_time.rate)
        clip.source_range = TimeRange(new_start, shown.duration)
        warp = otio.schema.FreezeFrame() if speed == 0 else otio.schema.LinearTimeWarp(time_scalar=float(speed))
        warp.metadata.update(effect.metadata)
        clip.effects[index] = warp


def _dictionaries(value: Any) -> Iterator[Mapping[str, Any]]:
    """Give the elements of what the adapter makes one dictionary of, or a list of several."""
    for one in [value] if isinstance(value, Mapping) else value:
        if isinstance(one, Mapping):
            yield one
