"""``otio-shottag cache``: what earlier runs left for later ones, and the options of verbs that use it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from otio_shottag.cache import Cache

F = TypeVar("F", bound=Callable[..., Any])

cache_file = click.option(
    "--cache",
    "cache_path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="OTIO_SHOTTAG_CACHE",
    metavar="FILE",
    help="Where answers of earlier runs are kept. Default: a file in this user's cache folder.",
)


def cache_options(command: F) -> F:
    """Add the options that say whether and where to remember what was judged."""
    without = click.option("--no-cache", is_flag=True, help="Judge everything anew and remember nothing.")
    return cache_file(without(command))


@contextmanager
def opened(cache_path: Path | None, *, no_cache: bool) -> "Iterator[Cache | None]":
    """Open the cache that the options ask for; say so where it cannot be used."""
    if no_cache:
        yield None
        return
    from otio_shottag.cache import open_cache
    from otio_shottag.cli.output import note

    cache = open_cache(cache_path)
    try:
        yield cache
    finally:
        cache.close()
        for words in cache.words:
            note(words)


@click.group(name="cache")
def command() -> None:
    """Show or clear what earlier runs left, so that nothing is judged twice."""


@command.command(name="info")
@cache_file
def info(cache_path: Path | None) -> None:
    """Say where the cache is and how much is in it."""
    from otio_shottag.cli.output import plain

    with opened(cache_path, no_cache=False) as cache:
        assert cache is not None
        facts = cache.facts()
        click.echo(plain(str(cache.path)))
        size = f"{facts['bytes'] / 1e6:.1f} MB"
        click.echo(f"{facts['answers']} judged shots, {facts['files']} media files, {size}")


@command.command(name="clear")
@cache_file
def clear(cache_path: Path | None) -> None:
    """Forget everything; the next run judges anew."""
    from otio_shottag.cli.output import plain

    with opened(cache_path, no_cache=False) as cache:
        assert cache is not None
        facts = cache.facts()
        cache.clear()
        click.echo(f"forgot {facts['answers']} judged shots in {plain(str(cache.path))}")
