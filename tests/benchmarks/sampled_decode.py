"""Against torchcodec (https://github.com/meta-pytorch/torchcodec): the same moments of the same files, one thread."""

import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from otio_shottag.decode import OpenFiles, decode_frames
from tests.benchmarks.material import SECONDS, film
from tests.benchmarks.measuring import Row, in_turn, median_ratio, seconds

SPACING = {"sparse (every 2.1 s)": Fraction(21, 10), "dense (every 0.3 s)": Fraction(3, 10)}


def rows(folder: Path, runs: int) -> Iterator[Row]:
    try:
        from torchcodec.decoders import VideoDecoder
    except (ImportError, RuntimeError, OSError) as error:
        print(f"(decode: torchcodec cannot be used here: {str(error).splitlines()[0]})", file=sys.stderr)
        return
    for codec, length in SECONDS.items():
        path = film(folder, codec)
        for name, spacing in SPACING.items():
            count = int(length / spacing)
            moments = [spacing * number + Fraction(2 * 7 + 1, 48) for number in range(count - 1)]

            def ours(path: Path = path, moments: list[Fraction] = moments) -> float:
                started = time.perf_counter()
                with OpenFiles(threads=1) as files:
                    assert decode_frames(path, moments, 224, files=files).failures == 0
                return time.perf_counter() - started

            def theirs(path: Path = path, moments: list[Fraction] = moments) -> float:
                started = time.perf_counter()
                decoder = VideoDecoder(str(path), num_ffmpeg_threads=1)
                pictures = decoder.get_frames_played_at([float(moment) for moment in moments]).data
                # It gives full pictures; the network wants them small.
                from torchvision.transforms.v2.functional import resize

                resize(pictures, [224, 398], antialias=True)
                return time.perf_counter() - started

            mine, other = in_turn(runs, ours, theirs)
            goal = 1.0
            yield Row(
                f"{len(moments)} samples of 1080p {codec}, {name}, against torchcodec",
                seconds(mine), seconds(other), median_ratio(other, mine), goal,
            )  # fmt: skip
