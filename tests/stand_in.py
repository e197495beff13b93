"""A stand-in for the network: judges a picture by the number that its bar code shows."""

from collections.abc import Sequence
from fractions import Fraction

from otio_shottag.sampling import spread
from otio_shottag.shots import Frames, FrameScores, Prediction, Scores, Shot
from otio_shottag.vocabulary import SHOT_TYPES
from tests.media import read_number


class StandIn:
    """An Analysis that needs no weights: number n means size n modulo 8, nine parts in ten sure."""

    name = "shot_type"
    model = "stand-in 1"
    short_side = 96
    device = "cpu (stand-in)"

    def __init__(self, frames_per_shot: int = 3) -> None:
        self.frames_per_shot = frames_per_shot
        self.batches: list[int] = []

    def moments(self, shot: Shot) -> Sequence[Fraction]:
        return [shot.seconds(frame) for frame in spread([shot.frames[at] for at in shot.clear], self.frames_per_shot)]

    def predict(self, batch: Sequence[Frames]) -> list[Prediction]:
        self.batches.append(len(batch))
        return [self._judge(frames) for frames in batch]

    def _judge(self, frames: Frames) -> Prediction:
        numbers = [read_number(picture) for picture in frames.data]
        sizes = [number % 8 for number in numbers]
        label = SHOT_TYPES[sizes[0]]
        path = (label, SHOT_TYPES[sizes[-1]]) if sizes[-1] != sizes[0] else (label,)
        each = tuple(FrameScores(when, scores(size)) for when, size in zip(frames.seconds, sizes, strict=True))
        return Prediction(label, 0.9, scores(sizes[0]), each, path, frames.failures)


def scores(size: int) -> Scores:
    """Nine tenths for one size, the rest spread over the others."""
    return tuple((label, 0.9 if index == size else 0.1 / 7) for index, label in enumerate(SHOT_TYPES))
