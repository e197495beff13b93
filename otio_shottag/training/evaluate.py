"""A checkpoint and labelled stills -> what it says of each, and how often it is right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.network import fused
from otio_shottag.model.pictures import fit, normalize, without_bars
from otio_shottag.training.metrics import Figures, measure
from otio_shottag.training.stills import Still

BATCH = 16


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What a checkpoint says of stills."""

    stills: tuple[Still, ...]
    probabilities: NDArray[np.float64]
    """(N, labels), calibrated."""
    figures: Figures

    def worst(self, count: int) -> list[tuple[Still, int, float]]:
        """Give the surest mistakes: the still, the position of the label it was given, the confidence."""
        judged, sure = self.probabilities.argmax(axis=1), self.probabilities.max(axis=1)
        wrong = [index for index, still in enumerate(self.stills) if judged[index] != still.label]
        wrong.sort(key=lambda index: -sure[index])
        return [(self.stills[index], int(judged[index]), float(sure[index])) for index in wrong[:count]]


def evaluate(
    checkpoint: Checkpoint,
    stills: Sequence[Still],
    *,
    device: torch.device | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation:
    """Judge stills, each by itself, and compare with their labels.

    The stills' labels count in the order of the checkpoint's. Raises ModelError where there are none.
    """
    if not stills:
        raise ModelError("no stills to evaluate on; should be one at least")
    scores = judge(checkpoint, stills, device=device, progress=progress)
    probabilities = torch.softmax(torch.from_numpy(scores) / checkpoint.temperature, dim=1).numpy()
    positions = np.array([still.label for still in stills])
    return Evaluation(tuple(stills), probabilities, measure(probabilities, positions, checkpoint.labels))


def judge(
    checkpoint: Checkpoint,
    stills: Sequence[Still],
    *,
    device: torch.device | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NDArray[np.float64]:
    """Give the scores of each still before softmax and temperature: (N, labels)."""
    device = device or torch.device("cpu")
    network = fused(checkpoint.network).to(device)
    rows = []
    for start in range(0, len(stills), BATCH):
        pictures = torch.cat(
            [fit(without_bars(_picture(still)), checkpoint.geometry) for still in stills[start : start + BATCH]]
        )
        with torch.inference_mode():
            rows.append(network(normalize(pictures.to(device), checkpoint.normalization)).double().cpu())
        progress(min(start + BATCH, len(stills)), len(stills))
    scores: NDArray[np.float64] = torch.cat(rows).numpy()
    return scores


def _picture(still: Still) -> torch.Tensor:
    try:
        with Image.open(still.path) as file:
            pixels = np.array(file.convert("RGB"))
    except OSError as error:
        raise ModelError(f"{still.path}: cannot read the picture: {error}") from error
    return torch.from_numpy(pixels).permute(2, 0, 1)[None]  # (H, W, 3) -> (1, 3, H, W)
