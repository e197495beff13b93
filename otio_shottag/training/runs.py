"""A whole training on an editor's stills, from given or from ImageNet weights, and the rate to do it with."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import nn

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.network import Architecture, Committee
from otio_shottag.training.all_layers import AllLayersPlan
from otio_shottag.training.evaluate import evaluate
from otio_shottag.training.fit import OnStep
from otio_shottag.training.head_rows import head_batches
from otio_shottag.training.learning_rate import RateSearch, find_rate
from otio_shottag.training.member import (
    GEOMETRY,
    NORMALIZATION,
    MemberPlan,
    Progress,
    cached_features,
    fresh_member,
    late_batches,
    member_workspace,
    train_member,
)
from otio_shottag.training.own import OwnPlan, measured, narrowed, rows_for, train_on_own
from otio_shottag.training.state import Workspace, fingerprint
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
    workspace: Path
    """Where what is done is kept until all is."""

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
            workspace=self._kept(stills),
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
        learned, members = stills.part(learned=True), narrowed(self.start, stills.labels)
        found = []
        for number, network in enumerate(members, start=1):
            place = f"network {number} of {len(members)}"
            network.to(device)
            seen = rows_for(network, self.start, learned, stills.labels, self.plan, self._kept(stills), place, progress)
            head, batches = head_batches(network, seen, batch_size=self.plan.batch_size, seed=self.plan.seed)
            search = find_rate(head, batches, progress=lambda done, total: progress("trying rates", done, total))
            found.append((network.architecture.body, search))
        self.clear_up(stills)
        return found

    def exact_before(self, stills: StillSet) -> float | None:
        """Say how many unseen stills the start judges right when it may only say their sizes; None for no stills."""
        unseen = stills.part(learned=False)
        if not unseen:
            return None
        members = Committee([member.eval().requires_grad_(False) for member in narrowed(self.start, stills.labels)])
        return evaluate(replace(self.start, network=members, labels=stills.labels), unseen).figures.exact

    def is_begun(self, stills: StillSet) -> bool:
        """Tell whether a run like this was stopped and can go on."""
        return self._kept(stills).is_begun()

    def clear_up(self, stills: StillSet) -> None:
        """Remove what was kept while it trained."""
        self._kept(stills).clear_up()

    def _kept(self, stills: StillSet) -> Workspace:
        learned = [(str(still.path), still.target.tolist()) for still in stills.part(learned=True)]
        codes = [label.code for label in stills.labels]
        return Workspace(self.workspace, fingerprint(self.start.network), asdict(self.plan), codes, learned)


@dataclass(frozen=True, slots=True)
class ImageNetRun:
    """A training that starts from ImageNet weights: one network."""

    plan: MemberPlan
    workspace: Path
    """Where what is done is kept until all is, and what the frozen stages made of the stills."""

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
        committee = Committee([network.requires_grad_(False)])
        made = Checkpoint(committee, stills.labels, plan.geometry, NORMALIZATION, 1.0, version, record)
        unseen = stills.part(learned=False)
        return measured(made, unseen, progress) if unseen else made

    def find_rates(self, stills: StillSet, *, device: torch.device, progress: Progress) -> list[tuple[str, RateSearch]]:
        """Search one rate for the last stage and the head together, at the first size."""
        plan = self._plan_for(stills)
        network = fresh_member(plan, device)
        features = cached_features(
            network, stills.stills, stills.labels, plan, plan.sizes[0], workspace=self.workspace, progress=progress
        )
        model = nn.Sequential(network.late, network.head)
        batches = late_batches(features, stills.learned, plan)
        search = find_rate(model, batches, progress=lambda done, total: progress("trying rates", done, total))
        return [(self.plan.architecture.body, search)]

    def exact_before(self, stills: StillSet) -> float | None:
        """Say nothing: ImageNet weights judge no sizes."""
        return None

    def is_begun(self, stills: StillSet) -> bool:
        """Tell whether a run like this was stopped and can go on."""
        return self._kept(stills).is_begun()

    def clear_up(self, stills: StillSet) -> None:
        """Remove what was kept, and the folder unless something else lies in it."""
        for path in list(self.workspace.glob(f"{self.plan.architecture.body}-*.np[yz]")):
            path.unlink()
        self._kept(stills).clear_up()

    def _kept(self, stills: StillSet) -> Workspace:
        return member_workspace(stills.stills, self._plan_for(stills), stills.learned, self.workspace)

    def _plan_for(self, stills: StillSet) -> MemberPlan:
        architecture = replace(self.plan.architecture, num_labels=len(stills.labels))
        return replace(self.plan, architecture=architecture)


def plan_own(
    start: Checkpoint,
    workspace: Path,
    *,
    seed: int,
    epochs: int = 0,
    all_epochs: int = 0,
    rate: float = 3e-4,
    batch_size: int = 16,
) -> OwnRun:
    """Plan a training from a checkpoint: its head, then all layers where ``all_epochs`` says so."""
    all_layers = AllLayersPlan(epochs=all_epochs, rate=rate / 3, batch_size=batch_size, keep_norms=True)
    plan = OwnPlan(head_epochs=epochs, head_rate=rate, all_layers=all_layers, batch_size=batch_size, seed=seed)
    return OwnRun(start, plan, workspace)


def plan_imagenet(
    weights: Path,
    body: str,
    workspace: Path,
    *,
    seed: int,
    epochs: int = 5,
    all_epochs: int = 2,
    rate: float = 1e-3,
    batch_size: int = 32,
    sizes: tuple[int, ...] = (GEOMETRY.width // 2, GEOMETRY.width),
) -> ImageNetRun:
    """Plan a training from ImageNet weights; raises ModelError for a file that is not there."""
    if not weights.is_file():
        raise ModelError(f"{weights}: no such ImageNet weights")
    plan = MemberPlan(
        architecture=BODIES[body],
        body=weights,
        passes=IMAGENET_VIEWS,
        epochs=epochs,
        sizes=sizes,
        rate=rate,
        batch_size=batch_size,
        all_layers=AllLayersPlan(epochs=all_epochs, rate=rate / 3, batch_size=max(2, batch_size // 2)),
        seed=seed,
    )
    return ImageNetRun(plan, workspace)
