"""``.xml``, Final Cut Pro 7 XML, which Premiere reads and writes too: markers on clips or sequence.

A cut that came from such a file keeps its text; markers are put into it. Any other goes through
OTIO's adapter first, see ``fcp7_base``. Either way a clip's marker counts in the clip's media,
like the clip's own ``in``, without the file's start timecode; one of the sequence counts from the
sequence's first frame (Apple, "Final Cut Pro XML Interchange Format", marker). A shot inside a
nested sequence is marked there.

Premiere takes the colour from ``pproColor``; green is what it shows without one. The values are
those it writes itself; it has eight, so ours share some.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from opentimelineio.opentime import RationalTime
from opentimelineio.schema import Gap, SerializableCollection, Stack, Timeline, TrackKind, Transition

from otio_shottag.errors import FormatError
from otio_shottag.formats.delivery import Delivery, in_frames, record_frames
from otio_shottag.formats.fcp7_base import fcp7_text
from otio_shottag.formats.file_clock import on_file_clock
from otio_shottag.formats.files import write_bytes
from otio_shottag.formats.plain_text import xml_text
from otio_shottag.formats.xml_source import Insertion, Node, XmlSource
from otio_shottag.item_times import first_seen, own_start
from otio_shottag.marks import SIGNATURE, Mark, item_at
from otio_shottag.readers.fcp7 import read_fcp7
from otio_shottag.readers.text import read_bytes

_RED, _PURPLE, _WHITE = 4281740498, 4289825711, 4294967295
_PPRO_COLORS = {
    "PINK": _RED,
    "RED": _RED,
    "ORANGE": 4280578025,
    "YELLOW": 4281049552,
    "CYAN": 4292277273,
    "BLUE": 4294741314,
    "PURPLE": _PURPLE,
    "MAGENTA": _PURPLE,
    "BLACK": _WHITE,
    "WHITE": _WHITE,
}
_ITEMS = ("clipitem", "generatoritem", "transitionitem")


def write_fcp7(delivery: Delivery, path: Path) -> None:
    """Write Final Cut Pro 7 XML. Raises FormatError for a cut that OTIO's adapter cannot write."""
    cut = delivery.cut
    if cut.format == "fcp7" and cut.path is not None:
        data = read_bytes(cut.path)
    else:
        delivery = on_file_clock(delivery)
        cut = delivery.cut
        data = fcp7_text(cut)
    source = _stripped(data)
    sequences = _top_sequences(source.root)
    # Which of several is meant takes reading the file again; most hold one.
    number = _number_of_sequence(data, cut.timeline) if len(sequences) > 1 else 0
    if number >= len(sequences):
        raise FormatError(f"{cut.path}: does not hold the sequence that was read; has it changed since?")
    if delivery.place == "timeline":
        insertions = [_on_sequence(mark, sequences[number], delivery) for mark in delivery.marks]
    else:
        items = dict(_clip_items(sequences[number], cut.timeline.tracks))
        insertions = [_on_clip(mark, items, delivery) for mark in delivery.marks]
    write_bytes(path, source.with_insertions(insertions))


def _stripped(data: bytes) -> XmlSource:
    """Parse a file without our markers."""
    source = XmlSource(data)
    ours = {node for node in source.nodes if node.tag == "marker" and node.child_text("comment").endswith(SIGNATURE)}
    return XmlSource(source.without(ours)) if ours else source


def _number_of_sequence(data: bytes, timeline: Timeline) -> int:
    """Say which of the file's sequences a timeline was read from."""
    content = read_fcp7(data)
    timelines = list(content) if isinstance(content, SerializableCollection) else [content]
    return next((number for number, one in enumerate(timelines) if one.is_equivalent_to(timeline)), len(timelines))


def _top_sequences(root: Node) -> list[Node]:
    """Give the sequences in the order in which OTIO's adapter makes timelines of them."""
    loose = [node for node in root.children if node.tag == "sequence"]
    in_bins = [
        node for node in root.descendants() if node.tag == "sequence" and node.parent and node.parent.tag == "children"
    ]
    return loose + in_bins


def _clip_items(
    sequence: Node, composition: Any, address: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], Node]]:
    """Give each clip's address and element: tracks and items stand in one order, but gaps are not written."""
    tracks = [node for node in _children(sequence, "media", "video") if node.tag == "track"]
    kept = [(index, one) for index, one in enumerate(composition) if getattr(one, "kind", "") != TrackKind.Audio]
    for (track_index, track), track_node in zip(kept, tracks, strict=False):
        items = [node for node in track_node.children if node.tag in _ITEMS]
        written = [(index, item) for index, item in enumerate(track) if not isinstance(item, Gap)]
        for (index, item), node in zip(written, items, strict=False):
            here = (*address, track_index, index)
            yield here, node
            nested = node.child("sequence")
            if isinstance(item, Stack) and nested is not None:
                yield from _clip_items(nested, item, here)


def _children(node: Node, *path: str) -> list[Node]:
    found = node.child(*path)
    return found.children if found is not None else []


def _on_sequence(mark: Mark, sequence: Node, delivery: Delivery) -> Insertion:
    cut = delivery.cut
    first = record_frames(mark.tag.shot.record, cut)[0] - round(in_frames(cut.start, cut.rate))
    return Insertion(sequence, sequence.children[-1], [_marker(mark, first)])


def _on_clip(mark: Mark, items: Mapping[tuple[int, ...], Node], delivery: Delivery) -> Insertion:
    timeline, address = delivery.cut.timeline, mark.tag.shot.address
    item = items.get(address)
    try:
        stated_in = float(item.child_text("in")) if item is not None else None
    except ValueError:
        stated_in = None
    if item is None or stated_in is None:
        raise FormatError(f"clip {mark.tag.shot.name!r} has no clip item in the XML; has it changed since it was read?")
    begins = own_start(item_at(timeline, address))
    offset = first_seen(timeline, address) - begins
    if item.child_text("start") == "-1":
        # The item begins with a transition: its "in" is that much before the cut.
        before = item_at(timeline, address[:-1])[address[-1] - 1]
        offset += before.in_offset if isinstance(before, Transition) else RationalTime(0, begins.rate)
    first = stated_in + offset.rescaled_to(begins.rate).value
    return Insertion(item, item.children[-1], [_marker(mark, round(first))])


def _marker(mark: Mark, first: int) -> str:
    color = _PPRO_COLORS.get(mark.color)
    parts = [
        f"<comment>{xml_text(mark.comment)}</comment>",
        f"<name>{xml_text(mark.name)}</name>",
        f"<in>{first}</in>",
        "<out>-1</out>",
        f"<pproColor>{color}</pproColor>" if color is not None else "",
    ]
    return f"<marker>{''.join(parts)}</marker>"
