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
from fractions import Fraction

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from otio_shottag.errors import TimelineError
from otio_shottag.readers import NO_HOOK
from otio_shottag.readers.edl_lines import EVENT_NOTE, Event, counts_drop_frame, lowest_rate, mend, parse

_AS_GOOD_AS_ONE = Fraction(1, 200)
"""M2 has one decimal: at 23.976, a speed of 023.9 or 024.0 frames per second is no retime."""


def read_edl(text: str, *, rate: Fraction | None = None) -> tuple[otio.schema.Timeline, Fraction, bool]:
    """Read an EDL: the timeline, its rate, and whether it counts in drop-frame timecode.

    Raises TimelineError, without the file's name.
    """
    # Not splitlines: it also breaks lines at characters that Windows uses inside names.
    lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    drop_frame = counts_drop_frame(lines)
    if rate is None:
        rate = lowest_rate(lines, drop_frame=drop_frame)
    drop_frame = drop_frame and round(rate) % 30 == 0  # other rates have none, whatever FCM says
    header, events = parse(lines, rate, drop_frame=drop_frame)
    if not events:
        raise TimelineError("holds no events; is it a list of markers rather than a cut?")
    try:
        timeline = otio.adapters.read_from_string(
            mend(header, events, rate), "cmx_3600", hook_function_argument_map=NO_HOOK, rate=float(rate)
        )
    except Exception as error:  # the adapter raises anything (ValueError, AttributeError, its own)
        raise TimelineError(f"not an EDL that can be read at {float(rate):g} frames per second: {error}") from error
    _finish(timeline, events, rate)
    return timeline, rate, drop_frame


def _finish(timeline: otio.schema.Timeline, events: list[Event], rate: Fraction) -> None:
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
    details = clip.metadata.get("cmx_3600", {})
    comments = details.get("comments", [])
    notes = [note for note in comments if note.startswith(EVENT_NOTE)]
    others = [note for note in comments if not note.startswith(EVENT_NOTE)]
    if not notes:
        raise TimelineError(f"the event of {clip.name!r} cannot be read")
    if others:
        details["comments"] = others
    else:
        del details["comments"]
    if not details:
        del clip.metadata["cmx_3600"]
    return int(notes[-1].rpartition(" ")[2])


def _set_speed(clip: otio.schema.Clip, event: Event, rate: Fraction) -> None:
    """Put the speed that the event names, or that its lengths imply, on the clip."""
    edit = event.edit
    frozen = any(isinstance(effect, otio.schema.FreezeFrame) for effect in clip.effects)
    del clip.effects[:]
    # In a transition both sides may have an M2 line: the incoming one stands last.
    motions = [motion for motion in event.motions if motion[0] == edit.reel]
    if event.outgoing is None or event.outgoing.reel == edit.reel:
        motions = motions or event.motions
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
        entry = motions[-1][2] if motions else edit.source_in - 1
        clip.source_range = TimeRange(RationalTime(entry, float(rate)), clip.source_range.duration)


def _move_locators(clip: otio.schema.Clip, event: Event, at_rate: float) -> None:
    """Move locators from record time, which EDLs write, to the clip's source time."""
    for marker in clip.markers:
        record = marker.marked_range.start_time.value
        if event.edit.record_in <= record < event.edit.record_out:
            start = clip.source_range.start_time.value + record - event.edit.record_in
            marker.marked_range = TimeRange(RationalTime(start, at_rate), RationalTime(0, at_rate))
