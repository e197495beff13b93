"""A network on a device: the same answers however the pictures come, and whatever memory there is."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.header import Geometry, Normalization
from otio_shottag.model.judge import Judge
from otio_shottag.model.network import Architecture, Committee, build
from otio_shottag.vocabulary import SHOT_TYPES


@pytest.fixture(scope="module")
def judge() -> Judge:
    """A ResNet-50 with fresh weights, on the CPU."""
    torch.manual_seed(0)
    network = Committee([build(Architecture(hidden=0))]).eval().requires_grad_(False)
    normalization = Normalization((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    return Judge(Checkpoint(network, SHOT_TYPES, Geometry(96, 64), normalization, 1.0, "some 1"), torch.device("cpu"))


def pictures(num: int, seed: int, size: tuple[int, int] = (64, 114)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (num, *size, 3), dtype=np.uint8)


def test_a_shots_answer_does_not_depend_on_its_company(judge):
    """Alone, with others, in any order and on any thread a shot gets the same numbers to the last bit."""
    shots = [pictures(1 + seed % 4, seed, (64, 96 + seed)) for seed in range(8)]
    alone = [judge.probabilities([shot])[0] for shot in shots]
    together = judge.probabilities(shots[::-1])[::-1]
    with ThreadPoolExecutor(4) as pool:
        on_threads = list(pool.map(lambda shot: judge.probabilities([shot])[0], shots))
    for one, other, third in zip(alone, together, on_threads, strict=True):
        assert np.array_equal(one, other)
        assert np.array_equal(one, third)


class SmallCard(torch.nn.Module):
    """Stands for a network on a card whose memory holds so many pictures and no more."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.batches: list[int] = []

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        if len(numbers) > self.most:
            raise torch.OutOfMemoryError("out of memory")
        self.batches.append(len(numbers))
        return numbers.flatten(1)[:, :8].float()


@pytest.fixture
def on_a_card(judge, monkeypatch):
    """The judge as it works with a card: in batches, on one thread."""
    monkeypatch.setattr(judge, "side_by_side", False)
    monkeypatch.setattr(judge, "_batch", 128)
    return judge


def test_out_of_memory_halves_the_batch_and_goes_on(on_a_card, monkeypatch):
    """A card that holds 20 pictures gets 16 at a time, loses none, and keeps to that."""
    plenty, small = SmallCard(1000), SmallCard(20)
    shots = [pictures(30, 1), pictures(45, 2)]
    monkeypatch.setattr(on_a_card, "_network", plenty)
    expected = on_a_card.probabilities(shots)
    monkeypatch.setattr(on_a_card, "_network", small)
    got = on_a_card.probabilities(shots)
    assert all(np.array_equal(one, other) for one, other in zip(got, expected, strict=True))
    assert small.batches == [16, 16, 16, 16, 11]
    on_a_card.probabilities([pictures(17, 3)])
    assert small.batches[-2:] == [16, 1]


def test_a_card_too_small_for_one_picture_is_said(on_a_card, monkeypatch):
    """Where not even one picture fits, one line says so and what to do."""
    monkeypatch.setattr(on_a_card, "_network", SmallCard(0))
    with pytest.raises(ModelError, match="its memory does not hold one picture; try --device cpu"):
        on_a_card.probabilities([pictures(2, 1)])
