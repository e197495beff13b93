"""The second half of the article's method: every layer is trained, the early ones slowest."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from otio_shottag.model.network import Network
from otio_shottag.model.pictures import Geometry, Normalization
from otio_shottag.shots import Label
from otio_shottag.training.batches import PictureBatches
from otio_shottag.training.fit import Part, Progress, train_one_cycle
from otio_shottag.training.stills import Still


@dataclass(frozen=True, slots=True)
class AllLayersPlan:
    """How long and how fast all layers are trained."""

    epochs: int = 0
    """Passes over the stills, each with new views; 0 trains none."""
    rate: float = 1e-4
    """The head's highest learning rate; the late stage has a third of it, the early ones a tenth."""
    batch_size: int = 16
    resized_part: float = 0.2
    """Views of another size among all views."""
    keep_norms: bool = False
    """Whether the normalizations go on with the statistics they have: a few hundred stills are too few for new ones."""


def train_all_layers(
    network: Network,
    stills: Sequence[Still],
    labels: Sequence[Label],
    plan: AllLayersPlan,
    *,
    geometry: Geometry,
    normalization: Normalization,
    seed: int,
    keep: Path | None = None,
    progress: Progress = lambda step, num_steps, loss, rate: None,
) -> None:
    """Train all of a network in place, by one cycle; ``keep`` as for ``train_one_cycle``."""
    batches = PictureBatches(
        stills,
        labels,
        geometry=geometry,
        normalization=normalization,
        batch_size=plan.batch_size,
        resized_part=plan.resized_part,
        seed=seed,
    )
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    average = train_one_cycle(
        network,
        [
            Part(network.early, plan.rate / 10),
            Part(network.late, plan.rate / 3),
            Part(network.head, plan.rate),
        ],
        batches,
        num_epochs=plan.epochs,
        steps_per_epoch=batches.steps_per_epoch,
        seed=seed,
        judging=norms if plan.keep_norms else [],
        keep=keep,
        progress=progress,
    )
    network.load_state_dict(average.state_dict())
