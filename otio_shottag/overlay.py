"""A picture with its heat map over it, as PNG. The only place that knows the colours of heat.

The ramp goes from deep blue over violet and orange to pale yellow and gets lighter all the way, so that it
reads in grey and to colour-blind eyes too. What is cold stays clear: the picture shows through.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Red, green, blue at even steps of heat.
_RAMP = np.array([[16, 14, 80], [92, 22, 140], [190, 40, 120], [240, 105, 50], [253, 185, 60], [255, 250, 180]])

# Where heat begins to show, and from where on it covers as much as it may, in parts of the hottest.
_SHOWS, _FULL = 0.05, 0.5


def heat_colors(heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Give the colours of heat, 0..1 of any shape: uint8 RGB, one axis more."""
    steps = np.linspace(0, 1, len(_RAMP))
    return np.stack([np.interp(heat, steps, _RAMP[:, channel]) for channel in range(3)], axis=-1).astype(np.uint8)


def lay_over(picture: NDArray[np.uint8], heat: NDArray[np.float32], alpha: float) -> NDArray[np.uint8]:
    """Lay a heat map, 0..1 of any size, over a picture, uint8 RGB (H, W, 3); ``alpha`` is what covers at most."""
    height, width, _ = picture.shape
    # Pillow scales single floats as they are, above 1 and below 0 at sharp edges.
    scaled = np.asarray(Image.fromarray(heat).resize((width, height), Image.Resampling.BICUBIC)).clip(0, 1)
    cover = (alpha * ((scaled - _SHOWS) / (_FULL - _SHOWS)).clip(0, 1))[..., None]  # (H, W) -> (H, W, 1)
    mixed = picture * (1 - cover) + heat_colors(scaled) * cover
    return np.asarray(mixed.round().astype(np.uint8))


def png(picture: NDArray[np.uint8]) -> bytes:
    """Encode a picture, uint8 RGB (H, W, 3)."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()
