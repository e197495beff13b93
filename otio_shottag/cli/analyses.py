"""``--analyses``: several things judged of each shot, one analysis after the other."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from otio_shottag.analyses import Analysis
    from otio_shottag.settings import Settings
    from otio_shottag.shots import Shot, Skip, Tag

F = TypeVar("F", bound=Callable[..., Any])
JudgeOne = Callable[[str, dict[str, float]], "tuple[Analysis, list[Tag], list[Skip], bool]"]
"""An analysis' name and where its seconds go -> the analysis, its tags and skips, and whether Ctrl-C ended it."""

_NAMES = ("shot_type", "camera_movement")


def _names_of(ctx: click.Context, param: click.Parameter, text: str) -> tuple[str, ...]:
    """Read ``shot_type,camera_movement``; sizes come first, however they are named."""
    asked = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(asked - set(_NAMES))
    if unknown or not asked:
        what = f"unknown analysis {unknown[0]!r}" if unknown else f"{text!r} names no analysis"
        raise click.BadParameter(f"{what}; one or more of {', '.join(_NAMES)}", ctx, param)
    return tuple(name for name in _NAMES if name in asked)


def analyses_options(command: F) -> F:
    """Add the options that say what to judge and how many markers that makes."""
    for option in reversed(
        [
            click.option(
                "--analyses", callback=_names_of, default=_NAMES[0], show_default=True, metavar="NAMES",
                help="What to judge, with commas between: shot_type (the size), camera_movement (pan, push in, ...).",
            ),
            click.option(
                "--separate-markers", is_flag=True,
                help="A marker for each analysis. Default: one a shot, 'MCU 92% · push in'.",
            ),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


def check_options(names: Sequence[str], model: Path | None, frames_per_shot: int | None) -> None:
    """Raise a usage error where an option is for an analysis that is not asked for."""
    if "shot_type" not in names and (model is not None or frames_per_shot is not None):
        option = "--model" if model is not None else "--frames-per-shot"
        raise click.UsageError(f"{option} is for shot_type, which --analyses {','.join(names)} leaves out")


def with_separate_markers(settings: "Settings", separate_markers: bool) -> "Settings":
    """Give the settings with what ``--separate-markers`` asks for."""
    return replace(settings, join_markers=False) if separate_markers else settings


def judge_each(
    names: Sequence[str], shots: "Sequence[Shot]", seconds: dict[str, float], judge_one: JudgeOne
) -> "tuple[str | None, list[Tag], list[Skip], bool]":
    """Judge with each analysis; give the devices, all tags and skips in the order of the shots, and if it was stopped.

    A shot's tags come in the order of the analyses. A clip that several skip for one reason is one skip.
    Adds up ``seconds``.
    """
    devices: list[str | None] = []
    tags: list[Tag] = []
    skips: dict[tuple[tuple[int, ...], str], Skip] = {}
    stopped = False
    for name in names:
        own: dict[str, float] = {}
        analysis, found, missed, stopped = judge_one(name, own)
        for stage, spent in own.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
        devices.append(analysis.device)
        tags.extend(found)
        skips.update({(skip.address, skip.reason): skip for skip in missed})
        if stopped:
            break
    place = {shot.address: number for number, shot in enumerate(shots)}
    # Sorting keeps the order of the analyses for tags of one shot.
    tags.sort(key=lambda tag: place[tag.shot.address])
    return ", ".join(dict.fromkeys(filter(None, devices))) or None, tags, list(skips.values()), stopped


def num_shots(tags: "Sequence[Tag]") -> int:
    """Count the shots that carry a tag."""
    return len({tag.shot.address for tag in tags})
