"""decode_frames(): the pictures of a file, or of a row of numbered files, at given moments."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import floor

import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from otio_shottag.decode.open_files import OpenFiles
from otio_shottag.decode.opening import reason
from otio_shottag.decode.reading import Reader
from otio_shottag.decode.render import Renderer, Shown
from otio_shottag.errors import MediaError
from otio_shottag.shots import Frames, ImageSequence, Media, Moment, NearMoment


def decode_frames(
    media: Media, moments: Sequence[Moment], short_side: int, *, files: OpenFiles | None = None
) -> Frames:
    """Decode the picture on screen at each moment, small and ready to look at.

    Moments are seconds from the start of the file's first picture, in any order; ask for the
    middle of a frame. Pictures come in the order of the moments. A moment outside the file or in
    a damaged stretch gives no picture and counts in ``failures``; a still is on screen for ever.

    Pictures are upright, with square pixels, in plain screen colours, their short side scaled to
    ``short_side`` pixels; what is smaller keeps its size. All are as large as the earliest one.

    ``files`` keeps the file open for the next call. Raises MediaError where the file cannot be
    opened or no moment gives a picture. Several threads may decode at once.
    """
    if not moments or short_side < 1:
        raise ValueError(f"{len(moments)} moments, short side {short_side}; at least one of each is needed")
    if isinstance(media, ImageSequence):
        return _frames(media, moments, short_side, lambda moment: _picture_of_sequence(media, moment))
    if files is None:
        with Reader(media) as reader:
            return _frames(media, moments, short_side, reader.picture_near)
    with files.borrowed(media) as reader:
        was_fresh = reader.is_fresh
        frames = _frames(media, moments, short_side, reader.picture_near, may_be_none=not was_fresh)
    if was_fresh or not (frames.failures or reader.has_met_damage):
        return frames
    # What a damaged file gives may depend on what was read before: let it not.
    with files.borrowed(media, fresh=True) as reader:
        return _frames(media, moments, short_side, reader.picture_near)


def _frames(
    media: Media,
    moments: Sequence[Moment],
    short_side: int,
    picture_near: Callable[[NearMoment], Shown | None],
    *,
    may_be_none: bool = False,
) -> Frames:
    renderer = Renderer(short_side)
    pictures: dict[Fraction, NDArray[np.uint8]] = {}
    starts: dict[NearMoment, Fraction] = {}
    wanted = [one if isinstance(one, NearMoment) else NearMoment(one, one, one) for one in moments]
    # Rising moments are the cheapest to find.
    for moment in sorted(set(wanted)):
        shown = picture_near(moment)
        if shown is None:
            continue
        if shown.seconds not in pictures:
            pictures[shown.seconds] = _render(media, renderer, shown)
        starts[moment] = shown.seconds
    found = [moment for moment in wanted if moment in starts]
    if not found and not may_be_none:
        first, last = (float(moment.seconds) for moment in (min(wanted), max(wanted)))
        raise MediaError(f"{media}: no picture from {first:.2f} s to {last:.2f} s; the file is damaged or ends before")
    return Frames(
        data=np.stack([pictures[starts[moment]] for moment in found]) if found else np.empty((0, 1, 1, 3), np.uint8),
        seconds=tuple(starts[moment] for moment in found),
        failures=len(moments) - len(found),
    )


def _picture_of_sequence(sequence: ImageSequence, moment: NearMoment) -> Shown | None:
    """Give the numbered picture on screen at a moment; None where its file is missing or broken."""
    frame = floor(moment.seconds * sequence.rate)
    if not 0 <= frame < len(sequence):
        return None
    try:
        with Reader(sequence.picture(frame)) as reader:
            shown = reader.picture_at(Fraction(0))
    except MediaError:
        return None  # it costs its own frame only
    return shown and replace(shown, seconds=frame / sequence.rate)


def _render(media: Media, renderer: Renderer, shown: Shown) -> NDArray[np.uint8]:
    try:
        return renderer.render(shown)
    except (FFmpegError, ValueError) as error:  # ValueError: PyAV cannot hand the format to numpy
        raise MediaError(
            f"{media}: its pictures ({shown.frame.format.name}) cannot be converted: {reason(error)}"
        ) from error
