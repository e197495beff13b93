"""Pieces at given times in given lanes -> OTIO tracks, which hold one thing after the other."""

import re
from dataclasses import dataclass, field
from fractions import Fraction

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

_TIME = re.compile(r"-?\d{1,18}(\.\d{1,12}|/[1-9]\d{0,17})?s?")


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A clip or nested stack and where it stands."""

    start: Fraction
    """Seconds from the start of the sequence."""
    duration: Fraction
    item: otio.core.Item
    audio: bool


@dataclass
class Lanes:
    """What stands in each lane; lane 0 is the main storyline, higher ones lie above it."""

    pieces: dict[int, list[Placed]] = field(default_factory=dict)
    transitions: dict[Fraction, tuple[Fraction, Fraction]] = field(default_factory=dict)
    """At each cut of lane 0 with a transition: its seconds before the cut and after it."""

    def place(self, lane: int, piece: Placed) -> None:
        self.pieces.setdefault(lane, []).append(piece)


def seconds(text: str | None, default: Fraction = Fraction(0)) -> Fraction:
    """Read a time of FCPXML: ``1001/24000s``, ``5s``. Raises ValueError for anything else."""
    if not text:
        return default
    # The pattern keeps out exponents, which a Fraction would write out in full.
    if not _TIME.fullmatch(text.strip()):
        raise ValueError(f"{text[:40]!r} is no time; should be like 1001/24000s")
    return Fraction(text.strip().removesuffix("s"))


def time_at(seconds: Fraction, rate: Fraction) -> RationalTime:
    """Give exact seconds as OTIO's time at a rate."""
    return RationalTime(float(seconds * rate), float(rate))


def lay_out(lanes: Lanes, rate: Fraction) -> list[otio.schema.Track]:
    """Give a track for each lane, lowest first, and one more wherever pieces overlap."""
    tracks: list[otio.schema.Track] = []
    for kind in (otio.schema.TrackKind.Video, otio.schema.TrackKind.Audio):
        for lane in sorted(lanes.pieces):
            pieces = [one for one in lanes.pieces[lane] if one.audio == (kind == otio.schema.TrackKind.Audio)]
            waiting = sorted(pieces, key=lambda one: one.start)
            while waiting:
                track, waiting = _fill(kind, waiting, lanes.transitions if lane == 0 else {}, rate)
                tracks.append(track)
    return tracks


def _fill(
    kind: str, pieces: list[Placed], transitions: dict[Fraction, tuple[Fraction, Fraction]], rate: Fraction
) -> tuple[otio.schema.Track, list[Placed]]:
    """Fill one track; give it and the pieces that overlap what is on it."""
    track = otio.schema.Track(kind=kind)
    over: list[Placed] = []
    end = Fraction(0)
    for piece in pieces:
        if piece.start < end:
            over.append(piece)
            continue
        if piece.start > end:
            gap = TimeRange(RationalTime(0, float(rate)), time_at(piece.start - end, rate))
            track.append(otio.schema.Gap(source_range=gap))
        if piece.start in transitions:
            before, after = transitions[piece.start]
            track.append(
                otio.schema.Transition(
                    transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
                    in_offset=time_at(before, rate),
                    out_offset=time_at(after, rate),
                )
            )
        track.append(piece.item)
        end = piece.start + piece.duration
    return track, over
