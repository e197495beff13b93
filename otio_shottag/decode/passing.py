"""Leaves pictures undecoded on the way to a moment: those that end before it and that no other needs.

In H.264 and its kin about half of the pictures are no reference for others. A decoder reading
forward to a moment may leave them out, which saves two fifths of its work.
"""

from __future__ import annotations  # PyAV's Packet can be subscripted in its type stubs only

from fractions import Fraction
from typing import TYPE_CHECKING

from av.video.stream import VideoStream

if TYPE_CHECKING:
    from otio_shottag.decode.stream import VideoPacket

# A picture is left out if it starts at least this many frames before the moment that is looked for.
_FRAMES_BEFORE = 2


class Passing:
    """Tells one decoder which pictures to leave out, and remembers which those were."""

    def __init__(self, stream: VideoStream, time_base: Fraction, frame_duration: Fraction) -> None:
        self.look_from: Fraction | None = None
        """Pictures well before this, on the stream's own clock, need not come out; None wants all."""
        self._decoder = stream.codec_context
        self._time_base = time_base
        self._margin = _FRAMES_BEFORE * frame_duration
        self._can_pass = _marks_what_is_needed(stream)
        self._passed: set[int] = set()

    def forget(self) -> None:
        """Begin anew, after a seek."""
        self._passed.clear()

    def passes(self, packet: VideoPacket | None) -> bool:
        """Set the decoder for the packet that goes in next, and tell whether its picture is passed over."""
        if not self._can_pass:
            return False
        passes = (
            self.look_from is not None
            and packet is not None
            and packet.pts is not None
            and not packet.is_keyframe
            and packet.pts * self._time_base + self._margin <= self.look_from
        )
        self._decoder.skip_frame = "NONREF" if passes else "DEFAULT"
        if passes and packet is not None and packet.pts is not None:
            self._passed.add(packet.pts)
        return passes

    def came_out(self, start: int) -> None:
        """Note a picture that was decoded after all, because others need it."""
        self._passed.discard(start)

    def went_by(self, after: Fraction, moment: Fraction) -> bool:
        """Tell whether a picture that starts after one moment, up to another, was left out.

        Then frames last longer here than the file's rate says, and it may be the one on screen.
        """
        self._passed = {start for start in self._passed if start * self._time_base > after}
        return any(start * self._time_base <= moment for start in self._passed)


def _marks_what_is_needed(stream: VideoStream) -> bool:
    """Tell whether a picture marked as no reference is surely needed by no other."""
    codec = stream.codec_context.codec.name
    if codec == "hevc":
        # In layers of time a picture may be no reference to its own layer and one to the next. The
        # configuration record (ISO/IEC 14496-15, 8.3.3.1) counts the layers; one leaves no doubt.
        record = bytes(stream.codec_context.extradata or b"")
        return len(record) > 21 and record[0] == 1 and record[21] >> 3 & 7 == 1
    return codec in ("h264", "mpeg2video", "mpeg4")
