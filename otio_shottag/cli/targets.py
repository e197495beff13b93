"""What may be written where, checked before the work is done and not after it; and the writing itself."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from otio_shottag.errors import FormatError

if TYPE_CHECKING:
    from otio_shottag.formats import Delivery

Target = tuple[Path, str | None]
"""A file to write and its format; None leaves that to its ending."""

_BUNDLE = ".fcpxmld"


def check_targets(cut: Path, targets: Sequence[Path], *, force: bool) -> None:
    """Raise FormatError for an output that cannot be written, or that would replace the input.

    What is there already is replaced only with ``force``, and a folder only where it is a bundle.
    """
    source = _real(cut)
    seen: set[Path] = set()
    for path in targets:
        resolved = _real(path)
        # samefile sees through links, and through letters' case where the disk does not care.
        is_same = resolved == source or (path.exists() and cut.exists() and path.samefile(cut))
        if is_same:
            raise FormatError(f"{path}: is the input, which is never written over; name another file with -o")
        if resolved.is_relative_to(source) or source.is_relative_to(resolved):
            raise FormatError(
                f"{path}: lies in the input or holds it, which is never changed; name another place with -o"
            )
        if resolved in seen:
            raise FormatError(f"{path}: is named twice; every output needs its own file")
        seen.add(resolved)
        if path.is_dir() and path.suffix.lower() != _BUNDLE:
            raise FormatError(f"{path}: is a folder; name a file")
        if (path.exists() or path.is_symlink()) and not force:
            raise FormatError(f"{path}: is there already; --force replaces it, -o names another")
        if not resolved.parent.is_dir():
            raise FormatError(f"{path}: there is no folder {path.parent}; make it first")
        if not os.access(resolved.parent, os.W_OK):
            raise FormatError(f"{path}: the folder {path.parent} cannot be written to; name another place with -o")


def write_targets(delivery: "Delivery", targets: Sequence[Target]) -> tuple[list[Path], list[FormatError]]:
    """Write every output; give those that are written, and why others are not: one does not keep the others from it."""
    from otio_shottag.formats import WRITERS, format_of

    written: list[Path] = []
    problems: list[FormatError] = []
    for path, name in targets:
        try:
            WRITERS[format_of(path, name)].write(delivery, path)
            written.append(path)
        except FormatError as error:
            problems.append(error)
        except RecursionError:
            problems.append(FormatError(f"{path}: compound clips are nested too deep to write"))
    return written, problems


def joined(problems: Sequence[FormatError], written: Sequence[Path]) -> FormatError:
    """Put what went wrong into one line, with what was written nevertheless."""
    others = f" (wrote {', '.join(map(str, written))})" if written else ""
    return FormatError("; ".join(map(str, problems)) + others)


def _real(path: Path) -> Path:
    """Follow links; unlike Path.resolve, links in a circle are no error."""
    return Path(os.path.realpath(path))
