"""A track -> what it plays one after the other, within its own trim, in frames of the cut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import Clip, Stack, Track, Transition

from otio_shottag.formats.delivery import in_frames
from otio_shottag.formats.item_facts import is_generator
from otio_shottag.items import duration_of


@dataclass(frozen=True, slots=True)
class Piece:
    """One item of a track; frames count from the first that the track shows, and may hold parts."""

    item: Any
    """A clip, gap or nested sequence; None for what a last transition leads to."""
    address: tuple[int, ...]
    start: Fraction
    end: Fraction
    hidden: Fraction
    """Frames that the track's trim cuts off its head."""
    before: Transition | None
    after: Transition | None


def pieces_of(
    track: Any, address: tuple[int, ...], rate: Fraction, *, whole: TimeRange | None = None
) -> Iterator[Piece]:
    """Go through a track in playing order; a lone clip or stack in a track's place is its one item.

    ``whole`` is the trim of the stack around the track.
    """
    if not isinstance(track, Track):
        yield Piece(track, address, Fraction(0), duration_of(track) * rate, Fraction(0), None, None)
        return
    first, last = _shown(track, rate, whole)
    children = [*track, None]
    position = Fraction(0)
    for index, child in enumerate(children):
        if isinstance(child, Transition):
            continue
        length = duration_of(child) * rate if child is not None else Fraction(0)
        start, end = max(position, first), position + length if last is None else min(position + length, last)
        before, after = (_transition(children, neighbour) for neighbour in (index - 1, index + 1))
        if start < end or (child is None and before is not None and last is None):
            yield Piece(child, (*address, index), start - first, end - first, start - position, before, after)
        position += length


def shows_all(track: Track) -> bool:
    """Say whether a track's trim leaves all of it to be seen."""
    first, last = _shown(track, Fraction(1), None)
    content = sum((duration_of(one) for one in track if not isinstance(one, Transition)), Fraction(0))
    return first <= 0 and (last is None or last >= content)


def _shown(track: Track, rate: Fraction, whole: TimeRange | None) -> tuple[Fraction, Fraction | None]:
    """Give the first frame that a track shows, and the end, where a trim says one."""
    first, last = Fraction(0), None
    if track.source_range is not None:
        first = in_frames(track.source_range.start_time, rate)
        last = first + in_frames(track.source_range.duration, rate)
        if last <= 0:
            # OTIO's EDL adapter hides the start timecode like this; all of the track is meant.
            last = None
    if whole is not None:
        first += in_frames(whole.start_time, rate)
        end = first + in_frames(whole.duration, rate)
        last = end if last is None else min(last, end)
    return first, last


def runs_of(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Group a track's clips: each alone, or with those that a transition joins it to."""
    run: list[Piece] = []
    for piece in pieces:
        stands = isinstance(piece.item, Clip | Stack) and not is_generator(piece.item) and piece.end > piece.start
        if stands and run and piece.before is not None:
            run.append(piece)
            continue
        if run:
            yield run
        run = [piece] if stands else []
    if run:
        yield run


def frames_of(time: RationalTime, rate: Fraction) -> int:
    """Give a time in whole frames."""
    return round(in_frames(time, rate))


def _transition(children: list[Any], index: int) -> Transition | None:
    child = children[index] if 0 <= index < len(children) else None
    return child if isinstance(child, Transition) else None
