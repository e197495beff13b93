"""``CUT...`` and ``--resume``: says whether one cut is meant or many, and goes the one way or the other."""

import os
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

F = TypeVar("F", bound=Callable[..., Any])

_FOLDERS = "otio_shottag.folders"
"""Where a run's context keeps the names that were given with a slash at their end."""


class OutPath(click.Path):
    """A path that is known for a folder's when it was given as ``tagged/``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = super().convert(value, param, ctx)
        if ctx is not None and str(value).endswith(("/", os.sep)):
            ctx.meta.setdefault(_FOLDERS, set()).add(path)
        return path


def one_or_many(command: F) -> F:
    """Add the argument; one plain CUT goes to the command, as ``cut``, everything else to ``tag_many``."""

    @wraps(command)
    def either(*, cuts: tuple[Path, ...], resume: bool, **options: Any) -> Any:
        if not resume and _is_one(cuts, options["outputs"], options["editors"]):
            return command(cut=cuts[0], **options)
        from otio_shottag.cli.many import tag_many

        folder = _folder(options["outputs"])
        for name, instead in {
            "json_path": "--json names one file; of many cuts, --format json writes one for each",
            "report": "--report draws one page; for many cuts, otio-shottag report CUT... draws one of all",
            "keep_partial": "--keep-partial is for one cut; of many those that are finished stay, --resume goes on",
        }.items():
            if options.pop(name):
                raise click.UsageError(instead)
        del options["outputs"], options["no_heat_maps"]
        return tag_many(cuts, folder=folder, resume=resume, **options)

    wrapped = click.option(
        "--resume", is_flag=True,
        help="Leave out cuts that an earlier run wrote and that nothing has changed for since; go on with the others.",
    )(either)  # fmt: skip
    argument = click.argument("cuts", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="CUT...")
    return cast(F, argument(wrapped))


def _is_one(cuts: Sequence[Path], outputs: Sequence[Path], editors: Sequence[str]) -> bool:
    from otio_shottag.cli.cuts_given import is_folder, is_pattern

    if len(cuts) > 1 or is_folder(cuts[0]) or is_pattern(cuts[0]):
        return False
    named = click.get_current_context().meta.get(_FOLDERS, ())
    # A shell's pattern may have matched one cut only, of those that shall go into a folder. --for takes one as it is.
    return not any((path in named and not path.exists()) or (is_folder(path) and not editors) for path in outputs)


def _folder(outputs: Sequence[Path]) -> Path | None:
    """Give the one folder that many cuts are written into; None where each is written beside itself."""
    from otio_shottag.cli.cuts_given import is_bundle
    from otio_shottag.formats import WRITERS

    if not outputs:
        return None
    if len(outputs) > 1:
        raise click.UsageError(f"many cuts go into one folder; -o names {len(outputs)}: {', '.join(map(str, outputs))}")
    (folder,) = outputs
    real = Path(os.path.realpath(folder))
    if any(is_bundle(one) for one in (folder, real, *real.parents)):
        raise click.UsageError(f"-o {folder}: is a bundle or lies in one; many cuts go into a plain folder")
    endings = {ending for writer in WRITERS.values() for ending in writer.endings} | {".html", ".htm"}
    if not folder.is_dir() and (folder.exists() or folder.suffix.lower() in endings):
        raise click.UsageError(f"-o {folder}: names a file; many cuts, and --resume, go into a folder")
    return folder
