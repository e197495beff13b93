"""CMX 3600 EDL -> Timeline, through OTIO's adapter with its faults stepped round.

What is mended before the adapter (otio-cmx3600-adapter 1.0.0) sees the text: drop-frame
timecode, which it cannot read everywhere, becomes the plain timecode of the same frame; reels
with spaces; a source and record length that differ without an ``M2`` line, which it refuses; a
fade-in as the first event, which it refuses. Mended afterwards: speeds (it leaves out ``M2``
where the lengths agree and ignores where reverse play starts), locators (it takes their record
time for source time) and the start timecode (it hides it in the tracks' ``source_range``).

An EDL has no frame rate of its own: where none is given, the lowest usual one that all its
timecodes fit.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from otio_shottag.errors import TimelineError
from otio_shottag.readers import NO_HOOK
from otio_shottag.timecode import frame_number, timecode

_TIMECODE = re.compile(r"\b(\d\d):(\d\d):(\d\d)([:;.,])(\d\d)\b")
_STAMP = re.compile(r"^(\d\d:\d\d:\d\d[:;.,]\d\d|\d+)$")
_M2 = re.compile(r"^\*?\s*M2:?\s+(.*?)\s*(-?\d+(?:\.\d+)?)\s+(\d\d:\d\d:\d\d[:;.,]\d\d)\s*$")
_SOP = re.compile(
    r"^\*?\s*ASC_SOP:?\s*\((\s*[-+]?[\d.]+,?){3}\s*\)\s*\((\s*[-+]?[\d.]+,?){3}\s*\)\s*\((\s*[-+]?[\d.]+,?){3}\s*\)"
)
_AS_GOOD_AS_ONE = Fraction(1, 200)
"""M2 has one decimal: at 23.976, a speed of 023.9 or 024.0 frames per second is no retime."""
_EVENT_NOTE = "OTIO-SHOTTAG EVENT"
"""A comment put under every event, so that a clip that comes back says which event it was."""


@dataclass
class _Edit:
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
class _Event:
    """The edits under one number: a cut, or the two sides of a transition; and its notes."""

    outgoing: _Edit | None
    edit: _Edit
    notes: list[str] = field(default_factory=list)
    motions: list[tuple[str, Fraction, int]] = field(default_factory=list)
    """Reel, speed in frames per second and entry frame of each M2 line."""
    fade_in: int = 0
    """Frames of a transition from nothing, before the first clip of a track."""


def read_edl(text: str, *, rate: Fraction | None = None) -> tuple[otio.schema.Timeline, Fraction, bool]:
    """Read an EDL: the timeline, its rate, and whether it counts in drop-frame timecode.

    Raises TimelineError, without the file's name.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    drop_frame = _is_drop_frame(lines)
    if rate is None:
        rate = _lowest_rate(lines, drop_frame=drop_frame)
    header, events = _parse(lines, rate, drop_frame=drop_frame)
    if not events:
        raise TimelineError("holds no events; is it a list of markers rather than a cut?")
    try:
        timeline = otio.adapters.read_from_string(
            _mend(header, events, rate), "cmx_3600", hook_function_argument_map=NO_HOOK, rate=float(rate)
        )
    except Exception as error:  # the adapter raises anything (ValueError, AttributeError, its own)
        raise TimelineError(f"not an EDL that can be read at {float(rate):g} frames per second: {error}") from error
    _finish(timeline, events, rate)
    return timeline, rate, drop_frame


def _is_drop_frame(lines: list[str]) -> bool:
    for line in lines:
        if line.startswith("FCM"):
            return "NON" not in line and "DROP" in line
    return any(_is_event(line) and ";" in "".join(line.split()[-4:]) for line in lines)


def _lowest_rate(lines: list[str], *, drop_frame: bool) -> Fraction:
    highest = max(
        (int(found.group(5)) for line in lines if _is_event(line) for found in _TIMECODE.finditer(line)),
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
    return len(fields) >= 8 and fields[0].isdigit() and all(_STAMP.match(stamp) for stamp in fields[-4:])


def _number(stamp: str, rate: Fraction, *, drop_frame: bool) -> int:
    try:
        return frame_number(stamp, rate, drop_frame=drop_frame)
    except ValueError as error:
        raise TimelineError(f"{error}; name the rate with --rate") from error


def _plain(frame: int, rate: Fraction) -> str:
    """Write a frame number as non-drop timecode, which the adapter reads everywhere."""
    return timecode(frame, rate, drop_frame=False)


def _parse(lines: list[str], rate: Fraction, *, drop_frame: bool) -> tuple[list[str], list[_Event]]:
    """Split an EDL into its header and its events, timecodes counted as frames."""

    def number(stamp: str) -> int:
        return _number(stamp, rate, drop_frame=drop_frame)

    header: list[str] = []
    events: list[_Event] = []
    for line in lines:
        motion = _M2.match(line)
        if _is_event(line):
            event_number, *between, source_in, source_out, record_in, record_out = line.split()
            transition = int(between.pop()) if between[-1].isdigit() else None
            if len(between) < 3:
                raise TimelineError(f"event {event_number} lacks its reel, channel or edit type: {line}")
            *reel, channel, kind = between
            stamps = map(number, (source_in, source_out, record_in, record_out))
            edit = _Edit(event_number, "_".join(reel), channel, kind, transition, *stamps)
            if transition is None:
                events.append(_Event(None, edit))
            elif events and events[-1].edit.number == event_number and events[-1].edit.transition is None:
                events[-1].outgoing, events[-1].edit = events[-1].edit, edit
            else:
                raise TimelineError(f"event {event_number} starts with a transition; the line before it is missing")
        elif not events:
            # SPLIT makes the adapter take the next two lines for events; it only says how far
            # sound and picture of the next event are apart.
            if not line.startswith("SPLIT"):
                header.append(line)
        elif motion:
            events[-1].motions.append((motion.group(1).strip(), Fraction(motion.group(2)), number(motion.group(3))))
        elif line.upper().lstrip("* ").startswith("LOC:"):
            events[-1].notes.append(_TIMECODE.sub(lambda found: _plain(number(found.group(0)), rate), line, count=1))
        elif not line.lstrip("* ").startswith("ASC_SOP") or _SOP.match(line):
            events[-1].notes.append(line)
    return header, events


def _mend(header: list[str], events: list[_Event], rate: Fraction) -> str:
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
        lines.append(f"* {_EVENT_NOTE} {index}")
        if not edit.keeps_time:
            # Without an M2 line the adapter refuses the event; the true speed is set afterwards.
            lines.append(f"M2 {edit.reel} 001.0 00:00:00:00")
        lines += event.notes
    return "\n".join(lines)


def _line(edit: _Edit, rate: Fraction) -> str:
    words = [edit.number, edit.reel, edit.channel, edit.kind]
    if edit.transition is not None:
        words.append(f"{edit.transition:03d}")
    return " ".join(
        words + [_plain(frame, rate) for frame in (edit.source_in, edit.source_out, edit.record_in, edit.record_out)]
    )


def _finish(timeline: otio.schema.Timeline, events: list[_Event], rate: Fraction) -> None:
    """Set right what the adapter read wrong, in the timeline it has just made."""
    at_rate = float(rate)
    for track in timeline.tracks:
        for index, clip in reversed(list(enumerate(track))):
            if not isinstance(clip, otio.schema.Clip):
                continue
            event = events[_take_event_number(clip)]
            _set_speed(clip, event, rate)
            _move_locators(clip, event, at_rate)
            if event.fade_in:
                track.insert(
                    index,
                    otio.schema.Transition(
                        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
                        in_offset=RationalTime(0, at_rate),
                        out_offset=RationalTime(event.fade_in, at_rate),
                    ),
                )
    starts = {
        id(track): -track.source_range.start_time.value if track.source_range else 0.0 for track in timeline.tracks
    }
    start = min(starts.values())
    for track in timeline.tracks:
        track.source_range = None
        lead = starts[id(track)] - start
        if lead > 0:
            track.insert(
                0, otio.schema.Gap(source_range=TimeRange(RationalTime(0, at_rate), RationalTime(lead, at_rate)))
            )
    timeline.global_start_time = RationalTime(start, at_rate)


def _take_event_number(clip: otio.schema.Clip) -> int:
    """Read the event's number off a clip, and take the note away again."""
    details = clip.metadata["cmx_3600"]
    notes = [note for note in details["comments"] if note.startswith(_EVENT_NOTE)]
    others = [note for note in details["comments"] if not note.startswith(_EVENT_NOTE)]
    if others:
        details["comments"] = others
    else:
        del details["comments"]
    if not details:
        del clip.metadata["cmx_3600"]
    return int(notes[-1].rpartition(" ")[2])


def _set_speed(clip: otio.schema.Clip, event: _Event, rate: Fraction) -> None:
    """Put the speed that the event names, or that its lengths imply, on the clip."""
    edit = event.edit
    frozen = any(isinstance(effect, otio.schema.FreezeFrame) for effect in clip.effects)
    del clip.effects[:]
    # In a transition both sides may have an M2 line: the incoming one stands last.
    motions = [motion for motion in event.motions if motion[0] == edit.reel] or event.motions
    if frozen:
        speed = Fraction(0)
    elif motions:
        speed = motions[-1][1] / round(rate)
    elif edit.keeps_time or edit.record_out == edit.record_in:
        return
    else:
        speed = Fraction(edit.source_out - edit.source_in, edit.record_out - edit.record_in)
    if speed == 0:
        clip.effects.append(otio.schema.FreezeFrame())
    elif abs(speed - 1) > _AS_GOOD_AS_ONE:
        clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=float(speed)))
    if speed < 0:
        # An M2 line names the frame that play starts from; reverse play goes down from there.
        clip.source_range = TimeRange(RationalTime(motions[-1][2], float(rate)), clip.source_range.duration)


def _move_locators(clip: otio.schema.Clip, event: _Event, at_rate: float) -> None:
    """Move locators from record time, which EDLs write, to the clip's source time."""
    for marker in clip.markers:
        record = marker.marked_range.start_time.value
        if event.edit.record_in <= record < event.edit.record_out:
            start = clip.source_range.start_time.value + record - event.edit.record_in
            marker.marked_range = TimeRange(RationalTime(start, at_rate), RationalTime(0, at_rate))
