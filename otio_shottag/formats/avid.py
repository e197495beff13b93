"""``.txt``, Avid Media Composer's marker text: Markers window > Import.

One line a marker: user, record timecode, track, colour, comment, length in frames, with tabs
between, as Media Composer exports it. Colours are the eight that every version knows; the size
is in the comment.
"""

from pathlib import Path

from otio_shottag.formats.delivery import Delivery, record_frames, record_timecode
from otio_shottag.formats.files import write_bytes
from otio_shottag.formats.plain_text import ascii_arrows, one_line

_USER = "otio-shottag"
_AVID_COLORS = {
    "PINK": "magenta",
    "RED": "red",
    "ORANGE": "red",
    "YELLOW": "yellow",
    "GREEN": "green",
    "CYAN": "cyan",
    "BLUE": "blue",
    "PURPLE": "magenta",
    "MAGENTA": "magenta",
    "BLACK": "black",
    "WHITE": "white",
}


def write_avid(delivery: Delivery, path: Path) -> None:
    """Write Avid marker text."""
    lines = []
    for mark in delivery.marks:
        shot = mark.tag.shot
        stamp = record_timecode(record_frames(shot.record, delivery.cut)[0], delivery.cut)
        text = ascii_arrows(one_line(f"{mark.name}: {mark.comment}"))
        lines.append("\t".join((_USER, stamp, shot.track, _AVID_COLORS[mark.color], text, "1")) + "\n")
    write_bytes(path, "".join(lines).encode("utf-8", errors="replace"))
