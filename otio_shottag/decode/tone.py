"""Light that a screen of today cannot show, brought down to a plain picture. Pure numpy.

PQ is SMPTE ST 2084 and HLG ARIB STD-B67, both as in ITU-R BT.2100; what "white" is in them stands
in BT.2408 (203 candela per square metre). The curve is ours and simple: the lower half stays as it
is, the rest is bent to fit. Good enough to see how large a person is in the picture.
"""

from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float32]

_WHITE_NITS = 203.0
_HLG_PEAK_NITS = 1000.0
# BT.2087: linear BT.2020 to linear BT.709, both with white D65.
_BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], dtype=np.float32
)
_BT2020_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], dtype=np.float32)
# Light up to here is shown as it is (1 is white).
_KNEE = 0.5


class Transfer(Enum):
    """How the numbers of a picture stand for light, where that is not a screen's own way."""

    PQ = 16
    HLG = 18
    LINEAR = 8


def to_screen(picture: NDArray[np.uint16], transfer: Transfer) -> NDArray[np.uint8]:
    """Give a picture (H, W, 3) of 0..65535 as one for a plain screen: uint8, gamma and primaries of sRGB."""
    signal: Light = picture.astype(np.float32) / np.float32(65535)
    match transfer:
        case Transfer.PQ:
            light = _bend(_to_bt709(_pq_to_nits(signal) / _WHITE_NITS))
        case Transfer.HLG:
            light = _bend(_to_bt709(_hlg_to_nits(signal) / _WHITE_NITS))
        case Transfer.LINEAR:
            light = signal
    return np.rint(_to_srgb(light) * 255).astype(np.uint8)


def _pq_to_nits(signal: Light) -> Light:
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = signal ** (1 / m2)
    return _light(10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1))


def _hlg_to_nits(signal: Light) -> Light:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = (scene @ _BT2020_LUMINANCE)[..., None]
    # A screen of 1000 nits shows the scene with a system gamma of 1.2.
    return _light(_HLG_PEAK_NITS * scene * np.maximum(luminance, 1e-6) ** 0.2)


def _to_bt709(light: Light) -> Light:
    return _light(np.maximum(light @ _BT2020_TO_BT709.T, 0))


def _bend(light: Light) -> Light:
    """Bring what is brighter than the knee below white, keeping the hue."""
    brightest = light.max(axis=-1, keepdims=True)
    above = np.maximum(brightest - _KNEE, 0) / (1 - _KNEE)
    bent = np.where(brightest > _KNEE, _KNEE + (1 - _KNEE) * above / (1 + above), brightest)
    return _light(light * bent / np.maximum(brightest, 1e-6))


def _to_srgb(light: Light) -> Light:
    light = np.clip(light, 0, 1)
    return _light(np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


def _light(values: NDArray[Any]) -> Light:
    return np.asarray(values, dtype=np.float32)
