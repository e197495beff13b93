"""How often the camera movement of synthetic shots is named rightly, and how honest the confidence is.

    python -m tests.benchmarks.camera_movement PHOTOGRAPHS [--shots 180] [--jobs 2] [--fit]

PHOTOGRAPHS is a folder of pictures at least 900 pixels wide. They are split in two by their size in
pixels, which frames of one film mostly share; of each half as many shots are made as asked for, the
kinds in turn (see tests/moves.py). ``--fit`` fits the constants of ``Scale`` to the first half; the
table is always of both, with the constants as they are in the package or as just fitted.
"""

import argparse
import sys
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from otio_shottag.analyses.camera_movement import SCALE, Scale, runs_of, weighed
from otio_shottag.analyses.camera_path import Path as CameraPath
from otio_shottag.analyses.camera_path import path_of
from tests.moves import KINDS, frames_of, photograph, random_shot

LEAST_WIDTH = 900
FITTED = ("hand", "second", "turns_at", "sway", "sharpness")
"""Of ``Scale``; the others say what a viewer notices and what can be known, which synthetic shots cannot tell."""
FIRST = (0, 2000)
"""Number of the first shot of each half; lower ones of the second were looked at while this was built."""


@dataclass(frozen=True)
class Measured:
    kind: str
    paths: list[CameraPath]
    cover: float
    """The largest part of the frame that somebody in front covers, at rest."""
    seconds: float
    speed: float
    """Frames a second, as ``random_shot`` drew it."""
    is_night: bool
    is_encoded: bool


def halves(folder: Path) -> tuple[list[Path], list[Path]]:
    """Split the photographs of a folder by their size."""
    found: tuple[list[Path], list[Path]] = ([], [])
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png")):
        picture = cv2.imread(str(path))
        if picture is not None and picture.shape[1] >= LEAST_WIDTH:
            found[zlib.crc32(str(picture.shape).encode()) % 2].append(path)
    return found


def measure(number: int, photographs: Sequence[Path], half: int) -> Measured:
    """Make one shot and follow the frame over it."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng((half, number))
    shot = random_shot(KINDS[number % len(KINDS)], [partial(photograph, path) for path in photographs], rng)
    frames = frames_of(shot)
    return Measured(
        shot.kind, [path_of(frames.data[run]) for run in runs_of(frames.seconds)],
        shot.cover, len(shot.path) / float(shot.rate), shot.speed, shot.gain < 1, shot.crf is not None,
    )  # fmt: skip


def answers(shots: Sequence[Measured], scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (N, kinds) and the right indices (N,)."""
    rows = np.array([weighed(shot.paths, scale) for shot in shots])
    return rows, np.array([KINDS.index(shot.kind) for shot in shots])


def loss(shots: Sequence[Measured], scale: Scale) -> float:
    rows, right = answers(shots, scale)
    return float(-np.log(rows[np.arange(len(right)), right]).mean())


def fit(shots: Sequence[Measured], *, rounds: int = 600) -> Scale:
    """Search for the constants that make the right answers likeliest, by random steps that grow smaller."""
    rng = np.random.default_rng(0)
    best, least = SCALE, loss(shots, SCALE)
    for number in range(rounds):
        width = 0.25 * (1 - number / rounds) + 0.03
        moved = {
            key: value * np.exp(rng.normal(0, width))
            for key, value in asdict(best).items()
            if key in FITTED and rng.random() < 0.5
        }
        tried = replace(best, **moved)
        reached = loss(shots, tried)
        if reached < least:
            best, least = tried, reached
    return Scale(**{key: float(f"{value:.3g}") for key, value in asdict(best).items()})


def calibration_error(rows: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over equally large bins of confidence."""
    order = np.argsort(rows.max(axis=1))
    hits, sure = (rows.argmax(axis=1) == right)[order], rows.max(axis=1)[order]
    parts = zip(np.array_split(hits, bins), np.array_split(sure, bins), strict=True)
    return float(sum(abs(hit.mean() - confidence.mean()) * len(hit) for hit, confidence in parts) / len(right))


def show(title: str, shots: Sequence[Measured], scale: Scale) -> None:
    rows, right = answers(shots, scale)
    found = rows.argmax(axis=1)
    is_right, sure = found == right, rows.max(axis=1)
    say(f"\n{title}: {len(shots)} shots, {is_right.mean():.1%} right, mean confidence {sure.mean():.1%}, "
        f"calibration error {calibration_error(rows, right):.3f}")  # fmt: skip
    surest = np.argsort(-sure)[: len(sure) * 8 // 10]
    say(f"the surest 80 %: {is_right[surest].mean():.1%} right")
    say("| movement | n | found (recall) | right when said (precision) | taken for |")
    say("|---|---|---|---|---|")
    for index, kind in enumerate(KINDS):
        of_kind, said = right == index, found == index
        wrong = [KINDS[other] for other in found[of_kind & ~is_right]]
        taken = ", ".join(f"{other} {wrong.count(other)}" for other in dict.fromkeys(wrong))
        recall = (of_kind & said).sum() / max(of_kind.sum(), 1)
        precision = (of_kind & said).sum() / max(said.sum(), 1)
        say(f"| {kind} | {of_kind.sum()} | {recall:.0%} | {precision:.0%} | {taken} |")
    conditions = {
        "somebody covers 20 % or more": [shot.cover >= 0.2 for shot in shots],
        "night": [shot.is_night for shot in shots],
        "H.264": [shot.is_encoded for shot in shots],
        "slower than 0.05 frames a second": [shot.speed < 0.05 for shot in shots],
        "faster than 0.4 frames a second": [shot.speed > 0.4 for shot in shots],
        "shorter than 2 s": [shot.seconds < 2 for shot in shots],
    }
    for name, mask in conditions.items():
        say(f"{name}: {is_right[mask].mean():.0%} of {sum(mask)}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--shots", type=int, default=180, help="of each half")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--fit", action="store_true")
    asked = parser.parse_args()
    measured: list[list[Measured]] = []
    with ProcessPoolExecutor(asked.jobs) as pool:
        for half, photographs in enumerate(halves(asked.photographs)):
            say(f"half {half + 1}: {len(photographs)} photographs")
            one = partial(measure, photographs=photographs, half=half)
            numbers = range(FIRST[half], FIRST[half] + asked.shots)
            measured.append(list(pool.map(one, numbers, chunksize=1)))
    scale = fit(measured[0]) if asked.fit else SCALE
    say(f"{scale}, mean log loss {loss(measured[0], scale):.3f} and {loss(measured[1], scale):.3f}")
    show("fitted to", measured[0], scale)
    show("checked on", measured[1], scale)


if __name__ == "__main__":
    main()
