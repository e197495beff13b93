"""Leaves out pictures that show nothing: black, white, the ends of fades. Pure numpy.

A judge must say some size of anything, and says it of black with confidence.
"""

from dataclasses import replace

import numpy as np

from otio_shottag.errors import MediaError
from otio_shottag.shots import Frames

# Levels (0..255) between the darkest and the lightest hundredth: grain and compression of a flat
# field stay below; a moonless night with one lit window does not.
_FLAT = 8


class BlankError(MediaError):
    """None of a shot's pictures shows anything; that is sure, and no fault of the file."""


def drop_blank(frames: Frames) -> Frames:
    """Give the pictures that show something; the same object where all do.

    Raises BlankError, in words for the editor, where none does.
    """
    darkest, lightest = np.percentile(frames.data, (1, 99), axis=(1, 2))  # (N, H, W, 3) -> (N, 3) each
    shows = (lightest - darkest).max(axis=1) > _FLAT  # (N,)
    if shows.all():
        return frames
    if not shows.any():
        raise BlankError("shows nothing but black or one flat colour")
    seconds = tuple(when for when, shown in zip(frames.seconds, shows, strict=True) if shown)
    return replace(frames, data=frames.data[shows], seconds=seconds)
