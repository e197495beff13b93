"""The shots of a movie -> a timeline: one track, one clip a shot, all of the same file.

The file's start timecode is the timeline's, so that a frame has one timecode in both.
"""

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange


def movie_timeline(path: Path, shots: Sequence[range], *, rate: Fraction, first_frame: int) -> otio.schema.Timeline:
    """Make the timeline; shots are in frames of the file, ``first_frame`` is its start timecode."""

    def span(frames: range) -> TimeRange:
        start = RationalTime(first_frame + frames.start, float(rate))
        return TimeRange(start, RationalTime(len(frames), float(rate)))

    # As a URL, a name may hold "#", "?" and "%", and every program reads it alike.
    url = Path(os.path.abspath(path)).as_uri()
    whole = range(shots[-1].stop)
    track = otio.schema.Track(name="Video 1", kind=otio.schema.TrackKind.Video)
    digits = max(3, len(str(len(shots))))
    for number, frames in enumerate(shots, start=1):
        reference = otio.schema.ExternalReference(target_url=url, available_range=span(whole))
        reference.name = path.name
        name = f"{path.stem} {number:0{digits}d}"
        track.append(otio.schema.Clip(name=name, media_reference=reference, source_range=span(frames)))
    timeline = otio.schema.Timeline(name=path.stem, global_start_time=span(whole).start_time)
    timeline.tracks.append(track)
    return timeline
