"""The network: a torchvision body, average and maximum pooling, and a small head.

The body is ResNet-50 (He et al. 2015), DenseNet-169 (Huang et al. 2017) or EfficientNet-Lite2. The pooling and the
two-layer head follow fastai's ``cnn_learner``, which the 2019 article used. Where the published
ImageNet weights stride on the first convolution of a stage (the 2015 paper) and not on the second
(torchvision), ``Architecture.strides`` says so: the weights only fit one of the two.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
import torchvision
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from otio_shottag.errors import ModelError
from otio_shottag.model.efficientnet_lite import efficientnet_lite2


@dataclass(frozen=True, slots=True)
class Architecture:
    """Everything that decides the names and shapes of the weights."""

    body: str = "resnet50"
    """``resnet50``, ``densenet169`` or ``efficientnet_lite2``."""
    strides: str = "torchvision"
    """Where a ResNet stage halves the picture: ``torchvision``: on its second convolution;
    ``paper``: on its first; ``paper+mean``: on its first, but stage 4 by averaging 2 x 2 before it."""
    num_labels: int = 8
    hidden: int = 512
    """Width of the head's hidden layer; 0 has none."""


class MeanAndMax(nn.Module):
    """Average and maximum over the picture, one after the other: (N, C, H, W) -> (N, 2C)."""

    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)


class Network(nn.Module):
    """Pictures (N, 3, H, W), normalized -> scores (N, labels) before softmax.

    In three parts, so that training can run the first one once: ``early`` (the stages that stay as
    ImageNet left them), ``late`` (the last stage), ``head``.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        if architecture.body == "resnet50":
            self.early, self.late, channels = _resnet50(architecture.strides)
        elif architecture.body == "densenet169":
            self.early, self.late, channels = _densenet169()
        elif architecture.body == "efficientnet_lite2":
            self.early, self.late, channels = efficientnet_lite2()
        else:
            known = "resnet50, densenet169, efficientnet_lite2"
            raise ModelError(f"unknown network body {architecture.body!r}; one of {known}")
        self.head = _head(2 * channels, architecture.hidden, architecture.num_labels)

    def forward(self, pictures: Tensor) -> Tensor:
        return cast(Tensor, self.head(self.late(self.early(pictures))))


class Committee(nn.Module):
    """Several networks that judge the same pictures; the mean of their log-probabilities."""

    def __init__(self, members: Sequence[Network]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    @property
    def architectures(self) -> list[Architecture]:
        """What each member is built like, in order."""
        return [cast(Network, member).architecture for member in self.members]

    def forward(self, pictures: Tensor) -> Tensor:
        logs = [torch.log_softmax(member(pictures), dim=1) for member in self.members]
        return torch.stack(logs).mean(dim=0)  # (members, N, labels) -> (N, labels)


def build(architecture: Architecture, *, device: str = "cpu") -> Network:
    """Make a network with fresh weights; on ``meta`` it holds none, which is quick."""
    with torch.device(device):
        return Network(architecture)


def _resnet50(strides: str) -> tuple[nn.Sequential, nn.Sequential, int]:
    resnet = torchvision.models.resnet50()
    if strides not in ("torchvision", "paper", "paper+mean"):
        raise ModelError(f"unknown strides {strides!r}; one of torchvision, paper, paper+mean")
    if strides != "torchvision":
        for stage in (resnet.layer2, resnet.layer3, resnet.layer4):
            stage[0].conv1.stride = (2, 2)
            stage[0].conv2.stride = (1, 1)
    early = nn.Sequential()
    for name in ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3"):
        early.add_module(name, getattr(resnet, name))
    if strides == "paper+mean":
        # A stride on a 1 x 1 convolution throws three of four places away; their mean keeps them.
        resnet.layer4[0].conv1.stride = (1, 1)
        resnet.layer4[0].downsample[0].stride = (1, 1)
        early.add_module("halve", nn.AvgPool2d(2))
    late = nn.Sequential()
    late.add_module("layer4", resnet.layer4)
    return early, late, 2048


def _densenet169() -> tuple[nn.Sequential, nn.Sequential, int]:
    features = torchvision.models.densenet169().features
    for module in features.modules():
        if isinstance(module, nn.BatchNorm2d):
            # As in the original (Keras) weights; torchvision's own is 1e-5 flat.
            module.eps = 1.001e-5
    early, late = nn.Sequential(), nn.Sequential()
    for name, module in features.named_children():
        (late if name in ("denseblock4", "norm5") else early).add_module(name, module)
    late.add_module("relu", nn.ReLU(inplace=True))
    return early, late, 1664


def _head(channels: int, hidden: int, num_labels: int) -> nn.Sequential:
    head = nn.Sequential()
    head.add_module("pool", MeanAndMax())
    head.add_module("norm", nn.BatchNorm1d(channels))
    head.add_module("dropout", nn.Dropout(0.25))
    if hidden:
        head.add_module("hidden", nn.Linear(channels, hidden))
        head.add_module("hidden_relu", nn.ReLU(inplace=True))
        head.add_module("hidden_norm", nn.BatchNorm1d(hidden))
        head.add_module("hidden_dropout", nn.Dropout(0.5))
    head.add_module("scores", nn.Linear(hidden or channels, num_labels))
    return head


def fused(module: nn.Module) -> nn.Module:
    """Copy a module for judging only, each normalization folded into the convolution before it.

    The answers are the same to rounding; a CPU gives them in about two thirds of the time.
    """
    copied = copy.deepcopy(module).eval().requires_grad_(False)
    for parent in list(copied.modules()):
        names = list(parent._modules)
        for first, second in pairwise(names):
            convolution, norm = parent._modules[first], parent._modules[second]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                parent._modules[first] = fuse_conv_bn_eval(convolution, norm)
                parent._modules[second] = nn.Identity()
    return copied
