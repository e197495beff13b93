"""The table that ends a run: what sizes the cut is made of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from otio_shottag.cli.output import show_table
from otio_shottag.formats.delivery import record_frames, record_timecode
from otio_shottag.marks import marks_of, percent
from otio_shottag.vocabulary import SHOT_TYPES

if TYPE_CHECKING:
    from otio_shottag.settings import Settings
    from otio_shottag.shots import Tag
    from otio_shottag.timeline import Cut


def show_tags(cut: "Cut", tags: "Sequence[Tag]", settings: "Settings", *, rows: bool, on_stderr: bool) -> None:
    """Print the sizes with their counts and mean confidence; with ``rows``, every shot before."""
    if rows:
        listed = [
            (tag.shot.track, record_timecode(record_frames(tag.shot.record, cut)[0], cut), tag.shot.name, mark.name)
            for tag, mark in zip(tags, marks_of(tags, settings), strict=True)
        ]
        show_table(("track", "record in", "shot", "size"), listed, on_stderr=on_stderr)
        click.echo(err=on_stderr)
    sizes = []
    for label in SHOT_TYPES:
        found = [tag for tag in tags if tag.prediction.label.code == label.code]
        if found:
            mean = sum(tag.prediction.confidence for tag in found) / len(found)
            length = sum(tag.shot.record.duration.to_seconds() for tag in found)
            sizes.append((label.code, settings.names[label.code], str(len(found)), f"{length:.1f} s", percent(mean)))
    unsure = sum(tag.prediction.confidence < settings.min_confidence for tag in tags)
    mean = sum(tag.prediction.confidence for tag in tags) / len(tags)
    length = sum(tag.shot.record.duration.to_seconds() for tag in tags)
    sizes.append(("", f"all, {unsure} of them unsure", str(len(tags)), f"{length:.1f} s", percent(mean)))
    right = ("shots", "on screen", "mean confidence")
    show_table(("size", "name", "shots", "on screen", "mean confidence"), sizes, right=right, on_stderr=on_stderr)
