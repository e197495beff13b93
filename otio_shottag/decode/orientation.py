"""Which way up a stored picture goes: FFmpeg's display matrix, or EXIF where that is out of reach.

The matrix: https://ffmpeg.org/doxygen/trunk/group__lavu__video__display.html; EXIF's eight
orientations: CIPA DC-008, tag 0x0112.
"""

import struct
from typing import Any, NamedTuple

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray


class Orientation(NamedTuple):
    """How to bring a stored picture upright: mirror it first, then turn it."""

    quarter_turns: int
    """To the left, 0 to 3."""
    is_mirrored: bool
    """Left and right are swapped."""

    def upright(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Give a stored picture (H, W, ...) the right way up."""
        return np.rot90(picture[:, ::-1] if self.is_mirrored else picture, self.quarter_turns)


UPRIGHT = Orientation(0, False)

_EXIF = {
    1: UPRIGHT,
    2: Orientation(0, True),
    3: Orientation(2, False),
    4: Orientation(2, True),
    5: Orientation(1, True),
    6: Orientation(3, False),
    7: Orientation(3, True),
    8: Orientation(1, False),
}


def orientation_of(frame: VideoFrame, encoded: bytes) -> Orientation:
    """Tell how to bring a frame upright; ``encoded`` is what a still picture was decoded from."""
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # PyAV (18.1) cannot list the side data of a frame that carries EXIF. What it gives besides
        # is the angle alone, which is wrong by half a turn for a mirrored picture.
        return orientation_in_exif(encoded) or Orientation(round(frame.rotation / 90) % 4, False)
    return UPRIGHT if matrix is None else orientation_of_matrix(bytes(matrix))  # type: ignore[call-overload]


def orientation_of_matrix(matrix: bytes) -> Orientation:
    """Read a display matrix: nine int32 in the machine's own byte order."""
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix[:36])
    is_mirrored = a * d - b * c < 0
    # Where the stored picture's right goes, mirrored or not; rows count down.
    right, down = (-a, -b) if is_mirrored else (a, b)
    if abs(right) >= abs(down):
        return Orientation(0 if right >= 0 else 2, is_mirrored)
    return Orientation(3 if down > 0 else 1, is_mirrored)


def orientation_in_exif(encoded: bytes) -> Orientation | None:
    """Find the orientation in the EXIF block of an encoded still; None where it says none."""
    start = encoded.find(b"Exif\0\0") + 6
    tiff = encoded[start : start + 2**16]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if start < 6 or order is None:
        return None
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(count):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, directory + 2 + 12 * entry)
            if tag == 0x0112:
                return _EXIF.get(value)
    except struct.error:
        return None  # the block is cut off or nonsense, so it says nothing
    return None
