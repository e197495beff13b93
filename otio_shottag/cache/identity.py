"""Tells media files apart without reading them whole.

A file is its length, the second in which it was last changed, and some blocks from its head, its tail and
between. So a renamed file is the same file, and a copy that keeps the time (as Finder, Explorer, ``cp -p`` and
rsync make it). The time counts because a film rendered again at a constant rate may have every one of those
blocks the same, and other frames between them.
"""

import os
import stat
from collections.abc import Sequence
from hashlib import blake2b
from math import floor
from pathlib import Path

from otio_shottag.shots import ImageSequence, Media, Moment, NearMoment

_NUM_BLOCKS = 16
_BLOCK = 2**14
"""Bytes: with 16 of them a quarter of a megabyte, whatever the file's length."""

Stamp = tuple[int, int]
"""A file's length in bytes and its time of change in nanoseconds."""


def stamp_of(path: Path) -> Stamp | None:
    """Give a file's length and time of change; None where it is not there, or no file: a pipe would wait for ever."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    is_sound = stat.S_ISREG(status.st_mode) and abs(status.st_mtime_ns) < 2**62
    return (status.st_size, status.st_mtime_ns) if is_sound else None


def content_identity(path: Path, stamp: Stamp) -> bytes | None:
    """Read some blocks of a file and give what tells it from others; None where it cannot be read."""
    size, changed = stamp
    digest = blake2b(digest_size=16)
    digest.update(f"{size} {changed // 10**9}".encode())
    starts = [max(0, size - _BLOCK) * number // (_NUM_BLOCKS - 1) for number in range(_NUM_BLOCKS)]
    try:
        with path.open("rb", buffering=0) as file:
            for start in dict.fromkeys(starts):
                file.seek(start, os.SEEK_SET)
                digest.update(file.read(_BLOCK))
    except OSError:
        return None
    return digest.digest()


def files_of(media: Media, moments: Sequence[Moment]) -> list[Path]:
    """Name the files that pictures at these moments come from."""
    if not isinstance(media, ImageSequence):
        return [media]
    seconds = [moment.seconds if isinstance(moment, NearMoment) else moment for moment in moments]
    return [media.picture(floor(when * media.rate)) for when in seconds]
