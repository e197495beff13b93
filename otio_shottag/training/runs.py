"""A whole training on an editor's stills, from given or from ImageNet weights, and the rate to do it with."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import nn

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.network import Architecture, Committee
from otio_shottag.training.evaluate import evaluate
from otio_shottag.training.fit import OnStep
from otio_shottag.training.learning_rate import RateSearch, find_rate
from otio_shottag.training.own import OwnPlan, head_batches, measured, narrowed, train_on_own
from otio_shottag.training.recipe import GEOMETRY, NORMALIZATION, MemberPlan, Progress, prepare_member, train_member
from otio_shottag.training.still_sets import StillSet

IMAGENET_VIEWS = ("plain", "varied", "resized", "detail")
"""The views of each still that the last stage learns from."""
BODIES = {
    "resnet50": Architecture("resnet50", "torchvision"),
    "resnet50-paper": Architecture("resnet50", "paper"),
    "densenet169": Architecture("densenet169"),
    "efficientnet_lite2": Architecture("efficientnet_lite2"),
}
"""What ImageNet weights may be of, by the word for it on the command line."""


@dataclass(frozen=True, slots=True)
class OwnRun:
    """A training that starts from a checkpoint."""

    start: Checkpoint
    plan: OwnPlan

    def train(
        self, stills: StillSet, *, version: str, device: torch.device, progress: Progress, on_step: OnStep
    ) -> Checkpoint:
        """Train; the record says on what, how, and what it reached on the unseen stills."""
        trained = train_on_own(
            self.start,
            stills.part(learned=True),
            stills.labels,
            self.plan,
            version=version,
            unseen=stills.part(learned=False),
            device=device,
            progress=progress,
            on_step=on_step,
        )
        record = {"plan": asdict(self.plan), "held out": stills.held_out}
        return replace(trained, record={**trained.record, **record})

    def find_rates(self, stills: StillSet, *, device: torch.device, progress: Progress) -> list[tuple[str, RateSearch]]:
        """Search the head's rate for each network: its body's name, and what was seen."""
        torch.manual_seed(self.plan.seed)
        learned = stills.part(learned=True)
        found = []
        for network in narrowed(self.start, stills.labels):
            head, batches = head_batches(network.to(device), self.start, learned, stills.labels, self.plan, progress)
            search = find_rate(head, batches, progress=lambda done, total: progress("trying rates", done, total))
            found.append((network.architecture.body, search))
        return found

    def exact_before(self, stills: StillSet) -> float | None:
        """Say how many unseen stills the start judges right; None where there are none."""
        unseen = [
            replace(still, label=self.start.labels.index(stills.labels[still.label]))
            for still in stills.part(learned=False)
        ]
        return evaluate(self.start, unseen).figures.exact if unseen else None

    def clear_up(self) -> None:
        """Do nothing: nothing is kept while it trains."""


@dataclass(frozen=True, slots=True)
class ImageNetRun:
    """A training that starts from ImageNet weights: one network, its early stages frozen."""

    plan: MemberPlan
    workspace: Path
    """Where the frozen stages' features are kept, and found again by the next run on the same stills."""
    all_epochs: int = 0
    """Passes over the stills that train all layers afterwards."""

    def train(
        self, stills: StillSet, *, version: str, device: torch.device, progress: Progress, on_step: OnStep
    ) -> Checkpoint:
        """Train; the record says on what, how, and what it reached on the unseen stills."""
        plan = self._plan_for(stills)
        network = train_member(
            stills.stills,
            stills.labels,
            plan,
            stills.learned,
            workspace=self.workspace,
            device=device,
            progress=progress,
            on_step=on_step,
        )
        record: dict[str, object] = {
            "started from": plan.body.name,
            "stills": int(stills.learned.sum()),
            "plan": asdict(plan) | {"body": plan.body.name},
            "held out": stills.held_out,
        }
        committee = Committee([network.cpu().requires_grad_(False)])
        made = Checkpoint(committee, stills.labels, GEOMETRY, NORMALIZATION, 1.0, version, record)
        unseen = stills.part(learned=False)
        made = measured(made, unseen, progress) if unseen else made
        if not self.all_epochs:
            return made
        then = OwnRun(made, OwnPlan(head_epochs=1, all_epochs=self.all_epochs, seed=self.plan.seed))
        whole = then.train(stills, version=version, device=device, progress=progress, on_step=on_step)
        return replace(whole, record={**whole.record, "started from": plan.body.name, "plan before": record["plan"]})

    def find_rates(self, stills: StillSet, *, device: torch.device, progress: Progress) -> list[tuple[str, RateSearch]]:
        """Search one rate for the last stage and the head together."""
        network, _, batches = prepare_member(
            stills.stills,
            stills.labels,
            self._plan_for(stills),
            stills.learned,
            workspace=self.workspace,
            device=device,
            progress=progress,
        )
        model = nn.Sequential(network.late, network.head)
        search = find_rate(model, batches, progress=lambda done, total: progress("trying rates", done, total))
        return [(self.plan.architecture.body, search)]

    def exact_before(self, stills: StillSet) -> float | None:
        """Say nothing: ImageNet weights judge no sizes."""
        return None

    def clear_up(self) -> None:
        """Remove the features that were kept, and their folder unless something else lies in it."""
        for path in list(self.workspace.glob(f"{self.plan.architecture.body}-*.np[yz]")):
            path.unlink()
        if self.workspace.is_dir() and not any(self.workspace.iterdir()):
            self.workspace.rmdir()

    def _plan_for(self, stills: StillSet) -> MemberPlan:
        architecture = replace(self.plan.architecture, num_labels=len(stills.labels))
        return replace(self.plan, architecture=architecture)


def plan_own(
    start: Checkpoint,
    *,
    seed: int,
    epochs: int = 12,
    all_epochs: int = 0,
    rate: float = 3e-4,
    batch_size: int = 16,
) -> OwnRun:
    """Plan a training from a checkpoint: its head, then all layers where ``all_epochs`` says so."""
    plan = OwnPlan(head_epochs=epochs, all_epochs=all_epochs, head_rate=rate, batch_size=batch_size, seed=seed)
    return OwnRun(start, plan)


def plan_imagenet(
    weights: Path,
    body: str,
    workspace: Path,
    *,
    seed: int,
    epochs: int = 5,
    all_epochs: int = 0,
    rate: float = 1e-3,
    batch_size: int = 32,
) -> ImageNetRun:
    """Plan a training from ImageNet weights; raises ModelError for a file that is not there."""
    if not weights.is_file():
        raise ModelError(f"{weights}: no such ImageNet weights")
    plan = MemberPlan(
        architecture=BODIES[body],
        body=weights,
        passes=IMAGENET_VIEWS,
        epochs=epochs,
        rate=rate,
        batch_size=batch_size,
        seed=seed,
    )
    return ImageNetRun(plan, workspace, all_epochs)
