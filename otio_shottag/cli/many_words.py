"""What a run over many cuts says: a bar, a line for each cut, and what it came to in the end."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from otio_shottag.cli.output import NOTES, note, plain

if TYPE_CHECKING:
    from otio_shottag.shots import Skip

_MOST_REASONS = 20
"""Reasons for skips that are listed; a season may have thousands."""
_EXAMPLES = 3
"""Clips that are named for one reason."""


@dataclass(slots=True)
class _Reason:
    """Clips that were skipped for one reason."""

    count: int = 0
    examples: list[str] = field(default_factory=list)


class Tally:
    """Counts what becomes of the cuts, and says it."""

    def __init__(self, num_cuts: int, *, num_analyses: int, progress_style: str) -> None:
        self.num_cuts = num_cuts
        self._num_analyses = num_analyses
        self.num_written = 0
        self.num_done_already = 0
        self.num_skips = 0
        """Clips skipped, also those of cuts that an earlier run had written."""
        self.failures: list[str] = []
        self._reasons: dict[str, _Reason] = {}
        self._listed_skips = 0
        self._results = 0
        self._began = time.perf_counter()
        self._half_done = 0.0
        """Of the cuts that are on their way, how much was judged, in cuts."""
        self._lines = progress_style == "lines"
        self._bar: Progress | None = None

    @property
    def num_finished(self) -> int:
        """Cuts of which nothing more will come."""
        return self.num_written + self.num_done_already + len(self.failures)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show a bar on a terminal, as long as this lasts."""
        bar = Progress(
            SpinnerColumn(),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=NOTES,
            disable=self._lines or not NOTES.is_terminal,
            transient=True,
            # rich would send stdout to stderr, which is not wanted where it is a file: see ``say``.
            redirect_stdout=False,
        )
        with bar:
            bar.add_task("", total=self.num_cuts)
            self._bar = bar
            self._show()
            yield
        self._bar = None

    def say(self, text: str, *, on_stdout: bool = False) -> None:
        """Print a line; on a terminal above the bar."""
        if self._bar is None or self._bar.disable or (on_stdout and not sys.stdout.isatty()):
            click.echo(plain(text), err=not on_stdout)
        else:
            NOTES.print(Text(plain(text)), soft_wrap=True)

    def doing(self, words: str) -> None:
        """Say on the bar what goes on that is no judging."""
        self._show(f"; {words}")

    def judged(self, num_results: int, *, is_last: bool) -> None:
        """Count one result of a cut that waits for so many."""
        self._results += 1
        self._half_done += 1 / num_results - is_last
        if self._results % 10 == 0:
            self._show()

    def skipped(self, cut: Path, skips: "Iterable[Skip]") -> None:
        """Count clips that got no tag."""
        for skip in skips:
            self.num_skips += 1
            self._listed_skips += 1
            reason = self._reasons.setdefault(skip.reason, _Reason())
            reason.count += 1
            if len(reason.examples) < _EXAMPLES:
                reason.examples.append(f"{cut.name}: {skip.name or '(unnamed)'} on {skip.track}")

    def done_already(self, num_skips: int = 0) -> None:
        """Count a cut that an earlier run wrote."""
        self.num_done_already += 1
        self.num_skips += num_skips
        self._finished()

    def failed(self, reason: str) -> None:
        """Count a cut that cannot be done, and say why."""
        self.failures.append(plain(" ".join(reason.split())))
        self.say(f"failed: {self.failures[-1]}")
        self._finished()

    def written(self, cut: Path, outputs: Sequence[Path], *, num_shots: int, num_unsure: int, num_skips: int) -> None:
        """Count a cut that is written, and say so on stdout."""
        self.num_written += 1
        counts = f"{num_shots} shots, {num_unsure} unsure, {num_skips} skipped"
        self.say(f"{cut}: {counts}; wrote {', '.join(map(str, outputs))}", on_stdout=True)
        self._finished()

    def speed(self, seconds: float, *, num_known: int, device: str | None) -> str | None:
        """Say how fast it went and what judged; None where there was nothing to judge.

        ``num_known`` answers came from the cache, where a shot of several cuts gets to in the run itself.
        """
        if not self._results:
            return None
        shots = self._results // self._num_analyses
        words = f"{shots} shots in {seconds:.1f} s ({shots / seconds:.1f} shots/s)"
        if device is None:
            return f"{words}, all known already"
        known = f", {num_known} answers known already" if num_known else ""
        return f"{words}{known}, judged on {device}"

    def show_end(self, speed: str | None) -> None:
        """Say what it came to."""
        self._show_skips()
        if self.failures and self.num_cuts > 1:  # each was said when it happened, some hours ago
            note(f"{len(self.failures)} of {self.num_cuts} cuts failed:")
            for failure in self.failures:
                note(f"  {failure}")
        if self.num_done_already:
            note(f"{self.num_done_already} of {self.num_cuts} cuts done already")
        if self.num_written:
            note(f"{self.num_written} of {self.num_cuts} cuts written")
        if speed is not None:
            note(speed)

    def _show_skips(self) -> None:
        if not self._reasons:
            return
        note(f"{self._listed_skips} clips skipped:" if self._listed_skips > 1 else "1 clip skipped:")
        by_count = sorted(self._reasons.items(), key=lambda item: -item[1].count)
        for text, reason in by_count[:_MOST_REASONS]:
            more = reason.count - len(reason.examples)
            named = ", ".join(reason.examples) + (f" and {more} more" if more else "")
            note(f"  {plain(named)}: {plain(text)}")
        if len(by_count) > _MOST_REASONS:
            note(f"  and {len(by_count) - _MOST_REASONS} more reasons; --format json lists all of each cut")

    def _finished(self) -> None:
        done, of = self.num_finished, self.num_cuts
        # A line per percent, as for the shots of one cut.
        if self._lines and (done % max(1, of // 100) == 0 or done == of):
            note(f"{done}/{of} cuts")
        self._show()

    def _show(self, more: str = "") -> None:
        if self._bar is None or self._bar.disable:
            return
        shots = self._results // self._num_analyses
        per_second = shots / max(time.perf_counter() - self._began, 1e-3)
        words = f"{self.num_finished}/{self.num_cuts} cuts, {shots} shots, {per_second:.1f} shots/s{more}"
        completed = self.num_finished + self._half_done
        self._bar.update(self._bar.task_ids[0], description=escape(words), completed=completed)


def show_steps(editors: Sequence[str]) -> None:
    """Say once how each editor takes its files."""
    from otio_shottag.formats.routes import ROUTES

    for editor in editors:
        route = ROUTES[editor]
        for step in route.steps:
            note(f"{route.editor}: {step.format(*(f'*{ending}' for ending, _ in route.files))}")
