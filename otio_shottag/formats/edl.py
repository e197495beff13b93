"""``.edl``, CMX 3600: events as in the cut, our locators in record time.

Ours, where OTIO's adapter (otio-cmx3600-adapter 1.0.0) starts every cut at zero, copies source
times into locators, divides by a speed where it should multiply, and changes the timeline that
it is given. A cut that came from an EDL keeps its own lines: see ``edl_in_place``. The line
format follows what Avid's EDL Manager and Resolve export.

What an EDL cannot say is put into its words like this:

- One video track; audio is not written.
- A nested sequence is one event, as it is one clip in the editor's timeline; each shot inside it
  has its own locator there.
- Source times count at the record rate, so that a timecode keeps its seconds: 12:00:00:12 of a
  24-frame file is 12:00:00:12 or :13 in a cut of 25.
- A reel is what the cut says (``cmx_3600``, ``reel``), else the first eight letters and digits
  of the file's or the clip's name, else ``AX``; black is ``BL``. The whole file name is in
  ``* SOURCE FILE:``.
- Speed (``M2``) is in frames per second at the nominal rate, the timecode in it that of the first
  frame seen, with colons: OTIO's reader knows no others there. A ramp is a comment.
- A transition that is no wipe is a dissolve.
- Other people's markers are locators too, those of the timeline under the event that plays then.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from otio_shottag.errors import FormatError
from otio_shottag.formats.delivery import Delivery, record_frames, record_timecode, video_tracks
from otio_shottag.formats.edl_events import Event, events_of
from otio_shottag.formats.edl_in_place import locator_lines, mark_edl
from otio_shottag.formats.file_clock import on_file_clock
from otio_shottag.formats.files import write_bytes
from otio_shottag.formats.item_facts import file_name, ramps_of
from otio_shottag.formats.placed_markers import PlacedMarker, placed_markers
from otio_shottag.formats.plain_text import one_line
from otio_shottag.items import details_of
from otio_shottag.marks import edl_comments, strip_marks
from otio_shottag.readers.text import read_bytes
from otio_shottag.vocabulary import MARKER_COLORS


def write_edl(delivery: Delivery, path: Path) -> None:
    """Write a CMX 3600 EDL. Raises FormatError for a cut with more than one video track."""
    cut = delivery.cut
    if cut.format == "edl" and cut.path is not None:
        write_bytes(path, mark_edl(read_bytes(cut.path), delivery))
    else:
        write_bytes(path, "\r\n".join([*_lines(on_file_clock(delivery)), ""]).encode("utf-8", errors="replace"))


def _lines(delivery: Delivery) -> Iterator[str]:
    cut = delivery.cut
    track_index = _the_track(delivery)
    yield f"TITLE: {one_line(cut.timeline.name) or 'UNTITLED'}"
    yield f"FCM: {'DROP FRAME' if cut.drop_frame else 'NON-DROP FRAME'}"
    events = events_of(cut, track_index, tagged={mark.tag.shot.address[:2] for mark in delivery.marks})
    locators = _locators(delivery, track_index, events)
    width = max(3, len(str(len(events))))
    for number, event in enumerate(events):
        yield ""
        yield from _event_lines(event, f"{number + 1:0{width}d}", delivery)
        for _, lines in sorted(locators.get(number, ()), key=lambda one: one[0]):
            yield from lines


def _the_track(delivery: Delivery) -> int:
    """Pick the one video track that an EDL has room for."""
    tracks, labels = delivery.cut.timeline.tracks, video_tracks(delivery.cut)

    def is_meant(label: str) -> bool:
        track = tracks[labels[label]]
        if delivery.tracks is None:
            return bool(track.enabled)
        # A track may be called "V2" and be the first: the number wins over the name.
        return label in delivery.tracks or (track.name in delivery.tracks and track.name not in labels)

    usable = {label: index for label, index in labels.items() if is_meant(label)}
    if not usable:
        raise FormatError("an EDL needs a video track, and this cut has none that is enabled")
    if len(usable) > 1:
        names = ", ".join(f"{label} {tracks[index].name!r}" for label, index in usable.items())
        raise FormatError(f"an EDL holds one video track, the cut has {len(usable)}: {names}; pick one with --tracks")
    return next(iter(usable.values()))


def _event_lines(event: Event, number: str, delivery: Delivery) -> Iterator[str]:
    source, record = (event.source_in, event.source_out), (event.record_in, event.record_out)
    if event.effect_frames:
        before = event.outgoing
        reel, left_at = ("BL", 0) if before is None else (before.reel, before.leaves_at)
        yield _edit(number, reel, "C", (left_at, left_at), (record[0], record[0]), delivery)
        yield _edit(number, event.reel, f"{event.effect:4} {event.effect_frames:03d}", source, record, delivery)
    else:
        yield _edit(number, event.reel, "C", source, record, delivery)
    if event.speed != 1:
        entry = record_timecode(event.entry, delivery.cut).replace(";", ":")
        yield f"M2   {event.reel:8} {_speed(event, delivery):>11}                {entry}"
    if event.effect_frames and event.outgoing is not None:
        yield f"* FROM CLIP NAME:  {one_line(event.outgoing.item.name)}"
    if event.item is None:
        return
    yield f"* {'TO' if event.effect_frames else 'FROM'} CLIP NAME:  {one_line(event.item.name)}"
    if event.speed == 0:
        yield "* * FREEZE FRAME"
    yield from (f"* SPEED RAMP NOT WRITTEN: {one_line(ramp)}" for ramp in ramps_of(event.item))
    yield from _comments(event)


def _edit(
    number: str, reel: str, effect: str, source: tuple[int, int], record: tuple[int, int], delivery: Delivery
) -> str:
    stamps = " ".join(record_timecode(frame, delivery.cut) for frame in (*source, *record))
    return f"{number}  {reel:8} V     {effect:8} {stamps}"


def _speed(event: Event, delivery: Delivery) -> str:
    """Write a speed as ``048.0``; with more digits where one would say that it stands still."""
    frames_per_second = float(event.speed * round(delivery.cut.rate))
    digits = 1 if event.speed == 0 or abs(frames_per_second) >= 0.05 else 5
    sign = "-" if frames_per_second < 0 else ""
    return f"{sign}{abs(frames_per_second):0{4 + digits}.{digits}f}"


def _comments(event: Event) -> Iterator[str]:
    """Give the name of an event's file, and the comments and colours it had where it came from."""
    stated = edl_comments(event.item)
    name = file_name(event.item)
    if name and not any(comment.startswith("SOURCE FILE") for comment in stated):
        yield f"* SOURCE FILE: {one_line(name)}"
    colors = details_of(event.item, "cdl")
    sop = colors.get("asc_sop")
    if isinstance(sop, Mapping):
        stated_triples = (sop.get(key) for key in ("slope", "offset", "power"))
        triples = [triple for triple in stated_triples if isinstance(triple, Sequence) and len(triple) == 3]
        if len(triples) == 3:
            yield one_line("*ASC_SOP " + " ".join(f"({' '.join(map(str, triple))})" for triple in triples))
    if "asc_sat" in colors:
        yield one_line(f"*ASC_SAT {colors['asc_sat']}")
    yield from (f"* {one_line(comment)}" for comment in stated)


def _locators(delivery: Delivery, track_index: int, events: Sequence[Event]) -> dict[int, list[tuple[int, list[str]]]]:
    """Give each event's locators by its number, ours and others', with the record frames they stand at."""
    number_of = {event.address: number for number, event in enumerate(events)}
    starts = [event.record_in for event in events]
    found: dict[int, list[tuple[int, list[str]]]] = {}
    cut = delivery.cut
    for placed in placed_markers(strip_marks(cut.timeline), cut.rate, cut.start, from_resolve=cut.from_resolve):
        if placed.address and placed.address[0] != track_index:
            continue
        # One that belongs to no event goes under the one that plays then.
        playing = max(0, bisect_right(starts, placed.frame) - 1)
        number = number_of.get(placed.address[:2], number_of.get(placed.address[:1], playing))
        found.setdefault(number, []).append((placed.frame, [_foreign_locator(placed, delivery)]))
    for mark in delivery.marks:
        address = mark.tag.shot.address
        if address[0] == track_index:
            first = record_frames(mark.tag.shot.record, cut)[0]
            number = number_of[address[:2] if address[:2] in number_of else address[:1]]
            found.setdefault(number, []).append((first, locator_lines(mark, delivery)))
    return found


def _foreign_locator(placed: PlacedMarker, delivery: Delivery) -> str:
    marker = placed.marker
    color = (marker.color or "").upper()
    name = one_line(marker.name or marker.comment)
    return f"* LOC: {record_timecode(placed.frame, delivery.cut)} {color if color in MARKER_COLORS else 'RED':7} {name}"
