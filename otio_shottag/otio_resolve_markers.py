"""OTIO adapter ``resolve_markers``: Resolve's timeline markers as an EDL, read and written.

OTIO finds it through ``plugin_manifest.json``. It claims no ending, because ``.edl`` is the CMX
3600 adapter's: name it, as in ``otioconvert -i cut.otio -o markers.edl -O resolve_markers``. OTIO
loads this file as a module of its own, so its imports are absolute.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from opentimelineio.exceptions import NotSupportedError
from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import Marker, Timeline

from otio_shottag.formats.files import write_bytes
from otio_shottag.formats.placed_markers import PlacedMarker, placed_markers
from otio_shottag.formats.resolve_markers import (
    OTIO_COLORS,
    RESOLVE_COLORS,
    ResolveMarker,
    read_resolve_markers,
    resolve_markers_text,
    title_of,
)
from otio_shottag.items import details_of
from otio_shottag.marks import is_ours
from otio_shottag.rates import parse_rate
from otio_shottag.readers.text import read_text
from otio_shottag.timecode import frame_number
from otio_shottag.timeline import Cut

_METADATA = "resolve_markers"
"""Where a marker keeps Resolve's own name of its colour, which OTIO's colours round off."""


def read_from_string(input_str: str, rate: float | str = 24, start: str | None = None) -> Timeline:
    """Read a marker list: a timeline without clips, its markers on ``timeline.tracks``.

    ``rate`` is that of the cut, which the list does not say. ``start`` is the record timecode of
    the cut's first frame (``"01:00:00:00"``), from which the markers then count; without it they
    count from midnight. Raises ValueError for a timecode that the rate does not have.
    """
    exact = parse_rate(str(rate))
    at_rate = float(exact)
    timeline = Timeline(name=title_of(input_str))
    first = 0
    if start is not None:
        first = frame_number(start, exact, drop_frame=";" in start)
        timeline.global_start_time = RationalTime(first, at_rate)
    for marker in read_resolve_markers(input_str, rate=exact):
        timeline.tracks.markers.append(
            Marker(
                name=marker.name,
                marked_range=TimeRange(
                    RationalTime(marker.frame - first, at_rate), RationalTime(marker.length, at_rate)
                ),
                color=OTIO_COLORS.get(marker.color, "RED"),
                comment=marker.note,
                metadata={_METADATA: {"color": marker.color}},
            )
        )
    return timeline


def write_to_string(input_otio: Timeline, rate: float | str | None = None, drop_frame: bool | None = None) -> str:
    """Write all markers of a timeline, those of clips and tracks too, in record time.

    ``rate`` and ``drop_frame`` are for a timeline that does not say them. Raises
    NotSupportedError for anything but a timeline.
    """
    if not isinstance(input_otio, Timeline):
        raise NotSupportedError(f"a marker list is of one Timeline; this is a {type(input_otio).__name__}")
    cut = Cut.of(input_otio)
    exact = cut.rate if rate is None else parse_rate(str(rate))
    placed = placed_markers(input_otio, exact, cut.start, from_resolve=cut.from_resolve)
    return resolve_markers_text(
        list(_written(placed)),
        title=input_otio.name,
        rate=exact,
        drop_frame=_counts_drop_frame(exact, cut) if drop_frame is None else drop_frame,
    )


def read_from_file(filepath: str, rate: float | str = 24, start: str | None = None) -> Timeline:
    """Read a file, whatever its encoding; see ``read_from_string``."""
    return read_from_string(read_text(Path(filepath)), rate, start)


def write_to_file(
    input_otio: Timeline, filepath: str, rate: float | str | None = None, drop_frame: bool | None = None
) -> None:
    """Write a file; OTIO itself would end its lines as the system does, Resolve's end in CRLF."""
    text = write_to_string(input_otio, rate, drop_frame)
    write_bytes(Path(filepath), text.encode("utf-8", errors="replace"))


def _counts_drop_frame(rate: Fraction, cut: Cut) -> bool:
    return cut.drop_frame if rate == cut.rate else rate in (Fraction(30000, 1001), Fraction(60000, 1001))


def _written(placed: list[PlacedMarker]) -> Iterator[ResolveMarker]:
    # Ours first: where markers of one frame are joined, our signature must not end other
    # people's note, or theirs would be taken for ours.
    for one in sorted(placed, key=lambda placed: not is_ours(placed.marker)):
        marker = one.marker
        color = str(details_of(marker, _METADATA).get("color", ""))
        yield ResolveMarker(
            frame=one.frame,
            length=one.length,
            # Resolve adds nothing for a marker without a name.
            name=marker.name or marker.comment or "Marker",
            note=marker.comment or str(details_of(marker, "Resolve_OTIO").get("Note", "")),
            color=color if color in OTIO_COLORS else RESOLVE_COLORS.get(marker.color or "", "Blue"),
        )
