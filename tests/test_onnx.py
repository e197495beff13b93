"""ONNX out: what another runtime makes of it is what torch makes of it, or it is not kept."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from otio_shottag.errors import ModelError
from otio_shottag.model import onnx_export
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.network import Architecture, Committee, build
from otio_shottag.model.pictures import Geometry, Normalization
from otio_shottag.vocabulary import SHOT_TYPES


def new_checkpoint(*bodies: str) -> Checkpoint:
    """Make a committee with random weights for small pictures."""
    torch.manual_seed(5)
    network = Committee([build(Architecture(body, num_labels=3, hidden=16)) for body in bodies]).train()
    with torch.no_grad():
        for _ in range(4):  # settles the normalizations
            network(torch.rand(8, 3, 1, 1) * 4 - 2 + torch.randn(8, 3, 32, 64))
    normalization = Normalization((0.5, 0.4, 0.3), (0.25, 0.25, 0.25))
    return Checkpoint(network.eval(), SHOT_TYPES[2:5], Geometry(64, 32), normalization, 1.5, "some 1")


def test_a_committee_answers_the_same_in_onnxruntime(tmp_path: Path) -> None:
    """Any number of pictures gives torch's scores, and the metadata says what they mean."""
    checkpoint = new_checkpoint("efficientnet_lite2", "resnet50")
    path = tmp_path / "some.onnx"
    assert onnx_export.export_onnx(checkpoint, path) < onnx_export.TOLERANCE
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    pictures = torch.randn(5, 3, 32, 64)
    with torch.inference_mode():
        wanted = checkpoint.network(pictures).numpy()
    for count in (1, 5):
        (scores,) = session.run(None, {"pictures": pictures[:count].numpy()})
        np.testing.assert_allclose(scores, wanted[:count], atol=1e-4)
    said = {name: json.loads(text) for name, text in session.get_modelmeta().custom_metadata_map.items()}
    assert said == {
        "labels": ["LS", "MLS", "MS"],
        "geometry": {"width": 64, "height": 32, "narrowest": 4 / 3},
        "normalization": {"mean": [0.5, 0.4, 0.3], "std": [0.25, 0.25, 0.25]},
        "temperature": 1.5,
        "version": "some 1",
    }
    assert [entry.name for entry in tmp_path.iterdir()] == ["some.onnx"]


def test_a_file_that_answers_otherwise_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference above the tolerance is a ModelError and leaves nothing behind."""
    monkeypatch.setattr(onnx_export, "TOLERANCE", -1)
    with pytest.raises(ModelError, match="scores differ from torch's"):
        onnx_export.export_onnx(new_checkpoint("efficientnet_lite2"), tmp_path / "some.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("library", ["onnx", "onnxruntime"])
def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    """Without onnx or onnxruntime the error names the extra that brings it."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModelError, match=rf"needs {library}, .*otio-shottag\[onnx\]"):
        onnx_export.export_onnx(new_checkpoint("efficientnet_lite2"), tmp_path / "some.onnx")
