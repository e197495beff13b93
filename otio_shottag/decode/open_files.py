"""Media files that stay open between the shots that are decoded from them.

Opening a file and finding its first picture costs as much as several samples of it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from otio_shottag.decode.hardware import Hardware
from otio_shottag.errors import MediaError

if TYPE_CHECKING:
    from otio_shottag.decode.reading import Reader

_MOST_IDLE = 8
"""Readers kept open without work; each holds the last pictures of its decoder, some 50 MB in 4K."""


class OpenFiles:
    """Lends readers of files, and keeps those that come back for the next shot of the same file.

    Several threads may borrow at once, each its own reader.
    """

    def __init__(self, *, threads: int = 1, hardware: Hardware | None = None) -> None:
        """Decode each file on so many threads: 1 where several are decoded side by side."""
        self._threads = threads
        self._hardware = hardware or Hardware()
        self._idle: list[tuple[Path, Reader]] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "OpenFiles":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def borrowed(self, path: Path, *, fresh: bool = False) -> "Iterator[Reader]":
        """Lend a reader of a file; a ``fresh`` one has read nothing yet.

        Raises MediaError where the file cannot be opened. After an error the reader is not lent again.
        """
        reader = None if fresh else self._take(path)
        if reader is None:
            reader = self._open(path)
        try:
            yield reader
        except BaseException:
            reader.close()
            raise
        reader.is_fresh = False
        if reader.has_met_damage:
            reader.close()
        else:
            self._put_back(path, reader)

    def close(self) -> None:
        """Close every reader that is not lent."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, reader in idle:
            reader.close()

    def _open(self, path: Path) -> "Reader":
        from otio_shottag.decode.reading import Reader

        accelerator = self._hardware.accelerator()
        try:
            reader = Reader(path, threads=self._threads, hardware=accelerator)
        except MediaError:
            if accelerator is None:
                raise
            reader = Reader(path, threads=self._threads)  # the card's memory may be full, and the file sound
        self._hardware.note(is_used=reader.is_on_hardware)
        return reader

    def _take(self, path: Path) -> "Reader | None":
        with self._lock:
            for number, (idle_path, reader) in enumerate(self._idle):
                if idle_path == path:
                    del self._idle[number]
                    return reader
        return None

    def _put_back(self, path: Path, reader: "Reader") -> None:
        with self._lock:
            self._idle.append((path, reader))
            surplus = self._idle[:-_MOST_IDLE]
            self._idle = self._idle[-_MOST_IDLE:]
        for _, old in surplus:
            old.close()
