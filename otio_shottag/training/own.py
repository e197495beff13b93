"""Training on an editor's own stills: from the shipped weights to ones that know a show's habits.

The article's method: the head first, while everything below it stays; then all layers, the early ones
slowest. A few hundred stills are enough for the first part, which takes seconds once the stills
have been through the network.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.network import Committee, Network, fused
from otio_shottag.model.pictures import fit, normalize
from otio_shottag.shots import Label
from otio_shottag.training.batches import PictureBatches
from otio_shottag.training.evaluate import judge
from otio_shottag.training.features import as_tensor
from otio_shottag.training.fit import Batch, OnStep, Part, train_one_cycle
from otio_shottag.training.metrics import fit_temperature, log_softmax, measure
from otio_shottag.training.recipe import Progress, summary
from otio_shottag.training.stills import Still
from otio_shottag.training.views import make_views

FEWEST_FOR_TEMPERATURE = 40
"""Stills below which a temperature of one's own says more about chance than about the network."""


@dataclass(frozen=True, slots=True)
class OwnPlan:
    """How long and how fast to learn from one's own stills."""

    head_epochs: int = 12
    """Passes over the stills that train the head alone."""
    head_rate: float = 3e-4
    """The head's highest learning rate in the first part."""
    all_epochs: int = 0
    """Passes that train all layers; on two CPU cores count a minute for 100 to 200 stills each."""
    all_rate: float = 1e-4
    """The head's highest rate in the second part; the late stage has a third, the early ones a tenth."""
    views: tuple[str, ...] = ("plain", "mirrored", "varied", "varied")
    """Views of each still that the head is trained on."""
    batch_size: int = 16
    seed: int = 0


def train_on_own(
    start: Checkpoint,
    stills: Sequence[Still],
    labels: Sequence[Label],
    plan: OwnPlan,
    *,
    version: str,
    unseen: Sequence[Still] = (),
    device: torch.device | None = None,
    progress: Progress = lambda what, done, total: None,
    on_step: OnStep = lambda what, loss, rate: None,
) -> Checkpoint:
    """Train a copy of ``start`` on stills whose labels are positions in ``labels``.

    The answer's labels are ``labels``, each of which ``start`` must know. ``unseen`` stills set the
    temperature where they are enough, and give the figures in the record. Raises ModelError for a
    label that ``start`` does not know, and where there are no stills.
    """
    if not stills:
        raise ModelError("no stills to train on; should be some of each size")
    torch.manual_seed(plan.seed)
    members = narrowed(start, labels)
    for number, member in enumerate(members, start=1):
        place = f"network {number} of {len(members)}"
        member.to(device or torch.device("cpu"))
        _train_member(member, start, stills, labels, plan, _placed(progress, place), _on_step_of(on_step, place))
        member.cpu()
    record: dict[str, object] = {"started from": start.version, "stills": len(stills)}
    network = Committee([member.eval().requires_grad_(False) for member in members])
    trained = Checkpoint(
        network, tuple(labels), start.geometry, start.normalization, start.temperature, version, record
    )
    return measured(trained, unseen, progress) if unseen else trained


def _train_member(
    network: Network,
    start: Checkpoint,
    stills: Sequence[Still],
    labels: Sequence[Label],
    plan: OwnPlan,
    progress: Progress,
    on_step: OnStep,
) -> None:
    """Train one network in place: its head, then all of it where the plan says so."""
    above, batches_of_rows = head_batches(network, start, stills, labels, plan, progress)
    average = train_one_cycle(
        above,
        [Part(above, plan.head_rate)],
        [batches_of_rows] * plan.head_epochs,
        steps_per_epoch=batches_of_rows.steps_per_epoch,
        progress=_both("training the head", progress, on_step),
    )
    above.load_state_dict(average.state_dict())
    if not plan.all_epochs:
        return
    batches = PictureBatches(
        stills,
        labels,
        geometry=start.geometry,
        normalization=start.normalization,
        batch_size=plan.batch_size,
        resized_part=0.2,
        seed=plan.seed,
    )
    average = train_one_cycle(
        network,
        [
            Part(network.early, plan.all_rate / 10),
            Part(network.late, plan.all_rate / 3),
            Part(network.head, plan.all_rate),
        ],
        [batches] * plan.all_epochs,
        steps_per_epoch=batches.steps_per_epoch,
        progress=_both("training all layers", progress, on_step),
    )
    network.load_state_dict(average.state_dict())


class RowBatches:
    """One pass after another over what the head sees of the stills, each in a new order."""

    def __init__(self, rows: Tensor, targets: Tensor, *, batch_size: int, seed: int) -> None:
        self._rows = rows
        self._targets = targets
        self._batch_size = batch_size
        self._draw = np.random.default_rng(seed)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch; rows that fill no whole batch wait for the next one."""
        return max(1, len(self._rows) // self._batch_size)

    def __call__(self) -> Iterator[Batch]:
        order = torch.from_numpy(self._draw.permutation(len(self._rows)))
        for chosen in torch.split(order, self._batch_size)[: self.steps_per_epoch]:
            yield self._rows[chosen], self._targets[chosen]


def head_batches(
    network: Network,
    start: Checkpoint,
    stills: Sequence[Still],
    labels: Sequence[Label],
    plan: OwnPlan,
    progress: Progress = lambda what, done, total: None,
) -> tuple[nn.Sequential, RowBatches]:
    """Give a network's head without its pooling, and what it is to learn from: the stills go through once."""
    rows, targets = _pooled(network, start, stills, labels, plan, progress)
    above = nn.Sequential(*list(network.head.children())[1:])  # all of the head but the pooling
    return above, RowBatches(rows, targets, batch_size=plan.batch_size, seed=plan.seed)


def _pooled(
    network: Network,
    start: Checkpoint,
    stills: Sequence[Still],
    labels: Sequence[Label],
    plan: OwnPlan,
    progress: Progress,
) -> tuple[Tensor, Tensor]:
    """Run the views of all stills up to the head's pooling, once: (rows, 2 x channels) and targets."""
    below = fused(nn.Sequential(network.early, network.late, network.head.get_submodule("pool")))
    device = next(below.parameters()).device
    rows, targets = [], []
    total = len(stills) * len(plan.views)
    for _, _, view in make_views(stills, plan.views, labels, seed=plan.seed):
        with torch.no_grad():
            picture = fit(as_tensor(view).to(device), start.geometry)
            rows.append(below(normalize(picture, start.normalization)).cpu())
        targets.append(torch.from_numpy(view.target))
        progress("looking at the stills", len(rows), total)
    return torch.cat(rows), torch.stack(targets)


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
    scores = copied.head.get_submodule("scores")
    assert isinstance(scores, nn.Linear)
    narrow = nn.Linear(scores.in_features, len(kept))
    with torch.no_grad():
        narrow.weight.copy_(scores.weight[list(kept)])
        narrow.bias.copy_(scores.bias[list(kept)])
    copied.head.scores = narrow
    copied.architecture = replace(copied.architecture, num_labels=len(kept))
    return copied


def measured(checkpoint: Checkpoint, unseen: Sequence[Still], progress: Progress) -> Checkpoint:
    """Give the checkpoint with a temperature and figures from stills it has not seen."""
    scores = judge(checkpoint, unseen, progress=lambda done, total: progress("judging unseen stills", done, total))
    positions = np.array([still.label for still in unseen])
    enough = len(unseen) >= FEWEST_FOR_TEMPERATURE
    temperature = fit_temperature(scores, positions) if enough else checkpoint.temperature
    figures = measure(np.exp(log_softmax(scores / temperature)), positions, checkpoint.labels)
    record = {**checkpoint.record, "figures": summary(figures)}
    return replace(checkpoint, temperature=temperature, record=record)


def _placed(progress: Progress, place: str) -> Progress:
    return lambda what, done, total: progress(f"{what}, {place}", done, total)


def _on_step_of(on_step: OnStep, place: str) -> OnStep:
    return lambda what, loss, rate: on_step(f"{what}, {place}", loss, rate)


def _both(what: str, progress: Progress, on_step: OnStep) -> Callable[[int, int, float, float], None]:
    """Tell both of each step."""

    def tell(step: int, num_steps: int, loss: float, rate: float) -> None:
        progress(f"{what}, loss {loss:.2f}", step, num_steps)
        on_step(what, loss, rate)

    return tell
