"""The picture on screen at a moment of a file: reads on or seeks, whichever decodes less.

Leaves to ``stream`` what a picture is and whether it is sound.
"""

from fractions import Fraction
from pathlib import Path
from types import TracebackType

from av.codec.hwaccel import HWAccel

from otio_shottag.decode.orientation import orientation_of
from otio_shottag.decode.render import Shown
from otio_shottag.decode.stream import Picture, PictureStream
from otio_shottag.errors import MediaError
from otio_shottag.shots import NearMoment

# A seek empties the decoder, which held back a few pictures: it must save this many at least.
_WORTH_A_SEEK_FRAMES = 6
# Where a file has no list of its key frames, a seek is taken to land this long before the moment.
_LIKELY_KEY_FRAME_DISTANCE = Fraction(1)
# Lists of key frames may hold the time of decoding: so many frames before the time of showing.
_DECODED_AHEAD_FRAMES = 4
# A seek that landed too late is tried again this much earlier, then four times as much, ...
_FIRST_STEP_BACK = Fraction(1)
_STEP_BACK_GROWTH = 4


class Reader:
    """Finds the pictures of one file by the moment; rising moments cost least.

    Time zero is the start of the file's first picture: what a header says of it is wrong for some
    files with B-frames. Not for two threads at once.
    """

    def __init__(self, path: Path, *, threads: int = 0, hardware: HWAccel | None = None) -> None:
        """Open a file and find its first picture; MediaError where that cannot be done."""
        self._stream = PictureStream(path, threads=threads, hardware=hardware)
        self._shown: Picture | None = None
        self._next = self._stream.next()
        self._has_ended = False
        self._key_frame: Fraction | None = None
        self._looks_at_all = False
        self.has_met_damage = False
        """Whether something on the way was damaged: what comes after may depend on where reading began."""
        self.is_fresh = True
        """Whether nothing has been asked of it yet."""
        if self._next is None:
            self._stream.close()
            raise MediaError(f"{path}: not one picture of it can be decoded; the file is damaged or incomplete")
        self._zero = self._next.start

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()

    @property
    def is_on_hardware(self) -> bool:
        """Whether a graphics card decodes it."""
        return self._stream.is_on_hardware

    def picture_near(self, moment: NearMoment) -> Shown | None:
        """Give a key frame that is on screen while the moment may be, else what is on screen at it.

        A key frame is decoded alone, another picture with all that lead up to it. Which one is
        chosen depends on the file alone, not on where reading was before.
        """
        if self._stream.has_key_frames:
            first, last = (self._zero + edge for edge in (moment.earliest, moment.latest))
            wanted = self._zero + moment.seconds
            slack = _DECODED_AHEAD_FRAMES * self._stream.frame_duration
            for when in self._stream.key_frames.near(wanted):
                if not first - slack <= when <= last:
                    continue
                self._shown = self._next = self._key_frame = None
                self._has_ended = False
                picture = self._stream.key_picture(when + slack)
                if picture is not None and first <= picture.start + picture.duration / 2 <= last:
                    shown = self._show(picture, picture.start)
                    if shown is not None:
                        return shown
        return self.picture_at(moment.seconds)

    def picture_at(self, seconds: Fraction) -> Shown | None:
        """Give what is on screen at a moment, from the start of the file.

        None before the start, after the end (a lone picture has none), and where the file is
        damaged.
        """
        if seconds < 0:
            return None
        moment = self._zero + (0 if self._stream.holds_one_picture else seconds)
        picture = self._read_from(moment if self._is_seek_cheaper(moment) else None, moment)
        step_back = _FIRST_STEP_BACK
        while picture is None and not self._stream.from_start:
            # HEVC and open groups of pictures drop what follows a key frame, transport streams
            # land where they like: what we got, if anything, is later than what we asked for.
            picture = self._read_from(moment - step_back, moment)
            step_back *= _STEP_BACK_GROWTH
        shown = self._show(picture, moment)
        if shown is None and self._key_frame is not None and not self._has_ended:
            # Damage may be the seek's doing: an earlier key frame settles it.
            earlier = self._key_frame - self._stream.frame_duration
            shown = self._show(self._read_from(earlier, moment), moment)
        return shown

    def _is_seek_cheaper(self, moment: Fraction) -> bool:
        """Decide between a seek and reading on from where we are."""
        if self._shown is None and self._next is None:
            return True
        if self._shown is not None and moment < self._shown.start:
            return True
        if self._next is None:
            # At the end there is nothing to seek to, unless it was not the end of the file.
            return self._stream.gave_up and self._stream.can_seek
        if moment < self._next.start:
            return self._shown is None
        landing = self._stream.key_frames.before(moment)
        if landing is None:
            landing = moment - _LIKELY_KEY_FRAME_DISTANCE
        # Where every picture stands alone, a seek loses nothing and saves reading large packets.
        worth_a_seek = 1 if self._stream.is_intra_only else _WORTH_A_SEEK_FRAMES
        return landing - self._next.start > worth_a_seek * self._stream.frame_duration

    def _go_to(self, moment: Fraction) -> None:
        """Seek to the key frame before a moment, or to the file's start where that is nearer."""
        self._shown = self._next = self._key_frame = None
        self._has_ended = False
        if moment <= self._zero:
            self._stream.restart()
        else:
            self._key_frame = self._stream.seek(moment)

    def _read_from(self, origin: Fraction | None, moment: Fraction) -> Picture | None:
        """Read on, or from a key frame before ``origin``, to the picture on screen at a moment."""
        if origin is not None:
            self._go_to(origin)
        picture = self._read_to(moment)
        if picture is not None and self._stream.passing.went_by(picture.start, moment):
            # Frames last longer here than the file's rate says, and one too many was left out.
            self._looks_at_all = True
            self._go_to(moment if origin is None else origin)
            picture = self._read_to(moment)
        return picture

    def _read_to(self, moment: Fraction) -> Picture | None:
        """Read until a picture starts after the moment, and give the one before; None if none was."""
        self._stream.passing.look_from = None if self._looks_at_all else moment
        while not self._has_ended and (self._next is None or self._next.start <= moment):
            self._shown = self._next or self._shown
            self._next = self._stream.next()
            self._has_ended = self._next is None
            self.has_met_damage |= self._next is not None and self._next.source is None
        return self._shown

    def _show(self, picture: Picture | None, moment: Fraction) -> Shown | None:
        """Give the picture if it is sound and still on screen at the moment."""
        if picture is None:
            return None
        if self._has_ended and not self._stream.holds_one_picture:
            # Cuts may ask for one frame too many: the last picture is held for that long.
            held = Fraction(0) if self._stream.gave_up else self._stream.frame_duration
            if moment >= picture.start + picture.duration + held:
                return None
        frame = self._stream.show(picture)
        if frame is None:
            return None
        orientation = orientation_of(frame, picture.encoded)
        return Shown(picture.start - self._zero, frame, self._stream.sample_aspect, orientation)
