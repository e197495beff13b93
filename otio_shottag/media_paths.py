"""A clip's media reference -> a file here.

Timelines name their media as URLs, bare paths, Windows paths and network shares, written on
other machines. Pure text until ``MediaFinder`` asks the disk. OTIO's own ``url_utils`` is not
used: it turns ``C:\\a\\b.mov`` into ``\\a\\b.mov``, a share into ``.``, and drops all after ``#``.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from otio_shottag.errors import MediaError

_DRIVE = re.compile(r"^/?[A-Za-z]:[\\/]")
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):")


def spellings(url: str) -> list[str]:
    """Give the paths that a reference may mean, likeliest first, with forward slashes.

    More than one where it may or may not be percent-encoded: exporters disagree. Empty for an
    empty reference. Raises MediaError for what is no local file (``http://...``).
    """
    text = url.strip()
    scheme = _SCHEME.match(text)
    if _DRIVE.match(text) or text.startswith("\\\\"):
        return _both(text.lstrip("/").replace("\\", "/"))
    if scheme is None:
        # Backslashes without a drive come from Windows, too, if they are no part of the name.
        return list(dict.fromkeys([*_both(text), *_both(text.replace("\\", "/"))]))
    if scheme.group(1).lower() != "file":
        raise MediaError(f"not a file on this machine: {url}")
    rest = text[len("file:") :].replace("\\", "/")
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        # "file://C:/a.mov" is written by some, with the drive where the host should stand.
        if re.fullmatch(r"[A-Za-z](:|%3[Aa])", host):
            rest = f"{host}/{path}"
        elif host.lower() in ("", "localhost", "127.0.0.1"):
            rest = slash + path
        else:
            rest = f"//{host}/{path}"
    decoded_first = [unquote(rest), rest]
    return list(dict.fromkeys(path.lstrip("/") if _DRIVE.match(path) else path for path in decoded_first))


def _both(path: str) -> list[str]:
    """Give a bare path as it is, then percent-decoded."""
    return list(dict.fromkeys(spelling for spelling in (path, unquote(path)) if spelling))


def is_windows(path: str) -> bool:
    """Say whether a path with forward slashes starts with a drive or a share."""
    return bool(_DRIVE.match(path)) or path.startswith("//")


@dataclass(frozen=True)
class PathMap:
    """One ``--map FROM=TO``: what a path began with where the cut was made, and what it is here."""

    source: str
    """Forward slashes, none at the end."""
    target: str

    @classmethod
    def parse(cls, text: str) -> "PathMap":
        """Read ``FROM=TO``. Raises ValueError, in words for the user."""
        source, equals, target = text.partition("=")
        source, target = (
            part.strip().replace("\\", "/") if _windows_like(part) else part.strip() for part in (source, target)
        )
        if not equals or not source.strip("/ ") or not target.strip():
            raise ValueError(f"{text!r} is no path map; should be FROM=TO, as in P:/show=/mnt/show")
        return cls(source.rstrip("/"), target.rstrip("/") or "/")

    def apply(self, path: str) -> str | None:
        """Give the mapped path, or None where it does not begin with ``source``.

        Windows paths compare without regard to case; a prefix ends at a folder's name.
        """
        head, tail = path[: len(self.source)], path[len(self.source) :]
        same = head.lower() == self.source.lower() if is_windows(path) else head == self.source
        if not same or (tail and not tail.startswith("/")):
            return None
        return self.target.rstrip("/") + tail if tail else self.target


def _windows_like(part: str) -> bool:
    return (
        bool(_DRIVE.match(part.strip()))
        or part.strip().startswith("\\\\")
        or re.fullmatch(r"\s*[A-Za-z]:\s*", part) is not None
    )


@dataclass
class FilesBelow:
    """The files below some folders, by name; looked through when first asked."""

    roots: tuple[Path, ...]

    @cached_property
    def by_name(self) -> dict[str, list[Path]]:
        """Files by their lower-case names, with and without ending."""
        return _names_below(self.roots)


@dataclass
class MediaFinder:
    """Finds footage that is rarely where the timeline says.

    In this order: the path as written (after the maps), the path below the cut's own folder,
    the path's tail below each root, then any file of that name anywhere below a root.
    """

    folder: Path | None = None
    """Where relative references start: the folder of the cut."""
    roots: tuple[Path, ...] = ()
    maps: tuple[PathMap, ...] = ()
    below: "FilesBelow | None" = field(default=None, repr=False)
    """What lies below the roots; finders for several cuts may share it, so that it is looked through once."""
    _found: dict[str, Path | None] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.below = self.below or FilesBelow(self.roots)

    def beside(self, folder: Path | None) -> "MediaFinder":
        """Give the finder for a cut in another folder, with the same maps and roots."""
        return replace(self, folder=folder)

    def find(self, url: str) -> Path:
        """Give the file that a reference means here.

        Raises MediaError: nothing of that name, several of that name, or no local file.
        """
        if url not in self._found:
            self._found[url] = self._look(url)
        found = self._found[url]
        if found is None:
            raise MediaError(f"media not found: {url}")
        return found

    def find_named(self, names: Iterable[str]) -> Path | None:
        """Give the file below the roots that one of these names means, with or without ending."""
        for name in names:
            tail = name.strip().replace("\\", "/").rpartition("/")[2]
            found = self._by_name(tail, wanted=tail) if tail else None
            if found is not None:
                return found
        return None

    def _look(self, url: str) -> Path | None:
        paths = spellings(url)
        paths = [mapped for path in paths for mapped in self._mapped(path)] + paths
        for path in paths:
            for candidate in self._candidates(path):
                if _exists(candidate):
                    return candidate
        for path in paths:
            found = self._by_name(path.rpartition("/")[2], wanted=path)
            if found is not None:
                return found
        return None

    def _mapped(self, path: str) -> list[str]:
        return [mapped for one in self.maps if (mapped := one.apply(path)) is not None]

    def _candidates(self, path: str) -> Iterable[Path]:
        absolute = path.startswith("/") or is_windows(path)
        if absolute:
            yield Path(path)
        elif self.folder is not None:
            yield self.folder / path
        parts = [part for part in path.split("/") if part not in ("", ".", "..") and not part.endswith(":")]
        for root in self.roots:
            for start in range(len(parts)):
                yield root.joinpath(*parts[start:])

    def _by_name(self, name: str, *, wanted: str) -> Path | None:
        """Look a file name up below the roots; the one whose folders agree most with ``wanted``."""
        if not self.roots or not name or self.below is None:
            return None
        matches = self.below.by_name.get(name.lower(), [])
        if len(matches) < 2:
            return matches[0] if matches else None
        agreement = {path: _shared_tail(path, wanted) for path in matches}
        best = max(agreement.values())
        closest = [path for path in matches if agreement[path] == best]
        if len(closest) > 1:
            raise MediaError(
                f"several files are called {name}: {closest[0]} and {closest[1]}; name a closer --media-root"
            )
        return closest[0]


def _names_below(roots: Iterable[Path]) -> dict[str, list[Path]]:
    """Map lower-case file names below the roots, with and without ending, to the files."""
    names: dict[str, list[Path]] = {}
    seen: set[Path] = set()
    for root in roots:
        for folder, subfolders, files in os.walk(root):
            subfolders.sort()
            for file in sorted(files):
                path = Path(folder, file)
                if path in seen:
                    continue
                seen.add(path)
                for key in {file.lower(), path.stem.lower()}:
                    names.setdefault(key, []).append(path)
    return names


def _shared_tail(path: Path, wanted: str) -> int:
    """Count the folders, from the file upward, that two paths have in common."""
    count = 0
    for ours, theirs in zip(reversed(path.parts[:-1]), reversed(wanted.split("/")[:-1]), strict=False):
        if ours.lower() != theirs.lower():
            break
        count += 1
    return count


def _exists(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):  # a name too long for the disk, or one with a NUL in it
        return False
