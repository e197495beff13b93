"""Views of a still: the same size seen otherwise, or another size cut out of it.

A *varied* view changes what says nothing about the size: left and right, colour, grain, focus, bars,
compression, how wide the frame is. A *resized* view crops around a face so that less or more of the
body shows; its target follows from the guide's rule of thumb, which counts head-heights below the
chin. A *detail* is a closer look at an object: an extreme close-up.
"""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from otio_shottag.shots import Label
from otio_shottag.training.stills import Face, Still

Picture = Image.Image
Target = NDArray[np.float32]


PASSES = ("plain", "mirrored", "varied", "resized", "detail")
"""The kinds of view that can be asked for, by name."""
SAME_SIZE_PASSES = (0, 1, 2)
"""Positions in PASSES of those that keep the still's size."""


@dataclass(frozen=True, slots=True)
class View:
    """A picture to train on, and how likely each label is for it."""

    picture: Picture
    target: Target


def make_views(
    stills: Sequence[Still], passes: Sequence[str], labels: Sequence[Label], *, seed: int
) -> Iterator[tuple[int, int, View]]:
    """Make views of all stills, pass by pass: the still's number, the kind's position in PASSES, the view.

    Chance depends on the seed, the pass and the still alone, so one still more changes no other view.
    """
    for number, kind in enumerate(passes):
        for index, still in enumerate(stills):
            random = Random(f"{seed} {number} {kind} {still.path.name}")
            view = _view(still, kind, random, labels)
            if view is not None:
                yield index, PASSES.index(kind), view


def _view(still: Still, kind: str, random: Random, labels: Sequence[Label]) -> View | None:
    match kind:
        case "plain":
            return plain(still)
        case "mirrored":
            return mirrored(still)
        case "varied":
            return varied(still, random)
        case "resized":
            return resized(still, random, labels)
        case "detail":
            return detail(still, random, labels)
    raise ValueError(f"unknown kind of view {kind!r}; one of {', '.join(PASSES)}")


def plain(still: Still) -> View:
    """The still as it is."""
    return View(_open(still), still.target)


def mirrored(still: Still) -> View:
    """The still, left and right exchanged."""
    return View(_open(still).transpose(Image.Transpose.FLIP_LEFT_RIGHT), still.target)


def varied(still: Still, random: Random) -> View:
    """The still with its size kept and much else changed."""
    picture = _open(still)
    if random.random() < 0.35:
        picture = _narrowed(picture, still.faces, random)
    elif random.random() < 0.5:
        picture = _trimmed(picture, random)
    return View(_disguised(picture, random), still.target)


# How much shows below the chin, in heights of the face's box, where one size turns into the next: half way
# between the quartiles of neighbouring classes on our 1,626 stills with a face found. The box ends at
# the brow, so these are larger than the guide's, which counts whole heads.
CHIN_BORDERS: tuple[tuple[str, float], ...] = (("WS", 7.9), ("LS", 5.2), ("MLS", 3.05), ("MS", 1.5), ("MCU", 0.37))
CHIN_OFFSET = 0.3
"""Added before the logarithm: below a close-up's chin there may be nothing."""
CHIN_SPREAD = 0.18
"""Standard deviation of a border, in natural logarithms."""


def resized(still: Still, random: Random, labels: Sequence[Label]) -> View | None:
    """Another size cut out of a still with one leading face; None where it has none to cut from."""
    face = _leading_face(still)
    if face is None:
        return None
    picture = _open(still)
    width, height = picture.size
    # The crop's face height: at least a quarter more than the still's, drawn evenly on a log scale.
    # The picture is enlarged; below 72 lines the blur would give the crop away as a crop.
    lowest, highest = face.height * 1.25, min(1.1, face.height * height / 72)
    if lowest >= highest:
        return None
    face_height = math.exp(random.uniform(math.log(lowest), math.log(highest)))
    scale = face.height / face_height
    crop_height = round(scale * height)
    crop_width = min(width, round(crop_height * random.choice((1.5, 1.78, 1.78, 1.85, 2.2, 2.39))))
    # People are framed with the eyes on the upper third: less air above, the tighter the frame.
    air = random.uniform(0.02, 0.16) if face_height < 0.75 else random.uniform(-0.1, 0.06)
    top = min(max(0, round(face.top * height - air * crop_height)), height - crop_height)
    middle = (face.left + face.right) / 2 * width + random.uniform(-0.2, 0.2) * crop_width
    left = min(max(0, round(middle - crop_width / 2)), width - crop_width)
    cropped = picture.crop((left, top, left + crop_width, top + crop_height))
    below_chin = (top + crop_height - face.bottom * height) / (face.height * height)
    return View(_disguised(cropped, random), chin_target(below_chin, labels))


def detail(still: Still, random: Random, labels: Sequence[Label]) -> View | None:
    """A closer look at an object, as an extreme close-up; None for other stills.

    An object with some surroundings is a close-up; a crop from its middle is the detail. A crop
    from a detail is one still.
    """
    codes = [label.code for label in labels]
    if still.faces or "ECU" not in codes or codes[still.label] not in ("CU", "ECU"):
        return None
    picture = _open(still)
    width, height = picture.size
    part = random.uniform(0.4, 0.6) if codes[still.label] == "CU" else random.uniform(0.5, 0.85)
    left, top = (random.uniform(0.3, 0.7) * (1 - part) for _ in range(2))
    box = (round(left * width), round(top * height), round((left + part) * width), round((top + part) * height))
    target = still.target * np.float32(0.25)
    target[codes.index("ECU")] += 0.75
    return View(_disguised(picture.crop(box), random), target)


def chin_target(below_chin: float, labels: Sequence[Label]) -> Target:
    """How likely each size is by what shows below the chin, in heights of the face's box."""
    here = math.log(max(0.0, below_chin) + CHIN_OFFSET)
    # tighter[i]: how likely the size is tighter than that of border i.
    tighter = [_normal((math.log(border + CHIN_OFFSET) - here) / CHIN_SPREAD) for _, border in CHIN_BORDERS]
    names = [name for name, _ in CHIN_BORDERS] + ["CU"]
    likely = {name: before - after for name, before, after in zip(names, [1.0, *tighter], [*tighter, 0.0], strict=True)}
    target = np.array([likely.get(label.code, 0.0) for label in labels], dtype=np.float32)
    total = target.sum()
    return target / total if total > 0 else np.full_like(target, 1 / len(target))


def _open(still: Still) -> Picture:
    with Image.open(still.path) as file:
        return file.convert("RGB")


def _leading_face(still: Still) -> Face | None:
    """The face that the frame is about: tall, sure, and no second one near its height."""
    faces = sorted((face for face in still.faces if face.score > 0.85), key=lambda face: -face.height)
    if not faces or (len(faces) > 1 and faces[1].height > 0.6 * faces[0].height):
        return None
    face = faces[0]
    return face if face.bottom < 0.95 and face.top > 0.01 else None


def _narrowed(picture: Picture, faces: Sequence[Face], random: Random) -> Picture:
    """Cut the sides: how wide a frame is says nothing about its size, what it cuts below does."""
    width, height = picture.size
    narrow = round(max(width * 0.5, height * 1.2, random.uniform(0.55, 0.95) * width))
    if narrow >= width:
        return picture
    if faces:
        tallest = max(faces, key=lambda face: face.height)
        wanted = (tallest.left + tallest.right) / 2 * width - narrow * random.uniform(0.35, 0.65)
    else:
        wanted = random.uniform(0.25, 0.75) * (width - narrow)
    left = min(max(0, round(wanted)), width - narrow)
    return picture.crop((left, 0, left + narrow, height))


def _trimmed(picture: Picture, random: Random) -> Picture:
    """Cut a little off every side; up to 8 % of the height leaves the size what it was."""
    width, height = picture.size
    left, right = (round(random.uniform(0, 0.1) * width) for _ in range(2))
    top, bottom = (round(random.uniform(0, 0.04) * height) for _ in range(2))
    return picture.crop((left, top, width - right, height - bottom))


def _disguised(picture: Picture, random: Random) -> Picture:
    """Change what says nothing about the size: each of the changes below has its own chance."""
    if random.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for chance, change in DISGUISES:
        if random.random() < chance:
            picture = change(picture, random)
    return picture


def _grey(picture: Picture, random: Random) -> Picture:
    return picture.convert("L").convert("RGB")


def _mixed_colors(picture: Picture, random: Random) -> Picture:
    """Exchange and scale the channels, as the article's ``rgb_randomize`` did."""
    channels = list(picture.split())
    random.shuffle(channels)
    return Image.merge("RGB", channels)


def _lit(picture: Picture, random: Random) -> Picture:
    """Brighter or darker, flatter or harder, paler or more colourful; log footage is flat and pale."""
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = enhance(picture).enhance(math.exp(random.uniform(-0.6, 0.4)))
    return picture


def _softened(picture: Picture, random: Random) -> Picture:
    return picture.filter(ImageFilter.GaussianBlur(random.uniform(0.002, 0.006) * picture.height))


def _coarsened(picture: Picture, random: Random) -> Picture:
    """Small and enlarged again, as an old clip or a crop is."""
    small = random.uniform(80, 140) / picture.height
    if small >= 1:
        return picture
    size = (max(1, round(picture.width * small)), max(1, round(picture.height * small)))
    return picture.resize(size, Image.Resampling.BILINEAR).resize(picture.size, Image.Resampling.BICUBIC)


def _grained(picture: Picture, random: Random) -> Picture:
    noise = np.random.default_rng(random.getrandbits(32)).normal(
        0, random.uniform(4, 16), (picture.height, picture.width, 1)
    )
    return Image.fromarray(np.clip(np.asarray(picture, dtype=np.float32) + noise, 0, 255).astype(np.uint8))


def _compressed(picture: Picture, random: Random) -> Picture:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=random.randint(12, 45))
    with Image.open(buffer) as file:
        return file.convert("RGB")


def _barred(picture: Picture, random: Random) -> Picture:
    """Black bars above and below, or at the sides."""
    width, height = picture.size
    if random.random() < 0.75:
        bar = round(random.uniform(0.06, 0.18) * height)
        barred = Image.new("RGB", (width, height + 2 * bar))
        barred.paste(picture, (0, bar))
    else:
        bar = round(random.uniform(0.06, 0.18) * width)
        barred = Image.new("RGB", (width + 2 * bar, height))
        barred.paste(picture, (bar, 0))
    return barred


DISGUISES: tuple[tuple[float, Callable[[Picture, Random], Picture]], ...] = (
    (0.15, _grey),
    (0.06, _mixed_colors),
    (0.4, _lit),
    (0.1, _softened),
    (0.12, _coarsened),
    (0.12, _grained),
    (0.15, _compressed),
    (0.15, _barred),
)
"""Each change with its chance, in the order they are made: bars come last and stay clean."""


def _normal(value: float) -> float:
    """The standard normal distribution's cumulative function."""
    return 0.5 * (1 + math.erf(value / math.sqrt(2)))
