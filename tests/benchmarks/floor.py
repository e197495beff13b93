"""Against the floor: what decoding and judging alone cost, spread over all cores without a gap."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from otio_shottag import find_shots, load_analysis, read_timeline
from otio_shottag.bars import trim_bars
from otio_shottag.blank import drop_blank
from otio_shottag.decode import OpenFiles, decode_frames
from otio_shottag.tagging import tag_shots
from tests.benchmarks.material import cut, film
from tests.benchmarks.measuring import Row, in_turn, median_ratio, seconds

SHOTS = 80


def rows(folder: Path, runs: int) -> Iterator[Row]:
    cores = os.cpu_count() or 1
    films = [film(folder, number=number) for number in range(2)]
    shots, _ = find_shots(read_timeline(cut(folder / "floor.otio", films, SHOTS)))
    analysis = load_analysis()
    tag_shots(shots[:4], analysis)  # the network is loaded, the files are in memory

    def whole() -> float:
        started = time.perf_counter()
        tags, _ = tag_shots(shots, analysis)
        assert len(tags) == SHOTS
        return time.perf_counter() - started

    def alone() -> float:
        """Decode all on one thread, file by file, then judge all on one; CPU seconds over cores."""
        started = time.process_time()
        with OpenFiles() as files:
            order = sorted(shots, key=lambda shot: (str(shot.media), shot.frames.lowest))
            frames = [
                decode_frames(shot.media, analysis.moments(shot), analysis.short_side, files=files) for shot in order
            ]
        for one in frames:
            analysis.predict([trim_bars(drop_blank(one))])
        return (time.process_time() - started) / cores

    mine, floor = in_turn(runs, whole, alone)
    what = f"{SHOTS} shots, wall time of the whole road against CPU time of decoding and judging over {cores} cores"
    yield Row(what, seconds(mine), seconds(floor), median_ratio(mine, floor), 1.15, is_floor=False)
