"""Any cut -> FCPXML 1.8, with where each clip's element is in it.

Ours, where OTIO's adapter (otio-fcpx-xml-adapter 1.0.0) writes no rate at all for 23.976, 29.97
and 59.94, loses frames by whole numbers, leaves retimes and transitions out and asks ffprobe for
the size of pictures. Version 1.8 is what Final Cut, Resolve and that adapter all read.

What FCPXML has no place for, and what we do not know, is written like this:

- The lowest video track is the primary storyline; those above, and the sound below it, are
  connected to what plays there. Clips that a transition joins are a storyline of their own.
- A nested sequence is a compound clip.
- Generators and titles are gaps in the primary storyline and left out above it: Final Cut knows
  them by effects that only it has.
- The picture's size is taken for 1920x1080; Final Cut looks at the files itself.
- A clip of which only the name is known refers to a file of that name, to be relinked.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from opentimelineio.schema import Clip, Gap, Stack, TrackKind, Transition

from otio_shottag.errors import FormatError
from otio_shottag.formats.item_facts import file_name, is_generator, speed_of
from otio_shottag.formats.media_urls import media_rate, media_seconds, media_url
from otio_shottag.formats.pieces import Piece, pieces_of, runs_of
from otio_shottag.formats.placed_markers import placed_markers
from otio_shottag.formats.plain_text import one_line
from otio_shottag.item_times import own_start
from otio_shottag.items import duration_of
from otio_shottag.marks import items_of, strip_marks
from otio_shottag.rates import seconds_of
from otio_shottag.readers.lanes import seconds
from otio_shottag.timeline import Cut

_FORMAT_NAMES = {
    Fraction(24000, 1001): "FFVideoFormat1080p2398",
    Fraction(24): "FFVideoFormat1080p24",
    Fraction(25): "FFVideoFormat1080p25",
    Fraction(30000, 1001): "FFVideoFormat1080p2997",
    Fraction(30): "FFVideoFormat1080p30",
    Fraction(50): "FFVideoFormat1080p50",
    Fraction(60000, 1001): "FFVideoFormat1080p5994",
    Fraction(60): "FFVideoFormat1080p60",
}
_GAP_START = Fraction(3600)
"""Where the local time of a gap begins, as Final Cut writes it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the document a clip's element is."""

    number: int
    """Among all elements, in document order."""
    address: tuple[int, ...]
    """Of the item that the element stands for: the clip, or what is around it."""
    hidden: Fraction
    """Seconds of the clip's head that the element already leaves out."""


def time_text(seconds: Fraction) -> str:
    """Write a time: ``1001/24000s``, ``5s``."""
    return f"{seconds}s"


def fcpxml_text(cut: Cut) -> tuple[bytes, dict[tuple[int, ...], Place]]:
    """Give a cut as FCPXML, without marks of ours, and the place of each clip's element by its address.

    Raises FormatError for what even OTIO has no sense for: a track inside a track.
    """
    document = _Document(cut)
    numbers = {element: number for number, element in enumerate(document.root.iter())}
    ElementTree.indent(document.root, space="    ")
    text = ElementTree.tostring(document.root, encoding="unicode")
    places = {
        address: Place(numbers[element], address, hidden) for address, (element, hidden) in document.elements.items()
    }
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n\n'
    return f"{head}{text}\n".encode("utf-8", errors="xmlcharrefreplace"), places


@dataclass(frozen=True, slots=True)
class _Storied:
    """An element of a storyline, in seconds of its sequence, and its local time there."""

    start: Fraction
    local: Fraction
    element: Element


class _Document:
    """The document while it is built."""

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self.timeline = strip_marks(cut.timeline)
        self.root = Element("fcpxml", version="1.8")
        self.resources = SubElement(self.root, "resources")
        self.formats: dict[Fraction, str] = {}
        self.assets: dict[str, Element] = {}
        self.elements: dict[tuple[int, ...], tuple[Element, Fraction]] = {}
        """By the address of the clip or nested sequence, with its seconds of hidden head."""
        self._format(cut.rate)
        self._collect_assets()
        project = SubElement(self.root, "project", name=one_line(self.timeline.name) or "Untitled")
        story = self._sequence(project, self.timeline.tracks, (), seconds_of(cut.start))
        self._add_markers(story)

    def _id(self) -> str:
        return f"r{len(self.resources) + 1}"

    def _format(self, rate: Fraction) -> str:
        """Give the id of a format of this rate."""
        if rate not in self.formats:
            facts = {"id": self._id(), "frameDuration": time_text(1 / rate), "width": "1920", "height": "1080"}
            if rate in _FORMAT_NAMES:
                facts["name"] = _FORMAT_NAMES[rate]
            SubElement(self.resources, "format", facts)
            self.formats[rate] = facts["id"]
        return self.formats[rate]

    def _collect_assets(self) -> None:
        """Make one asset of each file, long enough for every use of it."""
        spans: dict[str, tuple[Fraction, Fraction]] = {}
        clips = [item for item in items_of(self.timeline) if isinstance(item, Clip) and not is_generator(item)]
        for clip in clips:
            rate, url = media_rate(clip, self.cut), media_url(clip, self.cut)
            available = clip.media_reference.available_range if clip.media_reference else None
            span = available or clip.source_range
            if span is None:
                raise FormatError(f"clip {clip.name!r} says neither what it shows nor how long its file is")
            start = media_seconds(span.start_time, rate)
            end = start + media_seconds(span.duration, rate)
            first, last = spans.get(url, (start, end))
            spans[url] = min(first, start), max(last, end)
            if url not in self.assets:
                facts = {
                    "id": "",
                    "name": one_line(file_name(clip) or clip.name),
                    "src": url,
                    "format": self._format(rate),
                }
                facts["id"] = self._id()
                self.assets[url] = SubElement(self.resources, "asset", facts)
            is_sound = getattr(clip.parent(), "kind", "") == TrackKind.Audio
            self.assets[url].set("hasAudio" if is_sound else "hasVideo", "1")
        for url, (first, last) in spans.items():
            self.assets[url].set("start", time_text(first))
            self.assets[url].set("duration", time_text(last - first))

    def _sequence(self, parent: Element, stack: Any, address: tuple[int, ...], start: Fraction) -> list[_Storied]:
        """Write a sequence into an element; give its primary storyline."""
        rate = self.cut.rate
        sequence = SubElement(
            parent,
            "sequence",
            format=self._format(rate),
            tcStart=time_text(start),
            tcFormat="DF" if self.cut.drop_frame else "NDF",
        )
        spine = SubElement(sequence, "spine")
        whole = stack.source_range if not address else None  # a compound clip's trim is its element's
        tracks = [
            (track, list(pieces_of(track, (*address, index), rate, whole=whole))) for index, track in enumerate(stack)
        ]
        video = [(track, pieces) for track, pieces in tracks if getattr(track, "kind", "") != TrackKind.Audio]
        audio = [(track, pieces) for track, pieces in tracks if getattr(track, "kind", "") == TrackKind.Audio]
        duration = max((pieces[-1].end for _, pieces in tracks if pieces), default=Fraction(0)) / rate
        sequence.set("duration", time_text(duration))
        story = self._storyline(spine, video[0][1], video[0][0].enabled, start) if video else []
        end = video[0][1][-1].end / rate if video and video[0][1] else Fraction(0)
        if duration > end:
            gap = _gap(spine, start + end, duration - end)
            story.append(_Storied(start + end, _GAP_START, gap))
        for lane, (track, pieces) in enumerate(video[1:], start=1):
            self._connect(story, pieces, track, lane, start)
        for lane, (track, pieces) in enumerate(audio, start=1):
            self._connect(story, pieces, track, -lane, start)
        return story

    def _storyline(self, spine: Element, pieces: Sequence[Piece], enabled: bool, start: Fraction) -> list[_Storied]:
        """Write pieces that follow each other; ``start`` is the storyline's own time at frame 0 of the track."""
        story: list[_Storied] = []
        for piece in pieces:
            if piece.before is not None:
                at_head = piece is pieces[0]
                self._transition(spine, piece.before, start + piece.start / self.cut.rate, at_head=at_head)
            offset, duration = start + piece.start / self.cut.rate, (piece.end - piece.start) / self.cut.rate
            if duration <= 0:
                continue
            element, local = self._element(spine, piece, duration)
            element.set("offset", time_text(offset))
            if not (enabled and piece.item.enabled) and element.tag != "gap":
                element.set("enabled", "0")
            story.append(_Storied(offset, local, element))
        return story

    def _connect(
        self, story: Sequence[_Storied], pieces: Sequence[Piece], track: Any, lane: int, start: Fraction
    ) -> None:
        """Connect a track's pieces to the primary storyline, each run of joined ones as one."""
        starts = [one.start for one in story]
        for run in runs_of(pieces):
            at = start + run[0].start / self.cut.rate
            anchor = story[max(0, bisect_right(starts, at) - 1)]
            offset = time_text(anchor.local + at - anchor.start)
            joined = len(run) > 1 or run[0].before is not None or run[0].after is not None
            holder = SubElement(anchor.element, "spine", lane=str(lane), offset=offset) if joined else anchor.element
            first = run[0].start / self.cut.rate
            for one in self._storyline(holder, run, track.enabled, -first):
                if lane < 0 and one.element.tag != "gap":
                    one.element.set("srcEnable", "audio")
                if not joined:
                    one.element.set("lane", str(lane))
                    one.element.set("offset", offset)
            if run[-1].after is not None:
                self._transition(holder, run[-1].after, run[-1].end / self.cut.rate - first, at_head=False)

    def _transition(self, holder: Element, transition: Transition, cut_point: Fraction, *, at_head: bool) -> None:
        """Write a transition over a cut; at the head of a storyline there is nothing before to overlap."""
        before = Fraction(0) if at_head else seconds_of(transition.in_offset)
        duration = before + seconds_of(transition.out_offset)
        if duration > 0:
            offset = time_text(cut_point - before)
            SubElement(holder, "transition", name="Cross Dissolve", offset=offset, duration=time_text(duration))

    def _element(self, holder: Element, piece: Piece, duration: Fraction) -> tuple[Element, Fraction]:
        """Write one piece; give its element and the local time at which it begins."""
        item, hidden = piece.item, piece.hidden / self.cut.rate
        if not isinstance(item, Clip | Stack) or is_generator(item):
            if not isinstance(item, Gap | Clip):
                raise FormatError(f"{item.name!r}: FCPXML has no place for a {type(item).__name__.lower()} in a track")
            return _gap(holder, Fraction(0), duration), _GAP_START
        speed = speed_of(item)
        if isinstance(item, Clip):
            local = media_seconds(own_start(item), media_rate(item, self.cut))
            facts = {"ref": self.assets[media_url(item, self.cut)].get("id", "")}
        else:
            local = seconds_of(own_start(item))
            facts = {"ref": self._compound(item, piece.address)}
        if speed < 0 and self.cut.from_resolve:  # its range begins at the low end of what is played
            local -= duration_of(item) * speed
        local += hidden * speed
        facts |= {"name": one_line(item.name), "start": time_text(local), "duration": time_text(duration)}
        element = SubElement(holder, "asset-clip" if isinstance(item, Clip) else "ref-clip", facts, srcEnable="video")
        if speed != 1:
            time_map = SubElement(element, "timeMap")
            for past in (Fraction(0), duration):
                times = {"time": time_text(local + past), "value": time_text(local + past * speed)}
                SubElement(time_map, "timept", times, interp="linear")
        self.elements[piece.address] = element, hidden
        return element, local

    def _compound(self, stack: Stack, address: tuple[int, ...]) -> str:
        """Write a nested sequence among the resources; give its id."""
        media = SubElement(self.resources, "media", id=self._id(), name=one_line(stack.name) or "Compound Clip")
        self._sequence(media, stack, address, Fraction(0))
        return media.get("id", "")

    def _add_markers(self, story: Sequence[_Storied]) -> None:
        """Write other people's markers: on their clips, those of timeline and tracks on what plays then."""
        starts = [one.start for one in story]
        for placed in placed_markers(self.timeline, self.cut.rate, self.cut.start, from_resolve=self.cut.from_resolve):
            if placed.address in self.elements:
                element, hidden = self.elements[placed.address]
                at = seconds(element.get("start")) - hidden + placed.offset / self.cut.rate
            elif story:
                record = placed.frame / self.cut.rate
                under = story[max(0, bisect_right(starts, record) - 1)]
                element, at = under.element, under.local + record - under.start
            else:
                continue
            marker = placed.marker
            facts = {"start": time_text(at), "duration": time_text(placed.length / self.cut.rate)}
            facts["value"] = one_line(marker.name or marker.comment) or "Marker"
            if marker.comment:
                facts["note"] = one_line(marker.comment)
            SubElement(element, "marker", facts)


def _gap(holder: Element, offset: Fraction, duration: Fraction) -> Element:
    facts = {
        "name": "Gap",
        "offset": time_text(offset),
        "start": time_text(_GAP_START),
        "duration": time_text(duration),
    }
    return SubElement(holder, "gap", facts)
