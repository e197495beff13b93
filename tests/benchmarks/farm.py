"""What a farm gains and costs: ``python -m tests.benchmarks.farm``, on an idle machine, with Ray installed.

How many shots a second 1, 2 and 4 workers look at, as threads, as processes and as cores of a Ray cluster; and what
each shot costs the machine that sends, from which follows how many workers it can keep busy.
"""

import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from otio_shottag import find_shots, load_analysis, read_timeline
from otio_shottag.cache import open_cache
from otio_shottag.decode.processes import DecodeProcesses
from otio_shottag.farm import Farm, FarmAnalysis
from otio_shottag.shots import PlayedFrames, Shot
from otio_shottag.tagging import judge
from tests.benchmarks.material import cut, film
from tests.benchmarks.measuring import ROOT
from tests.farm_stand_in import FarmStandIn, StandInRecipe
from tests.media import Clip, write_clip

WORKERS = (1, 2, 4)
SHOTS = 24
RUNS = 3
MANY = 6_000


def main() -> None:
    os.environ["PYTHONPATH"] = str(ROOT)
    folder = Path(tempfile.gettempdir()) / "otio-shottag-benchmarks"
    folder.mkdir(exist_ok=True)
    sender(folder)
    films = [film(folder, number=number) for number in range(2)]
    shots, _ = find_shots(read_timeline(cut(folder / "farm.otio", films, SHOTS)))
    print(f"\n{os.cpu_count()} cores; {SHOTS} shots of 1080p H.264, medians of {RUNS} runs; shots a second\n")
    print("| workers | threads | --jobs | --ray |\n|---|---|---|---|")
    for count in WORKERS:
        row = [statistics.median(ways(shots, count)) for ways in (threads, processes, cores)]
        print(f"| {count} | " + " | ".join(f"{value:.2f}" for value in row) + " |", flush=True)


def rate(run: Callable[[list[Shot]], list[object]], shots: list[Shot]) -> Iterator[float]:
    """Give shots a second, run by run; the networks are loaded before."""
    run(shots[:8])
    for _ in range(RUNS):
        started = time.perf_counter()
        assert len(run(shots)) == SHOTS
        yield SHOTS / (time.perf_counter() - started)


def threads(shots: list[Shot], count: int) -> list[float]:
    analysis = load_analysis()
    return list(rate(lambda some: list(judge(some, analysis, workers=count)), shots))


def processes(shots: list[Shot], count: int) -> list[float]:
    analysis = load_analysis()
    with DecodeProcesses(count) as pool:
        return list(rate(lambda some: list(judge(some, analysis, workers=count, decode=pool.decode_frames)), shots))


def cores(shots: list[Shot], count: int) -> list[float]:
    with Farm("local", num_cpus=count) as farm:
        analysis = farm.load_analysis("shot_type")
        return list(rate(lambda some: list(judge(some, analysis, crew=farm)), shots))


class Remembered(FarmStandIn):
    """The stand-in, with answers that the cache keeps."""

    fingerprint = "stand-in"


def sender(folder: Path) -> None:
    """Say what a shot costs the machine that sends: CPU time of its process, which decodes and judges nothing."""
    clips = [folder / f"bars-{number}.mp4" for number in range(20)]
    for path in clips:
        if not path.exists():
            write_clip(path, Clip(num_frames=100))
    timeline = cut(folder / "bars.otio", clips, 20, frames=4)
    plain, _ = find_shots(read_timeline(timeline))

    def endless(in_a_row: int) -> Iterator[Shot]:
        for number in range(MANY):
            shot = plain[number // in_a_row % len(plain)]
            frames = PlayedFrames(Fraction(number % 90), Fraction(1), 4)
            # A rate of its own makes each ask for other moments, so that none takes another's answer.
            yield replace(shot, frames=frames, clear=range(4), rate=24 + Fraction(number, MANY))

    with Farm("local") as farm:
        analysis = FarmAnalysis(Remembered(), StandInRecipe(), farm)
        list(judge(plain, analysis, crew=farm))
        for in_a_row in (1, 16):
            path = folder / "farm.sqlite"
            path.unlink(missing_ok=True)
            cache = open_cache(path)
            before, started, memory = time.process_time(), time.perf_counter(), peak_memory()
            done = sum(1 for _ in judge(endless(in_a_row), analysis, crew=farm, cache=cache))
            spent, wall = time.process_time() - before, time.perf_counter() - started
            cache.close()
            print(
                f"{done} shots of next to no work, {in_a_row} of a file in a row: {1000 * spent / done:.2f} ms of the "
                f"sender's CPU time each, {done / wall:.0f} shots a second; its memory grew from {memory:.0f} MB "
                f"by {peak_memory() - memory:.0f}"
            )


def peak_memory() -> float:
    """Megabytes of this process at its largest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
