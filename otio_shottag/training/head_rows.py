"""What the head of a network sees of an editor's stills, worked out once, and batches of it.

While the head alone is trained, everything below it stays as it is: each view goes through that once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.network import Network, fused
from otio_shottag.model.pictures import fit, normalize, without_bars
from otio_shottag.shots import Label
from otio_shottag.training.features import as_tensor
from otio_shottag.training.fit import Batch
from otio_shottag.training.member import Progress
from otio_shottag.training.state import Tensors
from otio_shottag.training.stills import Still
from otio_shottag.training.views import PASSES, make_views


class RowBatches:
    """One pass after another over what the head sees of the stills, each in an order of its own."""

    def __init__(self, rows: Tensor, targets: Tensor, *, batch_size: int, seed: int) -> None:
        self._rows = rows
        self._targets = targets
        self._batch_size = batch_size
        self._seed = seed

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch; rows that fill no whole batch wait for the next one."""
        return max(1, len(self._rows) // self._batch_size)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        order = torch.from_numpy(np.random.default_rng([self._seed, epoch]).permutation(len(self._rows)))
        for chosen in torch.split(order, self._batch_size)[: self.steps_per_epoch]:
            yield self._rows[chosen], self._targets[chosen]


@dataclass(frozen=True, slots=True, eq=False)
class HeadRows:
    """What a network's head sees of the stills after the pooling, a row for each view."""

    rows: Tensor
    """(rows, 2 x channels)."""
    targets: Tensor
    """(rows, labels)."""
    stills: NDArray[np.int64]
    """Which still each row is a view of."""
    plain: NDArray[np.bool_]
    """Which rows are stills as they are."""


def head_batches(network: Network, seen: HeadRows, *, batch_size: int, seed: int) -> tuple[nn.Sequential, RowBatches]:
    """Give a network's head without its pooling, and what it is to learn from."""
    above = nn.Sequential(*list(network.head.children())[1:])
    return above, RowBatches(seen.rows, seen.targets, batch_size=batch_size, seed=seed)


def head_rows(
    network: Network,
    start: Checkpoint,
    stills: Sequence[Still],
    labels: Sequence[Label],
    views: Sequence[str],
    *,
    seed: int,
    keep: Callable[[Callable[[], Tensors]], Tensors],
    progress: Progress = lambda what, done, total: None,
) -> HeadRows:
    """Run views of all stills up to a network's pooling, once: ``keep`` gives what it kept, or what is made."""

    def make() -> Tensors:
        below = fused(nn.Sequential(network.early, network.late, network.head.get_submodule("pool")))
        device = next(below.parameters()).device
        rows, targets, origins = [], [], []
        total = len(stills) * len(views)
        for index, kind, view in make_views(stills, views, labels, seed=seed):
            picture = without_bars(as_tensor(view).to(device))
            with torch.no_grad():
                rows.append(below(normalize(fit(picture, start.geometry), start.normalization)).cpu())
            targets.append(torch.from_numpy(view.target))
            origins.append((index, kind))
            progress("looking at the stills", len(rows), total)
        return {"rows": torch.cat(rows), "targets": torch.stack(targets), "origins": torch.tensor(origins)}

    kept = keep(make)
    origins = kept["origins"].numpy()
    return HeadRows(kept["rows"], kept["targets"], origins[:, 0], origins[:, 1] == PASSES.index("plain"))
