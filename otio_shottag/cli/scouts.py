"""Finds the cuts of movies before it is their turn, several movies at a time: each takes minutes and one core."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from otio_shottag.cuts import Detection, MovieShots
from otio_shottag.timeline import KINDS

Begin = Callable[[Path, Detection], Callable[[], MovieShots]]
"""A movie and how its cuts are found -> what waits for them."""

T = TypeVar("T")


def is_movie(path: Path) -> bool:
    """Tell a movie from a timeline, by its ending."""
    return path.suffix.lower() not in KINDS


class Scouts:
    """Movies that are looked at ahead, in the order in which they are wanted."""

    def __init__(self, begin: Begin, detection: Detection, *, most: int) -> None:
        """``most`` movies are looked at at a time."""
        self._begin = begin
        self._detection = detection
        self._most = max(1, most)
        self._begun: dict[Path, Callable[[], MovieShots]] = {}

    def ahead_of(self, items: Iterable[T], movie_of: Callable[[T], Path | None]) -> Iterator[T]:
        """Give items as they come, while the movies of those that follow are looked at.

        ``movie_of`` says which one an item needs looked at, if any.
        """
        waiting: deque[tuple[T, Path | None]] = deque()
        for item in items:
            movie = movie_of(item)
            if movie is not None:
                self._begun[movie] = self._begin(movie, self._detection)
            waiting.append((item, movie))
            while waiting and (waiting[0][1] is None or len(self._begun) >= self._most):
                yield from self._next(waiting)
        while waiting:
            yield from self._next(waiting)

    def _next(self, waiting: deque[tuple[T, Path | None]]) -> Iterator[T]:
        item, movie = waiting.popleft()
        yield item
        if movie is not None:  # whoever got it may not have asked for its cuts
            self._begun.pop(movie, None)

    def detection(self, movie: Path) -> Detection:
        """Give what ``read_timeline`` finds the cuts of a movie by: what was begun, as soon as it is there."""
        return replace(self._detection, look=self._wait) if movie in self._begun else self._detection

    def _wait(self, movie: Path, detection: Detection) -> MovieShots:
        return self._begun.pop(movie)()
