"""Shots -> Tags: decode and judge side by side, keep the order.

Shots are taken up a stretch at a time. Within a stretch those of one file go together, in the order
in which they lie in it, so that it is read forward. Where the analysis allows it, the thread that
decoded a shot judges it, too: every core always has a shot of its own. Else threads decode, and
what they give is judged in batches. How far all of it runs ahead is bounded, so memory stays flat on
any length of cut.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from threading import Lock
from typing import Any

from otio_shottag.analyses import Analysis
from otio_shottag.cache import Cache
from otio_shottag.decode import OpenFiles, decode_frames
from otio_shottag.errors import MediaError
from otio_shottag.shots import Frames, Media, Moment, Prediction, Shot, Skip, Tag

Decode = Callable[[Media, Sequence[Moment], int], Frames]

_STRETCH = 32
"""Shots taken up together, or twice as many as there are threads; two stretches are on their way at a time."""
_MOST_IN_A_ROW = 4
"""Shots of one file that one thread takes at a time: few enough that no core is left waiting at the end."""
_BATCH = 16
"""Shots judged at once where they are judged in batches: some four dozen pictures."""

Answer = Prediction | str
"""What was found out about a shot, or why nothing was, in one sentence for the editor."""
OnFrames = Callable[[Shot, Frames], None]


def tag_shots(
    shots: Iterable[Shot],
    analysis: Analysis,
    *,
    decode: Decode | None = None,
    cache: Cache | None = None,
) -> tuple[list[Tag], list[Skip]]:
    """Judge every shot; give the tags, and a skip for each shot of which nothing could be decoded.

    Both in the order of the shots. With a ``cache`` (see ``open_cache``) what was judged before is
    not judged again.
    """
    results = list(judge(shots, analysis, decode=decode, cache=cache))
    return [one for one in results if isinstance(one, Tag)], [one for one in results if isinstance(one, Skip)]


def judge(
    shots: Iterable[Shot],
    analysis: Analysis,
    *,
    decode: Decode | None = None,
    cache: Cache | None = None,
    seconds: dict[str, float] | None = None,
    workers: int | None = None,
    files: OpenFiles | None = None,
) -> Generator[Tag | Skip, None, None]:
    """Judge shots one after the other, as ``tag_shots`` does, and give each as it is done.

    ``workers`` is the number of threads, by default one more than there are cores. Into ``seconds``
    goes the time spent so far, of all threads together: ``decode`` and ``judge``. Closing the
    iterator stops the threads.
    """
    spent = seconds if seconds is not None else {}
    spent.update(decode=0.0, judge=0.0)
    with files or OpenFiles() as lent:
        decoder = decode or (lambda media, moments, short_side: decode_frames(media, moments, short_side, files=lent))
        run = _Run(analysis, decoder, cache, spent, workers or (os.cpu_count() or 1) + 1)
        try:
            yield from run.results(iter(shots))
        finally:
            run.stop()


@dataclass(slots=True, eq=False)
class _Slot:
    """One shot on its way."""

    shot: Shot
    moments: Sequence[Moment]
    key: bytes | None
    """Under which its answer is kept; None where it is not."""
    answer: Answer | None = None
    is_new: bool = True
    """Whether the answer was found in this run."""
    frames: Frames | None = None
    """Decoded and waiting for a batch."""
    is_lasting: bool = True
    """Whether the answer will be the same next time; a file that cannot be decoded may be mended."""


class _Run:
    """One pass over the shots of a cut."""

    def __init__(
        self, analysis: Analysis, decode: Decode, cache: Cache | None, spent: dict[str, float], workers: int
    ) -> None:
        self._analysis = analysis
        self._decode = decode
        self._cache = cache
        self._spent = spent
        self._workers = workers
        self._stretch = max(_STRETCH, 2 * workers)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
        self._pending: set[Future[Any]] = set()
        self._has_begun = False
        self._slots: deque[_Slot] = deque()
        self._lock = Lock()
        self._is_stopping = False

    def stop(self) -> None:
        self._is_stopping = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._cache is not None:
            self._cache.flush()

    def results(self, shots: Iterator[Shot]) -> Iterator[Tag | Skip]:
        while True:
            while len(self._slots) <= self._stretch and self._take_up(list(islice(shots, self._stretch))):
                pass
            if not self._slots:
                return
            while self._slots and self._slots[0].answer is not None:
                slot = self._slots.popleft()
                yield self._result(slot)
                if len(self._slots) <= self._stretch:
                    break
            if self._slots and self._slots[0].answer is None:
                self._work_on()

    def _take_up(self, shots: Sequence[Shot]) -> bool:
        """Begin with the next stretch: what is known is looked up, the rest goes to the threads."""
        if not shots:
            return False
        stretch = [self._slot(shot) for shot in shots]
        if self._cache is not None:
            known = self._cache.answers([slot.key for slot in stretch if slot.key is not None])
            for slot in stretch:
                if slot.key in known:
                    slot.answer, slot.is_new = known[slot.key], False
        by_media: dict[Media, list[_Slot]] = {}
        for slot in stretch:
            if slot.answer is None:
                by_media.setdefault(slot.shot.media, []).append(slot)
        if by_media and not self._has_begun:
            # A network takes seconds to load: one thread begins with that while the others decode.
            self._has_begun = True
            self._pending.add(self._pool.submit(self._is_judged_side_by_side))
        for slots in by_media.values():
            slots.sort(key=lambda slot: slot.shot.frames.lowest)
            size = max(1, min(_MOST_IN_A_ROW, len(slots) // self._workers))
            for first in range(0, len(slots), size):
                self._pending.add(self._pool.submit(self._look_at, slots[first : first + size]))
        self._slots.extend(stretch)
        return True

    def _slot(self, shot: Shot) -> _Slot:
        try:
            moments = self._analysis.moments(shot)
        except MediaError as error:  # too short a shot, for an analysis that needs some time
            return _Slot(shot, (), None, answer=str(error))
        key = self._cache.key(shot.media, moments, self._analysis) if self._cache is not None else None
        return _Slot(shot, moments, key)

    def _look_at(self, slots: Sequence[_Slot]) -> None:
        """Decode shots of one file, and judge them if that can be done side by side; runs on a thread."""
        # numpy comes in only where there is something to look at.
        from otio_shottag.bars import trim_bars
        from otio_shottag.blank import BlankError, drop_blank

        for slot in slots:
            started = time.perf_counter()
            if self._is_stopping:
                return
            try:
                decoded = self._decode(slot.shot.media, slot.moments, self._analysis.short_side)
                slot.is_lasting = decoded.failures == 0
                frames: Frames | str = trim_bars(drop_blank(decoded))
            except BlankError as error:
                frames = str(error)
            except MediaError as error:
                frames, slot.is_lasting = " ".join(str(error).split()), False
            self._spend("decode", started)
            if isinstance(frames, str):
                slot.answer = frames
            elif self._is_judged_side_by_side():
                self._judge([slot], [frames])
            else:
                slot.frames = frames

    def _is_judged_side_by_side(self) -> bool:
        return bool(getattr(self._analysis, "side_by_side", False))

    def _work_on(self) -> None:
        """Wait until something more is known, or judge a batch if there is one."""
        done, self._pending = wait(self._pending, timeout=0)
        for future in done:
            future.result()  # an error in a thread is an error here
        batch = list(islice((slot for slot in self._slots if slot.frames is not None), _BATCH))
        if batch and (len(batch) == _BATCH or not self._pending):
            frames = [slot.frames for slot in batch if slot.frames is not None]
            for slot in batch:
                slot.frames = None
            self._judge(batch, frames)
        elif self._pending:
            wait(self._pending, return_when=FIRST_COMPLETED)

    def _judge(self, slots: Sequence[_Slot], frames: Sequence[Frames]) -> None:
        started = time.perf_counter()
        predictions = self._analysis.predict(frames)
        for slot, prediction, seen in zip(slots, predictions, frames, strict=True):
            slot.answer = replace(prediction, failures=seen.failures)
        self._spend("judge", started)

    def _spend(self, stage: str, started: float) -> None:
        with self._lock:
            self._spent[stage] += time.perf_counter() - started

    def _result(self, slot: _Slot) -> Tag | Skip:
        shot, answer = slot.shot, slot.answer
        assert answer is not None
        if self._cache is not None and slot.key is not None and slot.is_new and slot.is_lasting:
            self._cache.keep(slot.key, answer)
        if isinstance(answer, str):
            return Skip(shot.address, shot.name, shot.track, shot.record, answer)
        return Tag(shot, self._analysis.name, answer, self._analysis.model)
