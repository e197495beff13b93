"""Random cuts, for what must hold of every cut."""

from fractions import Fraction
from typing import Any

import opentimelineio as otio
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime

from otio_shottag.timeline import Cut
from tests.cuts import clip, dissolve, gap, span, stack, timeline, track

RATES = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60000, 1001),
)

AWKWARD = "a\"'<>&|\t\n\r\x00\x0b\x1b\u2028éß第😀=+-@\\/.:;*, "
"""Letters that some format trips over."""

names = st.text(st.sampled_from(AWKWARD), max_size=12) | st.sampled_from(["A001C003", "* LOC: 01:00:00:00 RED x"])
starts = st.sampled_from([0, 3598, 3600, 36000])
"""Seconds of timecode: 00:59:58:00 is where many cuts begin."""


@st.composite
def foreign_markers(draw: st.DrawFn, rate: float, first: float) -> otio.schema.Marker:
    """Somebody else's marker, on a clip whose source starts at ``first``."""
    return otio.schema.Marker(
        name=draw(names),
        marked_range=span(first + draw(st.integers(0, 40)), draw(st.integers(0, 3)), rate),
        color=draw(st.sampled_from(["RED", "GREEN", "MAGENTA", "Mint", ""])),
        comment=draw(names),
    )


@st.composite
def clips(draw: st.DrawFn, rate: float, *, plain: bool) -> otio.schema.Clip:
    """A clip of one of three files, each with its own start timecode, well inside what it covers."""
    number, starts_at = draw(st.sampled_from([(1, 0), (2, 86400), (3, 107892)]))
    first = starts_at + draw(st.integers(40, 90))
    made = clip(
        f"/vol/A00{number}/A00{number}C001.mov",
        span(first, draw(st.integers(12, 60)), rate),
        available=span(starts_at, 1000, rate) if plain or draw(st.booleans()) else None,
        name=draw(names),
        speed=None if plain else draw(st.sampled_from([None, None, 2.0, 0.5])),
    )
    if draw(st.booleans()):
        made.markers.append(draw(foreign_markers(rate, first)))
    if draw(st.booleans()):
        made.metadata["someone"] = {"else": draw(names)}
    return made


@st.composite
def tracks(draw: st.DrawFn, rate: float, *, plain: bool, depth: int = 0) -> otio.schema.Track:
    """Clips, gaps, dissolves between clips, and compound clips; a clip at the end."""
    items: list[Any] = []
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["clip", "clip", "clip", "gap", "dissolve", "compound"]))
        if kind == "gap":
            items.append(gap(draw(st.integers(1, 30)), rate))
        elif kind == "dissolve" and not plain and items and isinstance(items[-1], otio.schema.Clip):
            items += [dissolve(draw(st.integers(1, 5)), draw(st.integers(1, 5)), rate), draw(clips(rate, plain=True))]
        elif kind == "compound" and not plain and depth == 0:
            inside = [draw(tracks(rate, plain=plain, depth=1)) for _ in range(draw(st.integers(1, 2)))]
            length = max(1, int(max(one.duration().value for one in inside)))
            source = span(0, length, rate) if draw(st.booleans()) else span(length // 3, max(1, length // 2), rate)
            items.append(stack(*inside, source=source, name=draw(names)))
            if draw(st.integers(0, 3)) == 0:
                items[-1].effects.append(otio.schema.LinearTimeWarp(time_scalar=2.0))
        else:
            items.append(draw(clips(rate, plain=plain)))
    items.append(draw(clips(rate, plain=plain)))
    return track(*items, name=draw(st.sampled_from(["", "Video 1", "V|1"])))


@st.composite
def cuts(draw: st.DrawFn, *, plain: bool = False, video_tracks: int = 2) -> Cut:
    """A cut; ``plain`` ones have clips and gaps only, at their own speed."""
    rate = draw(st.sampled_from(RATES))
    at_rate = float(rate)
    video = [draw(tracks(at_rate, plain=plain)) for _ in range(draw(st.integers(1, video_tracks)))]
    audio = [track(draw(clips(at_rate, plain=True)), kind="Audio")] if draw(st.booleans()) else []
    start = RationalTime(draw(starts) * round(rate), at_rate)
    made = timeline(*video, *audio, start=start)
    made.name = draw(names)
    if draw(st.booleans()):
        made.tracks.markers.append(draw(foreign_markers(at_rate, 0)))
    return Cut.of(made)
