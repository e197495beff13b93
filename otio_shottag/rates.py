"""Frame rates as exact fractions: 23.976 means 24000/1001, never 2997/125."""

import re
from fractions import Fraction
from functools import lru_cache
from math import isfinite

from opentimelineio.opentime import RationalTime, TimeRange

from otio_shottag.errors import TimelineError

_RATE = re.compile(r"\d{1,9}(\.\d{1,9}|/[1-9]\d{0,8})?")
_LONGEST = 1e12
"""Frames; a thousand years. Beyond it a file is broken, not long."""


@lru_cache(maxsize=1024)
def exact_rate(rate: float | Fraction) -> Fraction:
    """Give the exact rate that a rounded one stands for.

    Whatever lies nearer than 0.005 to an NTSC rate (``n * 1000 / 1001``) is that rate: files
    say 23.98, 23.976 and 23.976023976 for the same thing.
    """
    nominal = round(rate)
    ntsc = Fraction(nominal * 1000, 1001)
    if nominal and abs(float(rate) - float(ntsc)) < 0.005 and rate != nominal:
        return ntsc
    return Fraction(rate).limit_denominator(1001)


def parse_rate(text: str) -> Fraction:
    """Read a rate as a user writes it: ``24``, ``23.976``, ``30000/1001``.

    Raises ValueError, in words for the user.
    """
    # The pattern keeps out exponents, which a Fraction would write out in full.
    if not _RATE.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no frame rate; should be like 24, 23.976 or 30000/1001")
    rate = exact_rate(Fraction(text.strip()))
    if not 1 <= rate <= 1000:
        raise ValueError(f"{text!r} is no frame rate; should be from 1 to 1000")
    return rate


def seconds_of(time: RationalTime) -> Fraction:
    """Give a time of OTIO, which counts in floating point at a rounded rate, as exact seconds.

    A time without a rate is 0. Raises TimelineError for what is no time at all.
    """
    if not (isfinite(time.value) and isfinite(time.rate)) or abs(time.value) > _LONGEST or 0 < time.rate < 0.01:
        raise TimelineError(f"holds a time that is none: {time.value} frames at {time.rate} a second")
    if time.rate <= 0:
        return Fraction(0)
    # Whole frames are the rule, and ten thousand clips ask often: the shorter way for them.
    whole = time.value.is_integer()
    frames = Fraction(int(time.value)) if whole else Fraction(time.value).limit_denominator(1_000_000)
    return frames / exact_rate(time.rate)


def whole_frames(span: TimeRange, rate: Fraction) -> range:
    """Give the frames at ``rate`` that a stretch of time covers, rounded to whole ones; at least one."""
    first = seconds_of(span.start_time) * rate
    end = round(first + seconds_of(span.duration) * rate)
    return range(round(first), max(end, round(first) + 1))
