"""What a clip's file says of itself, and a cut that counts by it.

Timelines, lists and XML name a file's frames by the file's own timecode, or count them from its
first. A cut may do neither: exporters count from zero, or leave out where the file begins (every
EDL does), and a program that knows only the cut then shows other frames than the editor saw.
Where the file is here, it is asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from opentimelineio.core import Composition, MediaReference
from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import Clip, ExternalReference, MissingReference, Timeline

from otio_shottag.decode import MediaInfo, probe
from otio_shottag.errors import MediaError
from otio_shottag.formats.delivery import Delivery, in_frames
from otio_shottag.formats.placed_markers import placed_markers
from otio_shottag.item_times import own_start
from otio_shottag.items import duration_of, own_speed
from otio_shottag.marks import item_at
from otio_shottag.media_paths import MediaFinder
from otio_shottag.placing import Asked, place
from otio_shottag.rates import seconds_of
from otio_shottag.references import footage
from otio_shottag.shots import ImageSequence, Media, PlayedFrames
from otio_shottag.timecode import frame_number
from otio_shottag.timeline import Cut

Address = tuple[int, ...]

_FROM_ADAPTERS = ("cmx_3600", "fcp_xml")
"""Whose markers do not count in their clip's time: see ``placed_markers``."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A clip's file, and what of it the clip plays."""

    media: Media
    rate: Fraction
    """Frames per second of the file, exact."""
    start: int
    """The number of its first frame on its own clock; 0 where it has no timecode."""
    count: int
    """How many frames it holds, as far as anybody says."""
    is_still: bool
    frames: PlayedFrames
    """What the whole clip plays, 0 = the file's first frame, whatever its parents hide of it."""
    cut_start: int
    """The number that the cut gives the file's first frame."""

    @property
    def available(self) -> TimeRange:
        rate = float(self.rate)
        return TimeRange(RationalTime(self.start, rate), RationalTime(self.count, rate))


class Files:
    """The files of one cut; each is asked once, however many clips play it."""

    def __init__(self, delivery: Delivery) -> None:
        self._cut = delivery.cut
        self._finder = MediaFinder(folder=self._cut.media_folder)
        # What was judged may have been found elsewhere than the cut says: --media-root, --map.
        self._judged: dict[Address, Media] = {tag.shot.address: tag.shot.media for tag in delivery.tags}
        self._infos: dict[Media, MediaInfo | None] = {}
        # The sound of a judged clip, and other uses of its file.
        self._by_url: dict[str, Media] = {}
        for address, media in self._judged.items():
            if url := url_of(item_at(self._cut.timeline, address).media_reference):
                self._by_url.setdefault(url, media)

    def media(self, clip: Clip, address: Address) -> Media | None:
        """Find the file here that a clip's active reference names."""
        media = self._judged.get(address) or self._by_url.get(url_of(clip.media_reference))
        if media is None or len(clip.media_references()) > 1:
            try:
                media, reference = footage(clip, self._finder)
            except MediaError:
                return None
            if url_of(reference) != url_of(clip.media_reference):
                return None
        return media

    def facts(self, clip: Clip, address: Address) -> FileFacts | None:
        """Ask a clip's file; None where it is away, or has no frame that the cut asks for."""
        media = self.media(clip, address)
        info = self._info(media) if media is not None else None
        available = clip.media_reference.available_range
        shown = clip.source_range or available
        if media is None or info is None or shown is None:
            return None
        length = max(1, round(duration_of(clip) * self._cut.rate))
        try:
            placed = place(
                Asked(
                    shown=shown,
                    available=available,
                    offset=Fraction(0),
                    length=length,
                    speed=own_speed(clip),
                    passing=Fraction(1),
                    edit_rate=self._cut.rate,
                    from_resolve=self._cut.from_resolve,
                ),
                info,
            )
        except MediaError:
            return None
        cut_start = round(placed.media_start * info.rate)
        stated = round(seconds_of(available.duration) * info.rate) if available is not None else 0
        return FileFacts(
            media=media,
            rate=info.rate,
            # Nothing in numbered pictures says where their clock starts: the cut's word counts.
            start=cut_start if isinstance(media, ImageSequence) else _start_frame(info),
            count=info.num_frames or max(stated, placed.frames.highest + 1),
            is_still=info.is_still,
            frames=placed.frames,
            cut_start=cut_start,
        )

    def _info(self, media: Media) -> MediaInfo | None:
        if media not in self._infos:
            try:
                self._infos[media] = probe(media)
            except MediaError:  # sound alone, or away since
                self._infos[media] = None
        return self._infos[media]


def on_file_clock(delivery: Delivery) -> Delivery:
    """Give a delivery whose cut says of each file that is here what the file says, and counts by it.

    Stills and files that are away stay as the cut has them, and so does a cut from Resolve, which
    counts so already.
    """
    cut = delivery.cut
    if cut.from_resolve:
        return delivery
    timeline: Timeline = cut.timeline.deepcopy()
    files, offsets = Files(delivery), marker_offsets(timeline, cut)
    for address, clip in _clips_in(timeline.tracks, ()):
        facts = files.facts(clip, address)
        if facts is not None and not facts.is_still:
            _count_by_file(clip, facts, offsets.get(address, []))
    return replace(delivery, cut=replace(cut, timeline=timeline))


def _clips_in(composition: Any, address: Address) -> Iterator[tuple[Address, Clip]]:
    """Go through all clips, the sound's too, each with its address."""
    for index, child in enumerate(composition):
        if isinstance(child, Clip):
            yield (*address, index), child
        elif isinstance(child, Composition):
            yield from _clips_in(child, (*address, index))


def _count_by_file(clip: Clip, facts: FileFacts, offsets: list[Fraction]) -> None:
    reference: MediaReference = clip.media_reference
    if isinstance(reference, MissingReference) and isinstance(facts.media, Path):
        reference = like(ExternalReference(facts.media.absolute().as_posix()), reference)
    shift = RationalTime(facts.start - facts.cut_start, float(facts.rate))
    if reference.available_range is None or shift.value:
        reference.available_range = facts.available
    clip.media_reference = reference
    if clip.source_range is not None and shift.value:
        start, duration = clip.source_range.start_time, clip.source_range.duration
        # Rates of one nominal count the same frames: 24 and 23.976 are shifted by the number.
        same_count = round(start.rate) == round(shift.rate)
        start += RationalTime(shift.value, start.rate) if same_count else shift.rescaled_to(start.rate)
        clip.source_range = TimeRange(start, duration)
        for marker, offset in zip(clip.markers, offsets, strict=True):
            at = start + RationalTime(float(offset), start.rate)
            marker.marked_range = TimeRange(at, marker.marked_range.duration)


def marker_offsets(timeline: Timeline, cut: Cut) -> dict[Address, list[Fraction]]:
    """Say how many frames of the cut each clip's markers are after its first frame, by its address."""
    offsets: dict[Address, list[Fraction]] = {}
    for placed in placed_markers(timeline, cut.rate, cut.start):
        item = item_at(timeline, placed.address)
        if isinstance(item, Clip):
            own = in_frames(placed.marker.marked_range.start_time - own_start(item), cut.rate)
            from_adapter = any(key in placed.marker.metadata for key in _FROM_ADAPTERS)
            offsets.setdefault(placed.address, []).append(placed.offset if from_adapter else own)
    return offsets


def like(new: Any, old: MediaReference) -> MediaReference:
    """Carry what a reference says over to another kind of reference."""
    new.name, new.available_range = old.name, old.available_range
    new.metadata.update(old.metadata)
    return new


def url_of(reference: Any) -> str:
    """Give the URL of a reference; blank where it has none."""
    return getattr(reference, "target_url", "") or ""


def _start_frame(info: MediaInfo) -> int:
    stamp = info.start_timecode
    try:
        return frame_number(stamp, info.rate, drop_frame=";" in stamp) if stamp is not None else 0
    except ValueError:  # a timecode that the rate does not have
        return 0
