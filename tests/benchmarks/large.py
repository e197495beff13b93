"""10,000 clips: listed, and tagged from the cache, in time and memory."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from otio_shottag import find_shots, load_analysis, read_timeline
from otio_shottag.cache import open_cache
from otio_shottag.shots import FrameScores, Prediction
from otio_shottag.vocabulary import SHOT_TYPES
from tests.benchmarks.material import cut, film
from tests.benchmarks.measuring import Row, in_turn, median_ratio, otio_shottag, seconds, spent_by

CLIPS = 10_000


def rows(folder: Path, runs: int) -> Iterator[Row]:
    films = [film(folder, number=number) for number in range(2)]
    path = cut(folder / "large.otio", films, CLIPS, frames=36)
    one = cut(folder / "one.otio", films, 1)
    cache = folder / "large.sqlite"
    _fill(cache, path)
    arguments = ("--cache", cache, "--force", "-o", folder / "large tagged.otio")
    memory: list[float] = []
    empty: list[float] = []

    def tagged() -> float:
        spent = spent_by(otio_shottag(path, *arguments))
        memory.append(spent.memory)
        empty.append(spent_by(otio_shottag("list", one)).memory)
        return spent.wall

    listed, tags = in_turn(runs, lambda: spent_by(otio_shottag("list", path)).wall, tagged)
    yield Row(
        f"list {CLIPS} clips, wall time over 5 s", seconds(listed), "5 s", median_ratio(listed, [5.0] * runs), 1, False
    )
    yield Row(
        f"tag {CLIPS} clips from the cache, over 15 s",
        seconds(tags),
        "15 s",
        median_ratio(tags, [15.0] * runs),
        1,
        False,
    )
    more = [big - small for big, small in zip(memory, empty, strict=True)]
    yield Row(
        "its memory, over 500 MB more than listing one clip",
        f"{max(more):.0f} MB", "500 MB", median_ratio(more, [500.0] * runs), 1, False,
    )  # fmt: skip


def _fill(cache_path: Path, path: Path) -> None:
    """Put an answer for every shot into the cache, as large as real ones; judging them would take an hour."""
    shots, _ = find_shots(read_timeline(path))
    analysis = load_analysis()
    cache = open_cache(cache_path)
    scores = tuple((label, 0.123456789012345) for label in SHOT_TYPES)
    frames = tuple(FrameScores(Fraction(number, 24), scores) for number in range(3))
    answer = Prediction(SHOT_TYPES[5], 0.9, scores, frames, (SHOT_TYPES[5],))
    for shot in shots:
        key = cache.key(shot.media, analysis.moments(shot), analysis)
        assert key is not None
        cache.keep(key, answer)
    cache.close()
