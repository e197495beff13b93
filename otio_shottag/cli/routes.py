"""``--for X`` on the command line: which files that means, and the lines that say how to import them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from otio_shottag.timeline import Cut

EDITORS = ("resolve", "premiere", "fcp", "avid")

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class FileSet:
    """The files that one editor gets."""

    editor: str
    """Its name in ``EDITORS``."""
    files: tuple[tuple[Path, str], ...]
    """Each with the name of its format."""


def _editors_of(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    names = [name.strip().lower() for value in values for name in value.split(",")]
    for name in names:
        if name not in EDITORS:
            raise click.BadParameter(f"{name!r} is no editor known here; one of {', '.join(EDITORS)}", ctx, param)
    return tuple(dict.fromkeys(names))


def for_option(command: F) -> F:
    """Add ``--for``."""
    return click.option(
        "--for", "editors", multiple=True, callback=_editors_of, metavar="EDITOR",
        help=f"Write the files that EDITOR takes, of {', '.join(EDITORS)}, and say how to import them. They lie "
        "beside CUT, or in the folder that an -o names; an -o that names a file is written as well. Repeatable, and "
        "commas will do.",
    )(command)  # fmt: skip


def plan(
    cut: Path, outputs: Sequence[Path], formats: Sequence[str], editors: Sequence[str]
) -> tuple[list[FileSet], tuple[Path, ...]]:
    """Tell the file sets from the single files that are asked for; without either, the usual one."""
    if not editors:
        # "cut.otiod/" and "film.fcpxmld/" are folders, and their name ends in a slash for the shell.
        return [], tuple(outputs) or (cut.with_name(f"{cut.stem}.tagged.otio"),)
    from otio_shottag.formats.routes import ROUTES, set_of_files

    folders = [path for path in outputs if path.is_dir() and path.suffix.lower() != ".fcpxmld"]
    if len(folders) > 1:
        raise click.UsageError(f"--for writes into one folder; -o names {len(folders)}: {', '.join(map(str, folders))}")
    files = tuple(path for path in outputs if path not in folders)
    if not formats and (bare := [str(path) for path in files if not path.suffix]):
        raise click.UsageError(f"-o {bare[0]}: is no folder here; make it first, or give a file an ending")
    if formats and not files:
        raise click.UsageError("--format is for a file that -o names; --for picks its own formats")
    folder = folders[0] if folders else cut.parent
    return [FileSet(name, tuple(set_of_files(ROUTES[name], cut, folder))) for name in editors], files


def show_steps(sets: Sequence[FileSet], cut: "Cut") -> None:
    """Say how each file set gets into its editor, in two lines each."""
    from otio_shottag.cli.output import note, plain
    from otio_shottag.formats.routes import ROUTES

    for one in sets:
        route = ROUTES[one.editor]
        names = [plain(path.name) for path, _ in one.files]
        for step in route.steps:
            note(f"{route.editor}: {step.format(*names)}")
    if sets and cut.format == "otioz":
        note("note: no editor reaches the media inside an .otioz; unpack it and relink, or start from an .otio")


def show_doubts(cut: "Cut") -> None:
    """Say what of the cut may have been meant otherwise."""
    from otio_shottag.cli.output import note
    from otio_shottag.formats.routes import doubts

    for doubt in doubts(cut):
        note(f"note: {doubt}")
