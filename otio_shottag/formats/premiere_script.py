"""``.jsx``, a script for Premiere Pro: the marks as markers of the sequence that is open.

For versions and habits where importing XML is no good: the sequence stays, its markers are put
into it. Markers that an earlier run made go first, known by our signature in their comment; no
other is touched. Where the open sequence counts at another rate than the cut, the script says so
and does nothing.

ExtendScript is JavaScript of 1999 (ECMA-262, third edition) without ``JSON``. All text from the
cut stands in string literals of plain ASCII, so neither the file's encoding nor a quote, a line
separator or a tag in a name can end one. Times are seconds from the sequence's first frame.
Colours by index: Premiere has eight.
"""

import json
from fractions import Fraction
from math import floor
from pathlib import Path

from otio_shottag.formats.delivery import Delivery, in_frames, record_frames
from otio_shottag.formats.files import write_bytes
from otio_shottag.formats.plain_text import one_line
from otio_shottag.marks import SIGNATURE, Mark

_GREEN, _RED, _PURPLE, _ORANGE, _YELLOW, _WHITE, _BLUE, _CYAN = range(8)
_COLORS = {
    "PINK": _RED,
    "RED": _RED,
    "ORANGE": _ORANGE,
    "YELLOW": _YELLOW,
    "GREEN": _GREEN,
    "CYAN": _CYAN,
    "BLUE": _BLUE,
    "PURPLE": _PURPLE,
    "MAGENTA": _PURPLE,
    "BLACK": _WHITE,
    "WHITE": _WHITE,
}
_TICKS_PER_SECOND = 254016000000
"""Premiere's clock; a sequence's ``timebase`` is its ticks in one frame, as text."""

_SECONDS_DIGITS = 7
"""The last one is a hundred-thousandth of a frame, and 25,401 of Premiere's ticks."""

_SCRIPT = """\
// Puts the shot sizes that otio-shottag found into the open sequence of Premiere Pro, as markers.
// Markers that it put there before are replaced; all others stay.
(function () {
    var signature = %(signature)s;
    var cut = %(cut)s;
    var framesPerSecond = %(rate)s;
    var ticksPerFrame = %(ticks)s;
    // Each: seconds from the first frame, name, comment, colour.
    var marks = [
%(marks)s
    ];

    function say(text) {
        alert(text, "otio-shottag");
        return text;
    }

    function isOurs(marker) {
        var comment = String(marker.comments).replace(/\\s+$/, "");
        return comment.length >= signature.length && comment.slice(-signature.length) === signature;
    }

    var sequence = app.project ? app.project.activeSequence : null;
    if (!sequence) {
        return say("No sequence is open. Open the one of " + cut + " and run this again.");
    }
    if (sequence.timebase && Math.abs(Number(sequence.timebase) - ticksPerFrame) > 1) {
        return say("Nothing was changed: " + sequence.name + " does not count " + framesPerSecond +
            " frames per second, as " + cut + " does. Open the right sequence and run this again.");
    }

    var earlier = [];
    var marker = sequence.markers.getFirstMarker();
    while (marker) {
        if (isOurs(marker)) {
            earlier.push(marker);
        }
        marker = sequence.markers.getNextMarker(marker);
    }
    var i;
    for (i = 0; i < earlier.length; i++) {
        sequence.markers.deleteMarker(earlier[i]);
    }
    for (i = 0; i < marks.length; i++) {
        marker = sequence.markers.createMarker(marks[i][0]);
        marker.name = marks[i][1];
        marker.comments = marks[i][2];
        marker.setColorByIndex(marks[i][3]);
    }
    return say(marks.length + " shot sizes are markers of " + sequence.name + " now, " +
        earlier.length + " earlier ones are gone.");
}());
"""


def write_premiere_script(delivery: Delivery, path: Path) -> None:
    """Write the script."""
    cut = delivery.cut
    text = _SCRIPT % {
        "signature": literal(SIGNATURE),
        "cut": literal(cut.timeline.name or (cut.path.name if cut.path is not None else "the cut")),
        "rate": f"{float(cut.rate):.6g}",
        "ticks": str(round(_TICKS_PER_SECOND / cut.rate)),
        "marks": ",\n".join(f"        {_row(mark, delivery)}" for mark in delivery.marks),
    }
    write_bytes(path, text.encode("ascii"))


def literal(text: str) -> str:
    """Write text as a JavaScript string of plain ASCII that no HTML around it could end either."""
    return json.dumps(one_line(text)).replace("</", "<\\/")


def _row(mark: Mark, delivery: Delivery) -> str:
    cut = delivery.cut
    frame = record_frames(mark.tag.shot.record, cut)[0] - round(in_frames(cut.start, cut.rate))
    return f"[{_seconds(frame / cut.rate)}, {literal(mark.name)}, {literal(mark.comment)}, {_COLORS[mark.color]}]"


def _seconds(moment: Fraction) -> str:
    """Write a time a hair late: binary fractions and Premiere's own clock cut it off, into the frame before."""
    units = floor(moment * 10**_SECONDS_DIGITS) + 1
    whole, part = divmod(units, 10**_SECONDS_DIGITS)
    return f"{whole}.{part:0{_SECONDS_DIGITS}d}"
