"""Fixtures for all tests, and where the material is that only some machines have."""

import os
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from otio_shottag.cli import main
from tests.media import Clip, write_clip

SHARED = Path(__file__).parent.parent.parent / "shared"
"""Real timelines, clips and stills that may not be passed on; tests on them skip where it is absent."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test remembers by itself: what one leaves in the cache, no other finds."""
    monkeypatch.setenv("OTIO_SHOTTAG_CACHE", str(tmp_path_factory.mktemp("cache") / "answers.sqlite"))


@pytest.fixture
def command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run ``otio-shottag`` with arguments in this process; give its exit code, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["otio-shottag", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real timelines."""
    return _shared("corpus")


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """The folder of real film clips."""
    return _shared("media")


def _shared(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"real material is not on this machine: no folder shared/{name} beside the checkout")
    return folder


@pytest.fixture
def needs_cuda() -> None:
    """Skip without an NVIDIA card; fail instead where FAIL_WITHOUT_CUDA=1 says there must be one."""
    import torch

    if not torch.cuda.is_available():
        if os.environ.get("FAIL_WITHOUT_CUDA") == "1":
            pytest.fail("no CUDA device, though FAIL_WITHOUT_CUDA=1 says that there is one")
        pytest.skip("no CUDA device on this machine")


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bar-coded clips, 100 frames each: what their names say."""
    folder = tmp_path_factory.mktemp("clips")
    ntsc = Fraction(24000, 1001)
    for name, clip in {
        "plain24.mp4": Clip(num_frames=100, b_frames=2),
        "tc24.mov": Clip(num_frames=100, timecode="01:00:00:00"),
        "tc25.mov": Clip(num_frames=100, rate=Fraction(25), timecode="10:00:00:00"),
        "tc23976.mov": Clip(num_frames=100, rate=ntsc, timecode="01:00:00:00"),
        "tc2997df.mov": Clip(num_frames=100, rate=Fraction(30000, 1001), timecode="01:00:00;00"),
        "plain50.mp4": Clip(num_frames=100, rate=Fraction(50)),
    }.items():
        write_clip(folder / name, clip)
    return folder
