"""Training by one cycle: AdamW, the rate up and down once, the weights averaged along the way.

The one-cycle policy is Smith and Topin's (2018), which fastai made the custom; the loss takes the
labels as a scale: cross-entropy against the soft target, plus the squared distance between the two
cumulative distributions (Hou et al. 2016), which makes a far mistake dearer than a near one.
"""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn

from otio_shottag.training.state import Standing, read_standing, write_standing

Batch = tuple[Tensor, Tensor]
"""What the trained part takes in, and the targets (N, labels)."""
Epoch = Callable[[int], Iterator[Batch]]
"""Opens the pass over the training data that has this number, from 0; the same number gives the same batches."""
Progress = Callable[[int, int, float, float], None]
"""Called after each step with: step from 1, number of steps, loss, learning rate."""
OnStep = Callable[[str, float, float], None]
"""Called after each step with: what is trained, loss, highest learning rate."""

DISTANCE_WEIGHT = 1.0
"""Of the squared distance between cumulative distributions, next to the cross-entropy's 1."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the network and the highest learning rate that it is trained with."""

    module: nn.Module
    rate: float


def scale_loss(scores: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy against soft targets plus distance along the scale, mean over the batch."""
    log_probabilities = torch.log_softmax(scores, dim=1)
    entropy = -(targets * log_probabilities).sum(dim=1)
    gap = (log_probabilities.exp() - targets).cumsum(dim=1)
    return (entropy + DISTANCE_WEIGHT * gap.square().sum(dim=1)).mean()


def train_one_cycle(
    model: nn.Module,
    parts: Sequence[Part],
    epoch: Epoch,
    *,
    num_epochs: int,
    steps_per_epoch: int,
    seed: int = 0,
    weight_decay: float = 0.05,
    averaged_over: float = 0.3,
    judging: Sequence[nn.Module] = (),
    keep: Path | None = None,
    progress: Progress = lambda step, num_steps, loss, rate: None,
) -> nn.Module:
    """Train ``model`` and give back its average over the last ``averaged_over`` of the steps.

    ``epoch`` opens a pass over the training data, of ``steps_per_epoch`` batches. Layers
    outside ``parts`` stay as they are. The model itself ends up with the last step's weights. ``judging`` names
    modules of it that work as they do when judging: normalizations that keep their statistics.

    What each epoch comes to is kept in the file ``keep``; where that is there already, training goes on
    from it, to the same end: an epoch's chances depend on ``seed`` and its number alone.
    """
    num_steps = steps_per_epoch * num_epochs
    groups = [{"params": [p for p in part.module.parameters() if p.requires_grad], "lr": part.rate} for part in parts]
    optimizer = torch.optim.AdamW(groups, weight_decay=weight_decay)
    average = copy.deepcopy(model).requires_grad_(False)
    device = next(model.parameters()).device
    standing = Standing(0, 0, ())
    if keep is not None:
        standing = read_standing(keep, model=model, average=average, optimizer=optimizer) or standing
    num_averaged, steps = standing.num_averaged, list(standing.steps)
    for step, (done_loss, done_rate) in enumerate(steps, start=1):
        progress(step, num_steps, done_loss, done_rate)
    model.train()
    for module in judging:
        module.eval()
    for number in range(standing.num_epochs, num_epochs):
        torch.manual_seed(1000 * seed + number)
        for inputs, targets in islice(epoch(number), steps_per_epoch):
            for group, part in zip(optimizer.param_groups, parts, strict=True):
                group["lr"] = part.rate * rate_part(len(steps), num_steps)
            # A CUDA card is several times quicker in bfloat16, which unlike float16 needs no scaling of the loss.
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                scores = model(inputs.to(device))
            loss = scale_loss(scores.float(), targets.to(device))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            steps.append((float(loss.detach()), optimizer.param_groups[-1]["lr"]))
            step = len(steps)
            if (step > (1 - averaged_over) * num_steps and step % 4 == 0) or step == num_steps:
                num_averaged += 1
                _move_average(average, model, 1 / num_averaged)
            progress(step, num_steps, *steps[-1])
        if keep is not None:
            standing = Standing(number + 1, num_averaged, tuple(steps))
            write_standing(keep, standing, model=model, average=average, optimizer=optimizer)
    return average.eval()


def rate_part(step: int, num_steps: int) -> float:
    """Give the part of the highest rate that step 0, 1, ... of a cycle is trained with.

    A quarter of the steps leads up from 1/25, the rest down to nearly nothing, both along a cosine.
    """
    top = max(1.0, 0.25 * num_steps - 1)
    if step <= top:
        low, high, way = 1 / 25, 1.0, step / top
    else:
        low, high, way = 1.0, 1 / 250_000, min(1.0, (step - top) / max(1.0, num_steps - 1 - top))
    return low + (high - low) * (1 - math.cos(math.pi * way)) / 2


@torch.no_grad()
def _move_average(average: nn.Module, model: nn.Module, weight: float) -> None:
    """Move every weight and every running statistic towards the model's."""
    current = model.state_dict()
    for name, tensor in average.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(current[name], weight)
        else:
            tensor.copy_(current[name])
