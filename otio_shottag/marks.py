"""Tags <-> markers: the words of a marker, and putting it on and off a copy of a timeline.

A timeline carries our marks in three places: a marker on each tagged clip (or on the timeline
itself), metadata on that marker, and metadata on the clip. All of it is under METADATA_KEY and
comes off again. Formats that drop our metadata still carry the comment, and that ends in
SIGNATURE; nothing is ever taken for ours by its name alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import floor
from typing import Any, Literal

from opentimelineio.core import Composition
from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import Clip, Marker, Timeline, Transition

from otio_shottag.item_times import first_seen, in_resolves_count
from otio_shottag.items import details_of
from otio_shottag.settings import Settings
from otio_shottag.shots import Tag
from otio_shottag.vocabulary import HUMAN

SIGNATURE = "(otio-shottag)"
"""Ends the comment of every marker we write, so that we know our own in any format."""

METADATA_KEY = "otio_shottag"
"""Where our metadata is, on markers and on clips."""

METADATA_VERSION = 1
"""Of the layout of that metadata; goes up when a key changes its meaning."""

EDL_COMMENT = "OTIO-SHOTTAG: "
"""Begins the comment that follows each of our locators in an EDL; the marker's name comes next."""

Place = Literal["clip", "timeline"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a tag says in a timeline."""

    tag: Tag
    name: str
    """Says everything, since most formats drop the rest: ``"MCU 92%"``, ``"MS? 41%"``, ``"MS→CU 80%"``."""
    comment: str
    """One line, ending in SIGNATURE."""
    color: str
    """One of OTIO's marker colours."""
    also: tuple[Tag, ...] = ()
    """Further tags of the same shot that it speaks for."""

    @property
    def tags(self) -> tuple[Tag, ...]:
        """All tags that it speaks for."""
        return (self.tag, *self.also)


def marks_of(tags: Sequence[Tag], settings: Settings) -> list[Mark]:
    """Word each tag as the settings say, in the order given."""
    return [_mark(tag, settings) for tag in tags]


def is_unsure(tag: Tag, settings: Settings) -> bool:
    """Say whether a tag's confidence is below what the settings ask for."""
    return tag.prediction.confidence < settings.min_confidence


def runner_up(tag: Tag) -> tuple[str, float]:
    """Give the likeliest label's code but for the tag's own, and its score; blank where there is none."""
    label, scores = tag.prediction.label, tag.prediction.scores
    others = [(other.code, score) for other, score in scores if other != label and score > 0]
    return max(others, key=lambda other: other[1], default=("", 0.0))


def _mark(tag: Tag, settings: Settings) -> Mark:
    prediction = tag.prediction
    other, other_score = runner_up(tag)
    words = {
        "sizes": "→".join(label.code for label in prediction.path),
        "name": " → ".join(settings.names.get(label.code, label.name) for label in prediction.path),
        "confidence": percent(prediction.confidence),
        "runner_up": other,
        "runner_up_confidence": percent(other_score),
        "model": tag.model,
    }
    unsure = is_unsure(tag, settings)
    name = settings.unsure_name if unsure else settings.marker_name
    color = settings.unsure_color if unsure else settings.colors.get(prediction.label.code, prediction.label.color)
    # A person's word has no runner-up, so the words for the judge's do not fit it.
    template = "{name}; set by a {model}" if tag.model == HUMAN else settings.marker_comment
    comment = f"{template.format(**words)} {SIGNATURE}"
    return Mark(tag=tag, name=name.format(**words), comment=comment, color=color)


def percent(share: float) -> str:
    """Write 0..1 as whole percent, rounded down: only certainty is ``100%``."""
    # The nudge takes 0.29 * 100 = 28.999999999999996 to where it belongs.
    whole = floor(share * 100 + 1e-9)
    return f"{min(whole, 99) if share < 1 else whole}%"


def mark_timeline(
    timeline: Timeline,
    marks: Sequence[Mark],
    *,
    place: Place = "clip",
    start: RationalTime | None = None,
    from_resolve: bool = False,
) -> Timeline:
    """Give a copy that carries these marks and no older ones of ours.

    ``place="clip"`` puts each marker on its clip, in the clip's own source time, at the first
    frame that is seen. DaVinci Resolve counts a retimed clip's markers in another way, which
    ``from_resolve`` follows. ``place="timeline"`` puts them on ``timeline.tracks``, in its own
    time from 0; ``start`` is then the record time of its first frame (default: the timeline's
    ``global_start_time``). Everybody else's markers stay as they are.
    """
    marked = strip_marks(timeline)
    if start is None:
        start = marked.global_start_time or RationalTime(0, 1)
    for mark in marks:
        shot = mark.tag.shot
        clip = item_at(marked, shot.address)
        if place == "timeline":
            first = shot.record.start_time - start
            marked.tracks.markers.append(_marker(mark, first))
        else:
            first = first_seen(marked, shot.address)
            if from_resolve and isinstance(clip, Clip):
                first = in_resolves_count(clip, first)
            clip.markers.append(_marker(mark, first))
        clip.metadata.setdefault(METADATA_KEY, {}).update({tag.analysis: _facts(tag) for tag in mark.tags})
    return marked


def strip_marks(timeline: Timeline) -> Timeline:
    """Give a copy without anything of ours; everybody else's markers and metadata stay."""
    stripped = deepcopy(timeline)
    for item in items_of(stripped):
        if isinstance(item, Transition):
            continue
        if METADATA_KEY in item.metadata:
            del item.metadata[METADATA_KEY]
        for index in reversed(range(len(item.markers))):
            if is_ours(item.markers[index]):
                del item.markers[index]
        if "cmx_3600" in item.metadata:
            _strip_edl_comments(item)
    return stripped


def is_ours(marker: Marker) -> bool:
    """Say whether we made a marker: by our metadata, or by SIGNATURE wherever a format keeps comments."""
    if METADATA_KEY in marker.metadata or marker.comment.rstrip().endswith(SIGNATURE):
        return True
    # fcp_xml keeps the comment under its own "comment", Resolve as "Note", FCPXML has "note".
    return any(
        isinstance(details, Mapping) and str(details.get(key, "")).rstrip().endswith(SIGNATURE)
        for details in marker.metadata.values()
        for key in ("comment", "note", "Note")
    )


def items_of(timeline: Timeline) -> Iterator[Any]:
    """Go through everything in a timeline, tracks and nested stacks included, outermost first."""
    pending: list[Any] = [timeline.tracks]
    while pending:
        item = pending.pop()
        yield item
        if isinstance(item, Composition):
            pending.extend(list(item)[::-1])


def item_at(timeline: Timeline, address: Sequence[int]) -> Any:
    """Give what stands at an address: the clip of a Shot, in this copy of its timeline."""
    item: Any = timeline.tracks
    for index in address:
        item = item[index]
    return item


def edl_comments(item: Any) -> list[str]:
    """Give the comments that OTIO's EDL adapter left on an item because it had no use for them."""
    comments = details_of(item, "cmx_3600").get("comments")
    if not isinstance(comments, Sequence) or isinstance(comments, str):
        return []
    return [str(comment) for comment in comments]


def _strip_edl_comments(item: Any) -> None:
    """Take off what OTIO's EDL adapter makes of our locators: a marker, and a comment that names it."""
    comments = edl_comments(item)
    ours = [comment for comment in comments if comment.startswith(EDL_COMMENT)]
    if not ours:
        return
    for comment in ours:
        for index, marker in enumerate(item.markers):
            if comment[len(EDL_COMMENT) :].startswith(f"{marker.name}; ") and "cmx_3600" in marker.metadata:
                del item.markers[index]
                break
    others = [comment for comment in comments if comment not in ours]
    details = item.metadata["cmx_3600"]
    if others:
        details["comments"] = others
    else:
        del details["comments"]
    if not details:
        del item.metadata["cmx_3600"]


def _marker(mark: Mark, first: RationalTime) -> Marker:
    facts = _facts(mark.tag)
    if mark.also:
        facts["also"] = {tag.analysis: _facts(tag) for tag in mark.also}
    return Marker(
        name=mark.name,
        marked_range=TimeRange(first, RationalTime(1, first.rate)),
        color=mark.color,
        comment=mark.comment,
        # Resolve shows this one; it leaves `comment` empty in its own files.
        metadata={METADATA_KEY: facts, "Resolve_OTIO": {"Note": mark.comment}},
    )


def _facts(tag: Tag) -> dict[str, Any]:
    """Say in metadata what was judged; rounded, so that the same run writes the same file."""
    prediction = tag.prediction
    return {
        "version": METADATA_VERSION,
        "analysis": tag.analysis,
        "label": prediction.label.code,
        "sizes": [label.code for label in prediction.path],
        "confidence": round(prediction.confidence, 4),
        "scores": {label.code: round(score, 4) for label, score in prediction.scores},
        "model": tag.model,
    }
