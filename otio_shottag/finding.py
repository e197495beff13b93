"""Cut -> Shots: which frames of which file every clip shows, and where in the cut.

The only bridge from OTIO time to file time. All arithmetic is in exact fractions. What rests on
knowledge of the exporters rather than on OTIO's documentation is said where it is used.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Any

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from otio_shottag.decode import MediaInfo, probe
from otio_shottag.errors import MediaError, TimelineError
from otio_shottag.items import clips_below, duration_of, own_speed
from otio_shottag.media_paths import MediaFinder
from otio_shottag.placing import Asked, place
from otio_shottag.rates import exact_rate, seconds_of
from otio_shottag.references import footage
from otio_shottag.shots import Media, Shot, Skip
from otio_shottag.timeline import Cut

Probe = Callable[[Media], MediaInfo]


def find_shots(
    cut: Cut | otio.schema.Timeline,
    *,
    finder: MediaFinder | None = None,
    tracks: Sequence[str] | None = None,
    include_disabled: bool = False,
    probe: Probe = probe,
) -> tuple[list[Shot], list[Skip]]:
    """Find every clip on the video tracks, as a shot or as a skip with its reason.

    Tracks come from the bottom up, clips in playing order; what a track above hides is still
    found. ``tracks`` picks some by number (``"V1"``) or name. Disabled clips and tracks are left
    out unless ``include_disabled``. Gaps, transitions and audio are no clips. Raises
    TimelineError where there is no such track, or no video track at all.
    """
    if isinstance(cut, otio.schema.Timeline):
        cut = Cut.of(cut)
    search = _Search(
        cut,
        finder=finder or MediaFinder(folder=cut.media_folder),
        probe=probe,
        include_disabled=include_disabled,
    )
    try:
        for index, label in _picked_tracks(cut.timeline, tracks):
            search.look_at(cut.timeline.tracks[index], index, label)
    except RecursionError as error:
        raise TimelineError("compound clips are nested too deep to follow") from error
    return search.shots, search.skips


def _picked_tracks(timeline: otio.schema.Timeline, wanted: Sequence[str] | None) -> list[tuple[int, str]]:
    """Give the index and label (``V1`` from the bottom) of the video tracks that are wanted."""
    children = list(timeline.tracks)
    video = [index for index, child in enumerate(children) if getattr(child, "kind", "") != otio.schema.TrackKind.Audio]
    labels = {index: f"V{number}" for number, index in enumerate(video, start=1)}
    if not video:
        raise TimelineError("the cut holds no video track")
    if wanted is None:
        return list(labels.items())
    picked: set[int] = set()
    for name in wanted:
        # A track may be called "V2" and be the first: the number wins over the name.
        meant = [index for index in video if labels[index] == name] or [
            index for index in video if children[index].name == name
        ]
        if not meant:
            known = ", ".join(f"{labels[index]} {children[index].name!r}" for index in video)
            raise TimelineError(f"the cut has no video track {name!r}; it has {known}")
        picked.update(meant)
    return [(index, label) for index, label in labels.items() if index in picked]


@dataclass(frozen=True, slots=True)
class _View:
    """How much of an item is seen, and when: local time runs through record time."""

    start: Fraction
    """Seconds of record time at which it comes on, counted from the start of the cut."""
    end: Fraction
    local: Fraction
    """The item's own time at ``start``, in seconds."""
    speed: Fraction
    """Seconds of local time in one second of record time."""
    clear_start: Fraction
    """Record time between which no transition touches it."""
    clear_end: Fraction

    def local_at(self, record: Fraction) -> Fraction:
        return self.local + (record - self.start) * self.speed

    def part(self, first: Fraction, last: Fraction) -> "_View | None":
        """Give the view of a child that stands from ``first`` to ``last`` in this item's time."""
        if self.speed == 0:
            shown = first <= self.local < last
            return replace(self, local=self.local - first) if shown else None
        ends = sorted(self.start + (edge - self.local) / self.speed for edge in (first, last))
        start, end = max(self.start, ends[0]), min(self.end, ends[1])
        if start >= end:
            return None
        return replace(self, start=start, end=end, local=self.local_at(start) - first)

    def clear_of(self, head: Fraction, tail: Fraction, duration: Fraction) -> "_View":
        """Leave transitions out: ``head`` and ``tail`` seconds of an item ``duration`` long."""
        if self.speed <= 0:
            return self
        first = self.start + (head - self.local) / self.speed
        last = self.start + (duration - tail - self.local) / self.speed
        return replace(self, clear_start=max(self.clear_start, first), clear_end=min(self.clear_end, last))


class _Search:
    """One walk through a cut: what has been found, and what is known of the files so far."""

    def __init__(self, cut: Cut, *, finder: MediaFinder, probe: Probe, include_disabled: bool) -> None:
        self.cut = cut
        self.finder = finder
        self.probe = probe
        self.include_disabled = include_disabled
        self.shots: list[Shot] = []
        self.skips: list[Skip] = []
        self._known: dict[Media, MediaInfo | str] = {}

    def look_at(self, track: Any, index: int, label: str) -> None:
        """Find the shots of one track of the cut."""
        whole = self.cut.timeline.tracks
        end = duration_of(whole if whole.source_range is not None else track)
        view: _View | None = _View(Fraction(0), end, Fraction(0), Fraction(1), Fraction(0), end)
        if view is not None and whole.source_range is not None:
            view = self._inside(whole, view).part(Fraction(0), duration_of(track))
        self._item(track, (index,), view, label)

    def _item(self, item: Any, address: tuple[int, ...], view: _View | None, label: str) -> None:
        if not (self.include_disabled or getattr(item, "enabled", True)):
            return
        if view is None:
            for inner_address, clip in clips_below(item, address):
                if self.include_disabled or clip.enabled:
                    self._skip(clip, inner_address, None, label, "hidden: the compound clip around it shows none of it")
        elif isinstance(item, otio.schema.Clip):
            self._clip(item, address, view, label)
        elif isinstance(item, otio.schema.Stack) and len(item) == 0:
            # OTIO's adapter reads the nested sequences of Final Cut 7 like this.
            self._skip(
                item, address, None, label, "a nested sequence whose inside could not be read; export it on its own"
            )
        elif isinstance(item, otio.core.Composition):
            self._composition(item, address, self._inside(item, view), label)

    def _composition(self, parent: Any, address: tuple[int, ...], view: _View, label: str) -> None:
        """Go through a track's children one after the other, a stack's side by side."""
        position = Fraction(0)
        in_turn = isinstance(parent, otio.schema.Track)
        children = list(parent)
        for index, child in enumerate(children):
            if isinstance(child, otio.schema.Transition) or getattr(child, "kind", "") == otio.schema.TrackKind.Audio:
                continue
            duration = duration_of(child)
            start = position if in_turn else Fraction(0)
            position += duration
            if isinstance(child, otio.schema.Gap):
                continue
            part = view.part(start, start + duration) if duration > 0 else None
            if part is not None and in_turn:
                before, after = children[index - 1] if index else None, (children[index + 1 :] or [None])[0]
                head = seconds_of(before.out_offset) if isinstance(before, otio.schema.Transition) else Fraction(0)
                tail = seconds_of(after.in_offset) if isinstance(after, otio.schema.Transition) else Fraction(0)
                part = part.clear_of(head, tail, duration)
            if part is None and isinstance(child, otio.schema.Clip) and duration <= 0:
                if self.include_disabled or child.enabled:
                    self._skip(child, (*address, index), None, label, "its length is zero or not in the cut")
                continue
            self._item(child, (*address, index), part, label)

    def _inside(self, item: Any, view: _View) -> _View:
        """Go from a composition's place in its parent to its inside: its trim and its own speed."""
        speed = own_speed(item)
        shown: TimeRange | None = item.source_range
        start = seconds_of(shown.start_time) if shown is not None else Fraction(0)
        if isinstance(item, otio.schema.Track) and start + duration_of(item) <= 0:
            # OTIO's EDL adapter keeps a track's record start here, below zero: it trims nothing.
            start = Fraction(0)
        if speed < 0:
            # Played backward it starts at the high end of what it shows. Resolve names the low
            # end, and so does whoever starts at zero; others name the frame that comes first.
            if shown is None or self.cut.from_resolve or start <= 0:
                start -= duration_of(item) * speed
            else:
                start += 1 / exact_rate(shown.start_time.rate)
        return replace(view, local=start + view.local * speed, speed=view.speed * speed)

    def _clip(self, clip: otio.schema.Clip, address: tuple[int, ...], view: _View, label: str) -> None:
        rate = self.cut.rate
        first, end = round(view.start * rate), round(view.end * rate)
        record = self._record(first, end - first)
        if end <= first:
            self._skip(clip, address, record, label, "shorter than one frame of the cut")
            return
        try:
            media, reference = footage(clip, self.finder)
            info = self._info(media)
        except MediaError as error:
            self._skip(clip, address, record, label, str(error))
            return
        try:
            placed = place(
                Asked(
                    shown=clip.source_range or reference.available_range,
                    available=reference.available_range,
                    offset=max(view.local_at(Fraction(first) / rate) - self._stepped_back(clip, view), Fraction(0)),
                    length=end - first,
                    speed=own_speed(clip),
                    passing=view.speed,
                    edit_rate=rate,
                    from_resolve=self.cut.from_resolve,
                ),
                info,
            )
        except MediaError as error:
            self._skip(clip, address, record, label, str(error))
            return
        clear = range(
            max(0, ceil((view.clear_start - view.start) * rate)),
            min(end - first, end - first - ceil((view.end - view.clear_end) * rate)),
        )
        self.shots.append(
            Shot(
                address=address,
                name=clip.name or "",
                track=label,
                media=media,
                frames=placed.frames,
                rate=placed.rate,
                record=record,
                clear=clear if len(clear) else range(end - first),
                media_start=placed.media_start,
            )
        )

    def _stepped_back(self, clip: otio.schema.Clip, view: _View) -> Fraction:
        """Say how far from the edge, in seconds, the first frame lies that is seen going backward.

        Time that runs down comes to a frame's far edge first, where the next frame begins.
        """
        if view.speed >= 0:
            return Fraction(0)
        return Fraction(1, 50) / self.cut.rate if own_speed(clip) >= 0 else -view.speed / self.cut.rate

    def _record(self, first: int, length: int) -> TimeRange:
        at_rate = float(self.cut.rate)
        return TimeRange(self.cut.start + RationalTime(first, at_rate), RationalTime(length, at_rate))

    def _skip(self, clip: Any, address: tuple[int, ...], record: TimeRange | None, label: str, reason: str) -> None:
        self.skips.append(Skip(address, clip.name or "", label, record or self._record(0, 0), " ".join(reason.split())))

    def _info(self, media: Media) -> MediaInfo:
        """Look into a file once, however many shots it gives."""
        known = self._known.get(media)
        if known is None:
            try:
                known = self.probe(media)
            except MediaError as error:
                known = str(error)
            self._known[media] = known
        if isinstance(known, str):
            raise MediaError(known)
        return known
