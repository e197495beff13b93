"""``otio-shottag doctor``: what is installed here, what is fine, and what to do where it is not."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import click

from otio_shottag.errors import ShottagError

_PACKAGES = (
    "otio-shottag",
    "opentimelineio",
    "av",
    "torch",
    "torchvision",
    "numpy",
    "safetensors",
    "click",
    "rich",
    "pyyaml",
)
_ADAPTERS = {
    "otio_json": ("opentimelineio", ".otio"),
    "cmx_3600": ("otio-cmx3600-adapter", ".edl"),
    "fcp_xml": ("otio-fcp-adapter", ".xml"),
    "AAF": ("otio-aaf-adapter", ".aaf"),
    "ale": ("otio-ale-adapter", ".ale"),
    "resolve_markers": ("otio-shottag", "Resolve's marker EDL in every OTIO tool"),
}
_CODECS = {
    "h264": "H.264", "hevc": "HEVC", "prores": "ProRes", "dnxhd": "DNxHD and DNxHR", "mjpeg": "Motion JPEG",
    "mpeg2video": "MPEG-2", "vp9": "VP9", "av1": "AV1", "exr": "OpenEXR", "dpx": "DPX",
}  # fmt: skip

Line = tuple[bool, str, str]
"""Whether it is fine, what was looked at, and what was found or is to be done."""


@click.command(name="doctor")
@click.option(
    "--into", type=click.Path(path_type=Path), metavar="DIR", help="Look for Resolve's menu scripts in DIR too."
)
def command(into: Path | None) -> None:
    """Say what is installed, on which device shots would be judged, and what to do where something is amiss.

    Exits with 1 where something keeps otio-shottag from working.
    """
    broken = False
    checks: dict[str, Callable[[], Iterator[Line]]] = {
        "python": _python,
        "adapters": _adapters,
        "codecs": _codecs,
        "movies": _movies,
        "farm": _farm,
        "device": _device,
        "weights": _weights,
        "Resolve": partial(_resolve, into),
    }
    for name, check in checks.items():
        for fine, what, found in _guarded(name, check):
            broken = broken or not fine
            click.echo(f"{'ok  ' if fine else 'FAIL'}  {what}: {found}")
    if broken:
        sys.exit(1)


def _guarded(name: str, check: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """Run one check; a library that cannot even be imported is a finding, not a crash."""
    try:
        yield from check()
    except (ImportError, OSError, ShottagError) as error:
        yield (
            False,
            name,
            f"{' '.join(str(error).split())}; pip install --force-reinstall otio-shottag",
        )


def _python() -> Iterator[Line]:
    yield True, "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.executable}"
    for package in _PACKAGES:
        try:
            yield True, package, version(package)
        except PackageNotFoundError:
            yield False, package, f"not installed; pip install {package}"


def _adapters() -> Iterator[Line]:
    import opentimelineio as otio

    found = otio.adapters.available_adapter_names()
    for adapter, (package, use) in _ADAPTERS.items():
        if adapter in found:
            yield True, f"OTIO adapter {adapter}", use
        else:
            yield False, f"OTIO adapter {adapter}", f"not found, for {use}; pip install --force-reinstall {package}"


def _codecs() -> Iterator[Line]:
    from otio_shottag.decode import can_decode

    missing = [name for codec, name in _CODECS.items() if not can_decode(codec)]
    if missing:
        yield (
            False,
            "codecs",
            f"this build of PyAV cannot decode {', '.join(missing)}; pip install --force-reinstall av",
        )
    else:
        yield True, "codecs", f"decodes {', '.join(_CODECS.values())}"


def _movies() -> Iterator[Line]:
    from otio_shottag.cuts import INSTALL

    if find_spec("scenedetect") is None:
        yield True, "movies", f"their cuts cannot be found, which needs PySceneDetect: {INSTALL}"
    else:
        yield True, "movies", "their cuts are found with PySceneDetect"


def _farm() -> Iterator[Line]:
    if find_spec("ray") is None:
        yield True, "farm", "this machine judges alone; pip install 'otio-shottag[ray]' for a cluster"
    else:
        yield True, "farm", f"Ray {version('ray')}; every node needs the same, and this otio-shottag"


def _device() -> Iterator[Line]:
    from otio_shottag.model.device import choose_device, describe_device, is_built_for_cuda

    device = choose_device("auto")
    card = _graphics_card()
    if device.type == "cpu" and card:
        how = (
            "this torch is built for the CPU only"
            if not is_built_for_cuda()
            else "torch does not find it; the driver may be too old"
        )
        yield (
            False,
            "device",
            f"{card} is here, but {how}, so shots would be judged slowly on the CPU; see pytorch.org for a CUDA build",
        )
    else:
        yield True, "device", f"would judge on {describe_device(device)}"


def _graphics_card() -> str:
    """Name the NVIDIA card that the driver knows of; empty where there is none."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ""
    try:
        answer = subprocess.run(
            [tool, "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip().splitlines()[0] if answer.returncode == 0 and answer.stdout.strip() else ""


def _weights() -> Iterator[Line]:
    from otio_shottag.model.checkpoint import SHIPPED, load_checkpoint

    checkpoint = load_checkpoint(SHIPPED)
    yield True, "weights", f"{checkpoint.version}, {SHIPPED.stat().st_size / 1e6:.0f} MB, {SHIPPED}"


def _resolve(into: Path | None) -> Iterator[Line]:
    from otio_shottag.resolve_install import faults, find_resolve, is_installed, script_folder

    program = find_resolve()
    yield True, "Resolve", str(program) if program is not None else "not found here; fine, unless you use it"
    folders = [script_folder(), script_folder(everyone=True), *([into] if into is not None else [])]
    used = [folder for folder in folders if is_installed(folder)]
    for folder in used:
        wrong = faults(folder)
        yield not wrong, "Resolve scripts", "; ".join(wrong) or f"in {folder}, and their command answers"
    if not used and program is not None:
        yield True, "Resolve scripts", "not in its menu; otio-shottag install-resolve puts them there"
