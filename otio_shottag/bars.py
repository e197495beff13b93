"""Takes letterbox and pillarbox bars off the pictures of a shot. Pure numpy.

Bars say how a film was framed for a screen and nothing about the size of the shot, but a judge
sees a smaller person between them. What looks like a bar may be night, a wall, a doorway: so a
bar must be flat in every picture of the shot, end in a straight sharp edge and have its like on
the opposite side. Where one of these is in doubt, the picture stays as it is.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from otio_shottag.shots import Frames

# Levels (0..255) by which a bar may differ from its own colour: compression and scaling leave that.
_FLAT = 10
# Levels by which a pixel must differ from the bar to count as picture.
_LIT = 20
# Pixels over which a scaled edge is smeared.
_SMEAR = 3
# A line that differs from the bar by less than this part of what its neighbours do is mixed.
_UNMIXED = 0.6
# The part of a bar's outermost lines that may be off colour: dust, a dropped corner.
_SPECKS = 0.01
# The part of the first line of picture that must be lit. A silhouette's outline is not.
_LIT_EDGE = 0.5
# Bars take this part of a side at most: 2.39:1 within 4:3 takes 44 %.
_MOST_BARS = 0.46
# Larger ones, such as an upright phone film in 16:9 with its 68 %, need an edge lit all along.
_MOST_SURE_BARS = 0.7
_SURE_EDGE = 0.9
# Opposite bars differ by this part of the side at most.
_ASYMMETRY = 0.02
# A line this dark is a dark bar; any other colour needs the sure edge, since studio walls are flat.
_DARK = 40


@dataclass(frozen=True, slots=True)
class Bars:
    """How many pixels of bar lie on each side."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0


def trim_bars(frames: Frames) -> Frames:
    """Give the pictures without their bars; all lose the same, and the same object if none."""
    bars = find_bars(frames.data)
    if bars == Bars():
        return frames
    _, height, width, _ = frames.data.shape
    rows, columns = slice(bars.top, height - bars.bottom), slice(bars.left, width - bars.right)
    return replace(frames, data=np.ascontiguousarray(frames.data[:, rows, columns]))


def find_bars(data: NDArray[np.uint8]) -> Bars:
    """Find the bars that all pictures (N, H, W, 3) of a shot share."""
    height = data.shape[1]
    top, bottom = _find_pair(data)
    # Within a window of bars on all sides, the upright ones end where the picture is.
    left, right = _find_pair(data[:, top : height - bottom].transpose(0, 2, 1, 3))
    return Bars(top, bottom, left, right)


def _find_pair(data: NDArray[np.uint8]) -> tuple[int, int]:
    """Find the bars above and below, (0, 0) where there are none or they are in doubt."""
    length = data.shape[1]
    first, last = _find_bar(data), _find_bar(data[:, ::-1])
    if first is None or last is None or abs(first.width - last.width) > max(2, round(_ASYMMETRY * length)):
        return 0, 0
    share = (first.width + last.width) / length
    is_sure = min(first.lit, last.lit) >= _SURE_EDGE
    is_dark = max(first.level, last.level) <= _DARK
    largest = _MOST_SURE_BARS if is_sure else _MOST_BARS if is_dark else 0
    return (first.width, last.width) if share <= largest else (0, 0)


@dataclass(frozen=True, slots=True)
class _Bar:
    width: int
    lit: float
    """The part of the first line of picture that is lit in some picture."""
    level: float
    """The brightest channel of the bar's colour."""


def _find_bar(data: NDArray[np.uint8]) -> _Bar | None:
    """Find a bar above the pictures (N, H, W, 3); None where none ends in a clear edge."""
    color = np.median(data[:, 0], axis=(0, 1)).astype(np.int16)  # (3,)
    if not _is_flat(_distance(data[:, :1], color)).all():
        return None
    distance = _distance(data[:, : round(data.shape[1] * _MOST_SURE_BARS)], color)  # (N, H, W)
    is_flat = _is_flat(distance)  # (H,)
    if is_flat.all():
        return None
    flat_lines = int(is_flat.argmin())
    edge = distance[:, flat_lines : flat_lines + _SMEAR].max(axis=0)  # (N, SMEAR, W) -> (SMEAR, W)
    lit = float((edge > _LIT).mean(axis=1).max())
    if lit < _LIT_EDGE:
        return None
    # Scaling mixed the line between bar and picture from both; it goes with the bar.
    strength = edge.mean(axis=1)
    mixed_lines = int((strength >= _UNMIXED * strength.max()).argmax())
    return _Bar(flat_lines + mixed_lines, lit, float(color.max()))


def _distance(data: NDArray[np.uint8], color: NDArray[np.int16]) -> NDArray[np.int16]:
    """Tell how far each pixel is from a colour, in levels of its worst channel."""
    distance: NDArray[np.int16] = np.abs(data.astype(np.int16) - color).max(axis=3)  # (N, H, W, 3) -> (N, H, W)
    return distance


def _is_flat(distance: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Tell which lines are of the bar's colour in every picture."""
    off_color = (distance > _FLAT).mean(axis=2)  # (N, H, W) -> (N, H)
    return np.asarray(off_color.max(axis=0) <= _SPECKS)
