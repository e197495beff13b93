"""What is less than a timeline -> a timeline: a clip, a track, a stack, a bin of clips."""

from typing import Any

import opentimelineio as otio

from otio_shottag.items import details_of


def as_timeline(content: Any) -> otio.schema.Timeline | None:
    """Make a timeline of what a file holds instead of one; None of what no clip can be made of."""
    if isinstance(content, otio.schema.SerializableCollection):
        items = [child.deepcopy() for child in content if isinstance(child, otio.schema.Clip) and _has_picture(child)]
        name = content.name
    elif isinstance(content, otio.schema.Stack):
        timeline = otio.schema.Timeline(name=content.name)
        timeline.tracks = content.deepcopy()
        return timeline
    elif isinstance(content, otio.schema.Track):
        timeline = otio.schema.Timeline(name=content.name)
        timeline.tracks.append(content.deepcopy())
        return timeline
    elif isinstance(content, otio.core.Item):
        items, name = [content.deepcopy()], content.name
    else:
        return None
    if not items:
        return None
    timeline = otio.schema.Timeline(name=name)
    track = otio.schema.Track(name="Video 1", kind=otio.schema.TrackKind.Video)
    track.extend(items)
    timeline.tracks.append(track)
    return timeline


def _has_picture(clip: otio.schema.Clip) -> bool:
    """Say whether a clip of a bin shows anything; an ALE lists its tracks: ``VA1A2``, ``A1``."""
    tracks = details_of(clip, "ALE").get("Tracks")
    return not isinstance(tracks, str) or not tracks or "V" in tracks.upper()
