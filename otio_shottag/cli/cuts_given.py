"""Which cuts are meant by names, folders and patterns; pure paths, nothing is opened.

A folder stands for the timelines below it, a pattern for what it matches. Hidden names, what we wrote
ourselves, and what lies in the folder of the outputs are left out. Links are followed, each folder is gone
through once.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from glob import has_magic
from pathlib import Path, PurePath

from otio_shottag.timeline import KINDS

BUNDLES = (".otiod", ".fcpxmld")
"""Folders that are cuts."""
_MOVIES = (".mp4", ".mov", ".mkv", ".mxf", ".avi", ".m4v", ".webm", ".mpg", ".mpeg", ".mts", ".m2ts", ".wmv", ".ogv")
_OURS = (".tagged", ".markers")
"""What the names of our outputs end in, before the ending."""

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A cut that is meant."""

    path: Path
    below: PurePath = field(default_factory=PurePath)
    """The folders between what was named and the cut: ``b/c`` of ``a/b/c/ep1.otio`` for the name ``a``."""


@dataclass(slots=True)
class Found:
    """What names stand for."""

    cuts: list[Given] = field(default_factory=list)
    """In the order of the names, each once; those of a folder sorted."""
    num_ours: int = 0
    """Outputs of ours that were left out."""
    problems: list[str] = field(default_factory=list)
    """What of the names means nothing, a sentence each."""


def is_bundle(path: Path) -> bool:
    """Say whether a folder is a cut by its name."""
    return path.suffix.lower() in BUNDLES


def is_folder(path: Path) -> bool:
    """Say whether a path is a folder that holds cuts, and is none itself."""
    return not is_bundle(path) and path.is_dir()


def is_pattern(path: Path) -> bool:
    """Say whether a name is a pattern: ``cuts/**/*.otio``. A file of that very name wins."""
    return has_magic(str(path)) and not os.path.lexists(path)


def find_cuts_given(names: Iterable[Path], *, outputs: Path | None) -> Found:
    """Give the cuts that names stand for; ``outputs`` is the folder that results go to, if there is one."""
    found = Found()
    named: list[Given] = []
    for name in names:
        if is_folder(name):
            named += _in_folder(name, outputs, found)
        elif is_pattern(name):
            named += _by_pattern(name, outputs, found)
        else:
            named.append(Given(name))
    once: dict[str, Given] = {}
    for cut in named:
        # The folder without links, the file as it is called: another link to a file is another name for its outputs.
        once.setdefault(os.path.join(os.path.realpath(cut.path.parent), cut.path.name), cut)
    # The shell's own "cuts/*.otio" names what the last run wrote beside the cuts.
    sources = {(os.path.dirname(place), os.path.splitext(os.path.basename(place))[0]) for place in once}
    for place, cut in once.items():
        stem, ours = os.path.splitext(cut.path.stem)
        if ours in _OURS and (os.path.dirname(place), stem) in sources:
            found.num_ours += 1
        else:
            found.cuts.append(cut)
    if found.num_ours and not found.cuts and not found.problems:
        found.problems.append("only files that otio-shottag wrote are named; name the cuts that they were made from")
    return found


def _in_folder(folder: Path, outputs: Path | None, found: Found) -> list[Given]:
    """Give the timelines below a folder."""
    everything = sorted(_below(folder, outputs, found))
    timelines = [parts for parts in everything if _ending(parts) in KINDS and _ending(parts) != ".json"]
    cuts = [parts for parts in timelines if not _is_ours(parts)]
    found.num_ours += len(timelines) - len(cuts)
    if not timelines:
        movies = [parts for parts in everything if _ending(parts) in _MOVIES]
        if movies:
            pattern = folder / "**" / f"*{os.path.splitext(movies[0][-1])[1]}"
            found.problems.append(
                f"{folder}: holds no timeline, and its {len(movies)} movies are taken for footage; "
                f"to have their cuts found, name them: '{pattern}'"
            )
        else:
            endings = ", ".join(ending for ending in KINDS if ending != ".json")
            found.problems.append(f"{folder}: holds no timeline; should hold {endings}")
    return [Given(folder.joinpath(*parts), PurePath(*parts[:-1])) for parts in cuts]


def _by_pattern(pattern: Path, outputs: Path | None, found: Found) -> list[Given]:
    """Give the files that a pattern matches, in which ``**`` stands for any number of folders."""
    fixed = next(at for at, part in enumerate(pattern.parts) if has_magic(part))
    folder, rest = Path(*pattern.parts[:fixed]), pattern.parts[fixed:]
    matched = sorted(
        parts for parts in _below(folder, outputs, found, lambda parts: _may_lead(parts, rest)) if _fits(parts, rest)
    )
    cuts = [parts for parts in matched if not _is_ours(parts)]
    found.num_ours += len(matched) - len(cuts)
    if not matched:
        found.problems.append(f"{pattern}: matches no file")
    return [Given(folder.joinpath(*parts), PurePath(*parts[:-1])) for parts in cuts]


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[at:], pattern[1:] or ("*",)) for at in range(len(parts)))
    return bool(parts) and fnmatch(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _may_lead(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Say whether something in a folder may fit."""
    for part, wanted in zip(parts, pattern, strict=False):
        if wanted == "**":
            return True
        if not fnmatch(part, wanted):
            return False
    return len(parts) < len(pattern)


def _below(
    folder: Path, outputs: Path | None, found: Found, enters: Callable[[Parts], bool] = lambda parts: True
) -> Iterator[Parts]:
    """Give the files and bundles below a folder, as the parts of their paths from there."""
    seen: set[str] = set()
    left_out = None if outputs is None else os.path.realpath(outputs)
    if left_out is not None and Path(os.path.realpath(folder)).is_relative_to(left_out):
        left_out = None  # whoever names the outputs' folder means it
    waiting: list[Parts] = [()]
    while waiting:
        parts = waiting.pop()
        real = os.path.realpath(folder.joinpath(*parts))
        if real in seen or real == left_out:
            continue
        seen.add(real)
        try:
            with os.scandir(folder.joinpath(*parts)) as entries:
                # Unlike an entry's own is_dir(), os.path's takes a link to itself.
                kinds = [(entry.name, os.path.isdir(entry)) for entry in entries]
        except OSError as error:
            found.problems.append(f"{folder.joinpath(*parts)}: cannot be looked through: {error.strerror or error}")
            continue
        for name, is_dir in kinds:
            below = (*parts, name)
            if name.startswith("."):
                continue
            if not is_dir or is_bundle(Path(name)):  # of a pipe, or a link to nothing, reading says what it is
                yield below
            elif enters(below):
                waiting.append(below)


def _ending(parts: Parts) -> str:
    return os.path.splitext(parts[-1])[1].lower()


def _is_ours(parts: Parts) -> bool:
    return os.path.splitext(os.path.splitext(parts[-1])[0])[1] in _OURS
