"""What can be said of a shot: the Analysis protocol, and load_analysis().

An analysis says which moments of a shot it wants to see, gets them decoded, and gives one answer for
each shot. A new one is a class in a file here and a line in ``load_analysis``.
"""

import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from otio_shottag.errors import ModelError
from otio_shottag.shots import Frames, Moment, Prediction, Shot

if TYPE_CHECKING:
    from otio_shottag.model.judge import Judge


class Analysis(Protocol):
    """Pixels of a shot -> what it is.

    Two more attributes are looked for, and need not be there. ``side_by_side``: whether several
    threads may call ``predict`` at once, each for one shot; else it is called with batches, by one.
    ``fingerprint``: what the answers depend on besides the pictures, as text; without it they are not kept
    in a cache.
    """

    @property
    def name(self) -> str:
        """The metadata key and the column's title: ``"shot_type"``."""

    @property
    def model(self) -> str:
        """What judges, with its version."""

    @property
    def short_side(self) -> int:
        """Pixels; frames are scaled down to it while they are decoded."""

    @property
    def device(self) -> str | None:
        """What judged, in words: ``"cpu (Intel(R) Xeon(R) Processor, bfloat16)"``; None before it has."""

    def moments(self, shot: Shot) -> Sequence[Moment]:
        """Say which moments of the file it wants to see, in seconds from its start."""

    def predict(self, batch: Sequence[Frames]) -> list[Prediction]:
        """Judge shots, one answer for each; every Frames holds at least one picture."""


def load_analysis(
    name: str = "shot_type",
    *,
    model: Path | None = None,
    device: str = "auto",
    frames_per_shot: int | None = None,
) -> Analysis:
    """Load an analysis: ``shot_type`` with its network, or ``camera_movement``, which has none.

    The rest is for the network. Without ``model`` the weights that come with the package judge.
    ``device`` is ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``. Without ``frames_per_shot`` a shot
    is looked at as often as its length deserves. Raises ModelError for a name, device or checkpoint
    that is not there or does not fit.
    """
    if name == "camera_movement":
        if model is not None or frames_per_shot is not None:
            raise ModelError("camera_movement takes no model and no number of frames; both are shot_type's")
        from otio_shottag.analyses.camera_movement import CameraMovement

        return CameraMovement()
    if name != "shot_type":
        raise ModelError(f"unknown analysis {name!r}; one of shot_type, camera_movement")
    if frames_per_shot is not None and frames_per_shot < 1:
        raise ModelError(f"frames per shot is {frames_per_shot}; should be 1 or more")
    from otio_shottag.analyses.shot_type import ShotType
    from otio_shottag.model.header import SHIPPED, file_digest, read_header

    if device not in ("auto", "cpu"):
        # Asked for by name: say at once if it is not there.
        from otio_shottag.model.device import choose_device

        choose_device(device)
    path = model or SHIPPED
    if path.suffix == ".safetensors":
        header, load = read_header(path), lambda: _judge(path, device)
    else:
        # Weights that we did not write say nothing of themselves before they are loaded.
        judge = _judge(path, device)
        header, load = judge.header, lambda: judge

    def fingerprint() -> str:
        words = path.with_suffix(".labels.txt")
        beside = file_digest(words) if path.suffix != ".safetensors" and words.is_file() else ""
        # What calculates decides the last digits: each machine and each torch answers for itself.
        return f"{file_digest(path)} {beside} {device} {platform.node()} {metadata.version('torch')}"

    return ShotType(header, load, fingerprint=fingerprint, frames_per_shot=frames_per_shot)


def _judge(path: Path, device: str) -> "Judge":
    # torch takes seconds to import, so it comes in only when there is something to judge.
    from otio_shottag.model.device import choose_device
    from otio_shottag.model.foreign import load_any
    from otio_shottag.model.judge import Judge

    chosen = choose_device(device)
    return Judge(load_any(path), chosen)
