"""The nouns: what travels down the road from a cut to its tags.

All are frozen. Record time is the cut's own clock and stays in OTIO's types; media time is
the file's clock and is exact (``Fraction`` seconds from the first picture of the file).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING, overload

from opentimelineio.opentime import TimeRange

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ImageSequence:
    """Numbered pictures that play as one clip: ``shot.0001.exr``, ``shot.0002.exr``, ..."""

    folder: Path
    prefix: str
    """Everything before the number: ``"shot."``."""
    suffix: str
    """Everything after it: ``".exr"``."""
    padding: int
    """Digits of the number, zeros in front; 0 writes it as it is."""
    first: int
    """Number of the first picture."""
    last: int
    """Number of the last picture, which counts."""
    step: int
    """From one picture's number to the next."""
    rate: Fraction
    """Pictures per second."""

    def picture(self, frame: int) -> Path:
        """Name the file of one frame; frame 0 is the first picture."""
        return self.folder / f"{self.prefix}{self.first + frame * self.step:0{self.padding}d}{self.suffix}"

    def __len__(self) -> int:
        return max(0, (self.last - self.first) // self.step + 1)

    def __str__(self) -> str:
        first, last = (f"{number:0{self.padding}d}" for number in (self.first, self.last))
        return str(self.folder / f"{self.prefix}[{first}-{last}]{self.suffix}")


Media = Path | ImageSequence


@dataclass(frozen=True, slots=True)
class PlayedFrames(Sequence[int]):
    """The file's frame on screen at each frame of the cut, in the order they are seen.

    A clip at its own speed counts up by one; a freeze repeats one frame; reverse play counts
    down; double speed counts by two; 24 frames a second in a cut of 25 repeats one in 25.
    """

    start: Fraction
    """Where the first one stands, in frames of the file; 0 is the start of its first frame."""
    step: Fraction
    """Frames of the file that pass in one frame of the cut; negative plays backward."""
    length: int
    """How many frames of the cut it is seen for."""

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, position: int) -> int: ...
    @overload
    def __getitem__(self, position: slice) -> list[int]: ...
    def __getitem__(self, position: int | slice) -> int | list[int]:
        if isinstance(position, slice):
            return [self[index] for index in range(*position.indices(self.length))]
        index = position + self.length if position < 0 else position
        if not 0 <= index < self.length:
            raise IndexError(position)
        return floor(self.start + index * self.step)

    def __iter__(self) -> Iterator[int]:
        return (self[index] for index in range(self.length))

    @property
    def lowest(self) -> int:
        """The earliest frame of the file that is seen."""
        return min(self[0], self[-1])

    @property
    def highest(self) -> int:
        """The latest frame of the file that is seen; it counts."""
        return max(self[0], self[-1])


@dataclass(frozen=True, slots=True)
class Shot:
    """One clip of the cut: which frames of which file it shows, and where."""

    address: tuple[int, ...]
    """Child indices from ``timeline.tracks`` down to the clip. ``(0, 3)`` is the fourth child of
    the first track; it finds the same clip in any copy of the timeline."""
    name: str
    """The clip's name in the cut."""
    track: str
    """``V1``, ``V2``, ...: the video tracks of the cut, counted from the bottom."""
    media: Media
    frames: PlayedFrames
    """Frames of the file, 0 = its first; one for each frame of ``record``, never empty."""
    rate: Fraction
    """Frames per second that ``frames`` counts at, exact."""
    record: TimeRange
    """Where the shot sits in the cut, in record time: the cut's start timecode is counted in."""
    clear: range
    """Positions in ``frames`` that no transition touches; all of them where none is clear."""
    media_start: Fraction
    """The file's start timecode as seconds at ``rate``; frame 0 is here on the media's own clock."""

    def seconds(self, frame: int) -> Fraction:
        """Give the middle of a frame, in seconds from the start of the file.

        The middle, because containers round their timestamps: the edge may be the neighbour's.
        """
        return (frame + Fraction(1, 2)) / self.rate


@dataclass(frozen=True, slots=True, order=True)
class NearMoment:
    """A moment of a file that may move: any picture on screen between two others does as well."""

    seconds: Fraction
    """The one that is wanted most, from the start of the file."""
    earliest: Fraction
    latest: Fraction
    """Both count; frames without a moment of their own in the shot must not lie between them."""


Moment = Fraction | NearMoment
"""When to look, in seconds from the start of the file: exactly then, or near it where that is cheaper."""


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Decoded pictures of one shot."""

    data: "NDArray[np.uint8]"
    """uint8 RGB (N, H, W, 3), square pixels, upright."""
    seconds: tuple[Fraction, ...]
    """When each picture starts, from the start of the file (N)."""
    failures: int
    """Moments that were asked for and gave no picture."""


@dataclass(frozen=True, slots=True)
class Label:
    """One word of a vocabulary."""

    code: str
    """Short, stable, what gets written: ``"MCU"``."""
    name: str
    """In words: ``"medium close-up"``."""
    color: str
    """One of OTIO's marker colours: ``"ORANGE"``."""


Scores = tuple[tuple[Label, float], ...]
"""A probability for each label of the vocabulary, in its order; they add up to 1."""


@dataclass(frozen=True, slots=True)
class FrameScores:
    """What the analysis says of one picture."""

    seconds: Fraction
    """When the picture starts, from the start of the file."""
    scores: Scores


@dataclass(frozen=True, slots=True)
class Prediction:
    """What an analysis says of one shot."""

    label: Label
    confidence: float
    """0..1, calibrated: of the tags that say 0.8, eight in ten are right. Of a shot that changes its
    size, that of the less sure of its two ends."""
    scores: Scores
    frames: tuple[FrameScores, ...]
    """The same, picture by picture, in the order they are seen."""
    path: tuple[Label, ...]
    """The labels the shot goes through: ``(MS, CU)`` for a push-in, else just ``(label,)``."""
    failures: int = 0
    """Frames that were wanted and could not be decoded."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A prediction pinned to a shot."""

    shot: Shot
    analysis: str
    """What was judged: ``"shot_type"``."""
    prediction: Prediction
    model: str
    """What judged, with its version."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A clip that could not be tagged."""

    address: tuple[int, ...]
    name: str
    track: str
    record: TimeRange
    """Where it sits in the cut, in record time."""
    reason: str
    """Why, in one sentence for the editor."""
