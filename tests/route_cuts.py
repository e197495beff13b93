"""Cuts for the tests of ``--for``: real media at every usual rate, and the rules that an editor's import has."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
from opentimelineio.opentime import RationalTime

from otio_shottag.finding import find_shots
from otio_shottag.shots import Tag
from otio_shottag.timeline import Cut
from otio_shottag.vocabulary import SHOT_TYPES
from tests.cuts import clip, dissolve, gap, span, timeline, track
from tests.format_cuts import tag
from tests.media import Clip, write_clip


@dataclass(frozen=True)
class Rate:
    """A frame rate as editors know it."""

    name: str
    exact: Fraction
    start: str
    """Record timecode of the first frame; a minute that drop-frame cuts short begins soon after."""

    @property
    def start_frame(self) -> int:
        """By OTIO's own count."""
        return round(otio.opentime.from_timecode(self.start, float(self.exact)).value)


RATES = (
    Rate("23.976", Fraction(24000, 1001), "00:01:58:00"),
    Rate("25", Fraction(25), "00:01:58:00"),
    Rate("29.97 DF", Fraction(30000, 1001), "00:01:58;00"),
    Rate("59.94 DF", Fraction(60000, 1001), "00:01:59;00"),
)
OFFSETS = (0, 65, 95, 125)
"""Frames of the cut at which the shots of ``rated_cut`` begin: a plain one, a fast one, two that a dissolve joins."""


def rated_media(folder: Path, rate: Rate) -> Path:
    """Write a bar-coded clip of 100 frames with the timecode of hour one, its name as people have them."""
    stamp = "01:00:00;00" if "DF" in rate.name else "01:00:00:00"
    path = folder / f"第1場 #{rate.name}.mov"
    return path if path.exists() else write_clip(path, Clip(rate=rate.exact, num_frames=100, timecode=stamp))


def rated_cut(folder: Path, rate: Rate) -> Cut:
    """A cut of a real file at a rate; it says nothing of where the file begins or ends."""
    url, per_second = str(rated_media(folder, rate)), float(rate.exact)
    bottom = track(
        clip(url, span(10, 40, per_second), name="plain"),
        gap(25, per_second),
        clip(url, span(20, 30, per_second), speed=2.0, name="fast"),
        clip(url, span(5, 30, per_second), name="third"),
        dissolve(5, 5, per_second),
        clip(url, span(50, 40, per_second), name="第四"),
        name="pictures",
    )
    return Cut.of(timeline(bottom, start=RationalTime(rate.start_frame, per_second)))


def real_tags(cut: Cut) -> list[Tag]:
    """A tag for every shot whose media is there: its size is its number in the cut."""
    shots, _ = find_shots(cut)
    return [tag(shot, SHOT_TYPES[(5 + number) % 8].code) for number, shot in enumerate(shots)]


def frame_of(stamp: str, rate: Rate) -> int:
    """Count a timecode's frames as OTIO does, with the semicolon that it wants for drop-frame."""
    if "DF" in rate.name:
        stamp = stamp[:-3] + ";" + stamp[-2:]
    return round(otio.opentime.from_timecode(stamp, float(rate.exact)).value)


KNOWN_SCHEMAS = {
    *("Timeline.1", "Stack.1", "Track.1", "Clip.2", "Gap.1", "Transition.1", "Marker.2"),
    *("Effect.1", "LinearTimeWarp.1", "FreezeFrame.1", "TimeEffect.1", "RationalTime.1", "TimeRange.1"),
    *("ExternalReference.1", "MissingReference.1", "ImageSequenceReference.1", "GeneratorReference.1"),
    *("Box2d.1", "V2d.1", "TimeTransform.1"),
}


def resolve_faults(document: Any) -> list[str]:
    """What of an ``.otio``'s JSON Resolve is known to choke on, or would read at another time."""
    faults = []
    if document["OTIO_SCHEMA"] != "Timeline.1" or document["global_start_time"] is None:
        faults.append("no timeline with a start")
    for thing in objects_in(document):
        schema = thing["OTIO_SCHEMA"]
        if schema not in KNOWN_SCHEMAS:
            faults.append(f"unknown schema {schema}")
        if schema == "RationalTime.1" and not all(isinstance(thing[key], float) for key in ("rate", "value")):
            faults.append(f"a whole number in {thing}")
        if schema == "Clip.2":
            faults += clip_faults(thing)
        if schema in ("Clip.2", "Gap.1") and thing["source_range"]["duration"]["value"] % 1:
            faults.append(f"{thing['name']}: a part of a frame")
        if schema == "Stack.1":
            faults += stack_faults(thing)
    return faults


def clip_faults(thing: Any) -> Iterator[str]:
    if thing["active_media_reference_key"] != "DEFAULT_MEDIA" or "DEFAULT_MEDIA" not in thing["media_references"]:
        yield f"{thing['name']}: no DEFAULT_MEDIA"
    for reference in thing["media_references"].values():
        if reference["available_range"] is None:
            yield f"{thing['name']}: no available_range"
        url = reference.get("target_url", reference.get("target_url_base", ""))
        if url and not re.match(r"/|[A-Za-z]:\\|\\\\", url):
            yield f"{thing['name']}: {url} is no bare absolute path"


def stack_faults(thing: Any) -> Iterator[str]:
    numbers = {"Video": 0, "Audio": 0}
    for child in thing["children"]:
        if child["OTIO_SCHEMA"] != "Track.1" or child["source_range"] is not None:
            yield f"{child['name']}: no plain track"
        elif child["kind"] in numbers:
            numbers[child["kind"]] += 1
            if child["name"] != f"{child['kind']} {numbers[child['kind']]}":
                yield f"a track called {child['name']}"


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Go through every OTIO object of a JSON document, metadata included."""
    if isinstance(value, dict):
        if "OTIO_SCHEMA" in value:
            yield value
        for one in value.values():
            yield from objects_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from objects_in(one)
