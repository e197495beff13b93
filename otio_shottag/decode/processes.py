"""Decoding in processes of their own: for machines with many cores, and for files that bring a decoder down.

A file that kills its process takes nothing else with it; it is tried once more and is then an error like any other.
Pickle is what carries pictures between our own processes; nothing of a stranger's goes through it.
"""

import multiprocessing
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, NamedTuple

from otio_shottag.decode.hardware import Hardware
from otio_shottag.decode.open_files import OpenFiles
from otio_shottag.errors import MediaError
from otio_shottag.shots import Frames, Media, Moment

_TRIES = 2
"""Processes that one shot may kill."""


class DecodeProcesses:
    """Lends a process to each thread that decodes; as many at a time as there are processes."""

    def __init__(self, count: int, *, hardware: Hardware | None = None) -> None:
        self._hardware = hardware or Hardware()
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()
        self._places = threading.Semaphore(count)

    def __enter__(self) -> "DecodeProcesses":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def decode_frames(self, media: Media, moments: Sequence[Moment], short_side: int) -> Frames:
        """Decode as ``decode_frames`` does, in another process.

        Raises MediaError, also where the file brought the process down twice.
        """
        with self._places:
            for _ in range(_TRIES):
                worker = self._take(media)
                try:
                    worker.link.send((media, moments, short_side))
                    answer, counts = worker.link.recv()
                except (EOFError, OSError):
                    worker.stop()
                    continue
                except BaseException:
                    worker.stop()  # it may still be at work, and would answer the next question with this one's
                    raise
                with self._lock:
                    self._hardware.add(counts)
                    self._idle.append(worker._replace(last=media))
                if isinstance(answer, Frames):
                    return answer
                raise answer
        raise MediaError(f"{media}: brought the decoder down {_TRIES} times")

    def close(self) -> None:
        """End every process that is not lent."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.stop()

    def _take(self, media: Media) -> "_Worker":
        """Give an idle process, the one that has the file open if there is one; else a new one."""
        with self._lock:
            if self._idle:
                best = max(range(len(self._idle)), key=lambda number: self._idle[number].last == media)
                return self._idle.pop(best)
        # Not forked: a fork takes the locks of FFmpeg's and torch's threads with it, some of them locked.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._hardware.wish), daemon=True)
        with _without_ctrl_c():
            process.start()
        theirs.close()  # so that the end of the process is the end of the pipe
        return _Worker(process, ours, None)


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Let what is started here be deaf to Ctrl-C from its first moment, not only once it has imported everything."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # multiprocessing starts it with the first process, and then lifts the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Worker(NamedTuple):
    process: multiprocessing.process.BaseProcess
    link: "Connection[Any, Any]"
    last: Media | None
    """The file that it read last."""

    def stop(self) -> None:
        self.link.close()
        self.process.terminate()
        self.process.join()


def _serve(link: "Connection[Any, Any]", wish: str) -> None:
    """Decode what is asked for until nobody is there to ask."""
    from otio_shottag.decode.decoding import decode_frames

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all of a terminal's processes; the first one decides
    hardware = Hardware(wish)
    with OpenFiles(hardware=hardware) as files:
        while True:
            try:
                media, moments, short_side = link.recv()
            except (EOFError, OSError):
                return
            answer: Frames | Exception
            try:
                answer = decode_frames(media, moments, short_side, files=files)
            except Exception as error:  # whatever it is, it is raised where the frames were asked for
                answer = error
            link.send((answer, hardware.take()))
