"""What a picture goes through before the network sees it: one place, for training and judging alike.

A picture of any shape is squished to one size, as the article this project follows did: nothing is
cut off, so a head at the edge of a 2.39:1 frame still counts. Pictures narrower than 4:3 would be
pulled out of all proportion; they get grey sides up to 4:3 first.
"""

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as transform

from otio_shottag.model.header import Geometry, Normalization

__all__ = ["Geometry", "Normalization", "fit", "normalize", "without_bars"]

# Bars: encoded black is 0 to about 10 after conversion and compression; a picture seldom ends in the
# dark over its whole width, on both sides alike, and begins at once. All of that is asked for, because a face
# in the dark whose surroundings were cut off would look nearer than it is.
BAR_BRIGHTNESS = 10.0
"""Mean of a bar's line, 0..255, taking the brightest channel of the brightest picture."""
EDGE_BRIGHTNESS = 20.0
"""What the line two lines inside the bar has at least."""
NARROWEST_BAR, WIDEST_BAR = 0.02, 0.25
"""Parts of the height, or the width, that a bar may take."""
BAR_DIFFERENCE = 0.012
"""How much the two bars may differ, likewise."""


def without_bars(pictures: Tensor) -> Tensor:
    """Cut off black bars, above and below or left and right, that all pictures of a shot have.

    Takes and gives uint8 RGB (N, 3, H, W); a shot without bars comes back as it is.
    """
    top, bottom, left, right = black_bars(pictures)
    height, width = pictures.shape[-2:]
    return pictures[:, :, top : height - bottom, left : width - right]


def black_bars(pictures: Tensor) -> tuple[int, int, int, int]:
    """Give the lines of bar that all pictures (N, 3, H, W) of a shot have: above, below, left, right."""
    brightest = pictures.amax(dim=(0, 1)).float()  # (N, 3, H, W) -> (H, W)
    top, bottom = _bars(brightest.mean(dim=1))
    left, right = _bars(brightest[top : brightest.shape[0] - bottom].mean(dim=0))
    return top, bottom, left, right


def _bars(lines: Tensor) -> tuple[int, int]:
    """Give the bars' sizes at both ends of a row of line brightnesses; 0 and 0 where there are none."""
    bright = (lines > BAR_BRIGHTNESS).nonzero().flatten()
    if len(bright) == 0:
        return 0, 0
    num_lines = len(lines)
    before, after = int(bright[0]), num_lines - 1 - int(bright[-1])
    narrow, wide = sorted((before, after))
    if narrow < NARROWEST_BAR * num_lines or wide > WIDEST_BAR * num_lines:
        return 0, 0
    if wide - narrow > max(1.0, BAR_DIFFERENCE * num_lines):
        return 0, 0
    if min(float(lines[before + 2]), float(lines[num_lines - 3 - after])) < EDGE_BRIGHTNESS:
        return 0, 0
    return before, after


def fit(pictures: Tensor, geometry: Geometry) -> Tensor:
    """Bring pictures of one shape to the network's size.

    Takes and gives uint8 RGB: (N, 3, H, W) -> (N, 3, height, width).
    """
    left, right = grey_sides(pictures.shape[-2], pictures.shape[-1], geometry)
    if left or right:
        # The middle grey is next to the mean of the body's training pictures: the sides stay quiet.
        pictures = torch.nn.functional.pad(pictures, (left, right), value=116)
    size = [geometry.height, geometry.width]
    bilinear = transform.InterpolationMode.BILINEAR
    fitted: Tensor = transform.resize(pictures, size, interpolation=bilinear, antialias=True)
    return fitted


def grey_sides(height: int, width: int, geometry: Geometry) -> tuple[int, int]:
    """Give the columns that a picture gets left and right so that it is not too narrow."""
    missing = max(0, round(geometry.narrowest * height) - width)
    return missing // 2, missing - missing // 2


def normalize(pictures: Tensor, normalization: Normalization) -> Tensor:
    """Give uint8 RGB pictures (N, 3, H, W) as the float numbers the body expects."""
    mean = torch.tensor(normalization.mean, device=pictures.device).view(3, 1, 1)
    std = torch.tensor(normalization.std, device=pictures.device).view(3, 1, 1)
    numbers = (pictures.float() / 255 - mean) / std
    return numbers.contiguous(memory_format=torch.channels_last)
