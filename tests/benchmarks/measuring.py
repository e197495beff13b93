"""Whole processes, timed from outside, and rows of the table."""

import os
import statistics
import subprocess
import sys
import time
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


def spent_by(command: Sequence[str | Path], *, environment: dict[str, str] | None = None) -> Spent:
    """Run a command to its end and say what it took; it must succeed."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{errors.decode(errors='replace')}")
    return Spent(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


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
