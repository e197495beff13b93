"""A checkpoint with its network: ``header`` says what is in the file besides the weights."""

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
from otio_shottag.model.header import FORMAT, SHIPPED, Geometry, Header, Normalization, known_labels, read_header
from otio_shottag.model.network import Architecture, Committee, build
from otio_shottag.shots import Label

__all__ = ["SHIPPED", "Checkpoint", "filled", "known_labels", "load_checkpoint", "save_checkpoint"]


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

    @property
    def header(self) -> Header:
        """All but the network."""
        return Header(
            self.labels, self.geometry, self.normalization, self.temperature, self.version, record=self.record
        )


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
    header = read_header(path)
    try:
        architectures = [Architecture(**fields) for fields in header.architectures]
    except TypeError as error:
        raise ModelError(f"{path}: the checkpoint's metadata is incomplete or broken: {error}") from error
    for architecture in architectures:
        if len(header.labels) != architecture.num_labels:
            scores = architecture.num_labels
            raise ModelError(f"{path}: {len(header.labels)} labels for {scores} scores; should be as many")
    try:
        network = filled(architectures, _weights(path))
    except (ModelError, RuntimeError) as error:
        # RuntimeError is what torch raises for names or shapes that do not fit, one line for each.
        first_lines = " ".join(str(error).split())[:200]
        bodies = " and a ".join(architecture.body for architecture in architectures)
        raise ModelError(f"{path}: the weights do not fit a {bodies}: {first_lines}") from error
    return Checkpoint(
        network,
        header.labels,
        header.geometry,
        header.normalization,
        header.temperature,
        header.version,
        header.record,
    )


def filled(architectures: Sequence[Architecture], weights: Mapping[str, torch.Tensor]) -> Committee:
    """Make a committee and fill it with weights, in float32, ready to judge.

    Raises RuntimeError where a name or a shape does not fit.
    """
    # Fresh weights would take longer to draw than the real ones take to read: start from none.
    network = Committee([build(architecture, device="meta") for architecture in architectures])
    as_float = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}
    network.load_state_dict(as_float, assign=True)
    return network.to(memory_format=torch.channels_last).eval().requires_grad_(False)


def _weights(path: Path) -> dict[str, torch.Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: cannot read the checkpoint: {error}") from error
