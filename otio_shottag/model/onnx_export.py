"""A checkpoint -> an ONNX file that any runtime can judge with, checked against torch before it is kept.

Pictures go in as the network takes them: float32 (batch, 3, height, width), squished to the size and
normalized with the mean and deviation that the file's metadata gives. Scores come out as they are before
temperature and softmax. The metadata's entries are JSON: labels, geometry, normalization,
temperature, version.
"""

import json
import os
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.network import fused
from otio_shottag.model.pictures import normalize

INSTALL = "pip install 'otio-shottag[onnx]'"
OPSET = 17
"""Of 2022; every runtime still in use knows it."""
TOLERANCE = 1e-3
"""Largest difference of a score that rounding explains; a hundredth of a percent of confidence."""


def export_onnx(checkpoint: Checkpoint, path: Path) -> float:
    """Write a checkpoint as ONNX; gives the largest difference of a score to torch's.

    Raises ModelError where onnx or onnxruntime is missing, and where the two answer differently: then
    nothing is written.
    """
    onnx = _imported("onnx")
    _imported("onnxruntime")
    network = fused(checkpoint.network)
    height, width = checkpoint.geometry.height, checkpoint.geometry.width
    example = torch.zeros(2, 3, height, width)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.onnx")
    try:
        with warnings.catch_warnings():
            # The exporter by tracing needs onnx alone and is there from torch 2.6 to 2.15, which calls it
            # legacy; the newer one wants onnxscript as well and is a preview in the older versions.
            warnings.simplefilter("ignore", DeprecationWarning)
            # Of the padding's arithmetic, which stays in the file as it is.
            warnings.filterwarnings("ignore", "Constant folding", UserWarning)
            torch.onnx.export(
                network,
                (example,),
                str(unfinished),
                dynamo=False,
                opset_version=OPSET,
                input_names=["pictures"],
                output_names=["scores"],
                dynamic_axes={"pictures": {0: "batch"}, "scores": {0: "batch"}},
            )
        model = onnx.load(unfinished)
        onnx.helper.set_model_props(model, _metadata(checkpoint))
        onnx.save(model, unfinished)
        difference = _difference(checkpoint, unfinished)
        if not difference <= TOLERANCE:
            raise ModelError(f"{path}: scores differ from torch's by {difference:.2g}; should be {TOLERANCE} at most")
        os.replace(unfinished, path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return difference


def _difference(checkpoint: Checkpoint, path: Path) -> float:
    """Compare onnxruntime's scores with torch's, on noise, for one picture and for three."""
    runtime = _imported("onnxruntime")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    draw = torch.Generator().manual_seed(0)
    largest = 0.0
    for count in (1, 3):
        size = (count, 3, checkpoint.geometry.height, checkpoint.geometry.width)
        noise = torch.randint(0, 256, size, dtype=torch.uint8, generator=draw)
        pictures = normalize(noise, checkpoint.normalization).contiguous()
        with torch.inference_mode():
            wanted = checkpoint.network.eval()(pictures).numpy()
        (scores,) = session.run(["scores"], {"pictures": pictures.numpy()})
        largest = max(largest, float(np.abs(scores - wanted).max()))
    return largest


def _metadata(checkpoint: Checkpoint) -> dict[str, str]:
    content: dict[str, Any] = {
        "labels": [label.code for label in checkpoint.labels],
        "geometry": asdict(checkpoint.geometry),
        "normalization": asdict(checkpoint.normalization),
        "temperature": checkpoint.temperature,
        "version": checkpoint.version,
    }
    return {name: json.dumps(value) for name, value in content.items()}


def _imported(library: str) -> Any:
    """Import onnx or onnxruntime; neither is needed for anything else."""
    try:
        if library == "onnx":
            import onnx

            return onnx
        import onnxruntime

        return onnxruntime
    except ImportError as error:
        raise ModelError(f"exporting needs {library}, which is not installed: {INSTALL}") from error
