"""Whole processes, timed from outside, and rows of the table."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Spent:
    """What a process took."""

    wall: float
    """Seconds by the clock."""
    cpu: float
    """Seconds of all cores together."""
    memory: float
    """Megabytes at its largest."""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    ours: str
    other: str
    ratio: float
    goal: float | None
    is_floor: bool = True
    """Whether the ratio should be at least the goal, or at most."""


_WATCH = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
ended = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
wall = time.perf_counter() - started
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([ended.returncode, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
sys.stderr.buffer.write(ended.stderr)
"""
"""Runs a command from a small process: a child counts its parent's memory as its own until it has begun."""


def spent_by(command: Sequence[str | Path]) -> Spent:
    """Run a command to its end and say what it took; it must succeed."""
    watched = [sys.executable, "-c", _WATCH, *map(str, command)]
    ended = subprocess.run(watched, cwd=ROOT, capture_output=True, text=True, check=True)
    code, wall, cpu, memory = json.loads(ended.stdout)
    if code:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{ended.stderr}")
    return Spent(wall, cpu, memory)


def otio_shottag(*arguments: str | Path) -> list[str | Path]:
    """Give the command line of ours."""
    return [sys.executable, "-m", "otio_shottag", *arguments]


def in_turn(runs: int, *ways: Callable[[], float]) -> list[list[float]]:
    """Measure several ways in turn, so that a drifting machine drifts for all; a list for each way."""
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(runs):
        for way, values in zip(ways, taken, strict=True):
            values.append(way())
    return taken


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Give the median of the ratios, run by run."""
    return statistics.median(one / other for one, other in zip(above, below, strict=True))


def seconds(values: Sequence[float]) -> str:
    """Write the median of some seconds."""
    middle = statistics.median(values)
    return f"{middle:.1f} s" if middle >= 10 else f"{middle:.2f} s"
