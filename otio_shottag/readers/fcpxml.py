"""Final Cut Pro XML (FCPXML 1.x) -> Timelines.

Ours, where every other format goes through OTIO's adapter: otio-fcpx-xml-adapter 1.0.0 rounds
23.976 down to 23 frames per second, leaves retimes out, and refuses 28 of the 67 real files we
tried. Times in FCPXML are exact fractions of a second, and stay so here.

The rules are those of Apple's "FCPXML Reference": ``offset`` places an element in its parent's
time, ``start`` is where its own local time begins, ``lane`` stacks what is connected, and a
``timeMap`` turns local time into media time. Rate conforming is taken at real time.

Every clip and nested stack carries ``metadata["fcpxml"]["element"]``: the place of its XML element among all
elements of the file, in document order.
"""

import itertools
from collections.abc import Callable
from fractions import Fraction
from xml.etree.ElementTree import Element

import opentimelineio as otio
from opentimelineio.opentime import TimeRange

from otio_shottag.errors import TimelineError
from otio_shottag.readers.lanes import Lanes, Placed, lay_out, seconds, time_at
from otio_shottag.readers.untrusted_xml import parse_xml

_CLIPS = ("asset-clip", "clip", "video", "title", "gap", "ref-clip", "sync-clip", "mc-clip", "audio", "live-drawing")
_MOST_ITEMS = 200_000
"""Clips that compound clips may unfold to; a film has some thousands."""
_DEPTH = 20
"""Compound clips inside compound clips; deeper is a file that holds itself."""


def read_fcpxml(data: bytes) -> list[otio.schema.Timeline]:
    """Give one timeline for each project of the file, in its order.

    A file that holds no project but clips (an event, a clip export) gives one timeline in which
    they follow each other. Raises TimelineError, without the file's name.
    """
    root = parse_xml(data)
    if root.tag != "fcpxml":
        raise TimelineError(f"an XML file, but its root is <{root.tag}>, not <fcpxml>")
    reader = _Reader(root)
    try:
        projects = [reader.project(project) for project in root.iter("project") if project.find("sequence") is not None]
        return projects or reader.loose_clips(root)
    except (ValueError, ArithmeticError) as error:
        raise TimelineError(f"not an FCPXML that can be read: {error}") from error


def _pick(element: Element) -> Element:
    """Give the clip that an audition shows, which is its first; anything else shows itself."""
    return next((one for one in element if one.tag in _CLIPS), element) if element.tag == "audition" else element


class _Reader:
    """What is known of one file while it is read: its resources and its elements' places."""

    def __init__(self, root: Element) -> None:
        self.places = {element: place for place, element in enumerate(root.iter())}
        self.resources = {one.get("id"): one for one in root.iterfind("resources/*")}
        self.depth = 0
        self.count = 0

    def project(self, project: Element) -> otio.schema.Timeline:
        sequence = project.find("sequence")
        assert sequence is not None  # the caller looked
        rate = self._rate(sequence.get("format")) or Fraction(24)
        start = seconds(sequence.get("tcStart"))
        timeline = otio.schema.Timeline(name=project.get("name", ""), global_start_time=time_at(start, rate))
        timeline.tracks = self._sequence(sequence, rate)
        timeline.tracks.name = "tracks"
        timeline.metadata["fcpxml"] = {"tcFormat": sequence.get("tcFormat", "NDF")}
        return timeline

    def loose_clips(self, root: Element) -> list[otio.schema.Timeline]:
        holders = [root, *root.iter("event")]
        clips = [clip for holder in holders for clip in holder if clip.tag in _CLIPS]
        if not clips:
            return []
        rate = next((found for clip in clips if (found := self._rate_of_clip(clip))), Fraction(24))
        lanes = Lanes()
        end = Fraction(0)
        for clip in clips:
            item = self._item(clip, rate)
            duration = self._duration(clip)
            if duration > 0:
                lanes.place(0, Placed(end, duration, item, self._is_audio(clip)))
                end += duration
        event = root.find("event")
        timeline = otio.schema.Timeline(name=event.get("name", "") if event is not None else "")
        timeline.tracks.extend(lay_out(lanes, rate))
        return [timeline]

    def _sequence(self, sequence: Element, rate: Fraction) -> otio.schema.Stack:
        """Build a sequence's tracks: the spine, what is connected above it, what below."""
        lanes = Lanes()
        for spine in sequence.iterfind("spine"):
            self._spine(spine, rate, lanes, lane=0, start=Fraction(0), local=seconds(sequence.get("tcStart")))
        stack = otio.schema.Stack()
        stack.extend(lay_out(lanes, rate))
        return stack

    def _spine(
        self, spine: Element, rate: Fraction, lanes: Lanes, *, lane: int, start: Fraction, local: Fraction
    ) -> None:
        """Place the elements of a storyline, whose local time ``local`` falls on ``start``."""
        end = local
        for element in spine:
            active = _pick(element)
            offset = seconds(element.get("offset", active.get("offset")), end)
            if active.tag == "transition" and lane == 0:
                # Half of a transition lies before the cut that the last clip ended on.
                lanes.transitions[start + end - local] = (end - offset, offset + seconds(active.get("duration")) - end)
            elif active.tag in _CLIPS:
                self._place(active, rate, lanes, lane=lane, start=start + offset - local)
                end = offset + self._duration(active)

    def _place(self, element: Element, rate: Fraction, lanes: Lanes, *, lane: int, start: Fraction) -> None:
        """Place one element and whatever is connected to it."""
        duration = self._duration(element)
        if element.tag != "gap" and duration > 0:
            lanes.place(lane, Placed(start, duration, self._item(element, rate), self._is_audio(element)))
        local = seconds(element.get("start"))
        for child in element:
            if child.get("lane") is None:
                continue
            child_start = start + seconds(child.get("offset"), local) - local
            child_lane = lane + int(child.get("lane", "0"))
            if child.tag == "spine":
                self._spine(child, rate, lanes, lane=child_lane, start=child_start, local=Fraction(0))
            elif _pick(child).tag in _CLIPS:
                self._place(_pick(child), rate, lanes, lane=child_lane, start=child_start)

    def _item(self, element: Element, rate: Fraction) -> otio.core.Item:
        """Build the clip or nested stack of one element; its ``source_range`` is what it shows."""
        self.count += 1
        if self.count > _MOST_ITEMS:
            raise TimelineError(f"its compound clips unfold to more than {_MOST_ITEMS} clips")
        name = element.get("name", "")
        duration = self._duration(element)
        local = seconds(element.get("start"))
        nested: otio.schema.Stack | None = None
        resource = self.resources.get(element.get("ref"))
        if element.tag == "ref-clip" and resource is not None and resource.find("sequence") is not None:
            nested = self._nested(lambda: self._sequence(resource.find("sequence"), rate))  # type: ignore[arg-type]
            local -= seconds(resource.find("sequence").get("tcStart"))  # type: ignore[union-attr]
        elif element.tag == "sync-clip":
            nested = self._nested(lambda: self._contents(element, rate))
        elif element.tag == "mc-clip":
            nested = self._nested(lambda: self._angle(element, resource, rate))
        if nested is not None:
            nested.name = name
            nested.enabled = element.get("enabled", "1") != "0"
            nested.metadata["fcpxml"] = {"element": self.places[element]}
            self._retime(nested, element, local, duration, rate)
            return nested
        clip = otio.schema.Clip(name=name, metadata={"fcpxml": {"element": self.places[element]}})
        clip.enabled = element.get("enabled", "1") != "0"
        inner = next((child for child in element if child.tag == "video" and child.get("lane") is None), None)
        source = inner if element.tag == "clip" and inner is not None else element
        asset = self.resources.get(source.get("ref"))
        clip.media_reference = self._reference(source, asset, rate)
        asset_start = seconds(asset.get("start")) if asset is not None else Fraction(0)
        if source is element:
            media = seconds(element.get("start"), asset_start)
        else:
            media = seconds(source.get("start"), asset_start) + local - seconds(source.get("offset"))
        self._retime(clip, element, media, duration, self._rate_of_clip(source) or rate)
        return clip

    def _nested(self, build: Callable[[], otio.schema.Stack]) -> otio.schema.Stack:
        self.depth += 1
        if self.depth > _DEPTH:
            raise TimelineError(f"compound clips nested more than {_DEPTH} deep; one of them holds itself")
        try:
            return build()
        finally:
            self.depth -= 1

    def _contents(self, element: Element, rate: Fraction) -> otio.schema.Stack:
        """Build the inside of a synchronized clip: its own elements and storylines."""
        lanes = Lanes()
        for child in element:
            if child.get("lane") is not None:
                continue
            if child.tag == "spine":
                start = seconds(child.get("offset"))
                self._spine(child, rate, lanes, lane=0, start=start, local=Fraction(0))
            elif child.tag in _CLIPS:
                self._place(child, rate, lanes, lane=0, start=seconds(child.get("offset")))
        return self._stacked(element, lanes, rate)

    def _angle(self, element: Element, media: Element | None, rate: Fraction) -> otio.schema.Stack:
        """Build the angle of a multicam clip that gives the picture."""
        sources = element.findall("mc-source")
        picked = next((one for one in sources if one.get("srcEnable", "all") in ("all", "video")), None)
        angles = media.findall("multicam/mc-angle") if media is not None else []
        angle = next(
            (one for one in angles if picked is not None and one.get("angleID") == picked.get("angleID")), None
        )
        lanes = Lanes()
        if angle is not None and media is not None:
            local = seconds(media.find("multicam").get("tcStart"))  # type: ignore[union-attr]
            self._spine(angle, rate, lanes, lane=0, start=local, local=local)
        return self._stacked(element, lanes, rate)

    def _stacked(
        self,
        element: Element,
        lanes: Lanes,
        rate: Fraction,
    ) -> otio.schema.Stack:
        stack = otio.schema.Stack()
        stack.extend(lay_out(lanes, rate))
        for clip in stack.find_clips():
            # The editor sees the outer element; inside it nothing can be marked.
            clip.metadata["fcpxml"]["element"] = self.places[element]
        return stack

    def _retime(
        self, item: otio.core.Item, element: Element, media: Fraction, duration: Fraction, rate: Fraction
    ) -> None:
        """Set what an item shows from local time ``media`` on, through its timeMap if it has one."""
        points = [(seconds(one.get("time")), seconds(one.get("value"))) for one in element.iterfind("timeMap/timept")]
        if len(points) > 1:
            speeds = [
                (after[1] - before[1]) / (after[0] - before[0])
                for before, after in itertools.pairwise(points)
                if after[0] > before[0]
            ]
            local = seconds(element.get("start"))
            piece = max((index for index, point in enumerate(points[:-1]) if point[0] <= local), default=0)
            speed = speeds[min(piece, len(speeds) - 1)] if speeds else Fraction(1)
            media = points[piece][1] + (local - points[piece][0]) * speed
            if speed < 0:
                media -= 1 / rate  # time that runs down comes to a frame's far edge first
            if len(set(speeds)) > 1:
                item.effects.append(otio.schema.TimeEffect(effect_name="timeMap"))
            elif speed == 0:
                item.effects.append(otio.schema.FreezeFrame())
            elif speed != 1:
                item.effects.append(otio.schema.LinearTimeWarp(time_scalar=float(speed)))
        item.source_range = TimeRange(time_at(media, rate), time_at(duration, rate))

    def _reference(self, element: Element, asset: Element | None, rate: Fraction) -> otio.core.MediaReference:
        if element.tag in ("title", "live-drawing") or (asset is not None and asset.tag == "effect"):
            kind = "title" if element.tag == "title" else "generator"
            return otio.schema.GeneratorReference(name=element.get("name", ""), generator_kind=kind)
        if asset is None:
            return otio.schema.MissingReference()
        representation = asset.find("media-rep")
        url = asset.get("src") or (representation.get("src", "") if representation is not None else "")
        if not url:
            return otio.schema.MissingReference()
        media_rate = self._rate(asset.get("format")) or rate
        reference = otio.schema.ExternalReference(target_url=url)
        if seconds(asset.get("duration")) > 0:
            reference.available_range = TimeRange(
                time_at(seconds(asset.get("start")), media_rate), time_at(seconds(asset.get("duration")), media_rate)
            )
        return reference

    def _rate(self, format_id: str | None) -> Fraction | None:
        resource = self.resources.get(format_id)
        frame = seconds(resource.get("frameDuration")) if resource is not None else Fraction(0)
        return 1 / frame if frame > 0 else None  # stills have a format without a frame duration

    def _rate_of_clip(self, element: Element) -> Fraction | None:
        resource = self.resources.get(element.get("ref"))
        return self._rate(resource.get("format")) if resource is not None else self._rate(element.get("format"))

    def _duration(self, element: Element) -> Fraction:
        if element.get("duration"):
            return seconds(element.get("duration"))
        resource = self.resources.get(element.get("ref"))
        if resource is None:
            return Fraction(0)
        holder = resource if resource.tag == "asset" else next(iter(resource), resource)
        return seconds(holder.get("duration"))

    def _is_audio(self, element: Element) -> bool:
        if element.tag == "audio" or element.get("srcEnable") == "audio":
            return True
        if element.tag == "clip" and element.find("audio") is not None:
            return not any(
                child.tag in _CLIPS and child.tag != "audio" for child in element if child.get("lane") is None
            )
        asset = self.resources.get(element.get("ref"))
        return (
            asset is not None
            and asset.tag == "asset"
            and asset.get("hasAudio") == "1"
            and asset.get("hasVideo", "0") == "0"
        )
