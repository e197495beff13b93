"""Many machines: shots go out to a Ray cluster, grouped by media file, and answers come back.

footage    where the files of a cut are, here and on the nodes
errands    what a node does: finds the file where it has it, decodes, judges; knows nothing of Ray
nodes      what Ray runs there
cluster    which nodes there are, and which can work
dispatch   who gets what, and what becomes of an errand whose node or process died

The machine that sends reads the cuts, keeps the cache and writes the files. Frames never come to it.
"""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from otio_shottag.analyses import Analysis, load_analysis
from otio_shottag.decode import Hardware
from otio_shottag.errors import FarmError
from otio_shottag.farm.errands import AnalysisRecipe, Errand, Recipe, Report, Storage
from otio_shottag.farm.footage import Footage
from otio_shottag.looking import Looked
from otio_shottag.shots import Frames, Media, Moment, Prediction, Shot

__all__ = ["Farm", "FarmAnalysis", "Storage"]


class FarmAnalysis:
    """An analysis that other machines carry out; see ``Analysis`` for the members."""

    def __init__(self, inner: Analysis, recipe: Recipe, farm: "Farm") -> None:
        """``inner`` says what it wants to see; ``recipe`` makes the same on a node."""
        self.name = inner.name
        self.model = inner.model
        self.short_side = inner.short_side
        self.recipe = recipe
        self._inner = inner
        self._farm = farm

    @property
    def device(self) -> str | None:
        """What judged, in words, and on how many nodes; None before it has."""
        return self._farm.device_of(self.recipe.key)

    @cached_property
    def fingerprint(self) -> str | None:
        """What the answers depend on; those of a farm are not those of this machine, to the last digit."""
        inner = getattr(self._inner, "fingerprint", None)
        return None if inner is None else f"farm {inner}"

    def moments(self, shot: Shot) -> Sequence[Moment]:
        """Say which moments of the file it wants to see."""
        return self._inner.moments(shot)

    def predict(self, batch: Sequence[Frames]) -> list[Prediction]:
        """Is done elsewhere: give the farm to ``judge`` as its crew."""
        raise TypeError("a FarmAnalysis is judged on the farm: judge(..., crew=farm)")


class Farm:
    """A Ray cluster as a ``Crew``."""

    def __init__(
        self,
        address: str,
        *,
        storage: Storage | None = None,
        hwaccel: str = "auto",
        num_cpus: int | None = None,
        note: Callable[[str], None] = lambda words: None,
    ) -> None:
        """Join the cluster at ``address``, or with ``local`` start one here on ``num_cpus`` cores.

        ``note`` is told of nodes that are lost or left out, from another thread. Raises FarmError.
        """
        _prepare_ray()
        from otio_shottag.farm.cluster import connect
        from otio_shottag.farm.dispatch import Dispatch

        connect(address, num_cpus=num_cpus)
        self._hardware = Hardware(hwaccel)
        self._lock = threading.Lock()
        self._judged: dict[str, dict[str, set[str]]] = {}
        """For each recipe what judged, and on which nodes."""
        self._dispatch = Dispatch(self._take, note)
        self.footage = Footage(storage or Storage(), self._dispatch.cluster.ask)

    def __enter__(self) -> "Farm":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster; what is still out is dropped."""
        import ray

        self._dispatch.close()
        ray.shutdown()

    @property
    def words(self) -> str:
        """Say what the cluster has: ``"a cluster of 3 nodes with 48 cores and 2 graphics cards"``."""
        return self._dispatch.cluster.words

    @property
    def num_workers(self) -> int:
        """Cores of the cluster that look at shots."""
        return self._dispatch.cluster.num_cpus

    def load_analysis(
        self, name: str, *, model: Path | None = None, device: str = "auto", frames_per_shot: int | None = None
    ) -> FarmAnalysis:
        """Load what of an analysis is needed here; the network is loaded on the nodes. Raises ModelError."""
        if name == "camera_movement":
            return FarmAnalysis(load_analysis(name), AnalysisRecipe(name, name, "auto", wants_card=False), self)
        inner = load_analysis(name, model=model, frames_per_shot=frames_per_shot)
        files = tuple((path.name, path.read_bytes()) for path in _files_of(model))
        digest = blake2b(b"".join(content for _, content in files), digest_size=8).hexdigest()
        recipe = AnalysisRecipe(f"{name} {device} {digest}", name, device, wants_card=device != "cpu", files=files)
        return FarmAnalysis(inner, recipe, self)

    def submit(self, analysis: Analysis, media: Media, wishes: Sequence[Sequence[Moment]]) -> "Future[Looked]":
        """Have shots of one file looked at, given the moments that each wants to see."""
        assert isinstance(analysis, FarmAnalysis)
        place = self.footage.place_of(media)
        errand = Errand(place, self.footage.storage, tuple(map(tuple, wishes)), self._hardware.wish)
        return self._dispatch.submit(str(media), errand, analysis.short_side, analysis.recipe)

    @property
    def decoder(self) -> str:
        """What decoded, in words."""
        return self._hardware.words

    def device_of(self, key: str) -> str | None:
        """Say what judged with a recipe, and on how many nodes."""
        with self._lock:
            judged = {device: len(nodes) for device, nodes in self._judged.get(key, {}).items()}
        return ", ".join(f"{device} on {count} node{'s' * (count > 1)}" for device, count in judged.items()) or None

    def _take(self, key: str, report: Report) -> Looked:
        with self._lock:
            if report.device is not None:
                self._judged.setdefault(key, {}).setdefault(report.device, set()).add(report.node)
            self._hardware.add(report.opened)
        return report.looked


def _prepare_ray() -> None:
    """Set what Ray reads from the environment while it is imported. Raises FarmError where it is not installed."""
    # It prints to stdout what happens to its nodes, with pages of state; what matters of it goes to ``note``.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Without it Ray up to 2.5x warns that a default of its own will change.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray  # noqa: F401  (only to see that it is there)
    except ImportError as error:
        raise FarmError("--ray needs Ray: pip install 'otio-shottag[ray]'") from error


def _files_of(model: Path | None) -> list[Path]:
    """Name a checkpoint of the user's own, and the words beside it that go with it."""
    if model is None:
        return []
    words = model.with_suffix(".labels.txt")
    return [model, words] if words.is_file() else [model]
