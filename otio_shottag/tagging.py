"""Shots -> Tags: decode ahead on threads, judge in batches, keep the order.

Decoding and judging overlap: while the network looks at one batch, threads decode the next
shots. How far they run ahead is bounded, so memory stays flat on any length of cut.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from itertools import islice

from otio_shottag.analyses import Analysis
from otio_shottag.bars import trim_bars
from otio_shottag.blank import drop_blank
from otio_shottag.decode import decode_frames
from otio_shottag.errors import MediaError
from otio_shottag.shots import Frames, Media, Shot, Skip, Tag

Decode = Callable[[Media, Sequence[Fraction], int], Frames]

_BATCH = 8
"""Shots judged at once: some two dozen pictures, which keeps two cores and a small GPU busy."""


def tag_shots(
    shots: Iterable[Shot], analysis: Analysis, *, decode: Decode = decode_frames
) -> tuple[list[Tag], list[Skip]]:
    """Judge every shot; give the tags, and a skip for each shot of which nothing could be decoded.

    Both in the order of the shots.
    """
    results = list(judge(shots, analysis, decode=decode))
    return [one for one in results if isinstance(one, Tag)], [one for one in results if isinstance(one, Skip)]


def judge(
    shots: Iterable[Shot],
    analysis: Analysis,
    *,
    decode: Decode = decode_frames,
    seconds: dict[str, float] | None = None,
) -> Generator[Tag | Skip, None, None]:
    """Judge shots one after the other, as ``tag_shots`` does, and give each as it is done.

    Into ``seconds`` goes the time spent so far: ``decode`` (of all threads together) and
    ``judge``. Closing the iterator stops the threads.
    """
    spent = seconds if seconds is not None else {}
    spent.update(decode=0.0, judge=0.0)

    def look(shot: Shot) -> tuple[Frames | str, float]:
        started = time.perf_counter()
        try:
            frames: Frames | str = trim_bars(
                drop_blank(decode(shot.media, analysis.moments(shot), analysis.short_side))
            )
        except MediaError as error:
            frames = " ".join(str(error).split())
        return frames, time.perf_counter() - started

    threads = max(2, min(8, os.cpu_count() or 2))
    remaining = iter(shots)
    waiting: deque[tuple[Shot, Future[tuple[Frames | str, float]]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
    try:
        while True:
            for shot in islice(remaining, 2 * _BATCH + threads - len(waiting)):
                waiting.append((shot, pool.submit(look, shot)))
            if not waiting:
                return
            batch = [waiting.popleft() for _ in range(min(_BATCH, len(waiting)))]
            looks = [future.result() for _, future in batch]
            spent["decode"] += sum(took for _, took in looks)
            started = time.perf_counter()
            predictions = iter(analysis.predict([frames for frames, _ in looks if isinstance(frames, Frames)]))
            spent["judge"] += time.perf_counter() - started
            for (shot, _), (frames, _) in zip(batch, looks, strict=True):
                if isinstance(frames, str):
                    yield Skip(shot.address, shot.name, shot.track, shot.record, frames)
                else:
                    prediction = replace(next(predictions), failures=frames.failures)
                    yield Tag(shot, analysis.name, prediction, analysis.model)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
