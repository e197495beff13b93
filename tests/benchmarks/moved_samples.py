"""How many shots keep their label when samples move: ``python -m tests.benchmarks.moved_samples FILM...``.

Judges every other frame of the films' shots once, then takes random stretches of them, as cuts do, with key
frames at several distances, and compares the label of the samples as asked for with that of the samples moved by
so much of the way to the edge of their share. A single shot needs no PySceneDetect: ``--single``.
"""

import argparse
import random
from fractions import Fraction
from pathlib import Path

import numpy as np

from otio_shottag.analyses.shot_type import LEEWAY, joined_probabilities
from otio_shottag.bars import trim_bars
from otio_shottag.blank import BlankError, drop_blank
from otio_shottag.cuts import Detection, find_cuts
from otio_shottag.decode import OpenFiles, decode_frames, probe
from otio_shottag.model.device import choose_device
from otio_shottag.model.foreign import load_any
from otio_shottag.model.header import SHIPPED
from otio_shottag.model.judge import Judge
from otio_shottag.sampling import worthwhile_count

PARTS = (Fraction(1), Fraction(1, 2), LEEWAY, Fraction(1, 10))
KEY_FRAME_SECONDS = (1, 2, 5, 10)
STRETCHES = 960

Rows = dict[int, np.ndarray]
"""Probabilities by frame, of those frames that show something."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", nargs="+", type=Path)
    parser.add_argument("--single", action="store_true", help="each film is one shot")
    asked = parser.parse_args()
    judge = Judge(load_any(SHIPPED), choose_device("auto"))
    shots = [shot for film in asked.films for shot in _judged(film, judge, single=asked.single)]
    print(f"{STRETCHES} stretches of {len(shots)} shots: the part that keeps its label")
    print("key frames every", *(f"{every:>6} s" for every in KEY_FRAME_SECONDS))
    for part in PARTS:
        kept = [_kept(shots, part, every) for every in KEY_FRAME_SECONDS]
        print(f"moved by {part!s:>6}  ", *(f"{one:8.1%}" for one in kept))


def _judged(film: Path, judge: Judge, *, single: bool) -> list[tuple[Rows, float]]:
    info = probe(film)
    if single:
        assert info.num_frames is not None
        ranges = [range(info.num_frames)]
    else:
        found = find_cuts(film, Detection())
        ranges = [range(shot.start, shot.stop) for shot in found.shots]
    shots = []
    with OpenFiles() as files:
        for frames in ranges:
            rows: Rows = {}
            for frame in frames[::2]:
                try:
                    seen = decode_frames(film, [(frame + Fraction(1, 2)) / info.rate], 224, files=files)
                    rows[frame - frames.start] = judge.probabilities([trim_bars(drop_blank(seen)).data])[0][0]
                except BlankError:
                    continue
            if len(rows) > 5:
                shots.append((rows, float(info.rate)))
    return shots


def _kept(shots: list[tuple[Rows, float]], part: Fraction, every: int) -> float:
    draw, same, count = random.Random(0), 0, 0
    while count < STRETCHES:
        rows, rate = draw.choice(shots)
        whole = max(rows) + 1
        length = draw.randint(max(8, whole // 3), max(8, whole))
        start = draw.randint(0, max(0, whole - length))
        group, first = round(every * rate), draw.randrange(round(every * rate))
        samples = worthwhile_count(Fraction(length) / Fraction(rate))
        leeway = int(part * length / (2 * samples))
        asked = [start + (2 * number + 1) * length // (2 * samples) for number in range(samples)]
        moved = [_moved(frame, leeway, group, first) for frame in asked]
        same += _label(rows, asked) == _label(rows, moved)
        count += 1
    return same / count


def _moved(frame: int, leeway: int, group: int, first: int) -> int:
    before = frame - (frame - first) % group
    near = [key for key in (before, before + group) if abs(key - frame) <= leeway]
    return min(near, key=lambda key: abs(key - frame), default=frame)


def _label(rows: Rows, frames: list[int]) -> int:
    known = sorted(rows)
    nearest = [min(known, key=lambda one: abs(one - frame)) for frame in frames]
    return int(joined_probabilities(np.stack([rows[frame] for frame in nearest])).argmax())


if __name__ == "__main__":
    main()
