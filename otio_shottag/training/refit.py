"""New last layers for heads that know the sizes already, as far from the old ones as one's own stills bear out.

An editor's few hundred stills cannot teach a head anew: trained freely it learns them by heart and judges
others worse than before. So only the last layer moves, everything below keeps what it knows, and a pull
holds the layer to where it was (the "L2-SP" of Li et al. 2018, "Explicit Inductive Bias for Transfer
Learning with Convolutional Networks"). How strong a pull, cross-validation on the stills themselves says,
films kept apart; "stay as you are" is among the choices and wins unless another is better by more
than chance.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from otio_shottag.training.fit import scale_loss
from otio_shottag.training.metrics import fit_temperature

PULLS = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""Strengths to choose from; each is the weight of the squared distance from the old layer, next to the loss."""
NUM_FOLDS = 5
MOST_STEPS = 60
"""Of L-BFGS; it has come to rest long before, on a problem of a few hundred numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the last layers of a committee see of stills, a row for each view."""

    rows: tuple[Tensor, ...]
    """For each member (rows, units)."""
    targets: Tensor
    """(rows, labels)."""
    stills: NDArray[np.int64]
    """Which still each row is a view of."""
    plain: NDArray[np.bool_]
    """Which rows are stills as they are: those that are judged."""


@dataclass(frozen=True, slots=True)
class Refit:
    """What cross-validation chose, and what it saw."""

    layers: tuple[nn.Linear, ...]
    """One for each member; the old ones where nothing else was better."""
    pull: float | None
    """The strength chosen; None: stay as you are."""
    exact_before: float
    """Part of the stills that the old layers judge right."""
    exact: float
    """Part that layers refitted with the chosen pull judge right, each on stills it was not fitted to."""
    tried: tuple[tuple[float, float], ...]
    """Every pull with that part."""
    temperature: float
    """Makes the confidence of these answers honest."""


def refit(
    layers: Sequence[nn.Linear],
    seen: Seen,
    folds: NDArray[np.int64],
    *,
    temperature: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Refit:
    """Choose a pull by cross-validation over the folds (one number for each still), and refit on all rows.

    ``temperature`` is that of the old layers' scores. With stills in one fold only there is nothing to choose by,
    and the layers stay as they are.
    """
    judged = np.flatnonzero(seen.plain)
    positions = seen.targets[judged].argmax(dim=1)
    old = scores_of(layers, seen, judged)
    numbers = [int(fold) for fold in np.unique(folds[seen.stills])]
    tried: dict[float | None, Tensor] = {None: old}
    total, done = len(PULLS) * len(numbers) + 1, 0
    if len(numbers) > 1:
        for pull in PULLS:
            held_out = torch.zeros_like(old)
            for fold in numbers:
                inside = folds[seen.stills] == fold
                outside = seen.targets[~inside]
                fitted = [
                    _fitted(layer, rows[~inside], outside, pull, temperature)
                    for layer, rows in zip(layers, seen.rows, strict=True)
                ]
                place = inside[judged]
                held_out[place] = scores_of(fitted, seen, judged[place])
                done += 1
                progress(done, total)
            tried[pull] = held_out
    best = _choice(tried, positions)
    chosen = list(layers)
    if best is not None:
        chosen = [
            _fitted(layer, rows, seen.targets, best, temperature) for layer, rows in zip(layers, seen.rows, strict=True)
        ]
    progress(total, total)
    return Refit(
        layers=tuple(chosen),
        pull=best,
        exact_before=_exact(old, positions),
        exact=_exact(tried[best], positions),
        tried=tuple((pull, _exact(scores, positions)) for pull, scores in tried.items() if pull is not None),
        temperature=_best_temperature(tried[best], positions),
    )


@torch.no_grad()
def scores_of(layers: Sequence[nn.Linear], seen: Seen, rows: NDArray[np.int64]) -> Tensor:
    """Give the committee's scores for some rows: the mean of its members' log-probabilities."""
    logs = [torch.log_softmax(layer(all_rows[rows]), dim=1) for layer, all_rows in zip(layers, seen.rows, strict=True)]
    return torch.stack(logs).mean(dim=0)  # (members, N, labels) -> (N, labels)


def _choice(tried: dict[float | None, Tensor], positions: Tensor) -> float | None:
    """Give the pull that makes the labels likeliest; None unless it is better than none by a standard error.

    Each is taken at its own best temperature: being surer or less sure is no reason for another layer. Nor is
    one that judges fewer of the stills right.
    """
    surprises = {pull: _surprises(scores, positions) for pull, scores in tried.items()}
    best = min(surprises, key=lambda pull: float(surprises[pull].mean()))
    gains = surprises[None] - surprises[best]
    error = float(gains.std()) / math.sqrt(len(gains)) if len(gains) > 1 else math.inf
    worse = _exact(tried[best], positions) < _exact(tried[None], positions)
    return best if float(gains.mean()) > error and not worse else None


def _surprises(scores: Tensor, positions: Tensor) -> Tensor:
    """Give the negative log-likelihood of each label, at the scores' best temperature."""
    scaled = scores / _best_temperature(scores, positions)
    return torch.nn.functional.cross_entropy(scaled, positions, reduction="none")


def _best_temperature(scores: Tensor, positions: Tensor) -> float:
    return fit_temperature(scores.double().numpy(), positions.numpy())


def _fitted(layer: nn.Linear, rows: Tensor, targets: Tensor, pull: float, temperature: float) -> nn.Linear:
    """Give a new layer for rows and targets, pulled towards the old one."""
    new = nn.Linear(layer.in_features, layer.out_features)
    new.load_state_dict(layer.state_dict())
    old = [weights.detach().clone() for weights in new.parameters()]
    optimizer = torch.optim.LBFGS(new.parameters(), max_iter=MOST_STEPS, line_search_fn="strong_wolfe")

    def loss_now() -> Tensor:
        optimizer.zero_grad()
        distance = sum((weights - start).square().sum() for weights, start in zip(new.parameters(), old, strict=True))
        loss = scale_loss(new(rows) / temperature, targets) + pull * distance
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(loss_now)  # type: ignore[no-untyped-call]
    return new.requires_grad_(False)


def _exact(scores: Tensor, positions: Tensor) -> float:
    return float((scores.argmax(dim=1) == positions).double().mean())
