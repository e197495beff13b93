"""A CMX 3600 EDL that was read from an EDL: its own lines, byte for byte, and our locators.

Under each tagged event go two lines, a locator at the event's record-in and a comment that says
whose it is, so that they come off again and no one else's do::

    * LOC: 01:00:01:00 ORANGE  MCU 92%
    * OTIO-SHOTTAG: MCU 92%; medium close-up; next likely MS 6%; ... (otio-shottag)

Audio events, comments, the encoding, its mark and the line ends stay as they are.
"""

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opentimelineio.schema import Clip

from otio_shottag.errors import FormatError
from otio_shottag.formats.delivery import Delivery, record_frames, record_timecode
from otio_shottag.formats.plain_text import ascii_arrows, one_line
from otio_shottag.marks import EDL_COMMENT, SIGNATURE, Mark

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_END = re.compile(r"[\r\n]*$")
_LOCATOR = re.compile(r"^\s*\*\s*LOC:")
_OURS = re.compile(rf"^\s*\*\s*{re.escape(EDL_COMMENT)}.*{re.escape(SIGNATURE)}\s*$")
_STAMP = re.compile(r"\d\d:\d\d:\d\d[:;.,]\d\d|\d+")
_SEVERAL_CHANNELS = {"A": ["A1"], "AA": ["A1", "A2"], "B": ["V", "A1"], "A2/V": ["V", "A2"], "AA/V": ["V", "A1", "A2"]}
"""Channels that stand for several tracks, as OTIO's adapter reads them."""


@dataclass(frozen=True, slots=True)
class _Event:
    """One event that a clip was read from."""

    channel: str
    record_in: str
    last_line: int
    """Index of the last line that belongs to it: its last comment."""


def mark_edl(data: bytes, delivery: Delivery) -> bytes:
    """Give an EDL's bytes with our locators exchanged for those of the delivery's marks.

    Raises FormatError where the file is not the one that the cut was read from.
    """
    encoding = _encoding(data)
    lines = _without_ours([line for line in _LINE.findall(data.decode(encoding)) if line])
    added: dict[int, list[str]] = {}
    events = _events_by_address(_events(lines), delivery)
    for mark in delivery.marks:
        event = events[mark.tag.shot.address]
        stamp = event.record_in if ":" in event.record_in else None
        added.setdefault(event.last_line, []).extend(locator_lines(mark, delivery, stamp=stamp))
    return _with(lines, added).encode(encoding, errors="replace")


def locator_lines(mark: Mark, delivery: Delivery, *, stamp: str | None = None) -> list[str]:
    """Give our two lines for a mark; ``stamp`` is its record timecode where the file has that already."""
    first = record_frames(mark.tag.shot.record, delivery.cut)[0]
    name = ascii_arrows(one_line(mark.name))
    return [
        f"* LOC: {stamp or record_timecode(first, delivery.cut)} {mark.color:7} {name}",
        f"* {EDL_COMMENT}{name}; {ascii_arrows(one_line(mark.comment))}",
    ]


def _encoding(data: bytes) -> str:
    """Give an encoding that decodes the bytes and gives the same ones back, its mark included."""
    if data.startswith(codecs.BOM_UTF16_LE) or data[1:512:2].count(0) > len(data[:512]) // 8:
        return "utf-16-le"
    if data.startswith(codecs.BOM_UTF16_BE) or data[0:512:2].count(0) > len(data[:512]) // 8:
        return "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _without_ours(lines: Sequence[str]) -> list[str]:
    """Take our pairs of lines off; a last line without an end leaves the one before it without."""
    kept: list[str] = []
    for line in lines:
        if _OURS.match(line) and kept and _LOCATOR.match(kept[-1]):
            kept.pop()
            if not _END.search(line).group() and kept:  # type: ignore[union-attr]
                kept[-1] = _END.sub("", kept[-1])
        else:
            kept.append(line)
    return kept


def _with(lines: Sequence[str], added: Mapping[int, Sequence[str]]) -> str:
    """Join lines with others put after some of them, ended as the file ends its lines."""
    parts: list[str] = []
    usual_end = next((end for line in lines if (end := _END.search(line).group())), "\r\n")  # type: ignore[union-attr]
    for index, line in enumerate(lines):
        parts.append(line)
        for extra in added.get(index, ()):
            end = _END.search(parts[-1]).group()  # type: ignore[union-attr]
            if not end:
                parts[-1] += usual_end
            parts.append(extra + end)
    return "".join(parts)


def _events(lines: Sequence[str]) -> list[_Event]:
    """Find the events that give clips: of a dissolve's pair of lines, the second."""
    events: list[_Event] = []
    number = ""
    open_event = False
    for index, line in enumerate(lines):
        words = line.strip().lstrip("\ufeff").split()
        if _is_edit(words):
            *between, _, _, record_in, _ = words
            has_length = between[-1].isdecimal()
            event = _Event(between[-3 if has_length else -2], record_in, index)
            if has_length and events and words[0] == number:
                events[-1] = event
            else:
                events.append(event)
            number = words[0]
            open_event = True
        elif not words or words[0].startswith(("TITLE", "FCM", "SPLIT")):
            open_event = False
        elif open_event:
            events[-1] = _Event(events[-1].channel, events[-1].record_in, index)
    return events


def _is_edit(words: Sequence[str]) -> bool:
    return len(words) >= 8 and words[0].isdecimal() and all(_STAMP.fullmatch(word) for word in words[-4:])


def _events_by_address(events: Sequence[_Event], delivery: Delivery) -> dict[tuple[int, ...], _Event]:
    """Give each clip its event: the n-th clip of a track was read from that track's n-th event.

    Raises FormatError where the file is not the one that the cut was read from.
    """
    found: dict[tuple[int, ...], _Event] = {}
    for number, track in enumerate(delivery.cut.timeline.tracks):
        clips = [index for index, item in enumerate(track) if isinstance(item, Clip)]
        of_track = [event for event in events if track.name in _SEVERAL_CHANNELS.get(event.channel, [event.channel])]
        if len(clips) != len(of_track):
            raise FormatError(
                f"{delivery.cut.path}: holds {len(of_track)} events on {track.name}, but {len(clips)} were read; "
                "has it changed since?"
            )
        found.update({(number, index): event for index, event in zip(clips, of_track, strict=True)})
    return found
