"""Shots -> Tags: decode and judge side by side, keep the order.

Shots are taken up a stretch at a time. Within a stretch those of one file go together, in the order
in which they lie in it, so that it is read forward; a shot that asks for the same pictures as one on its
way waits for that one's answer. Where the analysis allows it, the thread that decoded a shot judges it,
too: every core always has a shot of its own. Else threads decode, and what they give is judged in
batches. Or a crew does it all elsewhere. How far all of it runs ahead is bounded, so memory stays flat
on any length of cut.
"""

import math
import os
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from threading import Lock
from typing import Any

from otio_shottag.analyses import Analysis
from otio_shottag.cache import Cache
from otio_shottag.decode import OpenFiles, decode_frames
from otio_shottag.errors import MediaError
from otio_shottag.looking import Answer, Crew, Decode, Looked, look
from otio_shottag.shots import Frames, Media, Moment, Shot, Skip, Tag

_STRETCH = 32
"""Shots taken up together, or twice as many as there are threads; two stretches are on their way at a time."""
_MOST_IN_A_ROW = 4
"""Shots of one file that one thread takes at a time: few enough that no core is left waiting at the end."""
_BATCH = 16
"""Shots judged at once where they are judged in batches: some four dozen pictures."""
_CREW_STRETCH, _CREW_IN_A_ROW = 16, 8
"""Shots of a stretch for each worker of a crew, and those of one file that it is asked for at a time."""
_CREW_AHEAD = 4
"""Stretches on their way to a crew at a time: one that waits for a lost node must not stop the others."""

Wanted = tuple[Shot, Analysis]
"""A shot, and what is to be judged of it."""


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
    crew: Crew | None = None,
) -> Generator[Tag | Skip, None, None]:
    """Judge shots as ``tag_shots`` does, and give each as it is done; the rest is as for ``judge_each``."""
    wanted = ((shot, analysis) for shot in shots)
    return judge_each(wanted, decode=decode, cache=cache, seconds=seconds, workers=workers, files=files, crew=crew)


def judge_each(
    wanted: Iterable[Wanted],
    *,
    decode: Decode | None = None,
    cache: Cache | None = None,
    seconds: dict[str, float] | None = None,
    workers: int | None = None,
    files: OpenFiles | None = None,
    crew: Crew | None = None,
) -> Generator[Tag | Skip, None, None]:
    """Judge each shot for what is wanted of it; give the results in that order, each as it is done.

    ``wanted`` is drawn from only so far as there is work for it. ``workers`` is the number of threads, by
    default one more than there are cores; a ``crew`` does the work in their place. Into ``seconds`` goes the
    time spent so far, of all threads together: ``decode`` and ``judge``. Closing the iterator stops the threads.
    """
    spent = seconds if seconds is not None else {}
    spent.update(decode=0.0, judge=0.0)
    with files or OpenFiles() as lent:
        decoder = decode or (lambda media, moments, short_side: decode_frames(media, moments, short_side, files=lent))
        run = _Run(decoder, cache, spent, workers or (os.cpu_count() or 1) + 1, crew)
        try:
            yield from run.results(iter(wanted))
        finally:
            run.stop()


@dataclass(slots=True, eq=False)
class _Slot:
    """One shot on its way."""

    shot: Shot
    analysis: Analysis
    moments: Sequence[Moment]
    key: bytes | None
    """Under which its answer is kept; None where it is not."""
    answer: Answer | None = None
    is_new: bool = True  # found in this run, for this shot
    frames: Frames | None = None  # decoded and waiting for a batch
    is_lasting: bool = True
    """Whether the answer will be the same next time."""
    like: "_Slot | None" = None
    """One before it that asks for the same pictures, and whose answer it takes."""

    def found(self) -> Answer | None:
        return (self.like or self).answer


class _Run:
    """One pass over shots."""

    def __init__(
        self, decode: Decode, cache: Cache | None, spent: dict[str, float], workers: int, crew: Crew | None
    ) -> None:
        self._decode = decode
        self._cache = cache
        self._spent = spent
        self._workers = workers
        self._crew = crew
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
        self._pending: dict[Future[Any], Sequence[_Slot]] = {}
        """What is being worked on, and for a crew's work the slots that it is for."""
        self._loading: set[int] = set()
        self._slots: deque[_Slot] = deque()
        self._asked: dict[tuple[int, Media, tuple[Moment, ...]], _Slot] = {}
        """Of the slots on their way, the first that asks for these pictures."""
        self._lock = Lock()
        self._is_stopping = False

    def stop(self) -> None:
        self._is_stopping = True
        for future in self._pending:
            future.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._cache is not None:
            self._cache.flush()

    def results(self, wanted: Iterator[Wanted]) -> Iterator[Tag | Skip]:
        while True:
            while len(self._slots) <= self._ahead and self._take_up(list(islice(wanted, self._stretch))):
                pass
            if not self._slots:
                return
            while self._slots and self._slots[0].found() is not None:
                slot = self._slots.popleft()
                yield self._result(slot)
                if len(self._slots) <= self._ahead:
                    break
            if self._slots and self._slots[0].found() is None:
                self._work_on()

    @property
    def _num_workers(self) -> int:
        return self._workers if self._crew is None else max(1, self._crew.num_workers)

    @property
    def _stretch(self) -> int:
        return max(_STRETCH, self._num_workers * (2 if self._crew is None else _CREW_STRETCH))

    @property
    def _ahead(self) -> int:
        """How many shots may be on their way when a stretch is taken up."""
        return self._stretch * (1 if self._crew is None else _CREW_AHEAD - 1)

    def _take_up(self, wanted: Sequence[Wanted]) -> bool:
        """Begin with the next stretch: what is known is looked up, the rest is handed out."""
        if not wanted:
            return False
        stretch = [self._slot(shot, analysis) for shot, analysis in wanted]
        if self._cache is not None:
            known = self._cache.answers([slot.key for slot in stretch if slot.key is not None])
            for slot in stretch:
                if slot.key in known:
                    slot.answer, slot.is_new = known[slot.key], False
        self._slots.extend(stretch)
        together: dict[tuple[int, Media], list[_Slot]] = {}
        for slot in stretch:
            if slot.answer is None and not self._is_like_another(slot):
                together.setdefault((id(slot.analysis), slot.shot.media), []).append(slot)
        share = math.ceil(sum(map(len, together.values())) / self._num_workers)
        for slots in together.values():
            slots.sort(key=lambda slot: slot.shot.frames.lowest)
            self._hand_out(slots, share)
        return True

    def _is_like_another(self, slot: _Slot) -> bool:
        """Tell whether a slot on its way asks for the same; then it takes that one's answer."""
        asks = (id(slot.analysis), slot.shot.media, tuple(slot.moments))
        first = self._asked.setdefault(asks, slot)
        if first is slot:
            return False
        slot.like, slot.is_new = first, False
        return True

    def _hand_out(self, slots: Sequence[_Slot], share: int) -> None:
        """Give slots of one file to the threads or the crew; ``share`` is what each worker would get of all."""
        analysis, crew = slots[0].analysis, self._crew
        if crew is None and id(analysis) not in self._loading:
            # A network takes seconds to load: one thread begins with that while the others decode.
            self._loading.add(id(analysis))
            self._pending[self._pool.submit(_is_judged_side_by_side, analysis)] = ()
        size = min(_CREW_IN_A_ROW, share) if crew else max(1, min(_MOST_IN_A_ROW, len(slots) // self._num_workers))
        for first in range(0, len(slots), size):
            some = slots[first : first + size]
            if crew is None:
                self._pending[self._pool.submit(self._look_at, some)] = ()
            else:
                wishes = [slot.moments for slot in some]
                self._pending[crew.submit(analysis, some[0].shot.media, wishes)] = some

    def _slot(self, shot: Shot, analysis: Analysis) -> _Slot:
        try:
            moments = analysis.moments(shot)
        except MediaError as error:  # too short a shot, for an analysis that needs some time
            return _Slot(shot, analysis, (), None, answer=str(error))
        key = self._cache.key(shot.media, moments, analysis) if self._cache is not None else None
        return _Slot(shot, analysis, moments, key)

    def _look_at(self, slots: Sequence[_Slot]) -> None:
        """Decode shots of one file, and judge them if that can be done side by side; runs on a thread."""
        for slot in slots:
            started = time.perf_counter()
            if self._is_stopping:
                return
            seen = look(slot.shot.media, slot.moments, slot.analysis.short_side, self._decode)
            self._spend("decode", started)
            slot.is_lasting = seen.is_lasting
            if isinstance(seen.pictures, str):
                slot.answer = seen.pictures
            elif _is_judged_side_by_side(slot.analysis):
                self._judge([slot], [seen.pictures])
            else:
                slot.frames = seen.pictures

    def _work_on(self) -> None:
        """Wait until something more is known, or judge a batch if there is one."""
        done = wait(self._pending, timeout=0).done
        for future in done:
            slots, looked = self._pending.pop(future), future.result()  # an error in a thread is an error here
            if isinstance(looked, Looked):
                self._take_answers(slots, looked)
        waiting = (slot for slot in self._slots if slot.frames is not None)
        first = next(waiting, None)
        same = (slot for slot in waiting if first is not None and slot.analysis is first.analysis)
        batch = [first, *islice(same, _BATCH - 1)] if first is not None else []
        if batch and (len(batch) == _BATCH or not self._pending):
            frames = [slot.frames for slot in batch if slot.frames is not None]
            for slot in batch:
                slot.frames = None
            self._judge(batch, frames)
        elif self._pending and not done:
            wait(self._pending, return_when=FIRST_COMPLETED)

    def _take_answers(self, slots: Sequence[_Slot], looked: Looked) -> None:
        for slot, answer, is_lasting in zip(slots, looked.answers, looked.are_lasting, strict=True):
            slot.answer, slot.is_lasting = answer, is_lasting
        self._spent["decode"] += looked.decode_seconds
        self._spent["judge"] += looked.judge_seconds

    def _judge(self, slots: Sequence[_Slot], frames: Sequence[Frames]) -> None:
        started = time.perf_counter()
        predictions = slots[0].analysis.predict(frames)
        for slot, prediction, seen in zip(slots, predictions, frames, strict=True):
            slot.answer = replace(prediction, failures=seen.failures)
        self._spend("judge", started)

    def _spend(self, stage: str, started: float) -> None:
        with self._lock:
            self._spent[stage] += time.perf_counter() - started

    def _result(self, slot: _Slot) -> Tag | Skip:
        shot, answer = slot.shot, slot.found()
        assert answer is not None
        asks = (id(slot.analysis), shot.media, tuple(slot.moments))
        if self._asked.get(asks) is slot:
            del self._asked[asks]
        if self._cache is not None and slot.key is not None and slot.is_new and slot.is_lasting:
            self._cache.keep(slot.key, answer)
        if isinstance(answer, str):
            return Skip(shot.address, shot.name, shot.track, shot.record, answer)
        return Tag(shot, slot.analysis.name, answer, slot.analysis.model)


def _is_judged_side_by_side(analysis: Analysis) -> bool:
    return bool(getattr(analysis, "side_by_side", False))
