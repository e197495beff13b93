"""Tells the pictures of a decoder that can be believed from those that cannot. Pure arithmetic.

Decoders hide damage: a broken packet comes out as a plausible picture or not at all, and every
picture predicted from it looks fine and is wrong. So what comes out is checked against what went
in, and after a loss nothing is believed until a later key frame.
"""

from fractions import Fraction

# Two starts nearer than this part of a frame belong to one picture: in some files each field has
# a packet of its own, half a frame after the other.
_SAME_PICTURE = Fraction(3, 4)

_BEFORE_ALL = -(2**63)
"""FFmpeg's smallest timestamp."""


class DamageWatch:
    """Follows one run of a decoder, from a key frame on; all times are in ticks of one clock."""

    def __init__(self, key_frame: int | None, frame_duration: Fraction, *, is_steady: bool) -> None:
        """Begin with the key frame that starts then, or, with None, somewhere between two.

        Where frames are steady, a pause of a frame between two of them hides a lost one.
        """
        self._is_steady = is_steady
        self._frame_duration = frame_duration
        self._earliest_loss: Fraction | int = _BEFORE_ALL if key_frame is None else key_frame
        self._doubt: int | None = _BEFORE_ALL if key_frame is None else None
        self._end: int | None = None
        self._awaited: set[int] = set()
        self._broken: set[int] = set()

    def put_in(self, start: int, *, is_broken: bool) -> None:
        """Note that the picture starting then went into the decoder, and whether that went wrong."""
        self._awaited.add(start)
        if is_broken:
            self._broken.add(start)
            self._doubt = start if self._doubt is None else max(self._doubt, start)

    def pass_over(self, start: int, *, is_broken: bool) -> None:
        """Note a picture that is not looked at and need not come out; broken, it may still spoil others."""
        if is_broken:
            self._broken.add(start)
            self._doubt = start if self._doubt is None else max(self._doubt, start)

    def find_lost(self, start: int) -> int | None:
        """Give the first picture that should have come out before the one starting then, if any."""
        overdue = {awaited for awaited in self._awaited if awaited < start}
        self._awaited -= overdue
        lost = [awaited for awaited in overdue if awaited >= self._earliest_loss]
        if self._is_steady and self._end is not None and start > self._end + _SAME_PICTURE * self._frame_duration:
            lost.append(self._end)
        if not lost:
            return None
        self._doubt = max(lost) if self._doubt is None else max(self._doubt, *lost)
        return min(lost)

    def is_sound(self, start: int, *, duration: int, is_key_frame: bool, is_broken: bool) -> bool:
        """Tell whether to believe the picture that came out next, starting then; 0 is no known duration."""
        self._awaited.discard(start)
        self._end = start + max(duration, round(self._frame_duration))
        self._earliest_loss = start + _SAME_PICTURE * self._frame_duration
        is_broken = is_broken or start in self._broken
        if is_broken:
            self._doubt = start if self._doubt is None else max(self._doubt, start)
        elif is_key_frame and self._doubt is not None and start > self._doubt:
            self._doubt = None
        # A key frame needs no other picture, so damage elsewhere does not touch it.
        return not is_broken and (is_key_frame or self._doubt is None)
