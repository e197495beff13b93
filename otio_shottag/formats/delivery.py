"""What every writer is handed, and the record times that most of them need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import TrackKind

from otio_shottag.marks import Mark, Place
from otio_shottag.rates import seconds_of, whole_frames
from otio_shottag.settings import Settings
from otio_shottag.shots import Skip, Tag
from otio_shottag.timecode import timecode
from otio_shottag.timeline import Cut

MOVEMENT = "camera_movement"
"""The analysis whose tags go beside the sizes."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """How the tags came about, for those who read the JSON."""

    device: str | None = None
    """The device that really judged: ``"cuda:0 (NVIDIA ...)"``; None where nothing was judged."""
    decoder: str | None = None
    """What decoded: ``"cpu"``, or the graphics card, with a word where it could not."""
    remembered: int | None = 0
    """Shots whose answer an earlier run had left; None where that was not counted."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Seconds by stage, of all threads together, and ``total`` by the clock: ``{"decode": 12.1, "judge": 3.4}``;
    empty where cuts were judged side by side."""
    version: str = field(default_factory=lambda: version("otio-shottag"))
    """Of this package."""


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """A cut, what was found in it, and how it is to be written."""

    cut: Cut
    tags: tuple[Tag, ...]
    """In the order of the shots; a shot that several analyses judged has one for each."""
    marks: tuple[Mark, ...]
    """One for each shot, or for each tag where the settings keep them apart; in the order of the tags."""
    skips: tuple[Skip, ...]
    place: Place
    """Whether markers go on the clips or on the timeline, where a format has both."""
    settings: Settings
    tracks: tuple[str, ...] | None
    """Names of the video tracks that are meant; None for all."""
    run: RunFacts


Writer = Callable[[Delivery, Path], None]
"""Writes one format, whole or not at all. Raises FormatError where the cut does not fit in it."""


def video_tracks(cut: Cut) -> dict[str, int]:
    """Give the index of each video track by its label, ``V1`` from the bottom, as shots name them."""
    tracks = [index for index, child in enumerate(cut.timeline.tracks) if getattr(child, "kind", "") != TrackKind.Audio]
    return {f"V{number}": index for number, index in enumerate(tracks, start=1)}


def in_frames(time: RationalTime, rate: Fraction) -> Fraction:
    """Give a time as frames of ``rate``, through seconds, exactly; times may hold parts of frames."""
    return seconds_of(time) * rate


def own_frames(time: RationalTime) -> Fraction:
    """Give the frames that a time counts at its own rate. Raises TimelineError for what is no time."""
    seconds_of(time)
    return Fraction(time.value).limit_denominator(1_000_000)


def record_frames(record: TimeRange, cut: Cut) -> range:
    """Give the frames of record time, counted from midnight, that a range covers; at least one."""
    return whole_frames(record, cut.rate)


def record_timecode(frame: int, cut: Cut) -> str:
    """Write a frame of record time as the cut counts it."""
    return timecode(frame, cut.rate, drop_frame=cut.drop_frame)
