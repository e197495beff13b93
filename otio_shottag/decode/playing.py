"""play(): every picture of a film once, in order, small and quickly made, for counting and comparing.

Times are those of ``reading``: what is found here at a moment, ``decode_frames`` gives at that moment.
Pictures are as they are stored, not turned upright and not in screen colours: neighbours are alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from av import VideoFrame
from av.error import FFmpegError
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from otio_shottag.decode.opening import reason
from otio_shottag.decode.stream import PictureStream
from otio_shottag.errors import MediaError


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """One picture of a film."""

    start: Fraction
    """Seconds from the start of the film's first picture."""
    end: Fraction
    """When it ends by its own account, likewise; the next one may come earlier or later."""
    data: NDArray[np.uint8]
    """uint8 RGB (H, W, 3)."""


def play(path: Path, *, long_side: int) -> Iterator[Played]:
    """Decode a film from end to end; damaged pictures are left out.

    Pictures are scaled to ``long_side`` pixels, those that are smaller keep their size; all are as
    large as the first. Raises MediaError where the film cannot be opened or not one picture of it
    can be decoded.
    """
    stream = PictureStream(path)
    try:
        reformatter = VideoReformatter()
        zero: Fraction | None = None
        size: tuple[int, int] | None = None
        while (picture := stream.next()) is not None:
            zero = picture.start if zero is None else zero
            frame = stream.show(picture)
            if frame is None:
                continue
            size = size or _small_size(frame, long_side)
            start = picture.start - zero
            yield Played(start, start + picture.duration, _scaled(path, reformatter, frame, size))
        if size is None:
            raise MediaError(f"{path}: not one picture of it can be decoded; the file is damaged or incomplete")
    finally:
        stream.close()


def _small_size(frame: VideoFrame, long_side: int) -> tuple[int, int]:
    scale = min(1.0, long_side / max(frame.width, frame.height))
    return max(1, round(frame.width * scale)), max(1, round(frame.height * scale))


def _scaled(path: Path, reformatter: VideoReformatter, frame: VideoFrame, size: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = size
    try:
        small = reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgb24",
            # The mean over each small pixel's area: a third of the time of decode_frames' exact scaling.
            interpolation="AREA",
            # swscale's own threads cost more than such small pictures do.
            threads=1,
        )
        return np.asarray(small.to_ndarray(), dtype=np.uint8)
    except (FFmpegError, ValueError) as error:  # ValueError: PyAV cannot hand the format to numpy
        raise MediaError(f"{path}: its pictures ({frame.format.name}) cannot be converted: {reason(error)}") from error
