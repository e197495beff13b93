"""Frame numbers <-> SMPTE timecode, in whole numbers.

Written out instead of asking OTIO (0.18.1): ``from_timecode`` refuses 23.976 and answers 24000/1001
with a time at 23.976, reads ``:`` at 29.97 as non-drop whatever the file says, and both of its
functions refuse 12 and 15 frames per second. Where OTIO answers, the answers agree; a test says
so. The counting is that of SMPTE ST 12-1.
"""

import re
from fractions import Fraction

_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.,])(\d\d)")
_HIGHEST_RATE = 60
"""SMPTE timecode has two digits for the frame and ends at 60 frames per second."""


def timecode(frame: int, rate: Fraction, *, drop_frame: bool) -> str:
    """Write a frame number as ``01:00:00:00``, or ``01:00:00;00`` in drop-frame.

    Timecode wraps at midnight, backward too. Above 60 frames per second there is no timecode:
    the answer is the frame number itself. Raises ValueError for drop-frame at a rate that has
    none.
    """
    nominal = round(rate)
    if nominal > _HIGHEST_RATE:
        return str(frame)
    per_minute, per_hour = _counted(nominal, drop_frame=drop_frame)
    hours, rest = divmod(frame % (24 * per_hour), per_hour)
    if drop_frame:
        # Put the dropped numbers back in: none in the first minute of ten, then some in each.
        dropped = nominal * 60 - per_minute
        tens, rest = divmod(rest, 10 * per_minute + dropped)
        minutes_past = max(0, rest - dropped) // per_minute
        rest += tens * (10 * 60 * nominal) + minutes_past * dropped
    seconds, frames = divmod(rest, nominal)
    minutes, seconds = divmod(seconds, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{';' if drop_frame else ':'}{frames:02d}"


def frame_number(text: str, rate: Fraction, *, drop_frame: bool) -> int:
    """Count the frames from midnight up to a timecode; a bare number is a frame number already.

    ``drop_frame`` decides how numbers are counted, whatever the separator. Raises ValueError, in
    words for the user, for what is no timecode at this rate.
    """
    if text.isdecimal():
        return int(text)
    nominal = round(rate)
    found = _TIMECODE.fullmatch(text)
    if found is None or nominal > _HIGHEST_RATE:
        raise ValueError(f"{text!r} is no timecode; should be like 01:00:00:00")
    hours, minutes, seconds, frames = (int(found.group(index)) for index in (1, 2, 3, 5))
    dropped = _dropped(nominal) if drop_frame else 0
    skipped = drop_frame and seconds == 0 and frames < dropped and minutes % 10 != 0
    if minutes > 59 or seconds > 59 or frames >= nominal or skipped:
        counting = "drop-frame" if drop_frame else "plain"
        raise ValueError(f"{text} does not exist in {counting} timecode of {nominal} frames per second")
    total_minutes = hours * 60 + minutes
    return (total_minutes * 60 + seconds) * nominal + frames - dropped * (total_minutes - total_minutes // 10)


def _dropped(nominal: int) -> int:
    """Say how many numbers drop-frame leaves out in nine minutes of ten."""
    if nominal % 30:
        raise ValueError(f"there is no drop-frame timecode of {nominal} frames per second")
    return nominal // 15


def _counted(nominal: int, *, drop_frame: bool) -> tuple[int, int]:
    """Give how many frames a minute (one that drops) and an hour count."""
    dropped = _dropped(nominal) if drop_frame else 0
    return nominal * 60 - dropped, nominal * 3600 - dropped * 54
