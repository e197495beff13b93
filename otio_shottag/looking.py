"""One shot, looked at: its moments decoded, bars and blank pictures taken off; wherever that runs.

Threads here, processes beside and nodes of a farm all go through this, so that they give the same answers.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from otio_shottag.analyses import Analysis
from otio_shottag.errors import MediaError
from otio_shottag.shots import Frames, Media, Moment, Prediction

Decode = Callable[[Media, Sequence[Moment], int], Frames]
"""File, moments, short side in pixels -> their pictures. Raises MediaError."""

Answer = Prediction | str
"""What was found out about a shot, or why nothing was, in one sentence for the editor."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What looking at a shot gave."""

    pictures: Frames | str
    """Those worth judging, or why there are none."""
    is_lasting: bool
    """Whether it will be the same next time; a file that cannot be decoded may be mended."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Answers about shots of one file."""

    answers: tuple[Answer, ...]
    """One for each shot, in the order they were asked for."""
    are_lasting: tuple[bool, ...]
    """For each, whether it will be the same next time."""
    decode_seconds: float
    judge_seconds: float


class Crew(Protocol):
    """Who looks at shots instead of this process' threads: several machines, say."""

    @property
    def num_workers(self) -> int:
        """How many shots are looked at at a time; may change."""

    def submit(self, analysis: Analysis, media: Media, wishes: Sequence[Sequence[Moment]]) -> "Future[Looked]":
        """Have shots of one file looked at, given the moments that each wants to see."""


def look(media: Media, moments: Sequence[Moment], short_side: int, decode: Decode) -> Seen:
    """Decode what one shot wants to see, without bars and blank pictures."""
    # numpy comes in only where there is something to look at.
    from otio_shottag.bars import trim_bars
    from otio_shottag.blank import BlankError, drop_blank

    try:
        decoded = decode(media, moments, short_side)
    except MediaError as error:
        return Seen(" ".join(str(error).split()), is_lasting=False)
    try:
        return Seen(trim_bars(drop_blank(decoded)), is_lasting=decoded.failures == 0)
    except BlankError as error:
        return Seen(str(error), is_lasting=decoded.failures == 0)
