"""``.fcpxml`` and ``.fcpxmld``, Final Cut Pro: keyword, marker and shot type on each clip.

A cut that came from such a file keeps its text; our elements are put into it, in the order that
the DTD asks for. Any other is written anew, see ``fcpxml_base``. Each tagged clip gets, over the
part of it that is seen:

- a keyword for each tag, the size in words, so that Final Cut makes a keyword collection of it;
- a marker at its first frame, whose note ends in our signature;
- Final Cut's own shot type, which smart collections can match, for the sizes that it knows. An
  unsure tag gets none: a shot type has no room for a doubt.

Sequences hold no markers in FCPXML: they are on the clips wherever ``--markers`` wants them. Of a
synchronized or multicam clip the outside is marked, as its inside cannot be. Times are exact
fractions, in the clip's own local time (Apple, "FCPXML Reference", Timing Attributes).
"""

import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from opentimelineio.schema import Timeline, Track, Transition

from otio_shottag.errors import FormatError
from otio_shottag.formats.delivery import Delivery
from otio_shottag.formats.fcpxml_base import Place, fcpxml_text, time_text
from otio_shottag.formats.file_clock import on_file_clock
from otio_shottag.formats.files import whole_folder, write_bytes
from otio_shottag.formats.plain_text import xml_attribute
from otio_shottag.formats.xml_source import Insertion, Node, XmlSource
from otio_shottag.item_times import first_seen, own_start
from otio_shottag.items import details_of, duration_of
from otio_shottag.marks import SIGNATURE, Mark, is_unsure, item_at
from otio_shottag.rates import seconds_of
from otio_shottag.readers.lanes import seconds
from otio_shottag.readers.text import read_bytes

_INSIDE_BUNDLE = "Info.fcpxml"
_SHOT_TYPES = {
    "EWS": "wideShot",
    "WS": "wideShot",
    "LS": "wideShot",
    "MLS": "mediumShot",
    "MS": "mediumShot",
    "MCU": "closeUp",
    "CU": "closeUp",
    "ECU": "closeUp",
}
_AFTER_MARKERS = {
    "audio-channel-source",
    "audio-role-source",
    "sync-source",
    "filter-video",
    "filter-video-mask",
    "filter-audio",
    "metadata",
    "reserved",
}
"""What the DTD (1.8 to 1.10) puts after a clip's markers."""

_STARTS_WITH_ASSET = {"asset-clip", "video", "audio"}
"""Elements whose local time begins where their asset's does, unless they say otherwise."""


def write_fcpxml(delivery: Delivery, path: Path) -> None:
    """Write one ``.fcpxml`` file."""
    write_bytes(path, _marked(delivery))


def write_fcpxmld(delivery: Delivery, path: Path) -> None:
    """Write a ``.fcpxmld`` bundle, with what else was in the one that was read."""
    text = _marked(delivery)
    cut = delivery.cut
    with whole_folder(path, holds=_INSIDE_BUNDLE) as folder:
        if cut.format == "fcpxml" and cut.path is not None and cut.path.is_dir():
            shutil.copytree(cut.path, folder, symlinks=True, dirs_exist_ok=True)
        (folder / _INSIDE_BUNDLE).write_bytes(text)


def _marked(delivery: Delivery) -> bytes:
    cut = delivery.cut
    if cut.format == "fcpxml" and cut.path is not None:
        data = read_bytes(cut.path / _INSIDE_BUNDLE if cut.path.is_dir() else cut.path)
        places = {mark.tag.shot.address: _place(mark, cut.timeline) for mark in delivery.marks}
    else:
        delivery = on_file_clock(delivery)
        data, places = fcpxml_text(delivery.cut)
    source, number_now = _stripped(XmlSource(data))
    starts = {node.attributes.get("id"): node.attributes.get("start") for node in source.nodes if node.tag == "asset"}
    added: dict[Node, dict[str, None]] = {}
    for mark in delivery.marks:
        place = places[mark.tag.shot.address]
        number = number_now.get(place.number)
        if number is None:
            raise FormatError(f"{cut.path}: holds fewer elements than were read; has it changed since?")
        element = source.nodes[number]
        # A compound clip that is used twice is one element: what is said twice is written once.
        elements = _elements(mark, _local_start(mark, place, element, starts, delivery), delivery)
        added.setdefault(element, {}).update(dict.fromkeys(elements))
    return source.with_insertions(
        [Insertion(element, _last_before_markers(element), list(texts)) for element, texts in added.items()]
    )


def _stripped(source: XmlSource) -> tuple[XmlSource, dict[int, int]]:
    """Parse a file without our elements; give where among its elements each of the others is now."""
    ours = set(_ours(source))
    gone = {node for top in ours for node in top.descendants()}
    kept = [number for number, node in enumerate(source.nodes) if node not in gone]
    number_now = {before: now for now, before in enumerate(kept)}
    return (XmlSource(source.without(ours)) if ours else source), number_now


def _place(mark: Mark, timeline: Timeline) -> Place:
    """Find the element of the file that a shot was read from, itself or around it."""
    address = mark.tag.shot.address
    number = _number_of(item_at(timeline, address))
    if number is None:
        raise FormatError(f"{mark.tag.shot.name!r} does not say which element it was read from; read the cut again")
    # What is inside a synchronized or multicam clip goes by the number of its outside.
    around = (address[:depth] for depth in range(2, len(address), 2))
    outside = next((one for one in around if _number_of(item_at(timeline, one)) == number), address)
    return Place(number, outside, hidden=Fraction(0))


def _number_of(item: Any) -> int | None:
    number = details_of(item, "fcpxml").get("element")
    return number if isinstance(number, int) else None


def _ours(source: XmlSource) -> Iterator[Node]:
    """Find what we put in; a shot type has no note, but stands behind our marker and begins with it."""
    for parent in source.nodes:
        marker_start: str | None = None
        for node in parent.children:
            signed = node.attributes.get("note", "").rstrip().endswith(SIGNATURE)
            start = node.attributes.get("start", "")
            if (node.tag in ("keyword", "marker") and signed) or (
                node.tag == "analysis-marker" and start == marker_start
            ):
                yield node
            marker_start = start if node.tag == "marker" and signed else None


def _last_before_markers(element: Node) -> Node | None:
    """Give the child that markers follow."""
    last = None
    for child in element.children:
        if child.tag in _AFTER_MARKERS:
            break
        last = child
    return last


def _elements(mark: Mark, start: Fraction, delivery: Delivery) -> Iterator[str]:
    """Write the keyword, marker and shot type of one mark, from local time ``start`` on."""
    cut, settings = delivery.cut, delivery.settings
    span = f'start="{time_text(start)}" duration="{time_text(seconds_of(mark.tag.shot.record.duration))}"'
    note = xml_attribute(mark.comment)
    for tag in mark.tags:
        label = tag.prediction.label
        yield f"<keyword {span} value={xml_attribute(settings.names.get(label.code, label.name))} note={note}/>"
    frame = f'start="{time_text(start)}" duration="{time_text(1 / cut.rate)}"'
    yield f"<marker {frame} value={xml_attribute(mark.name)} note={note}/>"
    code = mark.tag.prediction.label.code
    if code in _SHOT_TYPES and not is_unsure(mark.tag, settings):
        yield f'<analysis-marker {span}><shot-type value="{_SHOT_TYPES[code]}"/></analysis-marker>'


def _local_start(
    mark: Mark, place: Place, element: Node, starts: dict[str | None, str | None], delivery: Delivery
) -> Fraction:
    """Give the local time, in seconds, of the first frame of a shot that is seen.

    ``starts`` are those of the assets, by their id.
    """
    stated = element.attributes.get("start")
    if stated is None and element.tag in _STARTS_WITH_ASSET:
        stated = starts.get(element.attributes.get("ref"))
    timeline, address = delivery.cut.timeline, mark.tag.shot.address
    item = item_at(timeline, place.address)
    hidden = seconds_of(first_seen(timeline, place.address) - own_start(item))
    within = _offset_within(item, address[len(place.address) :], hidden)
    return seconds(stated) + hidden - place.hidden + within


def _offset_within(item: Any, address: tuple[int, ...], hidden: Fraction) -> Fraction:
    """Give how long after an item comes on, ``hidden`` seconds into it, one inside it does."""
    offset, seen_from = Fraction(0), seconds_of(own_start(item)) + hidden
    for index in address:
        before = item[:index] if isinstance(item, Track) else ()
        starts = sum((duration_of(one) for one in before if not isinstance(one, Transition)), Fraction(0))
        offset += max(Fraction(0), starts - seen_from)
        hidden = max(Fraction(0), seen_from - starts)
        item = item[index]
        seen_from = seconds_of(own_start(item)) + hidden
    return offset
