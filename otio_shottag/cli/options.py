"""Options that several verbs share: which cut, where its footage is, how to judge."""

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from otio_shottag.cache import Cache
    from otio_shottag.cli.workforce import Workforce
    from otio_shottag.cuts import Detection
    from otio_shottag.media_paths import PathMap
    from otio_shottag.shots import Shot, Skip
    from otio_shottag.timeline import Cut

F = TypeVar("F", bound=Callable[..., Any])


def rate_of(ctx: click.Context, param: click.Parameter, value: str | None) -> Fraction | None:
    """Read a frame rate as a user writes it; for ``callback=``."""
    from otio_shottag.rates import parse_rate

    try:
        return None if value is None else parse_rate(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error


def _maps_of(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> "tuple[PathMap, ...]":
    from otio_shottag.media_paths import PathMap, is_windows

    try:
        maps = [PathMap.parse(value) for value in values]
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error
    # A folder on the command line starts where the shell stands, not beside the cut.
    here = [one.target if is_windows(one.target) else os.path.abspath(one.target) for one in maps]
    return tuple(PathMap(one.source, target) for one, target in zip(maps, here, strict=True))


def _folders_of(ctx: click.Context, param: click.Parameter, values: tuple[Path, ...]) -> tuple[Path, ...]:
    for path in values:
        if not path.is_dir():
            raise click.BadParameter(f"{str(path)!r} is no folder here", ctx, param)
    return values


def cut_options(command: F) -> F:
    """Add the options that say what to read and where its footage is."""
    for option in reversed(
        [
            click.option(
                "--media-root", "media_roots", type=click.Path(path_type=Path), callback=_folders_of, multiple=True,
                metavar="DIR",
                help="Look for footage below DIR too, by relative path, then by file name. Repeatable.",
            ),
            click.option(
                "--map", "maps", callback=_maps_of, multiple=True, metavar="FROM=TO",
                help="Footage that the cut has under FROM is here under TO: P:/show=/mnt/show. Repeatable.",
            ),
            click.option(
                "--rate", callback=rate_of, metavar="RATE",
                help="Frames per second of an EDL or ALE, which do not say it: 24, 23.976, 30000/1001.",
            ),
            click.option("--sequence", metavar="NAME", help="The sequence to take where the file holds several."),
            click.option(
                "--tracks", metavar="V1,V2",
                help="Only these video tracks, by number from the bottom or by name. Default: every enabled one.",
            ),
            click.option("--include-disabled", is_flag=True, help="Look at disabled clips and tracks too."),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


device_option = click.option(
    "--device", default="auto", metavar="DEVICE", show_default=True, help="auto, cpu, cuda, cuda:1 or mps."
)


progress_option = click.option(
    "--progress",
    "progress_style",
    type=click.Choice(["bar", "lines"]),
    default="bar",
    show_default=True,
    help="How to show it on stderr: a bar on a terminal only, or lines like '12/300 shots' for programs.",
)


def judge_options(command: F) -> F:
    """Add the options that say how to judge."""
    for option in reversed(
        [
            click.option(
                "--model", type=click.Path(path_type=Path), metavar="FILE",
                help="A checkpoint of your own. Default: the one that ships with otio-shottag.",
            ),
            device_option,
        ]
    ):  # fmt: skip
        command = option(command)
    return command


def split_names(text: str | None) -> tuple[str, ...] | None:
    """Split ``V1,V2``; None stays None. Raises a usage error where nothing is named."""
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise click.BadParameter(f"{text!r} names no track; should be like V1,V2", param_hint="--tracks")
    return names


def read_cut(path: Path, *, rate: Fraction | None, sequence: str | None, detection: "Detection | None" = None) -> "Cut":
    """Read the cut that the options name; of a movie, find its cuts, with a bar."""
    from otio_shottag.timeline import KINDS, read_timeline

    if path.suffix.lower() in KINDS:
        return read_timeline(path, rate=rate, sequence=sequence)
    from otio_shottag.cli.detecting import watched

    with watched(detection) as shown:
        return read_timeline(path, rate=rate, sequence=sequence, detection=shown)


def find(
    cut: "Cut",
    *,
    media_roots: tuple[Path, ...],
    maps: tuple["PathMap", ...],
    tracks: tuple[str, ...] | None,
    include_disabled: bool,
    cache: "Cache | None" = None,
    workforce: "Workforce | None" = None,
) -> "tuple[list[Shot], list[Skip]]":
    """Find the shots that the options ask for.

    ``cache`` knows what media files' headers say, a ``workforce`` may see files that this machine does not.
    """
    from otio_shottag.decode import probe
    from otio_shottag.finding import find_shots
    from otio_shottag.media_paths import MediaFinder

    finder = MediaFinder(roots=media_roots, maps=maps) if workforce is None else workforce.finder()
    look = probe if cache is None else cache.probing(probe)
    return find_shots(
        cut,
        finder=finder.beside(cut.media_folder),
        tracks=tracks,
        include_disabled=include_disabled,
        probe=look if workforce is None else workforce.probing(look),
    )
