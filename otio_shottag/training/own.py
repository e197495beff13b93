"""Training on an editor's own stills: from the shipped weights to ones that know a show's habits.

The head first, while everything below it stays: its last layer is refitted (``refit.py``), which takes
seconds once the stills have been through the network, or the whole head is trained by one cycle. Then,
where the plan says so, all layers, the early ones slowest.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.network import Committee, Network
from otio_shottag.shots import Label
from otio_shottag.training.all_layers import AllLayersPlan, train_all_layers
from otio_shottag.training.evaluate import judge
from otio_shottag.training.fit import OnStep, Part, train_one_cycle
from otio_shottag.training.head_rows import HeadRows, head_batches, head_rows
from otio_shottag.training.member import Progress
from otio_shottag.training.metrics import fit_temperature, log_softmax, measure
from otio_shottag.training.recipe import summary
from otio_shottag.training.refit import NUM_FOLDS, Refit, Seen, refit
from otio_shottag.training.state import Workspace
from otio_shottag.training.stills import Still, film_disjoint_folds

FEWEST_FOR_TEMPERATURE = 40
"""Stills below which a temperature of one's own says more about chance than about the network."""


@dataclass(frozen=True, slots=True)
class OwnPlan:
    """How long and how fast to learn from one's own stills."""

    head_epochs: int = 0
    """Passes that train the whole head by one cycle; 0 refits its last layer instead."""
    head_rate: float = 3e-4
    """The head's highest learning rate in those passes."""
    all_layers: AllLayersPlan = field(default_factory=lambda: AllLayersPlan(rate=3e-4 / 3, keep_norms=True))
    """What follows; on two CPU cores count a minute for 100 to 200 stills and pass."""
    views: tuple[str, ...] = ("plain",)
    """Views of each still that the head learns from; the plain one is what it is judged by."""
    batch_size: int = 16
    seed: int = 0


def train_on_own(
    start: Checkpoint,
    stills: Sequence[Still],
    labels: Sequence[Label],
    plan: OwnPlan,
    *,
    version: str,
    workspace: Workspace,
    unseen: Sequence[Still] = (),
    device: torch.device | None = None,
    progress: Progress = lambda what, done, total: None,
    on_step: OnStep = lambda what, loss, rate: None,
) -> Checkpoint:
    """Train a copy of ``start`` on stills whose labels are positions in ``labels``.

    The answer's labels are ``labels``, each of which ``start`` must know. ``unseen`` stills give the
    figures in the record. What is done is kept in ``workspace``: a run that was stopped goes on from there.
    Raises ModelError for a label that ``start`` does not know, and where there are no stills.
    """
    if not stills:
        raise ModelError("no stills to train on; should be some of each size")
    torch.manual_seed(plan.seed)
    members = [member.to(device or torch.device("cpu")) for member in narrowed(start, labels)]
    record: dict[str, object] = {"started from": start.version, "stills": len(stills)}
    temperature = start.temperature
    places = range(1, len(members) + 1)
    seen = [
        rows_for(member, start, stills, labels, plan, workspace, f"network {number} of {len(members)}", progress)
        for number, member in zip(places, members, strict=True)
    ]
    tellers = [_Teller(f"network {number} of {len(members)}", progress, on_step) for number in places]
    if plan.head_epochs:
        for number, member, rows, teller in zip(places, members, seen, tellers, strict=True):
            _train_head(member, rows, plan, workspace.path(f"head-{number}"), teller)
    else:
        chosen = _refit(members, seen, stills, temperature, progress)
        record["refit"] = {
            "pull": chosen.pull,
            "exact before": round(chosen.exact_before, 4),
            "exact": round(chosen.exact, 4),
            "tried": [[pull, round(exact, 4)] for pull, exact in chosen.tried],
        }
        temperature = chosen.temperature if len(stills) >= FEWEST_FOR_TEMPERATURE else temperature
    if plan.all_layers.epochs:
        for number, member, teller in zip(places, members, tellers, strict=True):
            train_all_layers(
                member,
                stills,
                labels,
                plan.all_layers,
                geometry=start.geometry,
                normalization=start.normalization,
                seed=plan.seed,
                keep=workspace.path(f"all-{number}"),
                progress=teller("all layers"),
            )
    network = Committee([member.cpu().eval().requires_grad_(False) for member in members])
    trained = Checkpoint(network, tuple(labels), start.geometry, start.normalization, temperature, version, record)
    refitted_only = not (plan.head_epochs or plan.all_layers.epochs)
    return measured(trained, unseen, progress, keep_temperature=refitted_only) if unseen else trained


def rows_for(
    member: Network,
    start: Checkpoint,
    stills: Sequence[Still],
    labels: Sequence[Label],
    plan: OwnPlan,
    workspace: Workspace,
    place: str,
    progress: Progress = lambda what, done, total: None,
) -> HeadRows:
    """Give what the head of one of the networks sees of the stills, from the workspace where it is there."""
    name = f"rows-{place.replace(' ', '-')}"
    return head_rows(
        member,
        start,
        stills,
        labels,
        plan.views,
        seed=plan.seed,
        keep=lambda make: workspace.remember(name, make),
        progress=lambda what, done, total: progress(f"{what}, {place}", done, total),
    )


def _train_head(member: Network, seen: HeadRows, plan: OwnPlan, keep: Path, teller: "_Teller") -> None:
    """Train one network's head in place by one cycle, all of it but the pooling."""
    above, batches = head_batches(member, seen, batch_size=plan.batch_size, seed=plan.seed)
    average = train_one_cycle(
        above,
        [Part(above, plan.head_rate)],
        batches,
        num_epochs=plan.head_epochs,
        steps_per_epoch=batches.steps_per_epoch,
        seed=plan.seed,
        judging=[module for module in above if isinstance(module, nn.BatchNorm1d)],
        keep=keep,
        progress=teller("the head"),
    )
    above.load_state_dict(average.state_dict())


def _refit(
    members: Sequence[Network],
    seen: Sequence[HeadRows],
    stills: Sequence[Still],
    temperature: float,
    progress: Progress,
) -> Refit:
    """Refit the members' last layers in place, and say what was chosen."""
    below = [nn.Sequential(*list(member.head.children())[1:-1]).cpu().eval() for member in members]
    with torch.no_grad():
        rows = tuple(layers(one.rows) for layers, one in zip(below, seen, strict=True))
    first = seen[0]
    whole = Seen(rows, first.targets, first.stills, first.plain)
    folds = film_disjoint_folds(stills, NUM_FOLDS)
    layers = [_last_layer(member).cpu() for member in members]
    chosen = refit(
        layers,
        whole,
        folds,
        temperature=temperature,
        progress=lambda done, total: progress("refitting the last layer", done, total),
    )
    for member, layer in zip(members, chosen.layers, strict=True):
        member.head.scores = layer
        member.to(next(member.early.parameters()).device)
    return chosen


def narrowed(start: Checkpoint, labels: Sequence[Label]) -> list[Network]:
    """Copy the networks of a checkpoint, their scores those of ``labels``, ready to be trained.

    Raises ModelError for a label that the checkpoint does not know.
    """
    missing = [label.code for label in labels if label not in start.labels]
    if missing:
        raise ModelError(f"the weights to start from know no {', '.join(missing)}; take the shipped ones")
    kept = [start.labels.index(label) for label in labels]
    return [_narrowed(member, kept) for member in start.network.members if isinstance(member, Network)]


def _narrowed(member: Network, kept: Sequence[int]) -> Network:
    """Copy a network, its scores those of the labels at ``kept``."""
    copied = copy.deepcopy(member).requires_grad_(True)
    scores = _last_layer(copied)
    narrow = nn.Linear(scores.in_features, len(kept))
    with torch.no_grad():
        narrow.weight.copy_(scores.weight[list(kept)])
        narrow.bias.copy_(scores.bias[list(kept)])
    copied.head.scores = narrow
    copied.architecture = replace(copied.architecture, num_labels=len(kept))
    return copied


def _last_layer(member: Network) -> nn.Linear:
    scores = member.head.get_submodule("scores")
    assert isinstance(scores, nn.Linear)
    return scores


def measured(
    checkpoint: Checkpoint, unseen: Sequence[Still], progress: Progress, *, keep_temperature: bool = False
) -> Checkpoint:
    """Give the checkpoint with figures from stills it has not seen, and with a temperature where they are enough."""
    scores = judge(checkpoint, unseen, progress=lambda done, total: progress("judging unseen stills", done, total))
    positions = np.array([still.label for still in unseen])
    keep = keep_temperature or len(unseen) < FEWEST_FOR_TEMPERATURE
    temperature = checkpoint.temperature if keep else fit_temperature(scores, positions)
    figures = measure(np.exp(log_softmax(scores / temperature)), positions, checkpoint.labels)
    record = {**checkpoint.record, "figures": summary(figures)}
    return replace(checkpoint, temperature=temperature, record=record)


class _Teller:
    """Tells both listeners of each step of one network's training."""

    def __init__(self, place: str, progress: Progress, on_step: OnStep) -> None:
        self._place = place
        self._progress = progress
        self._on_step = on_step

    def __call__(self, what: str) -> Callable[[int, int, float, float], None]:
        def tell(step: int, num_steps: int, loss: float, rate: float) -> None:
            self._progress(f"training {what}, loss {loss:.2f}, {self._place}", step, num_steps)
            self._on_step(f"{what}, {self._place}", loss, rate)

        return tell
