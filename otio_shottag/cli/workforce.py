"""``--jobs`` and ``--ray``: who decodes and judges, for every verb that judges cuts."""

import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from otio_shottag.analyses import Analysis
    from otio_shottag.cache import Cache
    from otio_shottag.cuts import Detection, MovieShots
    from otio_shottag.decode import Hardware, MediaInfo
    from otio_shottag.decode.processes import DecodeProcesses
    from otio_shottag.farm import Farm
    from otio_shottag.media_paths import MediaFinder, PathMap
    from otio_shottag.shots import Media, Skip, Tag
    from otio_shottag.tagging import Wanted

F = TypeVar("F", bound=Callable[..., Any])


def workforce_options(command: F) -> F:
    """Add the options that say who decodes and judges."""
    for option in reversed(
        [
            click.option(
                "--jobs", type=click.IntRange(1, 1024), metavar="N",
                help="Decode in N processes of their own, N shots at a time: for many cores, and for footage that "
                "brings a decoder down. Default: on threads, one more than there are cores.",
            ),
            click.option(
                "--ray", "ray_address", metavar="ADDRESS",
                help="Have the shots judged on a Ray cluster (extra: ray): the HOST:PORT of its head, auto for the one "
                "that this machine is in, or local to start one here, of --jobs cores.",
            ),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


@contextmanager
def at_work(
    *,
    jobs: int | None,
    ray_address: str | None,
    hwaccel: str,
    media_roots: tuple[Path, ...],
    maps: "tuple[PathMap, ...]",
) -> "Iterator[Workforce]":
    """Call in those who decode and judge, as the options ask; they leave at the end. Raises FarmError."""
    from otio_shottag.decode import Hardware

    if ray_address is not None and jobs is not None and ray_address != "local":
        raise click.UsageError("--jobs is for this machine; a cluster has as many as 'ray start' gave its nodes")
    if ray_address is not None:
        from otio_shottag.cli.output import note
        from otio_shottag.farm import Farm, Storage

        # A folder on the command line starts where the shell stands, which nodes know nothing of.
        storage = Storage(maps, tuple(str(root.absolute()) for root in media_roots))
        with Farm(ray_address, storage=storage, hwaccel=hwaccel, num_cpus=jobs, note=note) as farm:
            note(f"on {farm.words}")
            yield Workforce(Hardware(), media_roots, maps, farm=farm)
        return
    hardware = Hardware(hwaccel)
    with _processes(jobs, hardware) as processes:
        workforce = Workforce(hardware, media_roots, maps, processes=processes, jobs=jobs)
        try:
            yield workforce
        finally:
            workforce.is_leaving = True


def _processes(jobs: int | None, hardware: "Hardware") -> "AbstractContextManager[DecodeProcesses | None]":
    if jobs is None:
        return nullcontext()
    from otio_shottag.decode.processes import DecodeProcesses

    return DecodeProcesses(jobs, hardware=hardware)


@dataclass(slots=True)
class Workforce:
    """Threads of this process, processes beside it, or a farm."""

    hardware: "Hardware"
    media_roots: tuple[Path, ...]
    maps: "tuple[PathMap, ...]"
    processes: "DecodeProcesses | None" = None
    jobs: int | None = None
    farm: "Farm | None" = None

    is_leaving: bool = False
    """Whether threads that find cuts should stop."""

    @property
    def num_movies(self) -> int:
        """In how many movies they find cuts at a time."""
        return self.farm.num_workers if self.farm is not None else self.jobs or os.cpu_count() or 1

    def begin_cuts(self, movie: Path, detection: "Detection") -> "Callable[[], MovieShots]":
        """Begin to find the cuts of a movie; give what waits for them. Raises then what ``find_cuts`` raises."""
        if self.farm is not None:
            return self.farm.footage.find_cuts(movie, detection)
        from otio_shottag.cuts import find_cuts

        def watch(seen: int, of: int | None) -> None:
            if self.is_leaving:
                raise InterruptedError
            if detection.progress is not None:
                detection.progress(seen, of)

        found: Future[MovieShots] = Future()

        def find() -> None:
            try:
                found.set_result(find_cuts(movie, replace(detection, progress=watch)))
            except BaseException as error:  # raised where it is waited for
                found.set_exception(error)

        threading.Thread(target=find, name=f"cuts of {movie.name}").start()
        return found.result

    @property
    def decoder(self) -> str:
        """What decoded, in words."""
        return self.farm.decoder if self.farm is not None else self.hardware.words

    def load_analysis(self, name: str, **options: Any) -> "Analysis":
        """Load an analysis for them; see ``analyses.load_analysis``. Raises ModelError."""
        from otio_shottag.analyses import load_analysis

        return load_analysis(name, **options) if self.farm is None else self.farm.load_analysis(name, **options)

    def finder(self) -> "MediaFinder":
        """Give what finds footage where they have it."""
        if self.farm is not None:
            from otio_shottag.farm.footage import FarmFinder

            return FarmFinder(roots=self.media_roots, maps=self.maps, footage=self.farm.footage)
        from otio_shottag.media_paths import MediaFinder

        return MediaFinder(roots=self.media_roots, maps=self.maps)

    def probing(self, look: "Callable[[Media], MediaInfo]") -> "Callable[[Media], MediaInfo]":
        """Give a ``probe`` that reads headers where the files are."""
        return look if self.farm is None else self.farm.footage.probing(look)

    def judge_each(
        self, wanted: "Iterable[Wanted]", *, cache: "Cache | None", seconds: dict[str, float]
    ) -> "Generator[Tag | Skip, None, None]":
        """Have shots judged; see ``tagging.judge_each``."""
        from otio_shottag.decode import OpenFiles
        from otio_shottag.tagging import judge_each

        decode = self.processes.decode_frames if self.processes is not None else None
        files = OpenFiles(hardware=self.hardware)
        return judge_each(
            wanted, cache=cache, seconds=seconds, decode=decode, workers=self.jobs, files=files, crew=self.farm
        )
