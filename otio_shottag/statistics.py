"""The figures of a cut: how long its shots are, of which sizes, and what is cut to what.

What counts is what is seen. At every frame of the cut the topmost judged shot is on screen; where
another one covers it and goes away again, two pieces of it are two shots, as they are for whoever
counts at the screen. A track by itself is counted as if the others were not there. Clips that
were not judged hide nothing and count nowhere.

Average shot length is a film's length over the number of its shots, and sizes are put as a share of
500 shots: Barry Salt, "Statistical Style Analysis of Motion Pictures" (Film Quarterly, 1974) and
http://www.starword.com/Data_Method/data_method.html. Length here is what judged shots cover, so
that black and titles do not make shots longer than they are.
"""

import heapq
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from opentimelineio.core import Composition

from otio_shottag.marks import item_at
from otio_shottag.rates import seconds_of, whole_frames
from otio_shottag.shots import Label, Tag
from otio_shottag.timeline import Cut
from otio_shottag.vocabulary import SHOT_TYPES, SIZES

SALT_SHOTS = 500
"""Salt gives sizes as if every film had this many shots."""
UNNESTED = "outside of any"
"""The name of those shots that lie in no nested sequence, beside some that do."""
_WIDEST_WINDOW = 25


@dataclass(frozen=True, slots=True)
class Piece:
    """One shot as it is seen: an unbroken stretch of the cut."""

    tag: Tag
    frames: range
    """Frames of record time, counted from midnight."""
    rate: Fraction
    """Of those frames, per second."""

    @property
    def seconds(self) -> Fraction:
        """How long it lasts."""
        return len(self.frames) / self.rate


@dataclass(frozen=True, slots=True)
class SizeShare:
    """How much of a cut is of one size."""

    label: Label
    shots: int
    seconds: Fraction
    per_500: float
    """Shots of this size if there were 500 in all."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a cut, or of a part of it."""

    pieces: tuple[Piece, ...]
    """The shots as they are seen, in that order."""
    seconds: Fraction
    """What they cover together."""
    average: float | None
    """Average shot length (ASL), in seconds; None without shots."""
    median: float | None
    """Median shot length, in seconds."""
    deviation: float | None
    """Standard deviation of the shot lengths, in seconds; the shots are all there are, not a sample."""
    longest: Piece | None
    """The earliest of the longest."""
    shortest: Piece | None
    sizes: tuple[SizeShare, ...]
    """One for each of SHOT_TYPES."""
    transitions: tuple[tuple[int, ...], ...]
    """Cuts from a size (row) to a size (column), both in the order of SHOT_TYPES. Only where one shot
    follows the other without a gap; a shot that changes its size leaves with its last one."""
    rhythm_window: int
    """Shots that each point of ``rhythm`` is the mean of: those around it, fewer at both ends."""
    rhythm: tuple[tuple[Fraction, float], ...]
    """The moving average of the shot lengths: the middle of each shot, in seconds from the start of the cut,
    and the mean length around it."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of a cut and of its parts."""

    picture: Figures
    """What is seen: of tracks that lie over one another, the topmost."""
    tracks: Mapping[str, Figures]
    """Each track by itself, from the bottom up."""
    sequences: Mapping[str, Figures]
    """What is seen, by the outermost nested sequence (a reel, a scene); empty where nothing is nested."""


def statistics_of(cut: Cut, tags: Sequence[Tag]) -> Statistics:
    """Count a cut by the sizes of its shots; tags of other analyses are left out."""
    sized = [tag for tag in tags if tag.analysis == SIZES]
    seen = pieces_seen(sized, cut.rate)
    by_track: dict[str, list[Tag]] = {}
    for tag in sized:
        by_track.setdefault(tag.shot.track, []).append(tag)
    by_sequence: dict[str, list[Piece]] = {}
    for piece in seen:
        by_sequence.setdefault(_sequence_of(cut, piece.tag), []).append(piece)
    if set(by_sequence) == {UNNESTED}:
        by_sequence = {}
    start = seconds_of(cut.start)
    return Statistics(
        picture=_figures(seen, start),
        tracks={track: _figures(pieces_seen(some, cut.rate), start) for track, some in by_track.items()},
        sequences={name: _figures(pieces, start) for name, pieces in by_sequence.items()},
    )


def pieces_seen(tags: Iterable[Tag], rate: Fraction) -> list[Piece]:
    """Lay shots over one another as the cut does, and give what is seen of them, in order.

    Of two at the same time the one with the higher address is on top: a later track, and within a
    nested stack a later child.
    """
    waiting = sorted(((whole_frames(tag.shot.record, rate), tag) for tag in tags), key=lambda one: one[0].start)
    edges = sorted({edge for frames, _ in waiting for edge in (frames.start, frames.stop)})
    on_top: list[tuple[tuple[int, ...], int, int, Tag]] = []  # highest address first, end, a tie-break
    pieces: list[Piece] = []
    at = 0
    for edge, following in pairwise(edges):
        while at < len(waiting) and waiting[at][0].start <= edge:
            frames, tag = waiting[at]
            heapq.heappush(on_top, (tuple(-index for index in tag.shot.address), frames.stop, at, tag))
            at += 1
        while on_top and on_top[0][1] <= edge:
            heapq.heappop(on_top)
        if not on_top:
            continue
        tag = on_top[0][-1]
        if pieces and pieces[-1].tag is tag and pieces[-1].frames.stop == edge:
            pieces[-1] = Piece(tag, range(pieces[-1].frames.start, following), rate)
        else:
            pieces.append(Piece(tag, range(edge, following), rate))
    return pieces


def _figures(pieces: Sequence[Piece], start: Fraction) -> Figures:
    lengths = [piece.seconds for piece in pieces]
    total = sum(lengths, Fraction(0))
    window = _window(len(pieces))
    return Figures(
        pieces=tuple(pieces),
        seconds=total,
        average=float(total / len(pieces)) if pieces else None,
        median=float(statistics.median(lengths)) if pieces else None,
        deviation=statistics.pstdev(map(float, lengths)) if pieces else None,
        longest=max(pieces, key=lambda piece: piece.seconds, default=None),
        shortest=min(pieces, key=lambda piece: piece.seconds, default=None),
        sizes=tuple(_share(label, pieces) for label in SHOT_TYPES),
        transitions=_transitions(pieces),
        rhythm_window=window,
        rhythm=tuple(
            (
                piece.frames.start / piece.rate + piece.seconds / 2 - start,
                float(statistics.mean(lengths[max(0, index - window // 2) : index + window // 2 + 1])),
            )
            for index, piece in enumerate(pieces)
        ),
    )


def _share(label: Label, pieces: Sequence[Piece]) -> SizeShare:
    found = [piece for piece in pieces if piece.tag.prediction.label.code == label.code]
    return SizeShare(
        label=label,
        shots=len(found),
        seconds=sum((piece.seconds for piece in found), Fraction(0)),
        per_500=SALT_SHOTS * len(found) / len(pieces) if pieces else 0.0,
    )


def _transitions(pieces: Sequence[Piece]) -> tuple[tuple[int, ...], ...]:
    place = {label.code: index for index, label in enumerate(SHOT_TYPES)}
    counts = [[0] * len(SHOT_TYPES) for _ in SHOT_TYPES]
    for before, after in pairwise(pieces):
        if before.frames.stop == after.frames.start:
            left, entered = before.tag.prediction.path[-1], after.tag.prediction.path[0]
            counts[place[left.code]][place[entered.code]] += 1
    return tuple(map(tuple, counts))


def _window(shots: int) -> int:
    """Say how many shots a moving average spans: an odd number, about a fortieth of them, three at least."""
    return min(_WIDEST_WINDOW, max(3, 2 * (shots // 80) + 1))


def _sequence_of(cut: Cut, tag: Tag) -> str:
    """Name the nested sequence that a shot lies in, the outermost where there are several."""
    for depth in range(2, len(tag.shot.address)):
        item = item_at(cut.timeline, tag.shot.address[:depth])
        if isinstance(item, Composition):
            return item.name or "unnamed"
    return UNNESTED
