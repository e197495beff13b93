"""Rows of features, or pictures themselves -> the batches of an epoch, each still once in one view."""

from collections.abc import Iterator, Sequence
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from otio_shottag.model.pictures import Geometry, Normalization, fit, normalize
from otio_shottag.shots import Label
from otio_shottag.training.features import Features, as_tensor
from otio_shottag.training.fit import Batch
from otio_shottag.training.stills import Still
from otio_shottag.training.views import SAME_SIZE_PASSES, View, resized, varied


class FeatureBatches:
    """One pass over the training stills after another, each drawn anew.

    An epoch takes every still once, in one of the views that keep its size, and a number of views
    with another size on top. Half of the batches are turned left for right: the early stages see
    no left and right, but for the edge of the picture.
    """

    def __init__(
        self,
        features: Features,
        chosen: NDArray[np.bool_],
        *,
        batch_size: int,
        resized_part: float,
        seed: int,
    ) -> None:
        """Draw from the stills that ``chosen`` marks; ``resized_part`` counts in parts of those."""
        self._features = features
        self._batch_size = batch_size
        self._seed = seed
        usable = chosen[features.stills]
        keeps_size = np.isin(features.kinds, SAME_SIZE_PASSES)
        rows_of: dict[int, list[int]] = {}
        for row in np.flatnonzero(usable & keeps_size):
            rows_of.setdefault(int(features.stills[row]), []).append(int(row))
        self._same: Sequence[Sequence[int]] = list(rows_of.values())
        self._resized = np.flatnonzero(usable & ~keeps_size)
        self._num_resized = min(len(self._resized), round(resized_part * len(self._same)))

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch; stills that fill no whole batch wait for the next one."""
        return max(1, (len(self._same) + self._num_resized) // self._batch_size)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        draw = np.random.default_rng([self._seed, epoch])
        same = [rows[int(draw.integers(len(rows)))] for rows in self._same]
        others = draw.choice(self._resized, self._num_resized, replace=False)
        rows = draw.permutation(np.concatenate([same, others]).astype(np.int64))
        for step in range(self.steps_per_epoch):
            yield self._batch(rows[step * self._batch_size : (step + 1) * self._batch_size], draw.random() < 0.5)

    def _batch(self, rows: NDArray[np.int64], turned: bool) -> Batch:
        # In the file's order, which a disk likes; the order within a batch changes nothing.
        rows = np.sort(rows)
        maps = as_maps(self._features.maps[rows])
        if turned:
            maps = maps.flip(3)
        targets = torch.from_numpy(self._features.targets[rows])
        return maps.contiguous(memory_format=torch.channels_last), targets


class PictureBatches:
    """One pass over the stills after another, each still in a new varied view, or at another size.

    For training all stages: nothing is kept, every view is made anew.
    """

    def __init__(
        self,
        stills: Sequence[Still],
        labels: Sequence[Label],
        *,
        geometry: Geometry,
        normalization: Normalization,
        batch_size: int,
        resized_part: float,
        seed: int,
    ) -> None:
        """Draw from ``stills``; ``resized_part`` of the views have another size, where a face allows."""
        self._stills = stills
        self._labels = labels
        self._geometry = geometry
        self._normalization = normalization
        self._batch_size = batch_size
        self._resized_part = resized_part
        self._seed = seed

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch; stills that fill no whole batch wait for the next one."""
        return max(1, len(self._stills) // self._batch_size)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        random = Random(f"{self._seed} {epoch}")
        order = random.sample(range(len(self._stills)), len(self._stills))
        for step in range(self.steps_per_epoch):
            chosen = order[step * self._batch_size : (step + 1) * self._batch_size]
            views = [self._view(self._stills[index], random) for index in chosen]
            pictures = torch.cat([fit(as_tensor(view), self._geometry) for view in views])
            targets = torch.from_numpy(np.stack([view.target for view in views]))
            yield normalize(pictures, self._normalization), targets

    def _view(self, still: Still, random: Random) -> View:
        if random.random() < self._resized_part:
            view = resized(still, random, self._labels)
            if view is not None:
                return view
        return varied(still, random)


def as_maps(rows: NDArray[np.float16]) -> Tensor:
    """Turn rows of a feature file into what the late stages take: (N, H, W, C) -> (N, C, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(rows)).float().permute(0, 3, 1, 2)
