"""Pictures that show nothing are left out of the judgement, dark ones that show something are not."""

from fractions import Fraction

import numpy as np
import pytest

from otio_shottag.blank import drop_blank
from otio_shottag.errors import MediaError
from otio_shottag.shots import Frames


def frames(*pictures: np.ndarray) -> Frames:
    seconds = tuple(Fraction(number) for number in range(len(pictures)))
    return Frames(np.stack(pictures).astype(np.uint8), seconds, failures=0)


def flat(level: int, noise: float = 0) -> np.ndarray:
    """A picture of one level with a little grain."""
    grain = np.random.default_rng(1).normal(0, noise, (60, 100, 3)) if noise else 0
    return np.clip(np.full((60, 100, 3), float(level)) + grain, 0, 255)


def night() -> np.ndarray:
    """Black but for one lit window, a fiftieth of the picture."""
    picture = flat(3, 1)
    picture[20:32, 40:52] = 60
    return picture


def test_black_frames_are_left_out():
    """Of a fade in from black only the pictures that show something remain, with their times."""
    kept = drop_blank(frames(flat(0), night(), flat(200, 1), night()))
    assert kept.seconds == (Fraction(1), Fraction(3))
    assert kept.data.shape[0] == 2


def test_a_night_scene_shows_something():
    """A dark picture with one lit window stays."""
    dark = frames(night())
    assert drop_blank(dark) is dark


@pytest.mark.parametrize("level", [0, 16, 128, 255])
def test_a_shot_of_nothing_is_said(level):
    """A shot of black, grey or white, with or without grain, is refused in words."""
    with pytest.raises(MediaError, match="nothing but black or one flat colour"):
        drop_blank(frames(flat(level), flat(level, 1)))
