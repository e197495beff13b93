"""Cuts for the tests of what is written: shots without media, tags without a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from otio_shottag.decode import MediaInfo
from otio_shottag.finding import find_shots
from otio_shottag.media_paths import MediaFinder
from otio_shottag.shots import FrameScores, Label, Prediction, Scores, Shot, Tag
from otio_shottag.timeline import Cut
from otio_shottag.vocabulary import SHOT_TYPES
from tests.cuts import clip, dissolve, gap, span, stack, timeline, track

MODEL = "stand-in 1"


@dataclass
class EveryFile(MediaFinder):
    """Finds every file that a cut may name, without asking the disk."""

    def find(self, url: str) -> Path:
        return Path("/media") / url.replace("\\", "/").rpartition("/")[2]

    def find_named(self, names: Sequence[str]) -> Path | None:
        return next((Path("/media") / name.replace("/", "_") for name in names if name), Path("/media/unnamed"))


def shots_of(cut: Cut, **options) -> list[Shot]:
    """Every shot of a cut, as if all its media were there and long enough."""

    def endless(_) -> MediaInfo:
        return MediaInfo(cut.rate, None, None, 1920, 1080, is_still=False)

    shots, _ = find_shots(cut, finder=EveryFile(), probe=endless, **options)
    return shots


def tag(shot: Shot, code: str = "MCU", confidence: float = 0.92, path: Sequence[str] = ()) -> Tag:
    """A tag that says what it is told."""
    labels = {label.code: label for label in SHOT_TYPES}
    scores = scores_of(labels[code], confidence)
    frames = (FrameScores(Fraction(1, 24), scores), FrameScores(Fraction(3, 24), scores))
    way = tuple(labels[one] for one in path or [code])
    return Tag(shot, "shot_type", Prediction(labels[code], confidence, scores, frames, way), MODEL)


def scores_of(label: Label, confidence: float) -> Scores:
    """The confidence for one label, the rest for its neighbours on the scale of sizes."""
    others = [one for one in SHOT_TYPES if one != label]
    weights = [1 / 2 ** abs(SHOT_TYPES.index(one) - SHOT_TYPES.index(label)) for one in others]
    shares = {one.code: (1 - confidence) * weight / sum(weights) for one, weight in zip(others, weights, strict=True)}
    return tuple((one, shares.get(one.code, confidence)) for one in SHOT_TYPES)


def tags_of(cut: Cut, **options) -> list[Tag]:
    """A tag for every shot: the sizes in turn, one of them unsure and one a push-in."""
    tags = []
    for number, shot in enumerate(shots_of(cut, **options)):
        label = SHOT_TYPES[(5 + number) % 8]
        way = ("MS", "CU") if label.code == "CU" else ()
        tags.append(tag(shot, label.code, 0.41 if number % 5 == 4 else 0.92, way))
    return tags


def text_of(timeline: otio.schema.Timeline) -> str:
    """A timeline as OTIO itself writes it."""
    return timeline.to_json_string()


def editors_cut() -> Cut:
    """A short cut with something of everything, at 24 from 01:00:00:00."""
    hour = 86400
    with_marker = clip(
        "/vol/A001/A001C003.mov", span(hour + 100, 48), available=span(hour, 500), name='Émile & "<Anna>"\n第1場'
    )
    with_marker.markers.append(
        otio.schema.Marker(name="Fix boom", marked_range=span(hour + 112, 1), color="GREEN", comment="in shot")
    )
    inside = stack(
        track(clip("C:\\media\\B cam\\B002 C001.mov", span(10, 30)), clip("/vol/B003.mov", span(0, 30))),
        source=span(12, 36),
        name="Phone call",
    )
    bottom = track(
        with_marker,
        dissolve(6, 6),
        clip("/vol/A001/A001C004.mov", span(hour + 2000, 60), available=span(hour, 5000)),
        gap(24),
        clip("/vol/A001/A001C005.mov", span(hour + 50, 24), available=span(hour, 400), speed=2.0, name="fast"),
        clip("/vol/A001/A001C006.mov", span(hour + 80, 24), available=span(hour, 400), speed=-1.0, name="backward"),
        clip("/vol/A001/A001C007.mov", span(hour + 30, 24), available=span(hour, 400), speed=0, name="=frozen"),
        inside,
        clip("", span(0, 24), name="offline | card"),
        name="Video 1",
    )
    cut = timeline(bottom, start=otio.opentime.RationalTime(hour, 24))
    cut.tracks.markers.append(otio.schema.Marker(name="Act two", marked_range=span(140, 1), color="MAGENTA"))
    return Cut.of(cut)
