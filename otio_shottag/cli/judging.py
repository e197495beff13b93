"""Judging the shots of a cut with a bar, and what is said of how it went; for every verb that judges cuts."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from otio_shottag.cli.analyses import judge_each
from otio_shottag.cli.workforce import workforce_options

if TYPE_CHECKING:
    from otio_shottag.analyses import Analysis
    from otio_shottag.cache import Cache
    from otio_shottag.cli.workforce import Workforce
    from otio_shottag.formats import RunFacts
    from otio_shottag.shots import Shot, Skip, Tag

F = TypeVar("F", bound=Callable[..., Any])


def effort_options(command: F) -> F:
    """Add the options that say how much to look at, what decodes it, and who does the work."""
    command = workforce_options(command)
    for option in reversed(
        [
            click.option(
                "--frames-per-shot", type=click.IntRange(1, 1000), metavar="N",
                help="Look at N frames of every shot. Default: 1 of a very short one, 3 normally, more of a long one.",
            ),
            click.option(
                "--hwaccel", type=click.Choice(["auto", "none", "cuda", "videotoolbox", "d3d11va"]), default="auto",
                show_default=True, help="Decode on a graphics card; what it cannot decode, and auto, the CPU does.",
            ),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


def judge_shots(
    shots: "Sequence[Shot]",
    analyses: Sequence[str],
    *,
    model: Path | None,
    device: str,
    frames_per_shot: int | None,
    workforce: "Workforce",
    cache: "Cache | None",
    seconds: dict[str, float],
    progress_style: str = "bar",
) -> "tuple[list[Tag], list[Skip], bool, RunFacts]":
    """Judge the shots with each analysis; give tags, skips, whether Ctrl-C ended it, and how it went."""
    from otio_shottag.formats import RunFacts

    def judge_one(name: str, spent: dict[str, float]) -> "tuple[Analysis, list[Tag], list[Skip], bool]":
        options: dict[str, Any] = {"model": model, "frames_per_shot": frames_per_shot} if name == "shot_type" else {}
        analysis = workforce.load_analysis(name, device=device, **options)
        return analysis, *_judge(shots, analysis, workforce, cache, spent, progress_style)

    started = time.perf_counter()
    judged_on, tags, skips, stopped = judge_each(analyses, shots, seconds, judge_one)
    seconds["total"] = time.perf_counter() - started
    facts = RunFacts(
        device=judged_on,
        decoder=workforce.decoder,
        remembered=cache.hits if cache is not None else 0,
        seconds={stage: round(spent, 3) for stage, spent in seconds.items()},
    )
    return tags, skips, stopped, facts


def _judge(
    shots: "Sequence[Shot]",
    analysis: "Analysis",
    workforce: "Workforce",
    cache: "Cache | None",
    seconds: dict[str, float],
    progress_style: str,
) -> "tuple[list[Tag], list[Skip], bool]":
    """Judge the shots with one analysis and a bar; tell whether Ctrl-C ended it."""
    from otio_shottag.cli.output import progress
    from otio_shottag.shots import Tag

    tags: list[Tag] = []
    skips: list[Skip] = []
    results = workforce.judge_each(((shot, analysis) for shot in shots), cache=cache, seconds=seconds)
    with progress(len(shots), "shots", style=progress_style) as bar:
        try:
            for result in results:
                tags.append(result) if isinstance(result, Tag) else skips.append(result)
                bar.advance(bar.task_ids[0])
        except KeyboardInterrupt:
            return tags, skips, True
        finally:
            results.close()
    return tags, skips, False


def speed(num_shots: int, facts: "RunFacts") -> str:
    """Say how fast a run was and what judged it."""
    total = max(facts.seconds["total"], 0.001)  # it is rounded to that
    words = f"{num_shots} shots in {total:.1f} s ({num_shots / total:.1f} shots/s)"
    if facts.device is None:
        return f"{words}, all known from earlier runs"
    words += f", {facts.remembered} of them known from earlier runs" if facts.remembered else ""
    return f"{words}, judged on {facts.device}"
