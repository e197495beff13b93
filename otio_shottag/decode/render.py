"""A decoded frame -> a small upright RGB picture with square pixels, as a plain screen shows it.

Scaling, ranges and matrices are swscale's (https://ffmpeg.org/ffmpeg-scaler.html), told what the
stream says and, where it says nothing, what everybody assumes.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from av import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from otio_shottag.decode.orientation import Orientation
from otio_shottag.decode.tone import Transfer, to_screen

# Numbers of a stream's matrix and range (ITU-T H.273, FFmpeg's pixfmt.h).
_BT709, _UNSPECIFIED, _BT601, _BT2020 = 1, 2, 5, 9
_LIMITED, _FULL = 1, 2
# Ways of scaling (swscale.h); exact is SWS_FULL_CHR_H_INT and SWS_ACCURATE_RND.
_BICUBIC, _AREA, _EXACT = 0x4, 0x20, 0x42000
# Who does not say so means BT.709 from here up and BT.601 below.
_HD_HEIGHT = 720
# A stretched pixel beyond this is a mistake in the header.
_MOST_STRETCH = 8
# swscale's bicubic filter has at most 256 taps, four for each source pixel of a target pixel.
_MOST_BICUBIC_SHRINK = 32


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A frame and what must be known to show it."""

    seconds: Fraction
    """When it starts, from the start of the file."""
    frame: VideoFrame
    sample_aspect: Fraction
    """Width of a stored pixel over its height."""
    orientation: Orientation


class Renderer:
    """Makes all pictures of one call alike: the first decides the size."""

    def __init__(self, short_side: int) -> None:
        self._short_side = short_side
        self._size: tuple[int, int] | None = None
        self._reformatter = VideoReformatter()

    def render(self, shown: Shown) -> NDArray[np.uint8]:
        """Give the picture: uint8 RGB (H, W, 3)."""
        frame, turned = shown.frame, shown.orientation.quarter_turns % 2 == 1
        if self._size is None:
            width, height = small_size(frame.width, frame.height, shown.sample_aspect, self._short_side)
            self._size = (height, width) if turned else (width, height)
        width, height = self._size[::-1] if turned else self._size
        transfer = _transfer(frame)
        picture = self._scale(frame, width, height, "rgb24" if transfer is None else "rgb48le")
        small = picture if transfer is None else to_screen(picture, transfer)
        return shown.orientation.upright(small)

    def _scale(self, frame: VideoFrame, width: int, height: int, pixel_format: str) -> NDArray[Any]:
        if not frame.interlaced_frame:
            return self._reformat(frame, width, height, pixel_format).to_ndarray()
        # Two moments are woven into an interlaced frame, every other line. One of them is enough,
        # and looks as sharp as the other.
        woven: Any = self._reformat(frame, width, frame.height, pixel_format).to_ndarray()
        field = VideoFrame.from_ndarray(np.ascontiguousarray(woven[::2]), format=pixel_format)
        return self._reformat(field, width, height, pixel_format).to_ndarray()

    def _reformat(self, frame: VideoFrame, width: int, height: int, pixel_format: str) -> VideoFrame:
        shrink = max(frame.width / width, frame.height / height)
        filter_ = _BICUBIC if shrink <= _MOST_BICUBIC_SHRINK else _AREA
        frame.colorspace, frame.color_range = _matrix(frame), _range(frame)
        return self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format=pixel_format,
            dst_color_range=_FULL,
            interpolation=filter_ | _EXACT,
            # The caller decodes several files at once; more threads would only be in their way.
            threads=1,
        )


def small_size(width: int, height: int, sample_aspect: Fraction, short_side: int) -> tuple[int, int]:
    """Give a stored picture's width and height with square pixels and the short side no more than asked.

    A picture that is smaller keeps its size: what is not there cannot be seen.
    """
    if not Fraction(1, _MOST_STRETCH) <= sample_aspect <= _MOST_STRETCH:
        sample_aspect = Fraction(1)
    square_width = width * sample_aspect
    scale = min(Fraction(1), short_side / min(square_width, Fraction(height)))
    return max(1, round(square_width * scale)), max(1, round(height * scale))


def _transfer(frame: VideoFrame) -> Transfer | None:
    """Tell how the frame stands for light, None for the usual way."""
    transfer = next((transfer for transfer in Transfer if transfer.value == frame.color_trc), None)
    # DPX files say "linear" and mean "as usual"; only floating point means it.
    is_float = "f32" in frame.format.name or "f16" in frame.format.name
    return None if transfer is Transfer.LINEAR and not is_float else transfer


def _matrix(frame: VideoFrame) -> int:
    """Tell the matrix that made the frame from RGB."""
    if frame.colorspace != _UNSPECIFIED:
        return frame.colorspace
    if _transfer(frame) in (Transfer.PQ, Transfer.HLG):
        return _BT2020
    return _BT709 if frame.height >= _HD_HEIGHT else _BT601


def _range(frame: VideoFrame) -> int:
    """Tell whether black is 0 or 16, unspecified where the pixel format settles it."""
    name = frame.format.name
    is_unsaid = frame.color_range not in (_LIMITED, _FULL)
    return _LIMITED if is_unsaid and name.startswith("yuv") and not name.startswith("yuvj") else frame.color_range
