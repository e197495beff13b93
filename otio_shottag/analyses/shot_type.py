"""Pixels -> shot size, on the scale from extreme wide shot to extreme close-up.

Each picture is judged by itself; a shot's scores are the mean of its pictures' log-probabilities,
so that one picture that surely is no CU weighs more than one that may be. A shot that ends at another
size than it starts has a *path*, such as MS to CU.
"""

import threading
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from math import floor
from typing import TYPE_CHECKING

from otio_shottag.errors import ModelError
from otio_shottag.model.header import Header
from otio_shottag.rates import exact_rate
from otio_shottag.sampling import spread, worthwhile_count
from otio_shottag.shots import Frames, FrameScores, Label, Moment, NearMoment, PlayedFrames, Prediction, Scores, Shot
from otio_shottag.vocabulary import SHOT_TYPES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from otio_shottag.model.judge import Judge

# Measured on held-out stills: 49 zooms from a long to a medium shot into a close-up, and 120 stills that only
# wobble by up to 5 %. With these 0.80 of the zooms are found, all within one size, and no wobble is.
FAR_CONFIDENCE = 0.45
"""A change over two sizes or more counts if both ends are at least this sure."""
NEAR_CONFIDENCE = 0.65
"""A change to a neighbouring size counts if both ends are at least this sure."""

LEEWAY = Fraction(1, 8)
"""How far a sample may move to a key frame: this part of its distance from the middle to the edge of its share of
the shot. Of 960 stretches of 21 real shots 99.3 to 100 % kept their label with key frames 1 to 10 seconds
apart; with a fifth it were 99.0 to 99.8 %, with one half 95.7 to 99.1 %, with all of it 93.1 to 97.4 %
(``tests.benchmarks.moved_samples``)."""

RULES_VERSION = "rules 1"
"""Of how pictures are prepared, judged and joined; goes up when that changes: old answers do not serve then."""


class ShotType:
    """Judges shot sizes with one checkpoint on one device; see ``Analysis`` for the members.

    The network is loaded when the first shot is to be judged: a cut that was judged before needs none.
    """

    name = "shot_type"

    def __init__(
        self,
        header: Header,
        load: "Callable[[], Judge]",
        *,
        fingerprint: Callable[[], str],
        frames_per_shot: int | None = None,
    ) -> None:
        self.model = header.version
        self.short_side = min(header.geometry.width, header.geometry.height)
        self._labels = header.labels
        self._load = load
        self._fingerprint = fingerprint
        self._judge: Judge | None = None
        self._loading = threading.Lock()
        self._frames_per_shot = frames_per_shot

    @cached_property
    def fingerprint(self) -> str:
        """What the answers depend on besides the pictures, as text; reads the whole checkpoint, once."""
        return f"{RULES_VERSION} {self._fingerprint()}"

    @property
    def device(self) -> str | None:
        """What judged, in words; None as long as nothing had to be."""
        return None if self._judge is None else self._judge.device

    @property
    def side_by_side(self) -> bool:
        """Whether several threads may ask for predictions at once; loads the network."""
        return self.judge.side_by_side

    @property
    def judge(self) -> "Judge":
        """The network on its device, loaded when first asked for."""
        with self._loading:
            if self._judge is None:
                self._judge = self._load()
            return self._judge

    def moments(self, shot: Shot) -> list[Moment]:
        """Spread over the frames that no transition touches; one moment for a freeze."""
        played = shot.frames
        frames = PlayedFrames(played.start + shot.clear.start * played.step, played.step, len(shot.clear))
        seconds = Fraction(len(frames)) / exact_rate(shot.record.duration.rate)
        count = self._frames_per_shot or worthwhile_count(seconds)
        picks = spread(frames, count)
        # Beyond its own speed a shot leaves frames of the file out, and any of those would be a wrong one.
        is_whole = 0 < abs(played.step) <= 1
        leeway = floor(LEEWAY * Fraction(len(frames), 2 * count) * abs(played.step)) if is_whole else 0
        return [_moment(shot, frame, leeway) for frame in picks]

    def predict(self, batch: Sequence[Frames]) -> list[Prediction]:
        """Judge shots of any picture shapes; raises ModelError for one without pictures."""
        if any(len(frames.data) == 0 for frames in batch):
            raise ModelError("a shot without pictures cannot be judged; leave it out of the batch")
        if not batch:
            return []
        rows = self.judge.probabilities([frames.data for frames in batch])
        return [self._joined(frames, some) for frames, some in zip(batch, rows, strict=True)]

    def _joined(self, frames: Frames, rows: "NDArray[np.float64]") -> Prediction:
        labels = self._labels
        joined = joined_probabilities(rows)
        path = size_path(rows)
        best = int(joined.argmax())
        # Two sizes in one shot halve the joined score of each; how sure it is, its ends say.
        confidence = min(rows[0, path[0]], rows[-1, path[-1]]) if len(path) > 1 else joined[best]
        return Prediction(
            label=labels[best],
            confidence=float(confidence),
            scores=self._scores(joined),
            frames=tuple(FrameScores(when, self._scores(row)) for when, row in zip(frames.seconds, rows, strict=True)),
            path=tuple(labels[index] for index in path) if len(path) > 1 else (labels[best],),
            failures=frames.failures,
        )

    def _scores(self, row: "NDArray[np.float64]") -> Scores:
        """Pair probabilities with the whole vocabulary; a size the checkpoint cannot say gets 0."""
        known: dict[Label, float] = dict(zip(self._labels, row.tolist(), strict=True))
        return tuple((label, known.get(label, 0.0)) for label in SHOT_TYPES)


def _moment(shot: Shot, frame: int, leeway: int) -> Moment:
    if leeway == 0:
        return shot.seconds(frame)
    return NearMoment(shot.seconds(frame), shot.seconds(frame - leeway), shot.seconds(frame + leeway))


def joined_probabilities(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Join the probabilities of a shot's pictures (N, labels) into one row that adds up to 1."""
    import numpy as np

    logs = np.log(np.maximum(rows, 1e-9)).mean(axis=0)
    likely: NDArray[np.float64] = np.exp(logs - logs.max())
    likely /= likely.sum()
    return likely


def size_path(rows: "NDArray[np.float64]") -> tuple[int, ...]:
    """Give the sizes that a shot starts and ends with where they clearly differ, else the start's.

    The change has to hold on: the pictures between must lie between, or it is a person passing by.
    """
    first, last = int(rows[0].argmax()), int(rows[-1].argmax())
    step = abs(first - last)
    if step == 0:
        return (first,)
    needed = NEAR_CONFIDENCE if step == 1 else FAR_CONFIDENCE
    if min(rows[0, first], rows[-1, last]) < needed:
        return (first,)
    low, high = sorted((first, last))
    between = rows.argmax(axis=1)
    if ((between < low) | (between > high)).any():
        return (first,)
    return (first, last)
