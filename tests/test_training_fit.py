"""Features are kept, batches are drawn from them, and one cycle learns what is there to learn."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import load_checkpoint, save_checkpoint
from otio_shottag.model.network import Architecture, build
from otio_shottag.model.pictures import Geometry, Normalization
from otio_shottag.training.batches import FeatureBatches
from otio_shottag.training.evaluate import evaluate
from otio_shottag.training.features import Features, write_features
from otio_shottag.training.fit import Part, rate_part, scale_loss, train_one_cycle
from otio_shottag.training.member import MemberPlan
from otio_shottag.training.recipe import train_committee
from otio_shottag.training.stills import Still, film_disjoint_folds, soft_target
from otio_shottag.training.views import make_views
from otio_shottag.vocabulary import SHOT_TYPES


def write_stills(folder: Path, count: int) -> list[Still]:
    """Write stills whose brightness is their size, five films of them."""
    stills = []
    for number in range(count):
        label = number % 8
        path = folder / f"{number}.png"
        Image.new("RGB", (96, 54), (20 + 28 * label,) * 3).save(path)
        stills.append(Still(path, label, soft_target(label, [], 8), f"film {number % 5}", "a"))
    return stills


def new_features(kinds: list[int], stills: list[int]) -> Features:
    """Make features whose every number is their row's number."""
    rows = np.arange(len(kinds), dtype=np.float16)[:, None, None, None] * np.ones((1, 2, 3, 4), dtype=np.float16)
    return Features(rows, np.eye(8, dtype=np.float32)[np.array(stills) % 8], np.array(stills), np.array(kinds))


def test_a_far_mistake_costs_more_than_a_near_one() -> None:
    """The loss knows that the labels are a scale."""
    target = torch.eye(8)[[4]]
    near, far = (scale_loss(10 * torch.eye(8)[[label]], target) for label in (5, 0))
    assert far > near + 1


def test_one_cycle_learns_and_leaves_the_rest_alone() -> None:
    """A separable toy problem is learned; a layer outside the parts keeps its weights."""
    torch.manual_seed(0)
    frozen, trained = nn.Linear(4, 4).requires_grad_(False), nn.Linear(4, 3)
    before = frozen.weight.clone()
    inputs = torch.randn(96, 4)
    targets = torch.eye(3)[frozen(inputs)[:, :3].argmax(dim=1)]

    def epoch(_: int) -> Iterator[tuple[Tensor, Tensor]]:
        for rows in torch.randperm(96).split(16):
            yield inputs[rows], targets[rows]

    steps = []
    average = train_one_cycle(
        nn.Sequential(frozen, trained),
        [Part(trained, 0.1)],
        epoch,
        num_epochs=30,
        steps_per_epoch=6,
        progress=lambda step, num_steps, loss, rate: steps.append((step, num_steps, loss, rate)),
    )
    assert (average(inputs).argmax(dim=1) == targets.argmax(dim=1)).float().mean() > 0.9
    assert torch.equal(frozen.weight, before)
    assert [step for step, *_ in steps] == list(range(1, 181))
    assert steps[-1][2] < steps[0][2]
    rates = [rate for *_, rate in steps]
    assert max(rates) == pytest.approx(0.1)
    assert rates[0] < 0.01
    assert rates[-1] < 0.01


@pytest.mark.parametrize("num_steps", [1, 2, 4, 7, 400])
def test_a_cycle_of_any_length_goes_up_and_down(num_steps: int) -> None:
    """The rate is never above its highest, and a cycle that is long enough reaches it and ends near 0."""
    parts = [rate_part(step, num_steps) for step in range(num_steps)]
    assert all(0 < part <= 1 for part in parts)
    if num_steps > 4:
        assert parts[-1] < parts[0] < 0.1
        assert max(parts) > 0.9


def test_an_epoch_takes_each_chosen_still_once() -> None:
    """Of each still's views of its own size one is drawn, and views of other sizes on top."""
    features = new_features(kinds=[0, 0, 0, 0, 2, 2, 2, 2, 3, 3], stills=[0, 1, 2, 3, 0, 1, 2, 3, 0, 3])
    chosen = np.array([True, True, True, False])
    batches = FeatureBatches(features, chosen, batch_size=4, resized_part=0.34, seed=1)
    assert batches.steps_per_epoch == 1
    seen = set()
    for epoch in range(20):
        (maps, targets), *rest = list(batches(epoch))
        rows = sorted(int(row) for row in maps[:, 0, 0, 0])
        assert not rest
        assert sorted(row % 4 for row in rows if row < 8) == [0, 1, 2]
        assert [row for row in rows if row >= 8] == [8]
        assert torch.equal(targets.argmax(dim=1), torch.tensor([int(features.stills[row]) for row in rows]))
        seen.update(rows)
    assert seen == {0, 1, 2, 4, 5, 6, 8}


def test_features_are_what_the_early_stages_make(tmp_path: Path) -> None:
    """A row holds the early stages' answer to its view, to half precision."""
    stills = write_stills(tmp_path, 3)
    network = build(Architecture("efficientnet_lite2")).eval()
    normalization = Normalization((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    features = write_features(
        network.early,
        make_views(stills, ["plain", "mirrored"], SHOT_TYPES, seed=0),
        tmp_path / "features.npy",
        num_rows=6,
        geometry=Geometry(64, 32),
        normalization=normalization,
    )
    assert features.stills.tolist() == [0, 1, 2, 0, 1, 2]
    assert features.kinds.tolist() == [0, 0, 0, 1, 1, 1]
    picture = torch.full((1, 3, 32, 64), (20 / 255 - 0.5) / 0.5)
    with torch.inference_mode():
        wanted = network.early(picture).permute(0, 2, 3, 1)[0].numpy()
    np.testing.assert_allclose(features.maps[0], wanted, atol=2e-2, rtol=2e-2)


def test_the_recipe_makes_a_checkpoint_that_can_be_evaluated(tmp_path: Path) -> None:
    """From ImageNet-like weights and stills to a file, its record, and figures of the held-out films."""
    stills = write_stills(tmp_path, 16)
    body = tmp_path / "body.safetensors"
    from safetensors.torch import save_file

    save_file({"conv1.weight": torch.randn(64, 3, 7, 7)}, body)
    plan = MemberPlan(Architecture("resnet50", "paper+mean"), body, ("plain",), epochs=1, batch_size=4)
    said: list[str] = []
    checkpoint = train_committee(
        stills,
        SHOT_TYPES,
        [plan],
        version="test 1",
        workspace=tmp_path / "work",
        progress=lambda what, done, total: said.append(what),
    )
    save_checkpoint(checkpoint, tmp_path / "new.safetensors")
    loaded = load_checkpoint(tmp_path / "new.safetensors")
    folds = film_disjoint_folds(stills)
    unseen = [still for still, fold in zip(stills, folds, strict=True) if fold == 0]
    evaluation = evaluate(loaded, unseen)
    assert loaded.record["held out"] == "fold 0 of 5, split by group"
    assert loaded.record["figures"]["stills"] == evaluation.figures.count == len(unseen)
    assert loaded.record["stills"] == len(stills) - len(unseen)
    assert any(what.startswith("training last stage and head of resnet50") for what in said)
    assert len(evaluation.worst(3)) <= 3


def test_the_recipe_needs_a_temperature_or_stills_to_find_it() -> None:
    """With no fold held out, nothing in the run can set the temperature."""
    with pytest.raises(ModelError, match="give a temperature"):
        train_committee([], SHOT_TYPES, [], version="x", workspace=Path("nowhere"), held_out=None)
