"""A checkpoint: one safetensors file with the weights and everything needed to use them.

The file's metadata holds the labels, the picture geometry, the colours' mean and standard deviation,
the temperature, the version and how it was trained, each as JSON. safetensors
(https://github.com/huggingface/safetensors) is plain numbers behind a JSON header: a file from a
stranger cannot run code.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from otio_shottag.errors import ModelError
from otio_shottag.model.network import Architecture, Committee, build
from otio_shottag.model.pictures import Geometry, Normalization
from otio_shottag.shots import Label
from otio_shottag.vocabulary import SHOT_TYPES

FORMAT = "otio-shottag checkpoint 1"
SHIPPED = Path(__file__).parent.parent / "weights" / "shot_type.safetensors"
"""The weights that come with the package."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A network with what it needs to know about its pictures and its answers."""

    network: Committee
    """Its members' mean; most checkpoints have one member."""
    labels: tuple[Label, ...]
    """What the scores are for, in their order; a part of the vocabulary, widest first."""
    geometry: Geometry
    normalization: Normalization
    temperature: float
    """The scores are divided by it before softmax, so that 0.8 is right eight times in ten."""
    version: str
    """Goes into every tag: ``shot_type 1.0``."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """How it was trained and what it reached, for people to read."""


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint whole: half-precision weights, the rest as metadata."""
    weights = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).detach().cpu().contiguous()
        for name, tensor in checkpoint.network.state_dict().items()
    }
    metadata = {
        "format": FORMAT,
        "architectures": json.dumps([asdict(architecture) for architecture in checkpoint.network.architectures]),
        "labels": json.dumps([label.code for label in checkpoint.labels]),
        "geometry": json.dumps(asdict(checkpoint.geometry)),
        "normalization": json.dumps(asdict(checkpoint.normalization)),
        "temperature": json.dumps(checkpoint.temperature),
        "version": json.dumps(checkpoint.version),
        "record": json.dumps(dict(checkpoint.record)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(save(weights, metadata=metadata))
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint of ours; the network comes in float32, on the CPU, ready to judge.

    Raises ModelError where the file is missing, broken, not ours, or has labels we do not know.
    """
    metadata, weights = _read(path)
    if metadata.get("format") != FORMAT:
        raise ModelError(f"{path}: not a checkpoint of otio-shottag: its format is {metadata.get('format')!r}")
    try:
        content = {name: json.loads(text) for name, text in metadata.items() if name != "format"}
        architectures = [Architecture(**fields) for fields in content["architectures"]]
        geometry = Geometry(**content["geometry"])
        normalization = Normalization(**{name: tuple(numbers) for name, numbers in content["normalization"].items()})
        temperature = float(content["temperature"])
        labels = known_labels(content["labels"])
        version, record = str(content["version"]), dict(content["record"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{path}: the checkpoint's metadata is incomplete or broken: {error}") from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    if not architectures:
        raise ModelError(f"{path}: lists no network; should be one at least")
    for architecture in architectures:
        if len(labels) != architecture.num_labels:
            raise ModelError(f"{path}: {len(labels)} labels for {architecture.num_labels} scores; should be as many")
    if not (temperature > 0 and geometry.width > 0 and geometry.height > 0):
        raise ModelError(f"{path}: temperature {temperature}, {geometry}; should all be above 0")
    try:
        network = filled(architectures, weights)
    except (ModelError, RuntimeError) as error:
        # RuntimeError is what torch raises for names or shapes that do not fit, one line for each.
        first_lines = " ".join(str(error).split())[:200]
        bodies = " and a ".join(architecture.body for architecture in architectures)
        raise ModelError(f"{path}: the weights do not fit a {bodies}: {first_lines}") from error
    return Checkpoint(network, labels, geometry, normalization, temperature, version, record)


def filled(architectures: Sequence[Architecture], weights: Mapping[str, torch.Tensor]) -> Committee:
    """Make a committee and fill it with weights, in float32, ready to judge.

    Raises RuntimeError where a name or a shape does not fit.
    """
    # Fresh weights would take longer to draw than the real ones take to read: start from none.
    network = Committee([build(architecture, device="meta") for architecture in architectures])
    as_float = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}
    network.load_state_dict(as_float, assign=True)
    return network.to(memory_format=torch.channels_last).eval().requires_grad_(False)


def known_labels(codes: Sequence[str]) -> tuple[Label, ...]:
    """Look up label codes in the vocabulary, keeping their order; raises ModelError for others."""
    by_code = {label.code: label for label in SHOT_TYPES}
    unknown = [code for code in codes if code not in by_code]
    if unknown or not codes or len(set(codes)) != len(codes):
        wrong = f"unknown labels {', '.join(map(repr, unknown))}" if unknown else f"labels {list(codes)!r}"
        raise ModelError(f"{wrong}; should be some of {', '.join(by_code)}, each once")
    return tuple(by_code[code] for code in codes)


def _read(path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    if not path.is_file():
        raise ModelError(f"{path}: no such checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: cannot read the checkpoint: {error}") from error
