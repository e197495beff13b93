"""A cut that was judged before: unchanged, and with one shot changed."""

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.material import cut, film
from tests.benchmarks.measuring import Row, in_turn, median_ratio, otio_shottag, seconds, spent_by

SHOTS = 1000


def rows(folder: Path, runs: int) -> Iterator[Row]:
    films = [film(folder, number=number) for number in range(2)]
    path = cut(folder / "again.otio", films, SHOTS, frames=10)
    changed = cut(folder / "again changed.otio", films, SHOTS, frames=10, changed=500)
    cache = folder / "again.sqlite"

    def tag(what: Path) -> float:
        return spent_by(otio_shottag(what, "--cache", cache, "--force", "-o", folder / "again tagged.otio")).wall

    def anew() -> float:
        for ending in ("", "-wal", "-shm"):
            Path(f"{cache}{ending}").unlink(missing_ok=True)
        return tag(path)

    first = [anew()]
    kept = cache.read_bytes()
    second, third, alone = in_turn(
        runs, lambda: tag(path), lambda: _restored(cache, kept, lambda: tag(changed)), lambda: _single(folder, films)
    )
    ratio = median_ratio(first * runs, second)
    yield Row(
        f"{SHOTS} shots of one frame each, the first run over the second", seconds(second), seconds(first), ratio, 50
    )
    yield Row(
        f"{SHOTS} unchanged shots, wall time over 1 s",
        seconds(second),
        "1 s",
        median_ratio(second, [1.0] * runs),
        1,
        False,
    )
    costs = [one + other for one, other in zip(second, alone, strict=True)]
    yield Row(
        "one shot of them changed, over an unchanged run and a run of one shot",
        seconds(third), seconds(costs), median_ratio(third, costs), 1, False,
    )  # fmt: skip


def _restored(cache: Path, kept: bytes, run) -> float:  # type: ignore[no-untyped-def]
    for ending in ("-wal", "-shm"):
        Path(f"{cache}{ending}").unlink(missing_ok=True)
    cache.write_bytes(kept)
    return float(run())


def _single(folder: Path, films: list[Path]) -> float:
    path = cut(folder / "one.otio", films, 1, frames=10)
    return spent_by(otio_shottag(path, "--no-cache", "--force", "-o", folder / "one tagged.otio")).wall
