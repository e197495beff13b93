"""The options that say how a movie's cuts are found, and the bar that shows how far that is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from otio_shottag.cuts import Detection

F = TypeVar("F", bound=Callable[..., Any])

_DETECTORS = ("adaptive", "content", "threshold", "hash", "histogram")


def detection_options(command: F) -> F:
    """Add the options for a movie where a cut is expected; the command gets them as ``detection``."""

    @wraps(command)
    def with_detection(*, detector: str, threshold: float | None, min_shot: float, **others: Any) -> Any:
        from otio_shottag.cuts import Detection

        shortest = Fraction(min_shot).limit_denominator(1000)
        detection = Detection(cast(Any, detector), threshold=threshold, min_shot_seconds=shortest)
        return command(**others, detection=detection)

    wrapped: Any = with_detection
    for option in reversed(
        [
            click.option(
                "--detector", type=click.Choice(_DETECTORS), default="adaptive", show_default=True,
                help="Of a movie: how its cuts are found. threshold finds fades to black only, the others those too.",
            ),
            click.option(
                "--threshold", type=click.FloatRange(0, 255, min_open=True), metavar="X",
                help="Of a movie: what the detector calls a cut; lower finds more. Default: what suits the detector.",
            ),
            click.option(
                "--min-shot", type=click.FloatRange(0, 3600), metavar="SECONDS", default=0.2, show_default=True,
                help="Of a movie: no shot is made shorter.",
            ),
        ]
    ):  # fmt: skip
        wrapped = option(wrapped)
    return cast(F, wrapped)


@contextmanager
def watched(detection: "Detection | None") -> "Iterator[Detection]":
    """Lend a detection that shows a bar while it is at work."""
    from otio_shottag.cli.output import progress
    from otio_shottag.cuts import Detection

    with progress(None, "frames", doing="finding cuts") as bar:

        def show(seen: int, of: int | None) -> None:
            bar.update(bar.task_ids[0], completed=seen, total=None if of is None else max(of, seen))

        yield replace(detection or Detection(), progress=show)
