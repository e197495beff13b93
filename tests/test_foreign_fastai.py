"""The 2019 article's learner, as fastai 1.0 saves it, answers here what it answers there.

fastai itself is old and not installed: the learner is built anew from plain torch modules in fastai
1.0.61's layout. Once, for this test, a learner made and saved by fastai 1.0.61 itself (on torch 2.15)
was compared in the same way: scores of the same numbers were equal to 1e-5; the probabilities of the same
files, which fastai scales without antialiasing, to 0.02, and the sizes were the same.
"""

from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn

from otio_shottag.errors import ModelError
from otio_shottag.model.foreign import load_any

ALPHABETICAL = ["CU", "ECU", "EWS", "LS", "MCU", "MS"]


class AdaptiveConcatPool2d(nn.Module):
    """fastai's pooling: the maximum first, then the mean."""

    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([nn.functional.adaptive_max_pool2d(maps, 1), nn.functional.adaptive_avg_pool2d(maps, 1)], 1)


def new_learner(num_classes: int = 6) -> nn.Sequential:
    """Build what fastai 1.0's cnn_learner(resnet50) builds, with random weights, ready to judge."""
    torch.manual_seed(11)
    body = nn.Sequential(*list(torchvision.models.resnet50().children())[:-2])
    head = nn.Sequential(
        AdaptiveConcatPool2d(),
        nn.Flatten(),
        nn.BatchNorm1d(4096),
        nn.Dropout(0.25),
        nn.Linear(4096, 512),
        nn.ReLU(inplace=True),
        nn.BatchNorm1d(512),
        nn.Dropout(0.5),
        nn.Linear(512, num_classes),
    )
    learner = nn.Sequential(body, head)
    with torch.no_grad():
        for _ in range(6):  # settles the normalizations: untrained ones would let next to nothing through
            learner(torch.randn(8, 3, 2, 3).repeat_interleave(16, 2).repeat_interleave(16, 3))
        for module in learner.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                # Channels that differ: a mix-up of maximum and mean must show.
                module.weight.uniform_(0.6, 1.2)
                module.bias.uniform_(-0.2, 0.2)
        head[-1].weight *= 8
    return learner.eval()


@pytest.fixture(scope="module")
def learner() -> nn.Sequential:
    """The learner that the tests save in different ways."""
    return new_learner()


@pytest.mark.parametrize("with_optimizer", [True, False])
def test_a_saved_learner_answers_as_fastai_does(learner: nn.Sequential, tmp_path: Path, with_optimizer: bool) -> None:
    """Both ways that learn.save() writes are read, and each of its six classes gets the learner's score."""
    weights = learner.state_dict()
    path = tmp_path / "article.pth"
    torch.save({"model": weights, "opt": {"state": {}, "param_groups": []}} if with_optimizer else weights, path)
    loaded = load_any(path)
    pictures = torch.randn(2, 3, 75, 133)
    with torch.inference_mode():
        wanted = torch.log_softmax(learner(pictures), dim=1)
        scores = loaded.network(pictures)
    assert wanted.std() > 0.1  # a learner that answers everything alike would prove nothing
    order = [ALPHABETICAL.index(label.code) for label in loaded.labels]
    torch.testing.assert_close(scores, wanted[:, order], atol=1e-4, rtol=1e-4)
    assert [label.code for label in loaded.labels] == ["EWS", "LS", "MS", "MCU", "CU", "ECU"]
    assert (loaded.geometry.width, loaded.geometry.height) == (666, 375)
    assert loaded.normalization.mean == (0.485, 0.456, 0.406)


def test_other_classes_come_from_a_text_file(tmp_path: Path) -> None:
    """A learner of other classes needs model.labels.txt beside it, in the learner's order."""
    path = tmp_path / "mine.pth"
    torch.save(new_learner(3).state_dict(), path)
    with pytest.raises(ModelError, match=r"3 scores .* mine\.labels\.txt"):
        load_any(path)
    (tmp_path / "mine.labels.txt").write_text("Close-up\nLong shot\nMS\n", encoding="utf-8")
    assert [label.code for label in load_any(path).labels] == ["LS", "MS", "CU"]


def test_a_learner_of_another_network_is_refused(learner: nn.Sequential, tmp_path: Path) -> None:
    """A learner that lacks a layer gives one line that names the file."""
    weights = {name: tensor for name, tensor in learner.state_dict().items() if not name.startswith("0.7.2.")}
    torch.save(weights, tmp_path / "short.pth")
    with pytest.raises(ModelError, match=r"short\.pth: the weights do not fit a resnet50 of fastai v1") as caught:
        load_any(tmp_path / "short.pth")
    assert "\n" not in str(caught.value)


def test_an_exported_learner_is_refused(learner: nn.Sequential, tmp_path: Path) -> None:
    """What learn.export() writes is a pickle that could run code: it is refused in one line."""
    torch.save(learner, tmp_path / "export.pth")
    with pytest.raises(ModelError, match=r"export\.pth: not a plain file of weights") as caught:
        load_any(tmp_path / "export.pth")
    assert "\n" not in str(caught.value)
