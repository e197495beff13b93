"""Weights that were not written by us: torchvision's names, fastai v1's, and ImageNet bodies.

A state dict says nothing of its labels, so they come from a text file beside it, one code or name a
line in the order of the scores (``model.pth`` -> ``model.labels.txt``). fastai's learner keeps its
classes in alphabetical order; without a label file six scores are taken for the 2019 article's six sizes.

fastai 1.0's ``cnn_learner`` (https://github.com/fastai/fastai1, ``vision/learner.py``) numbers its
layers: ``0.`` is torchvision's body in order, ``1.`` the head: pooling, flatten, normalization (2),
dropout, linear (4), ReLU, normalization (6), dropout, linear (8). It pools the maximum first, we the mean.
"""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint, filled, known_labels, load_checkpoint
from otio_shottag.model.efficientnet_lite import published_weights
from otio_shottag.model.network import Architecture, Network
from otio_shottag.model.pictures import Geometry, Normalization
from otio_shottag.vocabulary import SHOT_TYPES

IMAGENET = Normalization(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
ARTICLE_GEOMETRY = Geometry(width=666, height=375, narrowest=0)
"""The article squished every still to this."""
ARTICLE_CODES = ("CU", "ECU", "EWS", "LS", "MCU", "MS")
"""Its six classes, in the alphabetical order that fastai gives them."""

FASTAI_BODY = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")
FASTAI_HEAD = {"2": "norm", "4": "hidden", "6": "hidden_norm", "8": "scores"}


def load_any(path: Path) -> Checkpoint:
    """Read a checkpoint of ours, a fastai v1 ``.pth`` or a torchvision state dict.

    Raises ModelError, in one line, for a file that is none of these.
    """
    if path.suffix in (".pth", ".pt", ".bin"):
        return _converted(path, _state_dict(path))
    return load_checkpoint(path)


def imagenet_body(network: Network, path: Path, normalization: Normalization) -> None:
    """Fill a network's body from a file of ImageNet weights: torchvision's names, or the Lite2 port's.

    What the file lacks keeps its fresh weights, and so does the head. Raises ModelError for a file
    that cannot be read, has nothing of the body or a weight of another shape.
    """
    if path.suffix == ".safetensors":
        try:
            found = load_file(path)
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{path}: cannot read the ImageNet weights: {error}") from error
    else:
        found = _state_dict(path)
    if network.architecture.body == "efficientnet_lite2":
        renamed = published_weights(found, normalization)
    else:
        renamed = {_our_body_name(name): tensor for name, tensor in found.items()}
    own = network.state_dict()
    shared = [name for name in renamed if name in own]
    if not shared:
        raise ModelError(f"{path}: holds nothing of a {network.architecture.body}; should be its ImageNet weights")
    for name in shared:
        if own[name].shape != renamed[name].shape:
            shapes = f"{tuple(renamed[name].shape)}; should be {tuple(own[name].shape)}"
            raise ModelError(f"{path}: {name} has the shape {shapes}")
        own[name].copy_(renamed[name])


def _state_dict(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise ModelError(f"{path}: no such checkpoint")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        # The unpickler's own advice runs over many lines and ends in switching the check off.
        reason = (str(error).splitlines() or ["it is empty"])[0][:160]
        raise ModelError(f"{path}: not a plain file of weights (a state dict): {reason}") from error
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        content = content["model"]  # fastai's learn.save() puts the optimizer beside it
    if not isinstance(content, dict) or not all(isinstance(entry, Tensor) for entry in content.values()):
        raise ModelError(f"{path}: holds no state dict; save one with torch.save(model.state_dict(), ...)")
    return content


def _converted(path: Path, weights: Mapping[str, Tensor]) -> Checkpoint:
    if "0.0.weight" in weights:
        kind, renamed = "fastai v1", _from_fastai(weights)
    elif "fc.weight" in weights:
        kind, renamed = "torchvision", _from_torchvision(weights)
    else:
        some = ", ".join(list(weights)[:3])
        raise ModelError(f"{path}: holds {some}, ...; should be torchvision's resnet50 or fastai v1's learner of it")
    try:
        codes = _codes(path, len(renamed["head.scores.bias"]))
        hidden = len(renamed["head.hidden.bias"]) if "head.hidden.bias" in renamed else 0
        # The scale is widest first, whatever order the classes were trained in.
        scale = [label.code for label in SHOT_TYPES]
        order = sorted(range(len(codes)), key=lambda index: scale.index(codes[index]))
        for name in ("head.scores.weight", "head.scores.bias"):
            renamed[name] = renamed[name][order]
        member = {f"members.0.{name}": tensor for name, tensor in renamed.items()}
        network = filled([Architecture("resnet50", "torchvision", len(codes), hidden)], member)
    except (KeyError, RuntimeError, IndexError) as error:
        # RuntimeError is what torch raises for names or shapes that do not fit, one line for each.
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{path}: the weights do not fit a resnet50 of {kind}: {reason}") from error
    labels = known_labels([codes[index] for index in order])
    version = f"shot_type {path.stem}"
    return Checkpoint(network, labels, ARTICLE_GEOMETRY, IMAGENET, 1.0, version, {"converted from": kind})


def _from_fastai(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    renamed = {}
    for name, tensor in weights.items():
        part, _, rest = name.partition(".")
        number, _, inner = rest.partition(".")
        if part == "0" and number.isdecimal() and int(number) < len(FASTAI_BODY):
            renamed[_our_body_name(f"{FASTAI_BODY[int(number)]}.{inner}")] = tensor
        elif part == "1" and number in FASTAI_HEAD:
            renamed[f"head.{FASTAI_HEAD[number]}.{inner}"] = tensor
        else:
            renamed[name] = tensor  # filled() will say that it does not fit
    for name in ("norm.weight", "norm.bias", "norm.running_mean", "norm.running_var", "hidden.weight"):
        pooled = renamed[f"head.{name}"]
        largest, mean = pooled.chunk(2, dim=-1)
        renamed[f"head.{name}"] = torch.cat([mean, largest], dim=-1)
    return renamed


def _from_torchvision(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    renamed = {_our_body_name(name): tensor for name, tensor in weights.items() if not name.startswith("fc.")}
    mean = weights["fc.weight"]
    channels = 2 * mean.shape[1]
    # torchvision has no maximum and no normalization: zero weights and one that changes nothing.
    renamed["head.scores.weight"] = torch.cat([mean, torch.zeros_like(mean)], dim=1)
    renamed["head.scores.bias"] = weights["fc.bias"]
    renamed["head.norm.weight"] = torch.ones(channels)
    renamed["head.norm.bias"] = torch.zeros(channels)
    renamed["head.norm.running_mean"] = torch.zeros(channels)
    renamed["head.norm.running_var"] = torch.full((channels,), 1 - 1e-5)  # torch adds 1e-5
    renamed["head.norm.num_batches_tracked"] = torch.tensor(0)
    return renamed


def _our_body_name(name: str) -> str:
    """Put torchvision's name into the part of our network that holds it."""
    name = name.removeprefix("features.")
    late = name.startswith(("layer4.", "denseblock4.", "norm5."))
    return f"{'late' if late else 'early'}.{name}"


def _codes(path: Path, num_scores: int) -> list[str]:
    """Read what the scores stand for, in their order."""
    beside = path.with_suffix(".labels.txt")
    if not beside.is_file():
        if num_scores == len(ARTICLE_CODES):
            return list(ARTICLE_CODES)
        raise ModelError(f"{path}: {num_scores} scores and no word of what they stand for; should be in {beside.name}")
    lines = beside.read_text(encoding="utf-8-sig").splitlines()
    words = [line.strip().casefold().replace("_", " ") for line in lines if line.strip()]
    codes = {word.casefold(): label.code for label in SHOT_TYPES for word in (label.code, label.name)}
    if len(words) != num_scores or len(set(words)) != len(words) or not set(words) <= set(codes):
        raise ModelError(f"{beside}: {', '.join(words)}; should be {num_scores} different ones of {', '.join(codes)}")
    return [codes[word] for word in words]
