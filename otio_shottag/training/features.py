"""What the frozen stages make of the stills, worked out once and kept in a file.

On two CPU cores the early stages cost far more than the late ones and never change while those are
trained. Each view of each still goes through them once; training then reads rows of one large file.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from otio_shottag.model.network import fused
from otio_shottag.model.pictures import Geometry, Normalization, fit, normalize
from otio_shottag.training.views import View

BATCH = 16
"""Pictures that go through the early stages together; more is no faster on a CPU."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """One row for each view."""

    maps: NDArray[np.float16]
    """(rows, height, width, channels), on disk."""
    targets: NDArray[np.float32]
    """(rows, labels)."""
    stills: NDArray[np.int64]
    """Which still each row is a view of (rows)."""
    kinds: NDArray[np.int64]
    """Which pass over the stills each row came from (rows)."""


def write_features(
    early: nn.Module,
    views: Iterable[tuple[int, int, View]],
    path: Path,
    *,
    num_rows: int,
    geometry: Geometry,
    normalization: Normalization,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Features:
    """Run views through the early stages into ``path`` (.npy), with a ``.npz`` of targets beside it.

    Views come with the still's number and the pass's number; there are at most ``num_rows``.
    """
    device = next(early.parameters()).device
    early = fused(early)
    maps: np.memmap[Any, np.dtype[np.float16]] | None = None
    targets, stills, kinds = [], [], []
    row = 0
    for batch in _batches(views):
        pictures = torch.cat([fit(as_tensor(view), geometry) for _, _, view in batch])
        with torch.inference_mode():
            rows = early(normalize(pictures.to(device), normalization)).permute(0, 2, 3, 1).half().cpu().numpy()
        if maps is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            maps = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(num_rows, *rows.shape[1:]))
        maps[row : row + len(batch)] = rows
        row += len(batch)
        for still, kind, view in batch:
            targets.append(view.target)
            stills.append(still)
            kinds.append(kind)
        progress(row, num_rows)
    assert maps is not None, "there are views"
    maps.flush()
    # Written last, and whole or not at all: where it is, the features are whole.
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, targets=np.stack(targets), stills=np.array(stills), kinds=np.array(kinds))
    os.replace(unfinished, path.with_suffix(".npz"))
    return read_features(path)


def read_features(path: Path) -> Features:
    """Open what ``write_features`` wrote."""
    with np.load(path.with_suffix(".npz")) as columns:
        targets, stills, kinds = columns["targets"], columns["stills"], columns["kinds"]
    maps = np.load(path, mmap_mode="r")[: len(targets)]
    return Features(maps, targets, stills, kinds)


def _batches(views: Iterable[tuple[int, int, View]]) -> Iterator[list[tuple[int, int, View]]]:
    batch: list[tuple[int, int, View]] = []
    for view in views:
        batch.append(view)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def as_tensor(view: View) -> Tensor:
    """Give a view's pixels as uint8 (1, 3, H, W)."""
    return torch.from_numpy(np.array(view.picture)).permute(2, 0, 1)[None]  # (H, W, 3) -> (1, 3, H, W)
