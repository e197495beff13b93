"""Where in a file a clip's time falls: the media's clock against the file's frames.

Exporters disagree on what a source time counts from: the file's start timecode, zero, or a start
that the cut writes down; and on rates: 24 may stand for 23.976. Each reading is tried in the
order of likelihood, and the first one whose frames the file really has is taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from opentimelineio.opentime import RationalTime, TimeRange

from otio_shottag.decode import MediaInfo
from otio_shottag.errors import MediaError
from otio_shottag.rates import exact_rate
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
    seconds_per_frame: Fraction
    """Seconds of the clip's time in one frame of the cut."""
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
    # by their number. Other rates meet in real time.
    counting = reference_rate if round(reference_rate) == round(info.rate) else info.rate
    limit = info.num_frames
    if limit is None and asked.available is not None:
        limit = round(_seconds(asked.available.duration) * counting)
    partly: Placed | None = None
    for start, origin in _readings(asked, info, counting):
        first = _snapped((start - origin) * counting)
        frames = PlayedFrames(first, asked.speed * asked.seconds_per_frame * counting, asked.length)
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
    for shown in _starts(asked):
        for origin in _origins(asked, info, counting):
            yield shown, origin
    if asked.available is not None:
        rate, available_rate = exact_rate(asked.shown.start_time.rate), exact_rate(asked.available.start_time.rate)
        if rate != available_rate and round(rate) == round(available_rate):
            # The same timecode at 24 and at 23.976 is not the same second; compare the numbers.
            for shown in _starts(asked):
                yield shown * rate / available_rate, _seconds(asked.available.start_time)


def _starts(asked: Asked) -> Iterator[Fraction]:
    """Give where play may start, likeliest first."""
    start = _seconds(asked.shown.start_time)
    forward = start + asked.offset * asked.speed
    if asked.speed >= 0:
        yield forward
        return
    # Play backward enters each frame from its end: just short of the edge, not on it.
    span = _seconds(asked.shown.duration) * -asked.speed
    low_end = start + span + asked.offset * asked.speed - _SNAP * 2 / exact_rate(asked.shown.start_time.rate)
    yield from (low_end, forward) if asked.from_resolve else (forward, low_end)


def _origins(asked: Asked, info: MediaInfo, counting: Fraction) -> Iterator[Fraction]:
    if asked.available is not None:
        yield _seconds(asked.available.start_time)
    if info.start_timecode is not None:
        drop_frame = ";" in info.start_timecode
        yield Fraction(frame_number(info.start_timecode, info.rate, drop_frame=drop_frame)) / counting
    yield Fraction(0)


def _seconds(time: RationalTime) -> Fraction:
    return Fraction(time.value).limit_denominator(1_000_000) / exact_rate(time.rate)


def _snapped(frame: Fraction) -> Fraction:
    nearest = round(frame)
    return Fraction(nearest) if abs(frame - nearest) < _SNAP else frame
