"""What a header says of a media file: the noun that ``probing`` gives."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What must be known of a file to find its frames."""

    rate: Fraction
    """Frames per second, exact; the average where it varies, without meaning for a still."""
    start_timecode: str | None
    """Timecode of the first frame as the file says it, ``;`` or ``:`` included."""
    num_frames: int | None
    """How many frames it holds, where the header says so or it follows from the length."""
    width: int
    """In stored pixels, before rotation and pixel aspect."""
    height: int
    is_still: bool
    """A single picture, on screen for as long as a cut shows it."""
