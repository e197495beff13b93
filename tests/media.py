"""Writes small clips whose every frame shows its own number as a bar code, and reads it back.

The number stands in a grid of 4 by 4 black and white cells: twelve bits of number and four of
checksum. A cell is so large that it survives compression, chroma subsampling and scaling down
to a thumbnail; ``read_number`` refuses a picture whose cells are unclear or do not add up, so
a smeared or half-decoded picture is hardly ever taken for a frame.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from otio_shottag.shots import ImageSequence

SWS_MATRIX = {1: 1, 5: 5, 6: 5, 7: 7, 9: 9}
"""swscale's number of a matrix by the number a stream carries (ITU-T H.273)."""

GRID = 4
LARGEST_NUMBER = 2**12 - 1

COLORS = np.array(
    [[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255], [128, 128, 128], [200, 150, 120], [30, 60, 90]]
)
"""What ``draw_stripes`` draws, from left to right."""

Picture = NDArray[np.uint8]


def draw_number(number: int, width: int, height: int) -> Picture:
    """Draw a frame's number: uint8 RGB (height, width, 3)."""
    if not 0 <= number <= LARGEST_NUMBER:
        raise ValueError(f"number {number}; 0 to {LARGEST_NUMBER} fit the grid")
    bits = [(_coded(number) >> bit) & 1 for bit in range(GRID * GRID)]
    rows = np.arange(height) * GRID // height
    columns = np.arange(width) * GRID // width
    cells = np.array(bits, dtype=np.uint8).reshape(GRID, GRID)[rows[:, None], columns[None, :]]
    return np.repeat((cells * 200 + 28)[:, :, None], 3, axis=2).astype(np.uint8)


def read_number(picture: Picture) -> int:
    """Read the number that a picture (H, W, 3) shows; ValueError where it shows none."""
    height, width = picture.shape[:2]
    light = picture.mean(axis=2)
    coded = 0
    for bit in range(GRID * GRID):
        row, column = divmod(bit, GRID)
        # The middle of the cell: its edges blur into the neighbours.
        top, left = (4 * row + 1) * height // (4 * GRID), (4 * column + 1) * width // (4 * GRID)
        bottom, right = (4 * row + 3) * height // (4 * GRID), (4 * column + 3) * width // (4 * GRID)
        level = float(light[top : max(bottom, top + 1), left : max(right, left + 1)].mean())
        if 96 < level < 160:
            raise ValueError(f"cell {row}, {column} is neither black nor white: {level:.0f}")
        coded |= int(level > 128) << bit
    number = coded & LARGEST_NUMBER
    if coded != _coded(number):
        raise ValueError(f"cells read {coded:#06x}, which is no number")
    return number


def _coded(number: int) -> int:
    """Put the checksum in front; no number comes out all black or all white."""
    checksum = (number * 7 + (number >> 4) * 5 + (number >> 8) * 3 + 9) & 0xF
    return checksum << 12 | number


@dataclass(frozen=True)
class Clip:
    """How to encode a clip; the defaults are what most cameras of the web make."""

    ending: str = "mp4"
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    rate: Fraction = Fraction(24)
    num_frames: int = 48
    size: tuple[int, int] = (160, 96)
    gop: int = 12
    b_frames: int = 0
    options: dict[str, str] = field(default_factory=dict)
    """For the encoder."""
    container_options: dict[str, str] = field(default_factory=dict)
    """For the muxer."""
    timecode: str | None = None
    sample_aspect: Fraction | None = None
    rotation: int = 0
    """Degrees counter-clockwise that a player must turn the picture to show it upright."""
    ticks: tuple[int, ...] | None = None
    """When each frame starts, in ``time_base``; without it frame n starts at n / rate."""
    time_base: Fraction | None = None
    color: dict[str, int] = field(default_factory=dict)
    """``color_range``, ``colorspace``, ``color_trc``, ``color_primaries`` as the stream says them."""

    def start(self, frame: int) -> Fraction:
        """Tell when a frame starts, in seconds from the first one."""
        if self.ticks is None:
            return frame / self.rate
        assert self.time_base is not None
        return (self.ticks[frame] - self.ticks[0]) * self.time_base


def write_clip(path: Path, clip: Clip, draw: Callable[[int, int, int], Picture] = draw_number) -> Path:
    """Encode a clip to ``path``; ``draw(frame, width, height)`` gives each picture."""
    time_base = clip.time_base or 1 / clip.rate
    with av.open(str(path), "w", container_options=clip.container_options) as container:
        stream = container.add_stream(clip.codec, rate=clip.rate, options={"threads": "1", **clip.options})
        stream.width, stream.height = clip.size
        stream.pix_fmt = clip.pix_fmt
        context = stream.codec_context
        context.time_base = time_base
        context.gop_size = clip.gop
        context.max_b_frames = clip.b_frames
        if clip.sample_aspect:
            context.sample_aspect_ratio = clip.sample_aspect
        for name, value in clip.color.items():
            setattr(context, name, value)
        if clip.timecode:
            stream.metadata["timecode"] = clip.timecode
        if clip.rotation:
            stream.set_display_rotation(clip.rotation)
        for number in range(clip.num_frames):
            frame = video_frame(draw(number, *clip.size), clip)
            frame.time_base = time_base
            frame.pts = number if clip.ticks is None else clip.ticks[number]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def video_frame(picture: Picture, clip: Clip) -> av.VideoFrame:
    """Give a picture in the clip's pixel format, range and matrix."""
    full_range = clip.color.get("color_range", 1) == 2 or clip.pix_fmt.startswith("yuvj")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return frame.reformat(
        format=clip.pix_fmt,
        dst_colorspace=SWS_MATRIX.get(clip.color.get("colorspace", 2), 5),
        dst_color_range=2 if full_range else 1,
        interpolation="BICUBIC",
    )


def write_still(path: Path, picture: Picture, codec: str, pix_fmt: str, **options: str) -> Path:
    """Encode one picture (H, W, 3) as a file of its own."""
    clip = Clip(pix_fmt=pix_fmt, size=(picture.shape[1], picture.shape[0]))
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height = clip.size
    encoder.pix_fmt, encoder.time_base, encoder.options = pix_fmt, Fraction(1, 25), options
    frame = video_frame(picture, clip)
    frame.pts = 0
    path.write_bytes(b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)]))
    return path


def write_sequence(
    folder: Path, codec: str, pix_fmt: str, suffix: str, *, numbers: range, rate: Fraction
) -> ImageSequence:
    """Write one picture for each of ``numbers``, showing 0, 1, 2, ... in that order."""
    for frame, number in enumerate(numbers):
        write_still(folder / f"shot.{number:04d}{suffix}", draw_number(frame, 160, 96), codec, pix_fmt)
    return ImageSequence(folder, "shot.", suffix, 4, numbers[0], numbers[-1], numbers.step, rate)


def draw_stripes(width: int, height: int) -> Picture:
    """Draw COLORS as upright stripes."""
    return np.tile(COLORS[np.arange(width) * len(COLORS) // width].astype(np.uint8), (height, 1, 1))


def read_stripes(picture: Picture) -> NDArray[np.int64]:
    """Read the colour in the middle of each stripe: (8, 3)."""
    height, width, _ = picture.shape
    columns = ((np.arange(len(COLORS)) + 0.5) * width / len(COLORS)).astype(int)
    return picture[height // 2, columns].astype(np.int64)
