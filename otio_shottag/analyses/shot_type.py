"""Pixels -> shot size, on the scale from extreme wide shot to extreme close-up.

Each picture is judged by itself; a shot's scores are the mean of its pictures' log-probabilities,
so that one picture that surely is no CU weighs more than one that may be. A shot that ends at another
size than it starts has a *path*, such as MS to CU.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.device import describe_device
from otio_shottag.model.network import fused
from otio_shottag.model.pictures import fit, normalize, without_bars
from otio_shottag.sampling import spread, worthwhile_count
from otio_shottag.shots import Frames, FrameScores, Label, PlayedFrames, Prediction, Scores, Shot
from otio_shottag.vocabulary import SHOT_TYPES

BATCH = 16
"""Pictures that go through the network together; a CPU gains nothing from more."""

# Measured on held-out stills: 49 zooms from a long to a medium shot into a close-up, and 120 stills that only
# wobble by up to 5 %. With these 0.80 of the zooms are found, all within one size, and no wobble is.
FAR_CONFIDENCE = 0.45
"""A change over two sizes or more counts if both ends are at least this sure."""
NEAR_CONFIDENCE = 0.65
"""A change to a neighbouring size counts if both ends are at least this sure."""

ROWS = NDArray[np.float64]
"""Probabilities, one row for each picture: (N, labels)."""


class ShotType:
    """Judges shot sizes with one checkpoint on one device; see ``Analysis`` for the members."""

    name = "shot_type"

    def __init__(self, checkpoint: Checkpoint, device: torch.device, *, frames_per_shot: int | None = None) -> None:
        self.model = checkpoint.version
        self.short_side = min(checkpoint.geometry.width, checkpoint.geometry.height)
        self.device = describe_device(device)
        self._checkpoint = checkpoint
        self._torch_device = device
        self._network = fused(checkpoint.network).to(device)
        self._frames_per_shot = frames_per_shot

    def moments(self, shot: Shot) -> list[Fraction]:
        """Spread over the frames that no transition touches; one moment for a freeze."""
        played = shot.frames
        frames = PlayedFrames(played.start + shot.clear.start * played.step, played.step, len(shot.clear))
        seconds = Fraction(len(frames)) / Fraction(shot.record.duration.rate).limit_denominator(1001)
        count = self._frames_per_shot or worthwhile_count(seconds)
        return [shot.seconds(frame) for frame in spread(frames, count)]

    def predict(self, batch: Sequence[Frames]) -> list[Prediction]:
        """Judge shots of any picture shapes; raises ModelError for one without pictures."""
        if any(len(frames.data) == 0 for frames in batch):
            raise ModelError("a shot without pictures cannot be judged; leave it out of the batch")
        if not batch:
            return []
        rows = self._probabilities([torch.from_numpy(frames.data) for frames in batch])
        ends = np.cumsum([len(frames.data) for frames in batch])
        return [
            self._joined(frames, rows[end - len(frames.data) : end]) for frames, end in zip(batch, ends, strict=True)
        ]

    def _probabilities(self, pictures: Sequence[Tensor]) -> ROWS:
        """Give each picture's calibrated probabilities; takes uint8 (N, H, W, 3), shot by shot."""
        clean = [without_bars(shot.permute(0, 3, 1, 2)) for shot in pictures]
        fitted = torch.cat([fit(shot, self._checkpoint.geometry) for shot in clean])
        scores = []
        with torch.inference_mode():
            for some in torch.split(fitted, BATCH):
                numbers = normalize(some.to(self._torch_device), self._checkpoint.normalization)
                scores.append(self._network(numbers).float().cpu())
        return torch.softmax(torch.cat(scores).double() / self._checkpoint.temperature, dim=1).numpy()

    def _joined(self, frames: Frames, rows: ROWS) -> Prediction:
        labels = self._checkpoint.labels
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

    def _scores(self, row: NDArray[np.float64]) -> Scores:
        """Pair probabilities with the whole vocabulary; a size the checkpoint cannot say gets 0."""
        known: dict[Label, float] = dict(zip(self._checkpoint.labels, row.tolist(), strict=True))
        return tuple((label, known.get(label, 0.0)) for label in SHOT_TYPES)


def joined_probabilities(rows: ROWS) -> NDArray[np.float64]:
    """Join the probabilities of a shot's pictures (N, labels) into one row that adds up to 1."""
    logs = np.log(np.maximum(rows, 1e-9)).mean(axis=0)
    likely: NDArray[np.float64] = np.exp(logs - logs.max())
    likely /= likely.sum()
    return likely


def size_path(rows: ROWS) -> tuple[int, ...]:
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
