"""The lines of a CMX 3600 EDL -> events, and events -> an EDL that OTIO's adapter can read.

The layout is that of the CMX 3600 list as editors export it; what is mended is told in ``edl``.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction

from otio_shottag.errors import TimelineError
from otio_shottag.timecode import frame_number

_TIMECODE = re.compile(r"\b(\d\d):(\d\d):(\d\d)([:;.,])(\d\d)\b")
_STAMP = re.compile(r"^(\d\d:\d\d:\d\d[:;.,]\d\d|\d+)$")
_M2 = re.compile(r"^\*?\s*M2:?\s+(.*?)\s*(-?\d+(?:\.\d+)?)\s+(\d\d:\d\d:\d\d[:;.,]\d\d)\s*$")
_SOP = re.compile(
    r"^\*?\s*ASC_SOP:?\s*\((\s*[-+]?[\d.]+,?){3}\s*\)\s*\((\s*[-+]?[\d.]+,?){3}\s*\)\s*\((\s*[-+]?[\d.]+,?){3}\s*\)"
)
EVENT_NOTE = "OTIO-SHOTTAG EVENT"
"""A comment put under every event, so that a clip that comes back says which event it was."""


@dataclass
class Edit:
    """One numbered line of an EDL."""

    number: str
    reel: str
    channel: str
    kind: str
    """``C`` a cut, ``D`` a dissolve, ``W001`` a wipe."""
    transition: int | None
    """Frames of the dissolve or wipe."""
    source_in: int
    source_out: int
    record_in: int
    record_out: int

    @property
    def keeps_time(self) -> bool:
        """Whether as many frames pass in the source as in the record."""
        return self.source_out - self.source_in == self.record_out - self.record_in


@dataclass
class Event:
    """The edits under one number: a cut, or the two sides of a transition; and its notes."""

    outgoing: Edit | None
    edit: Edit
    notes: list[str] = field(default_factory=list)
    motions: list[tuple[str, Fraction, int]] = field(default_factory=list)
    """Reel, speed in frames per second and entry frame of each M2 line."""
    fade_in: int = 0
    """Frames of a transition from nothing, before the first clip of a track."""


def counts_drop_frame(lines: list[str]) -> bool:
    for line in lines:
        if line.startswith("FCM"):
            return "NON" not in line and "DROP" in line
    return any(_is_event(line) and ";" in "".join(line.split()[-2:]) for line in lines)


def lowest_rate(lines: list[str], *, drop_frame: bool) -> Fraction:
    highest = max(
        (
            int(found.group(5))
            for line in lines
            if _is_event(line) or _M2.match(line)
            for found in _TIMECODE.finditer(line)
        ),
        default=0,
    )
    if drop_frame:
        return Fraction(30000, 1001) if highest < 30 else Fraction(60000, 1001)
    for rate in (24, 25, 30, 50, 60):
        if highest < rate:
            return Fraction(rate)
    raise TimelineError(f"a timecode counts {highest} frames in a second; no usual rate does")


def _is_event(line: str) -> bool:
    fields = line.split()
    return len(fields) >= 8 and fields[0].isdecimal() and all(_STAMP.match(stamp) for stamp in fields[-4:])


def _number(stamp: str, rate: Fraction, *, drop_frame: bool) -> int:
    try:
        return frame_number(stamp, rate, drop_frame=drop_frame)
    except ValueError as error:
        raise TimelineError(f"{error}; name the rate with --rate") from error


def _plain(frame: int, rate: Fraction) -> str:
    """Write a frame number as non-drop timecode, which the adapter reads everywhere; hours count on past 24."""
    nominal = round(rate)
    seconds, frames = divmod(frame, nominal)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"


def parse(lines: list[str], rate: Fraction, *, drop_frame: bool) -> tuple[list[str], list[Event]]:
    """Split an EDL into its header and its events, timecodes counted as frames."""

    def number(stamp: str) -> int:
        return _number(stamp, rate, drop_frame=drop_frame)

    header: list[str] = []
    events: list[Event] = []
    for line in lines:
        motion = _M2.match(line)
        if _is_event(line):
            event_number, *between, source_in, source_out, record_in, record_out = line.split()
            transition = int(between.pop()) if between and between[-1].isdecimal() else None
            if len(between) < 3:
                raise TimelineError(f"event {event_number} lacks its reel, channel or edit type: {line}")
            *reel, channel, kind = between
            stamps = [number(stamp) for stamp in (source_in, source_out, record_in, record_out)]
            edit = Edit(event_number, "_".join(reel), channel, kind, transition, *_past_midnight(stamps, rate, line))
            if transition is None:
                events.append(Event(None, edit))
            elif events and events[-1].edit.number == event_number and events[-1].edit.transition is None:
                events[-1].outgoing, events[-1].edit = events[-1].edit, edit
            else:
                raise TimelineError(f"event {event_number} starts with a transition; the line before it is missing")
        elif _looks_like_event(line):
            raise TimelineError(f"an event that cannot be read: {line}")
        elif not events:
            # SPLIT makes the adapter take the next two lines for events; it only says how far
            # sound and picture of the next event are apart.
            if not line.startswith("SPLIT"):
                header.append(line)
        elif motion:
            events[-1].motions.append((motion.group(1).strip(), Fraction(motion.group(2)), number(motion.group(3))))
        elif line.upper().lstrip("* ").startswith("LOC:"):
            # A locator at a time that does not exist costs itself only.
            with suppress(TimelineError):
                events[-1].notes.append(
                    _TIMECODE.sub(lambda found: _plain(number(found.group(0)), rate), line, count=1)
                )
        elif not line.lstrip("* ").startswith("ASC_SOP") or _SOP.match(line):
            events[-1].notes.append(line)
    return header, events


def _looks_like_event(line: str) -> bool:
    """Say whether a line can only be an event, though its number or a timecode is broken."""
    fields = line.split()
    return (
        len(fields) >= 8
        and line[0] not in "*>"
        and sum(field.count(":") + field.count(";") >= 2 for field in fields[-4:]) > 2
    )


def _past_midnight(stamps: list[int], rate: Fraction, line: str) -> list[int]:
    """Count on where an edit runs past midnight: its out is a day before its in."""
    day = frame_number("23:59:59:00", rate, drop_frame=False) + round(rate)
    source_in, source_out, record_in, record_out = stamps
    if source_in - source_out > day // 2:
        source_out += day
    if record_in - record_out > day // 2:
        record_out += day
    if record_out < record_in:
        raise TimelineError(f"an event whose record out is before its in: {line}")
    return [source_in, source_out, record_in, record_out]


def mend(header: list[str], events: list[Event], rate: Fraction) -> str:
    """Write the EDL anew, so that the adapter can read it."""
    lines = list(header)
    begun: set[str] = set()
    for index, event in enumerate(events):
        edit = event.edit
        if event.outgoing is not None and edit.channel not in begun:
            # The adapter refuses a transition before the first clip: make the pair a plain cut
            # here, and put the transition back afterwards.
            event.fade_in, event.outgoing, edit.kind, edit.transition = edit.transition or 0, None, "C", None
        begun.add(edit.channel)
        lines += [_line(one, rate) for one in (event.outgoing, edit) if one is not None]
        lines.append(f"* {EVENT_NOTE} {index}")
        if not edit.keeps_time:
            # Without an M2 line the adapter refuses the event; the true speed is set afterwards.
            lines.append(f"M2 {edit.reel} 001.0 00:00:00:00")
        lines += event.notes
    return "\n".join(lines)


def _line(edit: Edit, rate: Fraction) -> str:
    words = [edit.number, edit.reel, edit.channel, edit.kind]
    if edit.transition is not None:
        words.append(f"{edit.transition:03d}")
    return " ".join(
        words + [_plain(frame, rate) for frame in (edit.source_in, edit.source_out, edit.record_in, edit.record_out)]
    )
