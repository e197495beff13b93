"""The table that ends a run: what sizes, and what movements, the cut is made of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from otio_shottag.cli.output import show_table
from otio_shottag.formats.delivery import record_frames, record_timecode
from otio_shottag.marks import is_unsure, marks_of, percent

if TYPE_CHECKING:
    from otio_shottag.settings import Settings
    from otio_shottag.shots import Tag
    from otio_shottag.timeline import Cut


_TITLES = {"shot_type": "size", "camera_movement": "movement"}
"""What heads the column of an analysis."""


def show_tags(cut: "Cut", tags: "Sequence[Tag]", settings: "Settings", *, rows: bool, on_stderr: bool) -> None:
    """Print the labels of each analysis with counts and mean confidence; with ``rows``, every shot before."""
    analyses = list(dict.fromkeys(tag.analysis for tag in tags))
    if rows:
        _show_shots(cut, tags, analyses, settings, on_stderr=on_stderr)
        click.echo(err=on_stderr)
    for analysis in analyses:
        found = [tag for tag in tags if tag.analysis == analysis]
        _show_labels(_title(analysis), found, settings, on_stderr=on_stderr)
        if analysis != analyses[-1]:
            click.echo(err=on_stderr)


def _title(analysis: str) -> str:
    return _TITLES.get(analysis, analysis)


def _show_shots(
    cut: "Cut", tags: "Sequence[Tag]", analyses: "Sequence[str]", settings: "Settings", *, on_stderr: bool
) -> None:
    """Print a line for each shot, with a column for each analysis."""
    words: dict[tuple[int, ...], dict[str, str]] = {}
    for mark in marks_of(tags, settings):
        words.setdefault(mark.tag.shot.address, {})[mark.tag.analysis] = mark.name
    shots = {tag.shot.address: tag.shot for tag in tags}
    listed = [
        (
            shot.track,
            record_timecode(record_frames(shot.record, cut)[0], cut),
            shot.name,
            *(words[address].get(analysis, "") for analysis in analyses),
        )
        for address, shot in shots.items()
    ]
    show_table(("track", "record in", "shot", *map(_title, analyses)), listed, on_stderr=on_stderr)


def _show_labels(title: str, tags: "Sequence[Tag]", settings: "Settings", *, on_stderr: bool) -> None:
    """Print how many shots each label has, how long they are and how sure."""
    rows = []
    for label in (label for label, _ in tags[0].prediction.scores):
        found = [tag for tag in tags if tag.prediction.label.code == label.code]
        if found:
            name = settings.names.get(label.code, label.name)
            rows.append((label.code, name if name != label.code else "", *_figures(found)))
    unsure = sum(is_unsure(tag, settings) for tag in tags)
    rows.append(("", f"all, {unsure} of them unsure", *_figures(tags)))
    right = ("shots", "on screen", "mean confidence")
    show_table((title, "name", *right), rows, right=right, on_stderr=on_stderr)


def _figures(tags: "Sequence[Tag]") -> tuple[str, str, str]:
    length = sum(tag.shot.record.duration.to_seconds() for tag in tags)
    mean = sum(tag.prediction.confidence for tag in tags) / len(tags)
    return str(len(tags)), f"{length:.1f} s", percent(mean)
