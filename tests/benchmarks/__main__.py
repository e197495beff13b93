"""Runs the benchmarks and prints a table: ``python -m tests.benchmarks [NAME ...] [--runs N]``.

Each compares two ways to do one thing, in turn in one run, and shows the median of the ratios. Clips
are encoded once and kept in a folder of the system's temporary ones. Wants an idle machine.
"""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

import torch

from otio_shottag.model.device import choose_device, describe_device
from tests.benchmarks import again, floor, large, sampled_decode, today
from tests.benchmarks.measuring import Row

BENCHMARKS = {"today": today, "floor": floor, "decode": sampled_decode, "again": again, "large": large}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--runs", type=int, default=3, help="runs of each side (default: 3)")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    folder = Path(tempfile.gettempdir()) / "otio-shottag-benchmarks"
    folder.mkdir(exist_ok=True)
    device = describe_device(choose_device("auto"))
    print(f"{os.cpu_count()} cores, {device}, {platform.system()}, Python {platform.python_version()}", end=", ")
    print(f"torch {torch.__version__}; medians of {asked.runs}\n")
    print("| benchmark | ours | other | ratio | goal | |\n|---|---|---|---|---|---|")
    for name in asked.names or BENCHMARKS:
        for row in BENCHMARKS[name].rows(folder, asked.runs):
            print(line(row), flush=True)


def line(row: Row) -> str:
    goal = "" if row.goal is None else f"{'at least' if row.is_floor else 'at most'} {row.goal:g}"
    met = "" if row.goal is None else ("met" if (row.ratio >= row.goal) == row.is_floor else "missed")
    return f"| {row.what} | {row.ours} | {row.other} | {row.ratio:.3g} | {goal} | {met} |"


if __name__ == "__main__":
    sys.exit(main())
