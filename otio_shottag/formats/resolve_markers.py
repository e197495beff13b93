"""Resolve's timeline markers as an EDL: Media Pool > Timelines > Import > Timeline Markers from EDL.

After the sample that TheAcharya's MarkersExtractor published as imported by Resolve: an event of
one frame, two blanks after it, then the note and ``|C:`` colour ``|M:`` name ``|D:`` frames, a
blank line, CRLF. Resolve keeps one marker a frame and drops others that start on it: those that
fall together are written as one. Pipes and line ends would break a line and become blanks.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from otio_shottag.errors import FormatError
from otio_shottag.formats.delivery import Delivery, record_frames
from otio_shottag.formats.files import write_bytes
from otio_shottag.formats.plain_text import one_line
from otio_shottag.timecode import frame_number, timecode

RESOLVE_COLORS = {
    "PINK": "Pink",
    "RED": "Red",
    "ORANGE": "Sand",
    "YELLOW": "Yellow",
    "GREEN": "Green",
    "CYAN": "Cyan",
    "BLUE": "Blue",
    "PURPLE": "Purple",
    "MAGENTA": "Fuchsia",
    "BLACK": "Cocoa",
    "WHITE": "Cream",
}
"""Resolve's marker colour nearest to each of OTIO's; no two share one, so they come back as they were."""

OTIO_COLORS = {
    **{resolve: otio for otio, resolve in RESOLVE_COLORS.items()},
    "Rose": "PINK",
    "Lavender": "PURPLE",
    "Sky": "CYAN",
    "Mint": "GREEN",
    "Lemon": "YELLOW",
}
"""OTIO's colour nearest to each of Resolve's sixteen."""

_STAMP = r"\d\d:\d\d:\d\d[:;.,]\d\d"
_EVENT = re.compile(rf"^\s*\d+\s+\S+\s+\S+\s+C\s+{_STAMP}\s+{_STAMP}\s+({_STAMP})\s+{_STAMP}\s*$")
_DETAILS = re.compile(r"^(?P<note>.*?)\|C:(?P<color>[^|]*)\|M:(?P<name>[^|]*)\|D:\s*(?P<length>\d+)\s*$")
_COLOR_PREFIX = "ResolveColor"


@dataclass(frozen=True, slots=True)
class ResolveMarker:
    """One marker of the list."""

    frame: int
    """Of record time, counted from midnight."""
    length: int
    """Frames; at least 1."""
    name: str
    note: str
    color: str
    """Resolve's name for it: ``"Sand"``."""


def write_resolve_markers(delivery: Delivery, path: Path) -> None:
    """Write our marks, and no one else's, for import on top of the same cut in Resolve."""
    cut = delivery.cut
    markers = [
        ResolveMarker(
            frame=record_frames(mark.tag.shot.record, cut)[0],
            length=1,
            name=mark.name,
            note=mark.comment,
            color=RESOLVE_COLORS[mark.color],
        )
        for mark in delivery.marks
    ]
    text = resolve_markers_text(markers, title=cut.timeline.name, rate=cut.rate, drop_frame=cut.drop_frame)
    write_bytes(path, text.encode("utf-8", errors="replace"))


def resolve_markers_text(markers: Sequence[ResolveMarker], *, title: str, rate: Fraction, drop_frame: bool) -> str:
    """Give the whole file's text. Raises FormatError above 60 frames per second, which have no timecode."""
    if round(rate) > 60:
        raise FormatError(f"a marker EDL counts in timecode, which ends at 60 frames per second; the cut has {rate}")
    lines = [f"TITLE: {one_line(title) or 'UNTITLED'}", f"FCM: {'DROP FRAME' if drop_frame else 'NON-DROP FRAME'}", ""]
    for number, marker in enumerate(_one_a_frame(markers), start=1):
        start, end = (timecode(marker.frame + frames, rate, drop_frame=drop_frame) for frames in (0, 1))
        color = f"{_COLOR_PREFIX}{marker.color}"
        lines += [
            f"{number:03d}  001      V     C        {start} {end} {start} {end}  ",
            f"{_field(marker.note)} |C:{color} |M:{_field(marker.name)} |D:{marker.length}",
            "",
        ]
    return "\r\n".join([*lines, ""])


def read_resolve_markers(text: str, *, rate: Fraction) -> Iterator[ResolveMarker]:
    """Go through a list's markers in order. Raises ValueError for a timecode that ``rate`` does not have."""
    drop_frame = bool(re.search(r"^\s*FCM:\s*DROP", text, re.MULTILINE))
    stamp: str | None = None
    for line in text.lstrip("\ufeff").splitlines():
        event, details = _EVENT.match(line), _DETAILS.match(line)
        if event is not None:
            stamp = event.group(1)
        elif details is not None and stamp is not None:
            yield ResolveMarker(
                frame=frame_number(stamp, rate, drop_frame=drop_frame or ";" in stamp),
                length=max(1, int(details["length"])),
                name=details["name"].strip(),
                note=details["note"].strip(),
                color=details["color"].strip().removeprefix(_COLOR_PREFIX),
            )
            stamp = None


def title_of(text: str) -> str:
    """Give the title of a list."""
    found = re.search(r"^\ufeff?\s*TITLE:[ \t]*(.*?)\s*$", text, re.MULTILINE)
    return found.group(1) if found else ""


def _one_a_frame(markers: Sequence[ResolveMarker]) -> list[ResolveMarker]:
    """Put markers in order and join those that start on one frame; the first one's colour stays."""
    joined: dict[int, ResolveMarker] = {}
    for marker in sorted(markers, key=lambda one: one.frame):
        first = joined.get(marker.frame)
        if first is None:
            joined[marker.frame] = marker
        else:
            joined[marker.frame] = replace(
                first,
                length=max(first.length, marker.length),
                name=" / ".join(filter(None, (first.name, marker.name))),
                # A name, where there is no note, keeps ours from ending a note that is shared.
                note=" / ".join(filter(None, (first.note, marker.note or marker.name))),
            )
    return list(joined.values())


def _field(text: str) -> str:
    return one_line(text.replace("|", " "))
