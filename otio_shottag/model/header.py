"""What a checkpoint says of itself, read without torch: a cut that was judged before needs no more.

A checkpoint of ours is one safetensors file (https://github.com/huggingface/safetensors): plain
numbers behind a JSON header, so a file from a stranger cannot run code. The header's metadata holds
the labels, the picture geometry, the colours' mean and standard deviation, the temperature, the
version and how it was trained, each as JSON.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from otio_shottag.errors import ModelError
from otio_shottag.shots import Label
from otio_shottag.vocabulary import SHOT_TYPES

FORMAT = "otio-shottag checkpoint 1"
SHIPPED = Path(__file__).parent.parent / "weights" / "shot_type.safetensors"
"""The weights that come with the package."""

NARROWEST = 4 / 3
"""Width over height below which a picture gets sides; every still we trained on is at least so wide."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """The one size that the network was trained at."""

    width: int
    """Pixels."""
    height: int
    """Pixels; also the short side that frames are decoded at."""
    narrowest: float = NARROWEST
    """Width over height that a narrower picture is filled up to; 0 squishes every shape."""


@dataclass(frozen=True, slots=True)
class Normalization:
    """The colours the body was trained on, red, green, blue in 0..1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Header:
    """All of a checkpoint but its weights."""

    labels: tuple[Label, ...]
    """What the scores are for, in their order; a part of the vocabulary, widest first."""
    geometry: Geometry
    normalization: Normalization
    temperature: float
    """The scores are divided by it before softmax, so that 0.8 is right eight times in ten."""
    version: str
    """Goes into every tag: ``shot_type 1.0``."""
    architectures: tuple[Mapping[str, Any], ...] = ()
    """What each of its networks is built like, as ``model.network.Architecture`` takes it."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """How it was trained and what it reached, for people to read."""


def read_header(path: Path) -> Header:
    """Read what a checkpoint of ours says of itself.

    Raises ModelError where the file is missing, broken, not ours, or has labels we do not know.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such checkpoint")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata: dict[str, str] = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: cannot read the checkpoint: {error}") from error
    if metadata.get("format") != FORMAT:
        raise ModelError(f"{path}: not a checkpoint of otio-shottag: its format is {metadata.get('format')!r}")
    try:
        content = {name: json.loads(text) for name, text in metadata.items() if name != "format"}
        normalization = {name: tuple(numbers) for name, numbers in content["normalization"].items()}
        header = Header(
            labels=known_labels(content["labels"]),
            geometry=Geometry(**content["geometry"]),
            normalization=Normalization(**normalization),
            temperature=float(content["temperature"]),
            version=str(content["version"]),
            architectures=tuple(dict(fields) for fields in content["architectures"]),
            record=dict(content["record"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{path}: the checkpoint's metadata is incomplete or broken: {error}") from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    if not header.architectures:
        raise ModelError(f"{path}: lists no network; should be one at least")
    geometry = header.geometry
    if not (header.temperature > 0 and geometry.width > 0 and geometry.height > 0):
        raise ModelError(f"{path}: temperature {header.temperature}, {geometry}; should all be above 0")
    return header


def known_labels(codes: Sequence[str]) -> tuple[Label, ...]:
    """Look up label codes in the vocabulary, keeping their order; raises ModelError for others."""
    by_code = {label.code: label for label in SHOT_TYPES}
    unknown = [code for code in codes if code not in by_code]
    if unknown or not codes or len(set(codes)) != len(codes):
        wrong = f"unknown labels {', '.join(map(repr, unknown))}" if unknown else f"labels {list(codes)!r}"
        raise ModelError(f"{wrong}; should be some of {', '.join(by_code)}, each once")
    return tuple(by_code[code] for code in codes)


def file_digest(path: Path) -> str:
    """Give a checkpoint file's SHA-256: what tells it from every other one. Raises ModelError."""
    try:
        with path.open("rb") as file:
            return _sha256(file)
    except OSError as error:
        raise ModelError(f"{path}: cannot read the checkpoint: {error.strerror or error}") from error


def _sha256(file: Any) -> str:
    digest = hashlib.sha256()  # hashlib.file_digest is there from Python 3.11 on
    while block := file.read(2**20):
        digest.update(block)
    return digest.hexdigest()
