"""Files that appear whole or not at all: written beside their target, then renamed over it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from otio_shottag.errors import FormatError


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole. Raises FormatError where the disk refuses."""
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Lend a temporary path that becomes ``path`` at the end, or vanishes when something goes wrong.

    Raises FormatError where the disk refuses, or where something that is no file stands there.
    """
    temporary = _beside(path, "part")
    try:
        if path.exists() and not path.is_file():
            raise FormatError(f"{path}: is not a regular file; name another")
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise FormatError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, *, holds: str) -> Iterator[Path]:
    """Lend a new folder that takes the place of ``path`` at the end; see ``whole_file``.

    Only a bundle of the same kind is replaced, which is known by the file it ``holds``.
    """
    temporary, replaced = _beside(path, "part"), _beside(path, "old")
    try:
        if path.exists() and not (path.is_dir() and (path / holds).is_file()):
            raise FormatError(f"{path}: is there and no such bundle; name another")
        temporary.mkdir()
        yield temporary
        if path.exists():
            os.replace(path, replaced)
        try:
            os.replace(temporary, path)
        except OSError:
            if replaced.exists():
                os.replace(replaced, path)
            raise
    except OSError as error:
        raise FormatError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def remove_part(path: Path, process: int) -> None:
    """Take away what a process that was killed while it wrote ``path`` left beside it, if it did."""
    part = _beside(path, "part", process)
    if part.is_dir() and not part.is_symlink():
        shutil.rmtree(part, ignore_errors=True)
    else:
        with suppress(OSError):
            part.unlink()


def _beside(path: Path, ending: str, process: int | None = None) -> Path:
    # Cut short: a name near the system's limit leaves no room for our ending.
    return path.with_name(f".{path.name[:80]}.{process or os.getpid()}.{ending}")
