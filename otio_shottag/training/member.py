"""One network from an ImageNet body and labelled stills, by the article's method.

Frozen first: the early stages stay as they are and see every view of every still once; the late stage and
a wide head learn from what they made of it. Then, where the plan says so, all layers, the early ones
slowest. Both at each of the plan's sizes, small pictures before large ones. At the last size a narrow
head takes the wide one's place and is trained alone.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from otio_shottag.model.foreign import imagenet_body
from otio_shottag.model.network import Architecture, Network, build, fused
from otio_shottag.model.pictures import Geometry, Normalization
from otio_shottag.shots import Label
from otio_shottag.training.all_layers import AllLayersPlan, train_all_layers
from otio_shottag.training.batches import FeatureBatches, as_maps
from otio_shottag.training.features import Features, read_features, write_features
from otio_shottag.training.fit import Batch, OnStep, Part, train_one_cycle
from otio_shottag.training.state import Workspace, fingerprint
from otio_shottag.training.stills import Still
from otio_shottag.training.views import make_views

Progress = Callable[[str, int, int], None]
"""Called with what is going on, how much of it is done, and how much there is."""

GEOMETRY = Geometry(width=384, height=224)
"""What the last size makes; smaller ones have the same shape."""
NORMALIZATION = Normalization(mean=(0.48501961, 0.45795686, 0.40760392), std=(0.229, 0.224, 0.225))
"""The colours' mean and deviation that the ResNet-50 weights at hand were trained with."""


@dataclass(frozen=True, slots=True)
class MemberPlan:
    """How one member of the committee is trained."""

    architecture: Architecture
    body: Path
    """ImageNet weights to start from."""
    passes: tuple[str, ...]
    """The views made of every still, by name; see ``views.PASSES``."""
    epochs: int
    """Passes that train the late stage and the head, at each size."""
    sizes: tuple[int, ...] = (GEOMETRY.width,)
    """Widths of the pictures, in pixels, in the order they are trained at; the last one judges."""
    rate: float = 1e-3
    """The cycle's highest learning rate, of the head."""
    resized_part: float = 0.3
    """Views of another size in an epoch, as a part of the stills."""
    batch_size: int = 32
    narrow: int = 32
    """Hidden units of the head that takes the trained one's place; 0 keeps that."""
    narrow_epochs: int = 6
    """Passes over all views that train the narrow head alone."""
    all_layers: AllLayersPlan = field(default_factory=AllLayersPlan)
    """What follows at each size."""
    seed: int = 0

    @property
    def geometry(self) -> Geometry:
        """The size that the network judges at."""
        return geometry_of(self.sizes[-1])


def geometry_of(width: int) -> Geometry:
    """Give pictures of a width the shape of GEOMETRY."""
    return replace(GEOMETRY, width=width, height=round(width * GEOMETRY.height / GEOMETRY.width))


def train_member(
    stills: Sequence[Still],
    labels: Sequence[Label],
    plan: MemberPlan,
    chosen: NDArray[np.bool_],
    *,
    workspace: Path,
    device: torch.device | None = None,
    progress: Progress = lambda what, done, total: None,
    on_step: OnStep = lambda what, loss, rate: None,
) -> Network:
    """Train one network on the stills that ``chosen`` marks.

    What is done is kept in ``workspace``: a run that was stopped goes on after the last whole epoch.
    """
    network = fresh_member(plan, device)
    work = member_workspace(stills, plan, chosen, workspace)
    learned = [still for still, is_chosen in zip(stills, chosen, strict=True) if is_chosen]

    def teller(what: str) -> Callable[[int, int, float, float], None]:
        def tell(step: int, num_steps: int, loss: float, rate: float) -> None:
            progress(f"training {what} of {plan.architecture.body}, loss {loss:.2f}", step, num_steps)
            on_step(what, loss, rate)

        return tell

    for width in plan.sizes:
        place = f" at {width} pixels" if len(plan.sizes) > 1 else ""
        features = cached_features(network, stills, labels, plan, width, workspace=workspace, progress=progress)
        _train_late(network, features, chosen, plan, work.path(f"late-{width}"), teller(f"last stage and head{place}"))
        if plan.narrow and width == plan.sizes[-1]:
            put_narrow_head(network, features, chosen, plan, keep=work.path("narrow"), progress=progress)
        if plan.all_layers.epochs:
            train_all_layers(
                network,
                learned,
                labels,
                plan.all_layers,
                geometry=geometry_of(width),
                normalization=NORMALIZATION,
                seed=plan.seed,
                keep=work.path(f"all-{width}"),
                progress=teller(f"all layers{place}"),
            )
    return network.cpu().eval()


def _train_late(
    network: Network,
    features: Features,
    chosen: NDArray[np.bool_],
    plan: MemberPlan,
    keep: Path,
    progress: Callable[[int, int, float, float], None],
) -> None:
    """Train the late stage and the head in place, on what the frozen stages made of the stills."""
    batches = late_batches(features, chosen, plan)
    trained = nn.Sequential(network.late, network.head)
    average = train_one_cycle(
        trained,
        [Part(trained, plan.rate)],
        batches,
        num_epochs=plan.epochs,
        steps_per_epoch=batches.steps_per_epoch,
        seed=plan.seed,
        keep=keep,
        progress=progress,
    )
    trained.load_state_dict(average.state_dict())


def fresh_member(plan: MemberPlan, device: torch.device | None = None) -> Network:
    """Give a network with ImageNet's body and a fresh head."""
    torch.manual_seed(plan.seed)
    network = build(plan.architecture)
    imagenet_body(network, plan.body, NORMALIZATION)
    return network.to(memory_format=torch.channels_last).to(device or torch.device("cpu"))


def late_batches(features: Features, chosen: NDArray[np.bool_], plan: MemberPlan) -> FeatureBatches:
    """Give what the late stage is to learn from."""
    return FeatureBatches(features, chosen, batch_size=plan.batch_size, resized_part=plan.resized_part, seed=plan.seed)


def member_workspace(stills: Sequence[Still], plan: MemberPlan, chosen: NDArray[np.bool_], folder: Path) -> Workspace:
    """Give the place of what this very training has finished."""
    shown = [(str(still.path), still.target.tolist()) for still in stills]
    return Workspace(folder, asdict(plan), shown, np.flatnonzero(chosen).tolist())


def put_narrow_head(
    network: Network,
    features: Features,
    chosen: NDArray[np.bool_],
    plan: MemberPlan,
    *,
    keep: Path | None = None,
    progress: Progress = lambda what, done, total: None,
) -> None:
    """Give a trained network a new, narrow head, trained on every view while all else stays.

    The wide head lets the late stage learn; the narrow one judges better on films not seen, as it
    has less to remember stills with.
    """
    device = next(network.parameters()).device
    torch.manual_seed(plan.seed)
    narrow = build(replace(plan.architecture, hidden=plan.narrow)).head
    rows = _pooled(network, features, chosen, progress)
    targets = torch.from_numpy(features.targets[chosen[features.stills]])
    above = nn.Sequential(*list(narrow.children())[1:])  # all of the head but the pooling
    size = 2 * plan.batch_size

    def shuffled(epoch: int) -> Iterator[Batch]:
        order = torch.from_numpy(np.random.default_rng([plan.seed, epoch]).permutation(len(rows)))
        for some in torch.split(order, size):
            yield rows[some], targets[some]

    average = train_one_cycle(
        above,
        [Part(above, plan.rate)],
        shuffled,
        num_epochs=plan.narrow_epochs,
        steps_per_epoch=max(1, len(rows) // size),
        seed=plan.seed,
        keep=keep,
        progress=lambda step, num_steps, loss, rate: progress(f"narrow head, loss {loss:.2f}", step, num_steps),
    )
    above.load_state_dict(average.state_dict())
    network.head = narrow.to(device)
    network.architecture = replace(network.architecture, hidden=plan.narrow)


def _pooled(network: Network, features: Features, chosen: NDArray[np.bool_], progress: Progress) -> Tensor:
    """Run the chosen rows through the late stage and the pooling: (rows, 2 x channels), on the CPU."""
    device = next(network.parameters()).device
    below = fused(nn.Sequential(network.late, network.head.get_submodule("pool")))
    numbers = np.flatnonzero(chosen[features.stills])
    rows = []
    for start in range(0, len(numbers), 32):
        maps = as_maps(features.maps[numbers[start : start + 32]]).to(device)
        with torch.no_grad():
            rows.append(below(maps.contiguous(memory_format=torch.channels_last)).cpu())
        progress("running the late stage", min(start + 32, len(numbers)), len(numbers))
    return torch.cat(rows)


def cached_features(
    network: Network,
    stills: Sequence[Still],
    labels: Sequence[Label],
    plan: MemberPlan,
    width: int,
    *,
    workspace: Path,
    progress: Progress,
) -> Features:
    """Give the features of all views of all stills, from the workspace where they were made before."""
    path = workspace / f"{plan.architecture.body}-{_features_key(network, stills, plan, width)}.npy"
    if path.with_suffix(".npz").is_file():  # written last: the features are whole
        return read_features(path)
    what = f"running {plan.architecture.body}'s early stages, {width} pixels"
    return write_features(
        network.early,
        make_views(stills, plan.passes, labels, seed=plan.seed),
        path,
        num_rows=len(stills) * len(plan.passes),  # at most: some stills have no face to crop around
        geometry=geometry_of(width),
        normalization=NORMALIZATION,
        progress=lambda done, total: progress(what, done, total),
    )


def _features_key(network: Network, stills: Sequence[Still], plan: MemberPlan, width: int) -> str:
    """Name what the features depend on, so that other stills or views are not taken for these."""
    content = [fingerprint(network.early), plan.passes, plan.seed, width]
    content += [(str(still.path), still.target.tolist()) for still in stills]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
