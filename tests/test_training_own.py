"""An editor's own stills: from given weights to narrower ones that know them."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from otio_shottag.model.network import Architecture, Committee, build
from otio_shottag.model.pictures import Geometry, Normalization
from otio_shottag.training import fit
from otio_shottag.training.all_layers import AllLayersPlan
from otio_shottag.training.evaluate import evaluate
from otio_shottag.training.own import OwnPlan, train_on_own
from otio_shottag.training.state import Workspace
from otio_shottag.training.stills import Still, soft_target
from otio_shottag.vocabulary import SHOT_TYPES

THREE = (SHOT_TYPES[0], SHOT_TYPES[4], SHOT_TYPES[6])


@pytest.fixture(scope="module")
def start() -> Checkpoint:
    """Weights drawn at random, for small pictures."""
    torch.manual_seed(3)
    member = build(Architecture("efficientnet_lite2", hidden=32)).train()
    for module in member.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = 0.5
    with torch.no_grad():
        for _ in range(8):  # settles the normalizations: untrained ones would let next to nothing through
            member(torch.rand(8, 3, 1, 1) * 4 - 2 + 0.2 * torch.randn(8, 3, 32, 64))
    network = Committee([member.eval()])
    normalization = Normalization((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    return Checkpoint(network, SHOT_TYPES, Geometry(64, 32), normalization, 1.0, "start 1")


def write_stills(folder: Path, count: int) -> list[Still]:
    """Write stills of three sizes, told apart by their colour."""
    stills = []
    for number in range(count):
        label = number % 3
        path = folder / f"{number}.png"
        color = [20, 20, 20]
        color[label] = 200 + number % 20
        Image.new("RGB", (64, 36), tuple(color)).save(path)
        stills.append(Still(path, label, soft_target(label, [], 3), path.name, "own"))
    return stills


@pytest.mark.parametrize("head_epochs", [0, 15])
def test_own_stills_are_learned_and_the_start_is_left_alone(
    start: Checkpoint, tmp_path: Path, head_epochs: int
) -> None:
    """Training the head either way tells the stills apart, narrows the labels, and changes nothing in the start."""
    stills = write_stills(tmp_path, 24)
    before = {name: tensor.clone() for name, tensor in start.network.state_dict().items()}
    plan = OwnPlan(head_epochs=head_epochs, head_rate=1e-2, views=("plain", "mirrored"), batch_size=8)
    work = Workspace(tmp_path / "work")
    trained = train_on_own(start, stills, THREE, plan, version="own 1", workspace=work, unseen=stills[:6])
    save_checkpoint(trained, tmp_path / "own.safetensors")
    loaded = load_checkpoint(tmp_path / "own.safetensors")
    assert loaded.labels == THREE
    assert loaded.record["started from"] == "start 1"
    assert loaded.record["figures"]["stills"] == 6
    assert evaluate(loaded, stills).figures.exact > 0.9
    assert all(torch.equal(tensor, before[name]) for name, tensor in start.network.state_dict().items())


def test_stills_that_say_nothing_new_change_nothing(start: Checkpoint, tmp_path: Path) -> None:
    """Labels that have nothing to do with the pictures leave every weight as it was."""
    stills = write_stills(tmp_path, 60)
    labels = torch.randint(3, (60,), generator=torch.Generator().manual_seed(5)).tolist()
    noise = [
        Still(still.path, label, soft_target(label, [], 3), still.group, still.source)
        for still, label in zip(stills, labels, strict=True)
    ]
    work = Workspace(tmp_path / "work")
    trained = train_on_own(start, noise, THREE, OwnPlan(views=("plain",)), version="own 3", workspace=work)
    assert trained.record["refit"]["pull"] is None
    kept = [start.labels.index(label) for label in THREE]
    for name, old in start.network.state_dict().items():
        new = trained.network.state_dict()[name]
        assert torch.equal(new, old[kept] if name.startswith("members.0.head.scores") else old)


def test_all_layers_can_be_trained(start: Checkpoint, tmp_path: Path) -> None:
    """The second part moves the early stages too, keeps the normalizations' statistics, and says so as it goes."""
    stills = write_stills(tmp_path, 6)
    said: list[str] = []
    plan = OwnPlan(all_layers=AllLayersPlan(epochs=1, batch_size=3, keep_norms=True), views=("plain",))
    trained = train_on_own(
        start,
        stills,
        THREE,
        plan,
        version="own 2",
        workspace=Workspace(tmp_path / "work"),
        progress=lambda what, done, total: said.append(what),
    )
    old, new = start.network.state_dict(), trained.network.state_dict()
    assert not torch.equal(old["members.0.early.stem.weight"], new["members.0.early.stem.weight"])
    assert torch.equal(old["members.0.early.stem_norm.running_mean"], new["members.0.early.stem_norm.running_mean"])
    assert any(what.startswith("training all layers") for what in said)


@pytest.mark.parametrize("stopped_in", ["looking at the stills", "training the head", "training all layers"])
def test_a_stopped_training_goes_on_to_the_same_end(
    start: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped_in: str
) -> None:
    """Interrupted in its second epoch and started again, a training ends bit for bit as one left in peace."""
    stills = write_stills(tmp_path, 12)
    all_layers = AllLayersPlan(epochs=2, batch_size=4)
    plan = OwnPlan(head_epochs=3, head_rate=1e-2, all_layers=all_layers, views=("plain", "mirrored"), batch_size=8)
    losses: list[list[float]] = [[], [], []]
    num_trained = 0

    def train(folder: str, run: int, stop: bool) -> Checkpoint:
        def progress(what: str, done: int, total: int) -> None:
            if stop and what.startswith(stopped_in) and done > 0.75 * total:
                raise KeyboardInterrupt

        def on_step(what: str, loss: float, rate: float) -> None:
            losses[run].append(loss)

        work = Workspace(tmp_path / folder, "the same")
        return train_on_own(
            start, stills, THREE, plan, version="own", workspace=work, progress=progress, on_step=on_step
        )

    def counted(*given: torch.Tensor) -> torch.Tensor:
        nonlocal num_trained
        num_trained += 1
        return scale_loss(*given)

    scale_loss = fit.scale_loss
    undisturbed = train("whole", 0, stop=False)
    with pytest.raises(KeyboardInterrupt):
        train("stopped", 1, stop=True)
    monkeypatch.setattr(fit, "scale_loss", counted)
    resumed = train("stopped", 2, stop=False)
    for name, tensor in undisturbed.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name
    assert losses[2] == losses[0]
    left_to_do = {"looking at the stills": 15, "training the head": 3 + 6, "training all layers": 3}
    assert num_trained == left_to_do[stopped_in]


def test_what_another_training_kept_is_not_gone_on_with(start: Checkpoint, tmp_path: Path) -> None:
    """Another plan in the same folder starts anew; a broken file is said, with its name."""
    stills = write_stills(tmp_path, 6)
    plan = OwnPlan(head_epochs=1, views=("plain",), batch_size=3)
    train_on_own(start, stills, THREE, plan, version="x", workspace=Workspace(tmp_path / "work", 1))
    assert Workspace(tmp_path / "work", 1).is_begun()
    assert not Workspace(tmp_path / "work", 2).is_begun()
    broken = Workspace(tmp_path / "work", 1).path("head-1")
    broken.write_bytes(b"half")
    with pytest.raises(ModelError, match=r"head-1-\w+\.safetensors: is broken; remove it"):
        train_on_own(start, stills, THREE, plan, version="x", workspace=Workspace(tmp_path / "work", 1))
    Workspace(tmp_path / "work", 1).clear_up()
    assert not (tmp_path / "work").exists()


def test_what_cannot_be_trained_on_is_refused(start: Checkpoint, tmp_path: Path) -> None:
    """No stills, and labels that the start does not know, are ModelErrors."""
    work = Workspace(tmp_path / "work")
    with pytest.raises(ModelError, match="no stills"):
        train_on_own(start, [], THREE, OwnPlan(), version="x", workspace=work)
    stills = write_stills(tmp_path, 3)
    narrow = train_on_own(start, stills, THREE, OwnPlan(views=("plain",)), version="x", workspace=work)
    with pytest.raises(ModelError, match="know no WS"):
        train_on_own(narrow, stills, SHOT_TYPES[:2], OwnPlan(), version="x", workspace=work)
