"""Cuts -> their shots, in the order in which they are best judged; and the results back to their cuts.

Cuts are taken up in windows of about a thousand shots. Within one, shots go by media file, those of a file in
the order in which they lie in it, whichever cut they are of: so a file that several cuts share is opened once.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from otio_shottag.cli.analyses import judge_each as merge
from otio_shottag.shots import Media, Shot, Skip, Tag

if TYPE_CHECKING:
    from otio_shottag.analyses import Analysis
    from otio_shottag.timeline import Cut

WINDOW = 1000
"""Shots looked at together: some dozens of reels, of a season a handful of episodes."""


@dataclass(slots=True, eq=False)
class Work:
    """A cut whose shots are on their way."""

    order: Any
    """What was asked for it."""
    cut: "Cut"
    shots: Sequence[Shot]
    skips: Sequence[Skip]
    """Clips that gave no shot."""
    missing: int = 0
    """Results that are still to come."""
    results: dict[str, list[Tag | Skip | None]] = field(default_factory=dict)
    """By analysis, in the order of the shots."""

    def merged(self, analyses: "Sequence[Analysis]") -> tuple[list[Tag], list[Skip]]:
        """Give tags and skips as a run over this cut alone gives them."""

        def found(name: str, seconds: dict[str, float]) -> Any:
            analysis = next(one for one in analyses if one.name == name)
            results = self.results[name]
            tags = [one for one in results if isinstance(one, Tag)]
            return analysis, tags, [one for one in results if isinstance(one, Skip)], False

        _, tags, missed, _ = merge([analysis.name for analysis in analyses], self.shots, {}, found)
        return tags, sorted([*self.skips, *missed], key=lambda skip: skip.address)


class Judging:
    """What is wanted of a row of cuts, and which result belongs where."""

    def __init__(self, works: Iterable[Work], analyses: "Sequence[Analysis]") -> None:
        self._works = works
        self._analyses = analyses
        self._awaited: deque[tuple[Work, int, str]] = deque()

    def wanted(self) -> "Iterator[tuple[Shot, Analysis]]":
        """Give each shot with each analysis, window by window; cuts are taken up as they are needed."""
        for window in self._windows():
            while window:
                work, number = window.popleft()
                for analysis in self._analyses:
                    self._awaited.append((work, number, analysis.name))
                    yield work.shots[number], analysis

    def take(self, result: Tag | Skip) -> tuple[Work, bool]:
        """Take the next result in that order; give its cut, and whether it was the last that it waited for."""
        work, number, name = self._awaited.popleft()
        work.results[name][number] = result
        work.missing -= 1
        return work, work.missing == 0

    def _windows(self) -> Iterator[deque[tuple[Work, int]]]:
        window: list[tuple[Work, int]] = []
        for work in self._works:
            work.missing = len(work.shots) * len(self._analyses)
            work.results = {analysis.name: [None] * len(work.shots) for analysis in self._analyses}
            window += [(work, number) for number in range(len(work.shots))]
            # A movie takes minutes to find cuts in, an archive room on the disk; and no other cut shares their media.
            if len(window) >= WINDOW or work.cut.format in ("movie", "otioz"):
                yield _by_media(window)
                window = []
        if window:
            yield _by_media(window)


def _by_media(window: Sequence[tuple[Work, int]]) -> deque[tuple[Work, int]]:
    """Sort by media, in the order of first use, and by where in it a shot lies."""
    first_use: dict[Media, int] = {}
    for work, number in window:
        first_use.setdefault(work.shots[number].media, len(first_use))

    def place(entry: tuple[Work, int]) -> tuple[int, int, int]:
        shot = entry[0].shots[entry[1]]
        return first_use[shot.media], shot.frames.lowest, shot.frames.highest

    return deque(sorted(window, key=place))
