"""An editor's own stills: from given weights to narrower ones that know them."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from otio_shottag.model.network import Architecture, Committee, build
from otio_shottag.model.pictures import Geometry, Normalization
from otio_shottag.training.evaluate import evaluate
from otio_shottag.training.own import OwnPlan, train_on_own
from otio_shottag.training.stills import Still, soft_target
from otio_shottag.vocabulary import SHOT_TYPES

THREE = (SHOT_TYPES[0], SHOT_TYPES[4], SHOT_TYPES[6])


@pytest.fixture(scope="module")
def start() -> Checkpoint:
    """Weights drawn at random, for small pictures."""
    torch.manual_seed(3)
    network = Committee([build(Architecture("resnet50", hidden=32)).eval()])
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


def test_own_stills_are_learned_and_the_start_is_left_alone(start: Checkpoint, tmp_path: Path) -> None:
    """Training the head tells the stills apart, narrows the labels, and changes nothing in the start."""
    stills = write_stills(tmp_path, 24)
    before = {name: tensor.clone() for name, tensor in start.network.state_dict().items()}
    plan = OwnPlan(head_epochs=15, head_rate=1e-2, views=("plain", "mirrored"), batch_size=8)
    trained = train_on_own(start, stills, THREE, plan, version="own 1", unseen=stills[:6])
    save_checkpoint(trained, tmp_path / "own.safetensors")
    loaded = load_checkpoint(tmp_path / "own.safetensors")
    assert loaded.labels == THREE
    assert loaded.record["started from"] == "start 1"
    assert loaded.record["figures"]["stills"] == 6
    assert evaluate(loaded, stills).figures.exact > 0.9
    assert all(torch.equal(tensor, before[name]) for name, tensor in start.network.state_dict().items())


def test_all_layers_can_be_trained(start: Checkpoint, tmp_path: Path) -> None:
    """The second part moves the early stages too, and says so as it goes."""
    stills = write_stills(tmp_path, 6)
    said: list[str] = []
    plan = OwnPlan(head_epochs=1, all_epochs=1, views=("plain",), batch_size=3)
    trained = train_on_own(
        start, stills, THREE, plan, version="own 2", progress=lambda what, done, total: said.append(what)
    )
    old, new = start.network.state_dict(), trained.network.state_dict()
    assert not torch.equal(old["members.0.early.conv1.weight"], new["members.0.early.conv1.weight"])
    assert any(what.startswith("training all layers") for what in said)


def test_what_cannot_be_trained_on_is_refused(start: Checkpoint, tmp_path: Path) -> None:
    """No stills, and labels that the start does not know, are ModelErrors."""
    with pytest.raises(ModelError, match="no stills"):
        train_on_own(start, [], THREE, OwnPlan(), version="x")
    stills = write_stills(tmp_path, 3)
    narrow = train_on_own(start, stills, THREE, OwnPlan(head_epochs=1, views=("plain",)), version="x")
    with pytest.raises(ModelError, match="know no WS"):
        train_on_own(narrow, stills, SHOT_TYPES[:2], OwnPlan(), version="x")
