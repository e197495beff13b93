"""What may be written where: checked before the work is done, not after it."""

import os
from collections.abc import Sequence
from pathlib import Path

from otio_shottag.errors import FormatError


def check_targets(cut: Path, targets: Sequence[Path], *, force: bool) -> None:
    """Raise FormatError for an output that cannot be written, or that would replace the input.

    What is there already is replaced only with ``force``.
    """
    seen: set[Path] = set()
    for path in targets:
        resolved = path.resolve()
        if resolved == cut.resolve():
            raise FormatError(f"{path}: is the input, which is never written over; name another file with -o")
        if resolved in seen:
            raise FormatError(f"{path}: is named twice; every output needs its own file")
        seen.add(resolved)
        if path.exists() and not force:
            raise FormatError(f"{path}: is there already; --force replaces it, -o names another")
        if not resolved.parent.is_dir():
            raise FormatError(f"{path}: there is no folder {path.parent}; make it first")
        if not os.access(resolved.parent, os.W_OK):
            raise FormatError(f"{path}: the folder {path.parent} cannot be written to; name another place with -o")
