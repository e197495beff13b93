"""A clip as DaVinci Resolve writes it: a bare path, what its file covers, its times on the file's own clock.

Where the file is here, the file speaks (``file_clock``). Where it is away, the cut's own words are
taken, and what all its clips show of a file counts as all there is of it: without an
``available_range`` Resolve makes no timeline and does not say why.

Times go through seconds into the cut's rate, parts of a frame included, as Resolve writes 24 in
25: ``91046.625``. A clip played backward begins at the low end of what it plays; the markers of a
retimed clip count as ``item_times.in_resolves_count`` says.
"""

import os
from collections.abc import Sequence
from fractions import Fraction
from math import floor
from pathlib import Path

from opentimelineio.core import MediaReference
from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import Clip, ExternalReference, ImageSequenceReference, MissingReference, Timeline

from otio_shottag.errors import FormatError, MediaError
from otio_shottag.formats.delivery import Delivery, in_frames
from otio_shottag.formats.file_clock import Address, FileFacts, Files, like, url_of
from otio_shottag.formats.media_urls import media_rate, media_seconds
from otio_shottag.item_times import in_resolves_count, own_start
from otio_shottag.items import own_speed
from otio_shottag.marks import items_of
from otio_shottag.media_paths import is_windows, spellings
from otio_shottag.shots import ImageSequence, Media
from otio_shottag.timeline import Cut

_ACTIVE = "DEFAULT_MEDIA"
"""The key under which Resolve looks for the media that plays."""


class ClipShaper:
    """Shapes the clips of one cut."""

    def __init__(self, delivery: Delivery, timeline: Timeline) -> None:
        self.cut = delivery.cut
        self._files = Files(delivery)
        self._spans: dict[str, tuple[Fraction, Fraction]] = {}
        for clip in (item for item in items_of(timeline) if isinstance(item, Clip)):
            self._look_at(clip)

    def _look_at(self, clip: Clip) -> None:
        """Learn how much of a file the clips show, from its first to its last second."""
        url, shown = url_of(clip.media_reference), clip.source_range
        if url and shown is not None:
            rate = media_rate(clip, self.cut)
            first = media_seconds(shown.start_time, rate)
            ends = first, first + 1 / rate, first + media_seconds(shown.duration, rate) * own_speed(clip)
            low, high = self._spans.get(url, (first, first))
            self._spans[url] = max(Fraction(0), min(low, *ends)), max(high, *ends)

    def shape(self, clip: Clip, address: Address, length: int, marker_offsets: Sequence[Fraction]) -> None:
        """Give a clip Resolve's shape, ``length`` frames of the cut long.

        ``marker_offsets`` says how many frames of the cut each of its markers is after its first.
        """
        references = dict(clip.media_references())
        key = clip.active_media_reference_key
        media, facts = self._files.media(clip, address), self._files.facts(clip, address)
        covered, source = self._by_file(facts, length) if facts is not None else self._by_cut(clip, length)
        if key != _ACTIVE:
            references[_ACTIVE], references[key] = references[key], references.get(_ACTIVE) or MissingReference()
        for one, reference in references.items():
            references[one] = pathed = _pathed(reference, media if one == _ACTIVE else None, self.cut)
            pathed.available_range = covered if one == _ACTIVE else pathed.available_range or covered
        clip.set_media_references(references, _ACTIVE)
        clip.source_range = source
        for marker, offset in zip(clip.markers, marker_offsets, strict=True):
            start = source.start_time + _time(offset, self.cut.rate)
            lasts = max(1, round(in_frames(marker.marked_range.duration, self.cut.rate)))
            marker.marked_range = TimeRange(in_resolves_count(clip, start), _time(lasts, self.cut.rate))

    def _by_file(self, facts: FileFacts, length: int) -> tuple[TimeRange, TimeRange]:
        """Give what the file covers, and what of it is shown, as the file says."""
        rate, frames = self.cut.rate, facts.frames
        if facts.is_still:
            return TimeRange(_time(0, rate), _time(1, rate)), TimeRange(_time(0, rate), _time(length, rate))
        # Backward, the first frame seen is the high end: Resolve names the other one.
        first = frames.start if frames.step >= 0 else floor(frames.start) + 1 + frames.step * length
        return facts.available, TimeRange(_time((facts.start + first) / facts.rate * rate, rate), _time(length, rate))

    def _by_cut(self, clip: Clip, length: int) -> tuple[TimeRange, TimeRange]:
        """Give the same as the cut says."""
        available = clip.media_reference.available_range
        if available is None and clip.source_range is None:
            raise FormatError(f"clip {clip.name!r} says neither what it shows nor how long its file is")
        rate, own_rate = self.cut.rate, media_rate(clip, self.cut)
        first = media_seconds(own_start(clip), own_rate)
        if available is None:
            low, high = self._spans.get(url_of(clip.media_reference), (first, first + Fraction(length) / rate))
            available = TimeRange(_time(low * own_rate, own_rate), _time((high - low) * own_rate, own_rate))
        if (speed := own_speed(clip)) < 0:
            low_end = first + (1 + speed * length) / rate
            first = low_end if low_end >= media_seconds(available.start_time, own_rate) else first
        return available, TimeRange(_time(first * rate, rate), _time(length, rate))


def _pathed(reference: MediaReference, media: Media | None, cut: Cut) -> MediaReference:
    """Give a reference with a bare path: the file that was found, else what the cut names."""
    if isinstance(media, ImageSequence) and not isinstance(reference, ImageSequenceReference):
        numbers = media.first, media.step, float(media.rate), media.padding
        reference = like(ImageSequenceReference(str(media.folder), media.prefix, media.suffix, *numbers), reference)
    elif isinstance(media, Path) and isinstance(reference, MissingReference):
        reference = like(ExternalReference(), reference)
    if isinstance(reference, ExternalReference):
        reference.target_url = _bare_path(reference.target_url, media if isinstance(media, Path) else None, cut)
    elif isinstance(reference, ImageSequenceReference):
        folder = media.folder if isinstance(media, ImageSequence) else None
        reference.target_url_base = _bare_path(reference.target_url_base, folder, cut)
    return reference


def _bare_path(url: str, found: Path | None, cut: Cut) -> str:
    """Give the path that a URL means, as Resolve writes it: absolute, no scheme, nothing encoded.

    What was found here goes before what the cut says, but for a path of the other kind of
    machine: the editor sits there, and ``--map`` has led us to the same file.
    """
    try:
        path = (spellings(url or "") or [""])[0]
    except MediaError:  # http: and the like
        path = url
    other_machine = is_windows(path) if os.name != "nt" else path.startswith("/") and not path.startswith("//")
    # What is unpacked from an .otioz is gone after the run.
    if found is not None and not other_machine and cut.format != "otioz":
        return os.path.abspath(found)
    if is_windows(path):
        return path.replace("/", "\\")
    if path and not path.startswith("/") and "://" not in path and cut.format != "otioz" and cut.media_folder:
        return os.path.abspath(cut.media_folder / path)
    return path


def _time(frames: Fraction | int, rate: Fraction) -> RationalTime:
    return RationalTime(float(frames), float(rate))
