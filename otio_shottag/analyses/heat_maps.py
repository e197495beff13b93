"""Pictures -> what in them made the network say their size, in the pictures' own geometry.

Takes pictures as they are decoded, with their bars, prepares them as for judging, and undoes that for
the maps. The maps themselves come from ``model.heat_maps``.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from otio_shottag.bars import find_bars
from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import SHIPPED, Checkpoint
from otio_shottag.model.device import choose_device, describe_device
from otio_shottag.model.foreign import load_any
from otio_shottag.model.heat_maps import heat_maps
from otio_shottag.model.network import Committee, fused
from otio_shottag.model.pictures import black_bars, fit, grey_sides, normalize, without_bars
from otio_shottag.shots import Frames, Label

BATCH = 16
"""Pictures that go through the network together."""


@dataclass(frozen=True, slots=True, eq=False)
class HeatMaps:
    """What in the pictures of one Frames speaks for a size."""

    data: NDArray[np.float32]
    """0..1, (N, H, W) as the pictures: 1 at each picture's hottest place, 0 on bars; all 0 where nothing does."""
    labels: tuple[Label, ...]
    """Which size, picture by picture (N)."""
    confidences: tuple[float, ...]
    """How sure the network is of that size, 0..1, calibrated (N)."""


def load_heat_mapper(*, model: Path | None = None, device: str = "auto") -> "HeatMapper":
    """Load the network of a checkpoint, the shipped one without ``model``, on a device. Raises ModelError."""
    return HeatMapper(load_any(model or SHIPPED), choose_device(device))


class HeatMapper:
    """Draws heat maps with one checkpoint on one device."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        self.model = checkpoint.version
        """What judges, with its version."""
        self.short_side = min(checkpoint.geometry.width, checkpoint.geometry.height)
        """Pixels that pictures are best decoded at; larger ones give larger maps, no finer ones."""
        self.labels = checkpoint.labels
        """The sizes it knows."""
        self.device = describe_device(device)
        self._checkpoint = checkpoint
        self._torch_device = device
        if device.type == "cpu":
            # A judge before us may have set torch to one thread, since it works on several shots at once.
            torch.set_num_threads(os.cpu_count() or 1)
        network = fused(checkpoint.network).to(device)
        assert isinstance(network, Committee)
        self._network = network

    def look(self, batch: Sequence[Frames], labels: Sequence[Label | None]) -> list[HeatMaps]:
        """Map what speaks for each Frames' label, or with None for what its pictures are judged to be.

        Raises ModelError for a label that the checkpoint does not know and for a Frames without pictures.
        """
        if any(len(frames.data) == 0 for frames in batch):
            raise ModelError("a shot without pictures has no heat map; leave it out of the batch")
        if not batch:
            return []
        prepared = [_Prepared(frames.data, self._checkpoint) for frames in batch]
        wanted = [self._number(label) for label in labels]
        classes = [number for frames, number in zip(batch, wanted, strict=True) for _ in frames.data]
        maps, chosen, scores = self._run(torch.cat([one.fitted for one in prepared]), classes)
        probabilities = torch.softmax(scores.double() / self._checkpoint.temperature, dim=1)
        sure = probabilities.gather(1, chosen[:, None])[:, 0].tolist()
        known = [self._checkpoint.labels[number] for number in chosen.tolist()]
        answers, start = [], 0
        for one in prepared:
            end = start + len(one.fitted)
            answers.append(HeatMaps(one.undone(maps[start:end]), tuple(known[start:end]), tuple(sure[start:end])))
            start = end
        return answers

    def _number(self, label: Label | None) -> int | None:
        if label is None:
            return None
        if label not in self._checkpoint.labels:
            known = ", ".join(one.code for one in self._checkpoint.labels)
            raise ModelError(f"{self.model} does not know the size {label.code}; it knows {known}")
        return self._checkpoint.labels.index(label)

    def _run(self, fitted: Tensor, classes: Sequence[int | None]) -> tuple[Tensor, Tensor, Tensor]:
        parts = []
        for start in range(0, len(fitted), BATCH):
            some = normalize(fitted[start : start + BATCH].to(self._torch_device), self._checkpoint.normalization)
            parts.append(heat_maps(self._network, some, classes[start : start + BATCH]))
        maps, chosen, scores = (torch.cat(column).cpu() for column in zip(*parts, strict=True))
        return maps.float(), chosen, scores.float()


class _Prepared:
    """The pictures of one Frames as the network sees them, and the way back."""

    def __init__(self, data: NDArray[np.uint8], checkpoint: Checkpoint) -> None:
        _, self._height, self._width, _ = data.shape
        outer = find_bars(data)
        inside = data[:, outer.top : self._height - outer.bottom, outer.left : self._width - outer.right]
        pictures = torch.from_numpy(np.ascontiguousarray(inside)).permute(0, 3, 1, 2)
        top, _, left, _ = black_bars(pictures)
        clean = without_bars(pictures)
        self._top, self._left = outer.top + top, outer.left + left
        self._inner_height, self._inner_width = clean.shape[-2:]
        self._sides = grey_sides(self._inner_height, self._inner_width, checkpoint.geometry)
        self.fitted = fit(clean, checkpoint.geometry)

    def undone(self, maps: Tensor) -> NDArray[np.float32]:
        """Bring coarse maps (N, h, w) to the pictures' geometry, 0..1 each."""
        left, right = self._sides
        size = (self._inner_height, left + self._inner_width + right)
        # Bicubic, for it draws round spots where bilinear draws diamonds; it may fall below 0.
        fine = torch.nn.functional.interpolate(maps[:, None], size, mode="bicubic", align_corners=False)[:, 0].relu()
        fine = fine[:, :, left : left + self._inner_width]
        hottest = fine.amax(dim=(1, 2), keepdim=True)
        whole = np.zeros((len(maps), self._height, self._width), np.float32)
        rows = slice(self._top, self._top + self._inner_height)
        columns = slice(self._left, self._left + self._inner_width)
        whole[:, rows, columns] = torch.where(hottest > 0, fine / hottest.clamp(min=1e-12), 0.0).numpy()
        return whole
