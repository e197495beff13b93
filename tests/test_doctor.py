"""doctor names a graphics card that lies idle as the fault it is."""

import os

import pytest
import torch
from click.testing import CliRunner

from otio_shottag.cli import cli


@pytest.fixture
def card(tmp_path, monkeypatch) -> None:
    """A machine whose driver knows an NVIDIA card that torch does not use."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA RTX 4090'\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for nvidia-smi is a shell script")
@pytest.mark.parametrize(
    ("built_for", "why"), [(None, "this torch is built for the CPU only"), ("12.4", "torch does not find it")]
)
@pytest.mark.usefixtures("card")
def test_a_card_that_torch_does_not_use_is_a_fault(monkeypatch, built_for, why):
    """With a card in the machine and torch on the CPU, doctor FAILs, names both, and exits with 1."""
    monkeypatch.setattr(torch.version, "cuda", built_for)
    answer = CliRunner().invoke(cli, ["doctor"])
    (said,) = (line for line in answer.output.splitlines() if line[6:].startswith("device:"))
    assert said.startswith(f"FAIL  device: NVIDIA RTX 4090 is here, but {why}")
    assert answer.exit_code == 1
