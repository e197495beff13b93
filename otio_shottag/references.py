"""A clip's media reference -> its footage here, or the reason why there is none."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from otio_shottag.errors import MediaError
from otio_shottag.items import details_of
from otio_shottag.media_paths import MediaFinder, spellings
from otio_shottag.rates import exact_rate
from otio_shottag.shots import ImageSequence, Media

_NUMBERED = re.compile(
    r"^(?P<prefix>.*?)(?:\[(?P<first>\d+)-(?P<last>\d+)\]|%0(?P<width>\d)d|(?P<hashes>##+))(?P<suffix>[^/\\]*)$"
)
"""Names that stand for many pictures: ``a.[0001-0100].exr``, ``a.%04d.exr``, ``a.####.exr``."""


_MOST_DIGITS = 20


def footage(clip: otio.schema.Clip, finder: MediaFinder) -> tuple[Media, otio.core.MediaReference]:
    """Find a clip's file or picture sequence, and the reference that names it.

    The active reference first, then any other that the clip has. Raises MediaError with the
    reason, in words for an editor.
    """
    active = clip.media_reference
    others = [reference for reference in clip.media_references().values() if reference is not active]
    problem: MediaError | None = None
    for reference in [active, *others]:
        try:
            return _footage(clip, reference, finder), reference
        except MediaError as error:
            problem = problem or error
    assert problem is not None  # every clip has at least one reference, if only a missing one
    raise problem


def _footage(clip: otio.schema.Clip, reference: Any, finder: MediaFinder) -> Media:
    if isinstance(reference, otio.schema.GeneratorReference):
        kind = reference.generator_kind or reference.name or "unnamed"
        raise MediaError(f"a generator or title ({kind}), not footage")
    if isinstance(reference, otio.schema.ImageSequenceReference):
        return _sequence(reference, finder)
    url = getattr(reference, "target_url", "") or _resolve_url(clip, reference)
    if not url:
        named = finder.find_named(_names(clip))
        if named is None:
            raise MediaError(
                "media offline: the cut names no file" + ("" if finder.roots else "; say where it is with --media-root")
            )
        return named
    try:
        return finder.find(url)
    except MediaError:
        for spelling in spellings(url):
            numbered = _NUMBERED.match(spelling)
            if numbered:
                return _pattern(numbered, reference, finder)
        named = finder.find_named(_names(clip))
        if named is None:
            raise
        return named


def _resolve_url(clip: otio.schema.Clip, reference: Any) -> str:
    """Give the path that Resolve notes for media which was offline when it exported."""
    for holder in (reference, clip):
        url = details_of(holder, "Resolve_OTIO").get("Media Url", "") if holder is not None else ""
        if url:
            return str(url)
    return ""


def _names(clip: otio.schema.Clip) -> Iterator[str]:
    """Give the names a clip's file may have: what its list says, then the clip's own name."""
    cmx = details_of(clip, "cmx_3600")
    comments = cmx.get("comments")
    for comment in comments if isinstance(comments, Sequence) else ():
        key, _, value = str(comment).partition(":")
        if key.strip().upper() in ("SOURCE FILE", "SOURCE FILE NAME"):
            yield value
    ale = details_of(clip, "ALE")
    for column in ("Source File", "Source File Name", "Source File Path", "UNC Path"):
        if ale.get(column):
            yield str(ale[column])
    yield clip.name or ""
    if cmx.get("reel"):
        yield str(cmx["reel"])


def _sequence(reference: otio.schema.ImageSequenceReference, finder: MediaFinder) -> ImageSequence:
    base = reference.target_url_base or ""
    available = reference.available_range
    rate = (
        exact_rate(reference.rate)
        if reference.rate > 1
        else exact_rate(available.duration.rate)
        if available
        else Fraction(24)
    )
    step = max(1, reference.frame_step)
    if not 0 <= reference.frame_zero_padding <= _MOST_DIGITS:
        raise MediaError(
            f"an image sequence numbered with {reference.frame_zero_padding} digits; should be 0 to {_MOST_DIGITS}"
        )
    count = round(available.duration.to_seconds() * float(rate)) if available is not None else 1
    shape = ImageSequence(
        folder=Path(),
        prefix=reference.name_prefix or "",
        suffix=reference.name_suffix or "",
        padding=reference.frame_zero_padding,
        first=reference.start_frame,
        last=reference.start_frame + (max(1, count) - 1) * step,
        step=step,
        rate=rate,
    )
    return _in_folder(base, shape, finder)


def _pattern(numbered: re.Match[str], reference: Any, finder: MediaFinder) -> ImageSequence:
    base, slash, prefix = numbered["prefix"].replace("\\", "/").rpartition("/")
    available = reference.available_range
    if numbered["first"] is not None:
        first, last, padding = int(numbered["first"]), int(numbered["last"]), len(numbered["first"])
    else:
        first = round(available.start_time.value) if available is not None else 0
        last = first + (round(available.duration.value) if available is not None else 1) - 1
        padding = len(numbered["hashes"]) if numbered["hashes"] else int(numbered["width"])
    rate = exact_rate(available.duration.rate) if available is not None else Fraction(24)
    shape = ImageSequence(Path(), prefix, numbered["suffix"], padding, first, max(first, last), 1, rate)
    return _in_folder(base + slash, shape, finder)


def _in_folder(base: str, shape: ImageSequence, finder: MediaFinder) -> ImageSequence:
    """Find the folder that the first picture is in; it counts as the sequence's."""
    middle = shape.picture(len(shape) // 2).name
    last = shape.picture(len(shape) - 1).name
    first = shape.picture(0).name
    separator = "" if not base or base.endswith("/") else "/"
    problem: MediaError | None = None
    for name in dict.fromkeys((first, middle, last)):
        try:
            found = finder.find(f"{base}{separator}{name}")
        except MediaError as error:
            problem = problem or error
            continue
        return ImageSequence(
            found.parent, shape.prefix, shape.suffix, shape.padding, shape.first, shape.last, shape.step, shape.rate
        )
    assert problem is not None  # there is at least one name
    shown = next(iter(spellings(f"{base}{separator}{shape.prefix}[{shape.first}-{shape.last}]{shape.suffix}")))
    raise MediaError(f"media not found: {shown}") from problem
