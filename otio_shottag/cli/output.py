"""What the terminal shows: progress, tables, skips.

Everything that comes from a file is printed as plain text: a clip's name may hold what a
terminal or rich would take for a command.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from rich.progress import Task, TaskID

    from otio_shottag.shots import Skip

NOTES = Console(stderr=True, highlight=False)
"""Where progress is shown."""


def plain(text: str) -> str:
    """Give text from a file without control characters, which a terminal might obey."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def note(text: str) -> None:
    """Say something beside the answer, on stderr."""
    click.echo(text, err=True)


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = (), on_stderr: bool = False
) -> None:
    """Print rows in columns as wide as their cells; those in ``right`` are set flush right.

    Not rich's table, which takes six seconds for the 10,000 shots of a long film and folds lines.
    """
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(cell_len(row[at]) for row in [list(columns), *cells]) for at in range(len(columns))]
    flush_right = [column in right for column in columns]

    def line(row: Sequence[str]) -> str:
        padding = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        parts = zip(row, padding, flush_right, strict=True)
        return "  ".join(space + cell if is_right else cell + space for cell, space, is_right in parts).rstrip()

    click.echo(click.style(line(columns), bold=True), err=on_stderr)
    for row in cells:
        click.echo(line(row), err=on_stderr)


def show_skips(skips: "Sequence[Skip]", *, most: int = 20) -> None:
    """List the clips that got no tag, on stderr, those with one reason together."""
    if not skips:
        return
    by_reason: dict[str, list[Skip]] = {}
    for skip in skips:
        by_reason.setdefault(skip.reason, []).append(skip)
    note(f"{len(skips)} of the clips skipped:" if len(skips) > 1 else "1 clip skipped:")
    for reason, group in list(by_reason.items())[:most]:
        names = [f"{skip.name or '(unnamed)'} on {skip.track}" for skip in group]
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        note(f"  {plain(shown)}: {plain(reason)}")
    if len(by_reason) > most:
        note(f"  and {len(by_reason) - most} more reasons; --json lists them all")


class _ShotsPerSecond(ProgressColumn):
    def render(self, task: "Task") -> Text:
        return Text(f"{task.speed:.1f} {task.fields['unit']}/s" if task.speed else "")


class _Lines(Progress):
    """Prints a line now and then instead of drawing a bar."""

    def advance(self, task_id: "TaskID", advance: float = 1) -> None:
        super().advance(task_id, advance)
        task = next(task for task in self.tasks if task.id == task_id)
        # A line per percent, so that the longest film fits on a console.
        step = max(1, int(task.total or 0) // 100)
        if task.completed % step == 0 or task.completed == task.total:
            note(f"{task.completed:.0f}/{task.total:.0f} {task.fields['unit']}")


@contextmanager
def progress(total: int | None, unit: str, *, doing: str = "judging", style: str = "bar") -> Iterator[Progress]:
    """Show how far it is: a bar, with speed and what remains, on a terminal; ``lines`` anywhere.

    A bar shows nothing in a pipe. ``total`` is None where it is not known.
    """
    bar = (_Lines if style == "lines" else Progress)(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _ShotsPerSecond(),
        TimeRemainingColumn(),
        console=NOTES,
        disable=style == "lines" or not NOTES.is_terminal,
        transient=True,
    )
    with bar:
        bar.add_task(doing, total=total, unit=unit)
        yield bar
