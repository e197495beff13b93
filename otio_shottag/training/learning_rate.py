"""The learning-rate finder: train with ever higher rates and watch where the loss falls fastest.

Smith's range test (2015, "Cyclical Learning Rates for Training Neural Networks"), as fastai v1 made it
known: rates grow evenly on a log scale, the loss is smoothed, the search ends when it has run away, and
the suggestion is the rate where it falls most steeply.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from torch import nn

from otio_shottag.errors import ModelError
from otio_shottag.training.fit import Batch, Epoch, scale_loss

SMOOTHING = 0.9
"""What a smoothed loss keeps of the one before; fastai's 0.98 wants more steps than a few hundred stills give."""
RUN_AWAY = 4.0
"""The search ends when the smoothed loss is this many times its lowest, as in fastai."""
UNSETTLED = 10
"""First steps that are left out of the suggestion: the optimizer has seen too little to be judged by."""


@dataclass(frozen=True, slots=True)
class RateSearch:
    """What a search saw: one entry for each step."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    """Smoothed."""
    suggestion: float
    """The rate where the loss fell most steeply."""


def find_rate(
    model: nn.Module,
    epoch: Epoch,
    *,
    lowest: float = 1e-6,
    highest: float = 1.0,
    num_steps: int = 100,
    weight_decay: float = 0.05,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> RateSearch:
    """Train a copy of ``model`` with rates from ``lowest`` to ``highest``; the model itself stays as it is.

    ``epoch`` opens one pass over the training data, as often as it is needed. Raises ModelError where
    the loss runs away at once, so that nothing can be suggested.
    """
    model = copy.deepcopy(model).train()
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], weight_decay=weight_decay)
    rates: list[float] = []
    losses: list[float] = []
    smoothed = 0.0
    for inputs, targets in _forever(epoch):
        rate = lowest * (highest / lowest) ** (len(rates) / (num_steps - 1))
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = scale_loss(model(inputs.to(device)), targets.to(device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * float(loss.detach())
        settled = smoothed / (1 - SMOOTHING ** (len(rates) + 1))  # the mean begins at 0
        if not np.isfinite(settled) or (losses and settled > RUN_AWAY * min(losses)):
            break
        rates.append(rate)
        losses.append(settled)
        progress(len(rates), num_steps)
        if len(rates) == num_steps:
            break
    return RateSearch(tuple(rates), tuple(losses), steepest(rates, losses))


def steepest(rates: list[float], losses: list[float]) -> float:
    """Give the rate where the losses fall most steeply; raises ModelError for too few of them."""
    if len(losses) < UNSETTLED + 3:
        raise ModelError(f"the loss ran away after {len(losses)} steps; should start from other weights")
    slopes = np.gradient(np.array(losses))[UNSETTLED:]  # the rates lie evenly on a log scale
    return rates[UNSETTLED + int(slopes.argmin())]


def _forever(epoch: Epoch) -> Iterator[Batch]:
    for number in count():
        yield from epoch(number)
