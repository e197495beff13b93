"""``.otio`` in the one shape that DaVinci Resolve makes a timeline of.

A cut that came from Resolve keeps its text, but for our markers and metadata. Any other is put
into the shape of Resolve's own exports, because what is missing there makes no timeline and
gives no message (davinci-resolve-mcp, api-limitations):

- ``global_start_time``; tracks called ``Video 1``, ``Audio 1`` and so on, what they were called
  before is kept in their metadata; no trim of a whole track; nothing but tracks in a stack;
- every length a whole number of frames of the cut, where the markers' EDL counts them;
- clips as ``resolve_clips`` says: bare paths, what the file covers, absolute source times;
- no schema of which Resolve cannot know: in metadata it becomes plain data.

The file says of itself that it counts as Resolve does, so that a second run takes it so, too.
Nested sequences, speeds and transitions stay.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from opentimelineio.core import SerializableObject, deserialize_json_from_string
from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import Clip, Gap, Stack, Timeline, Track, TrackKind, Transition

from otio_shottag.errors import FormatError
from otio_shottag.formats.delivery import Delivery, in_frames
from otio_shottag.formats.file_clock import marker_offsets
from otio_shottag.formats.files import write_bytes
from otio_shottag.formats.item_facts import speed_of
from otio_shottag.formats.otio_files import marked_timeline, serialized, stored_text, write_otio
from otio_shottag.formats.otio_in_place import mark_otio
from otio_shottag.formats.pieces import shows_all
from otio_shottag.formats.resolve_clips import ClipShaper
from otio_shottag.item_times import own_start
from otio_shottag.items import duration_of
from otio_shottag.marks import items_of, mark_timeline

_NAME_BEFORE = "otio_shottag_track_name"
"""Where a track keeps the name that it had."""


def write_resolve_otio(delivery: Delivery, path: Path) -> None:
    """Write an ``.otio`` for File > Import > Timeline. Raises FormatError for what has no place there."""
    cut = delivery.cut
    if not cut.from_resolve:
        write_bytes(path, serialized(_Shaped(delivery).timeline))
        return
    text = None
    marked = marked_timeline(delivery)
    if cut.path is not None and cut.format in ("otio", "otioz"):
        text = mark_otio(stored_text(cut), cut.timeline, marked)
    if text is not None:
        write_bytes(path, text.encode("utf-8", errors="replace"))
    elif marked.global_start_time is None:  # a clip or track that was kept without its timeline
        marked.global_start_time = cut.start
        write_bytes(path, serialized(marked))
    else:
        write_otio(delivery, path)


class _Shaped:
    """A marked copy of a cut while it is put into shape."""

    def __init__(self, delivery: Delivery) -> None:
        cut = delivery.cut
        self.rate = cut.rate
        self.timeline: Timeline = mark_timeline(cut.timeline, delivery.marks, place=delivery.place, start=cut.start)
        self._offsets = marker_offsets(self.timeline, cut)
        self._clips = ClipShaper(delivery, self.timeline)
        self._untrim(self.timeline.tracks)
        self._stack(self.timeline.tracks, ())
        self.timeline.global_start_time = cut.start
        self.timeline.metadata["Resolve_OTIO"] = {"Resolve OTIO Meta Version": "1.0"}
        for holder in _holders(self.timeline):
            for key, value in list(holder.metadata.items()):
                if _is_unknown(value):
                    holder.metadata[key] = _plain(value)

    def _untrim(self, composition: Any) -> None:
        """Take off a trim that hides nothing, such as OTIO's EDL adapter leaves. Raises FormatError for a real one."""
        if composition.source_range is None:
            return
        if isinstance(composition, Track) and shows_all(composition):
            composition.source_range = None
            return
        what = f"{type(composition).__name__.lower()} {composition.name!r}"
        raise FormatError(f"{what} is trimmed as a whole, which Resolve is not known to read; trim its clips instead")

    def _stack(self, stack: Any, address: tuple[int, ...]) -> None:
        numbers: dict[str, int] = {}
        for index, child in enumerate(list(stack)):
            here = (*address, index)
            if isinstance(child, Track):
                self._untrim(child)
                self._track(child, here)
                track = child
            else:
                self._item(child, here, round(duration_of(child) * self.rate))
                del stack[index]
                track = Track(kind=TrackKind.Video)
                track.append(child)
                stack.insert(index, track)
            track.kind = track.kind or TrackKind.Video
            if track.kind in (TrackKind.Video, TrackKind.Audio):
                numbers[track.kind] = numbers.get(track.kind, 0) + 1
                name = f"{track.kind} {numbers[track.kind]}"
                if track.name and track.name != name:
                    track.metadata[_NAME_BEFORE] = track.name
                track.name = name

    def _track(self, track: Track, address: tuple[int, ...]) -> None:
        """Shape what a track plays; the cuts stay where they are, rounded to frames."""
        position = Fraction(0)
        for index, child in enumerate(track):
            if isinstance(child, Transition):
                child.in_offset, child.out_offset = self._at_rate(child.in_offset), self._at_rate(child.out_offset)
                continue
            end = position + duration_of(child) * self.rate
            self._item(child, (*address, index), round(end) - round(position))
            position = end

    def _item(self, item: Any, address: tuple[int, ...], length: int) -> None:
        if isinstance(item, Clip):
            self._clips.shape(item, address, length, self._offsets.get(address, ()))
        elif isinstance(item, Gap):
            item.source_range = TimeRange(self._at_rate(own_start(item)), RationalTime(length, float(self.rate)))
        elif isinstance(item, Stack):
            item.source_range = self._compound_range(item, length)
            self._stack(item, address)
        else:
            raise FormatError(f"{item.name!r}: Resolve has no place for a {type(item).__name__.lower()} in a track")

    def _compound_range(self, stack: Stack, length: int) -> TimeRange:
        """Say outright what a nested sequence shows; played backward it begins at the low end, as a clip does."""
        start, speed = in_frames(own_start(stack), self.rate), speed_of(stack)
        if speed < 0 and start > 0:
            start += 1 + speed * length
        return TimeRange(RationalTime(float(start), float(self.rate)), RationalTime(length, float(self.rate)))

    def _at_rate(self, time: RationalTime) -> RationalTime:
        return RationalTime(float(in_frames(time, self.rate)), float(self.rate))


def _holders(timeline: Timeline) -> list[Any]:
    """Give everything in a timeline that has metadata."""
    found: list[Any] = [timeline]
    for item in items_of(timeline):
        found += [item, *getattr(item, "markers", ()), *getattr(item, "effects", ())]
        if isinstance(item, Clip):
            found += item.media_references().values()
    return found


def _is_unknown(value: Any) -> bool:
    """Say whether metadata holds a schema that OTIO itself does not know."""
    if isinstance(value, Mapping):
        return any(map(_is_unknown, value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(map(_is_unknown, value))
    return isinstance(value, SerializableObject) and value.is_unknown_schema


def _plain(value: Any) -> Any:
    """Give metadata with such schemas as plain data, their names under ``schema``."""
    if isinstance(value, SerializableObject) and value.is_unknown_schema:
        return deserialize_json_from_string(value.to_json_string().replace('"OTIO_SCHEMA":', '"schema":'))
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value
