"""Where in a file a clip's time falls: the media's clock against the file's frames.

Exporters disagree on what a source time counts from: the file's start timecode, zero, or a start
that the cut writes down; and on rates: 24 may stand for 23.976. Each reading is tried in the
order of likelihood, and the first one whose frames the file really has is taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from opentimelineio.opentime import TimeRange

from otio_shottag.decode import MediaInfo
from otio_shottag.errors import MediaError
from otio_shottag.rates import exact_rate, seconds_of
from otio_shottag.shots import PlayedFrames
from otio_shottag.timecode import frame_number

_SNAP = Fraction(1, 1000)
"""Frames; exporters write times as floating point, which is off by less."""
_SPARE = 2
"""Frames past the end that a header's estimate of the length may be short by."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the cut asks of a file."""

    shown: TimeRange
    """The clip's source range, on the media's clock."""
    available: TimeRange | None
    """What the cut says that the file covers, on the same clock."""
    offset: Fraction
    """Seconds into the clip, in the cut's time, at which it comes on."""
    length: int
    """Frames of the cut that it is seen for."""
    speed: Fraction
    """The clip's own retime; 0 is a freeze, negative plays backward."""
    passing: Fraction
    """How fast the clip's time passes in the cut: 1, but in a retimed compound clip."""
    edit_rate: Fraction
    """Frames per second of the cut."""
    from_resolve: bool
    """Whether reverse play starts from the high end of ``shown``, as Resolve writes it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a clip lies in its file."""

    frames: PlayedFrames
    rate: Fraction
    media_start: Fraction
    """What frame 0 of the file is on the media's clock, in seconds at ``rate``."""


def place(asked: Asked, info: MediaInfo) -> Placed:
    """Find the frames of the file that the cut asks for.

    Raises MediaError where the file has none of them.
    """
    if info.is_still:
        return Placed(PlayedFrames(Fraction(0), Fraction(0), asked.length), info.rate, Fraction(0))
    reference = asked.available or asked.shown
    reference_rate = exact_rate(reference.start_time.rate)
    # Rates of one nominal count the same frames: a cut in 24 names the frames of a 23.976 file
    # by their number, and plays them one by one. Other rates meet in real time.
    counting = reference_rate if round(reference_rate) == round(info.rate) else info.rate
    frames_per_frame = 1 if round(counting) == round(asked.edit_rate) else counting / asked.edit_rate
    limit = info.num_frames
    if limit is None and asked.available is not None:
        limit = round(seconds_of(asked.available.duration) * counting)
    partly: Placed | None = None
    for start, origin in _readings(asked, info, counting):
        first = _snapped((start - origin) * counting)
        frames = PlayedFrames(first, asked.speed * asked.passing * frames_per_frame, asked.length)
        placed = Placed(frames, info.rate, Fraction(round(origin * counting)) / info.rate)
        if frames.lowest >= 0 and (limit is None or frames.highest < limit + _SPARE):
            return placed
        if partly is None and frames.highest >= 0 and (limit is None or frames.lowest < limit):
            partly = placed
    if partly is not None:
        return partly
    raise MediaError(f"the cut asks for frames {frames.lowest} to {frames.highest}, the file has {limit}")


def _readings(asked: Asked, info: MediaInfo, counting: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
    """Give what the first frame and the file's zero may be on the media's clock, in seconds."""
    rate = exact_rate(asked.shown.start_time.rate)
    for shown in _starts(asked):
        for origin, origin_rate in _origins(asked, info, counting):
            # The same timecode at 24 and at 23.976 is not the same second: compare the numbers.
            # A part of a frame, though, comes from seconds that were converted (Resolve does so).
            is_whole = asked.shown.start_time.value == round(asked.shown.start_time.value)
            if is_whole and rate != origin_rate and round(rate) == round(origin_rate):
                yield shown * rate / origin_rate, origin
            yield shown, origin


def _starts(asked: Asked) -> Iterator[Fraction]:
    """Give where play may start, likeliest first."""
    start = seconds_of(asked.shown.start_time)
    forward = start + asked.offset * asked.speed
    if asked.speed >= 0:
        yield forward
        return
    # Play backward enters each frame from its end: just short of the edge, not on it.
    span = seconds_of(asked.shown.duration) * -asked.speed
    low_end = start + span + asked.offset * asked.speed - _SNAP * 2 / exact_rate(asked.shown.start_time.rate)
    yield from (low_end, forward) if asked.from_resolve else (forward, low_end)


def _origins(asked: Asked, info: MediaInfo, counting: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
    """Give what the file may start at, in seconds, and the rate that this is counted at."""
    if asked.available is not None:
        yield seconds_of(asked.available.start_time), exact_rate(asked.available.start_time.rate)
    if info.start_timecode is not None:
        drop_frame = ";" in info.start_timecode
        yield Fraction(frame_number(info.start_timecode, info.rate, drop_frame=drop_frame)) / counting, counting
    yield Fraction(0), counting


def _snapped(frame: Fraction) -> Fraction:
    nearest = round(frame)
    return Fraction(nearest) if abs(frame - nearest) < _SNAP else frame
