"""What a training has finished, kept in a folder, so that a stopped one goes on where it was.

Every file is safetensors: numbers, with words as JSON in the header; also the optimizer's memory. A folder
from a stranger cannot run code. Files appear whole or not at all: a kill in the middle of writing
leaves what was there before.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from otio_shottag.errors import ModelError

Tensors = dict[str, Tensor]


class Workspace:
    """A folder of what a training has finished; what another one left there is not taken for it."""

    def __init__(self, folder: Path, *about: object) -> None:
        """``about`` is all that decides what the training comes to, as plain values."""
        self._folder = folder
        self._key = hashlib.sha256(json.dumps(about, default=str).encode()).hexdigest()[:16]

    def path(self, name: str) -> Path:
        """Give the file for a step of this training."""
        return self._folder / f"{name}-{self._key}.safetensors"

    def is_begun(self) -> bool:
        """Tell whether this training has finished something already."""
        return any(self._folder.glob(f"*-{self._key}.safetensors"))

    def remember(self, name: str, make: Callable[[], Tensors]) -> Tensors:
        """Give what was kept under a name; make it and keep it where nothing was."""
        kept = read_tensors(self.path(name))
        if kept is not None:
            return kept[0]
        made = make()
        write_tensors(self.path(name), made)
        return made

    def clear_up(self) -> None:
        """Remove what this and earlier trainings kept, and the folder unless something else lies in it."""
        for path in list(self._folder.glob(f"*-{'[0-9a-f]' * len(self._key)}.safetensors")):
            path.unlink()
        if self._folder.is_dir() and not any(self._folder.iterdir()):
            self._folder.rmdir()


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a cycle has come."""

    num_epochs: int
    """Epochs that are done."""
    num_averaged: int
    """Steps that went into the averaged weights."""
    steps: tuple[tuple[float, float], ...]
    """Loss and learning rate of every step done."""


def write_standing(
    path: Path, standing: Standing, *, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Keep a cycle's weights, their average, the optimizer's memory and the losses so far."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.state_dict().items()}
    for number, memory in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": value for name, value in memory.items()}
    tensors["steps"] = torch.tensor(standing.steps, dtype=torch.float64).reshape(-1, 2)
    words = {"num_epochs": str(standing.num_epochs), "num_averaged": str(standing.num_averaged)}
    write_tensors(path, tensors, words)


def read_standing(
    path: Path, *, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer
) -> Standing | None:
    """Put back what ``write_standing`` kept; None, and nothing changed, where there is no such file."""
    kept = read_tensors(path)
    if kept is None:
        return None
    tensors, words = kept
    memory: dict[int, Tensors] = {}
    for name, tensor in _below("optimizer.", tensors).items():
        number, _, kind = name.partition(".")
        memory.setdefault(int(number), {})[kind] = tensor
    try:
        model.load_state_dict(_below("model.", tensors))
        average.load_state_dict(_below("average.", tensors))
        optimizer.load_state_dict({**optimizer.state_dict(), "state": memory})
        steps = tuple((loss, rate) for loss, rate in tensors["steps"].tolist())
        return Standing(int(words["num_epochs"]), int(words["num_averaged"]), steps)
    except (RuntimeError, KeyError, ValueError) as error:
        first_lines = " ".join(str(error).split())[:200]
        raise ModelError(f"{path}: does not fit this training; remove it to start anew: {first_lines}") from error


def write_tensors(path: Path, tensors: Mapping[str, Tensor], words: Mapping[str, str] | None = None) -> None:
    """Write tensors and words whole. Raises ModelError where the disk refuses."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(save(plain, metadata=dict(words or {})))
        os.replace(unfinished, path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def read_tensors(path: Path) -> tuple[Tensors, dict[str, str]] | None:
    """Read tensors and words; None where there is no such file. Raises ModelError for a broken one."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118 (no dict)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: is broken; remove it to start anew: {error}") from error


def fingerprint(module: nn.Module) -> str:
    """Give a few letters that change with any of a module's weights."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
