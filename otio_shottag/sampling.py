"""Pure arithmetic: the frames of a shot that are worth looking at."""

from collections.abc import Sequence
from fractions import Fraction


def spread(frames: Sequence[int], count: int) -> list[int]:
    """Pick ``count`` frames evenly across a shot, keeping clear of its ends.

    The ends are where dissolves live, so the first pick is half a step in. No frame is picked
    twice: a shot that shows fewer frames than ``count`` gives each of them once, in the order
    they are seen.
    """
    picks = min(count, len(frames))
    positions = [(2 * pick + 1) * len(frames) // (2 * picks) for pick in range(picks)]
    return list(dict.fromkeys(frames[position] for position in positions))


def worthwhile_count(seconds: Fraction) -> int:
    """Say how many frames a shot of this many seconds deserves.

    One for a flash of up to half a second, which cannot change its size; three normally; one
    more for every five seconds past ten, up to nine: a long take is where people walk up to the
    camera and away from it.
    """
    if seconds <= Fraction(1, 2):
        return 1
    if seconds <= 10:
        return 3
    return min(9, 3 + int((seconds - 10) // 5) + 1)
