"""Bars come off; night, walls, doorways and silhouettes stay."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from otio_shottag.bars import Bars, find_bars, trim_bars
from otio_shottag.shots import Frames

HEIGHT, WIDTH = 225, 400


def scene(height: int, width: int, *, pictures: int = 3, seed: int = 1) -> NDArray[np.uint8]:
    """A busy picture of middling light that changes from one to the next: (N, H, W, 3)."""
    random = np.random.default_rng(seed)
    coarse = random.integers(60, 220, (pictures, height // 8 + 1, width // 8 + 1, 3))
    return np.repeat(np.repeat(coarse, 8, axis=1), 8, axis=2)[:, :height, :width].astype(np.uint8)


def framed(picture: NDArray[np.uint8], bars: Bars, color: int = 0, noise: int = 3) -> NDArray[np.uint8]:
    """Put bars round pictures, with the noise and the smeared edge that compression and scaling leave."""
    sides = ((0, 0), (bars.top, bars.bottom), (bars.left, bars.right), (0, 0))
    data = np.pad(picture.astype(np.int16), sides, constant_values=color)
    data = data + np.random.default_rng(2).integers(-noise, noise + 1, data.shape)
    for axis in (1, 2):
        data = (np.roll(data, 1, axis) + 2 * data + np.roll(data, -1, axis)) // 4
    return np.clip(data, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "bars",
    [
        Bars(28, 28, 0, 0),
        Bars(6, 6, 0, 0),
        Bars(50, 50, 0, 0),
        Bars(27, 30, 0, 0),
        Bars(0, 0, 50, 50),
        Bars(0, 0, 137, 137),
        Bars(28, 28, 50, 50),
    ],
    ids=["2.39", "1.85", "2.39 in 4:3", "a little off", "4:3", "upright phone", "all round"],
)
@pytest.mark.parametrize("color", [0, 16])
def test_the_content_is_the_same_with_bars_and_without(bars: Bars, color: int) -> None:
    """What is left between the bars is the picture, within two pixels on each side."""
    picture = scene(HEIGHT - bars.top - bars.bottom, WIDTH - bars.left - bars.right)
    found = find_bars(framed(picture, bars, color))
    for side in ("top", "bottom", "left", "right"):
        width = getattr(bars, side)
        assert abs(getattr(found, side) - width) <= (2 if width else 0)


def test_frames_lose_their_bars_and_nothing_else() -> None:
    """Trimmed frames keep their times and failures; frames without bars are given back themselves."""
    data = framed(scene(169, 400), Bars(28, 28, 0, 0))
    frames = Frames(data, (Fraction(0), Fraction(1), Fraction(2)), 4)
    trimmed = trim_bars(frames)
    assert abs(trimmed.data.shape[1] - 169) <= 4
    assert trimmed.data.shape[0::2] == (3, 400)
    assert trimmed.data.flags.c_contiguous
    assert (trimmed.seconds, trimmed.failures) == (frames.seconds, 4)
    assert trim_bars(trimmed) is trimmed


def test_bars_of_a_colour_are_bars() -> None:
    """White or blue bars come off like black ones, where the edge is sure."""
    assert find_bars(framed(scene(225, 300), Bars(0, 0, 50, 50), color=240)).left in range(48, 53)


def test_a_bar_must_be_there_in_every_picture() -> None:
    """One picture without bars keeps them all; a black one among them does not matter."""
    barred = framed(scene(169, 400), Bars(28, 28, 0, 0))
    assert find_bars(np.concatenate([barred, scene(225, 400, pictures=1)])) == Bars()
    assert find_bars(np.concatenate([barred, np.zeros_like(barred[:1])])).top in range(26, 31)


def keeps_everything(picture: NDArray[np.uint8]) -> bool:
    """Whether three takes of a picture, with grain, keep all they show."""
    grain = np.random.default_rng(3).integers(-2, 3, (3, *picture.shape))
    return find_bars(np.clip(picture[None] + grain, 0, 255).astype(np.uint8)) == Bars()


def test_darkness_keeps_everything() -> None:
    """An all black picture, a night with a lit window, and a title on black are whole pictures."""
    night = np.full((HEIGHT, WIDTH, 3), 4, dtype=np.int16)
    assert keeps_everything(night)
    window = night.copy()
    window[90:120, 180:215] = 180
    assert keeps_everything(window)
    title = night.copy()
    title[100:125, 60:340:7] = 235
    assert keeps_everything(title)
    horizon = night.copy()
    horizon[70:150] += (np.sin(np.linspace(0, 3.14, 80)) * 60).astype(np.int16)[:, None, None]
    assert keeps_everything(horizon)


def test_a_silhouette_keeps_everything() -> None:
    """A lit head and shoulders before black, or a dark one before light, loses nothing."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    head = (rows - 90) ** 2 / 60**2 + (columns - 200) ** 2 / 45**2 < 1
    shoulders = (rows - 225) ** 2 / 80**2 + (columns - 200) ** 2 / 120**2 < 1
    person = np.where((head | shoulders)[..., None], 170, 3).repeat(3, axis=2).astype(np.int16)
    assert keeps_everything(person)
    assert keeps_everything(240 - person)
    face = np.where(head[..., None], 170, 3).repeat(3, axis=2).astype(np.int16)
    assert keeps_everything(face)


def test_a_black_floor_keeps_everything() -> None:
    """A stage on black ground, and a sky of one colour, are on one side only and stay."""
    stage = scene(HEIGHT, WIDTH, pictures=1)[0].astype(np.int16)
    stage[180:] = 2
    assert keeps_everything(stage)
    sky = scene(HEIGHT, WIDTH, pictures=1)[0].astype(np.int16)
    sky[:60] = (120, 170, 235)
    assert keeps_everything(sky)


def test_a_doorway_keeps_everything() -> None:
    """A lit doorway in the middle of a black wall, smaller than any film within bars, is a picture of a wall."""
    doorway = np.full((HEIGHT, WIDTH, 3), 3, dtype=np.int16)
    doorway[30:, 150:250] = scene(HEIGHT - 30, 100, pictures=1)[0]
    assert keeps_everything(doorway)


def test_a_gradient_keeps_everything() -> None:
    """A vignette or a plain studio wall fades and has no edge."""
    fade = np.minimum(np.minimum(np.arange(HEIGHT), np.arange(HEIGHT)[::-1]) * 2, 200)
    assert keeps_everything(np.repeat(np.repeat(fade[:, None, None], WIDTH, axis=1), 3, axis=2))


def test_small_pictures_are_no_trouble() -> None:
    """A picture of one pixel, or one line, has no bars."""
    for height, width in ((1, 1), (1, 50), (50, 1), (3, 3)):
        assert find_bars(np.zeros((1, height, width, 3), dtype=np.uint8)) == Bars()
