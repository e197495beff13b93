"""Synthetic camera moves over photographs: what the tests and the benchmark of camera movement look at.

A virtual camera crops a photograph. People (cut-outs of another photograph) stand before it, nearer and
so faster, with a motion of their own; grain, night, a soft background and H.264 go over it. What the
camera does is known exactly.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from opentimelineio.opentime import RationalTime, TimeRange

from otio_shottag.analyses.camera_movement import CameraMovement
from otio_shottag.bars import trim_bars
from otio_shottag.blank import drop_blank
from otio_shottag.decode import decode_frames
from otio_shottag.shots import Frames, PlayedFrames, Shot
from tests.media import Clip, write_clip

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

KINDS = ("static", "pan left", "pan right", "tilt up", "tilt down", "push in", "pull out", "handheld", "mixed")
RATES = (Fraction(24), Fraction(24000, 1001), Fraction(25), Fraction(30), Fraction(60))
SIZES = ((480, 270), (480, 200), (400, 300))
_WINDOW = 0.62
"""Part of the photograph's side that the camera sees at rest; past its edges it is mirrored."""


@dataclass
class Person:
    """Somebody in front of the background."""

    photo: Picture
    """As large as the frame."""
    mask: NDArray[np.float32]
    """0..1 (H, W), at rest."""
    nearness: float
    """How many times the background's motion it makes when the camera moves."""
    path: Floats
    """Its own motion: (frames, 3) of right and down in frame heights, and log of its size."""


@dataclass
class Move:
    """A shot whose camera does what ``kind`` says."""

    kind: str
    rate: Fraction
    size: tuple[int, int]
    photo: Picture
    path: Floats
    """The camera's (frames, 4): right and down in frame widths and heights, log of its window's size, roll."""
    people: list[Person] = field(default_factory=list)
    grain: float = 0.0
    """Standard deviation in levels (0..255)."""
    gain: float = 1.0
    softness: float = 0.0
    """Of the background, in pixels."""
    crf: int | None = None
    """H.264's quality; None leaves the frames as drawn."""
    gop: int = 48
    seed: int = 0
    speed: float = 0.0
    """Frames a second that the camera covers."""

    @property
    def cover(self) -> float:
        """The part of the frame that people cover at rest."""
        return float(np.max([one.mask for one in self.people], axis=0).mean()) if self.people else 0.0

    def draw(self, frame: int) -> Picture:
        """Draw one frame."""
        width, height = self.size
        right, down, size, roll = self.path[frame]
        photo_height, photo_width = self.photo.shape[:2]
        base = min(photo_width / width, photo_height / height) * _WINDOW
        middle = (photo_width / 2 + right * width * base, photo_height / 2 + down * height * base)
        window = _similarity(base * np.exp(size), roll, (width / 2, height / 2), middle)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        picture = cv2.warpAffine(self.photo, window, self.size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        if self.softness:
            picture = cv2.GaussianBlur(picture, (0, 0), self.softness)
        for one in self.people:
            own_right, own_down, own_size = one.path[frame]
            at = (
                width / 2 - right * one.nearness * width + own_right * height,
                height / 2 - down * one.nearness * height + own_down * height,
            )
            matrix = _similarity(np.exp(own_size - size * one.nearness), -roll, (width / 2, height / 2), at)
            layer = cv2.warpAffine(one.photo, matrix, self.size, borderMode=cv2.BORDER_REFLECT_101)
            mask = cv2.warpAffine(one.mask, matrix, self.size)[:, :, None]
            picture = picture * (1 - mask) + layer * mask
        lit = picture.astype(np.float32) * self.gain
        if self.grain:
            noise = np.random.default_rng((self.seed, frame)).normal(0, self.grain, lit.shape[:2])
            lit += noise[:, :, None]
        return np.clip(lit, 0, 255).astype(np.uint8)


def _similarity(size: float, roll: float, here: tuple[float, float], there: tuple[float, float]) -> Floats:
    """A matrix (2, 3) that turns and scales around ``here`` and moves it to ``there``."""
    cos, sin = np.cos(roll) * size, np.sin(roll) * size
    x, y = here
    return np.array([[cos, -sin, there[0] - cos * x + sin * y], [sin, cos, there[1] - sin * x - cos * y]])


def eased(num_frames: int, ease: str, rng: np.random.Generator) -> Floats:
    """0 to 1 over a shot: ``linear``, ``eased`` in and out, or ``held`` still before and after."""
    way = np.linspace(0, 1, num_frames)
    if ease == "linear":
        return way
    if ease == "held":
        begins, ends = rng.uniform(0.05, 0.3), rng.uniform(0.7, 0.95)
        way = np.clip((way - begins) / (ends - begins), 0, 1)
    return np.asarray(way * way * (3 - 2 * way))


def shake(num_frames: int, rate: float, rng: np.random.Generator, amplitude: float) -> Floats:
    """A hand's wobble, (frames, 4): slow sway and quicker tremor, ``amplitude`` its root mean square."""
    seconds = np.arange(num_frames) / rate
    wobble = np.zeros((num_frames, 4))
    for axis in range(4):
        for _ in range(7):
            hertz = rng.uniform(0.4, 4.5)
            wobble[:, axis] += rng.normal() * hertz**-0.8 * np.sin(2 * np.pi * (hertz * seconds + rng.uniform()))
    wobble *= amplitude / max(np.sqrt((wobble[:, :2] ** 2).sum(axis=1).mean()), 1e-9)
    return np.asarray(wobble * (1, 1, 0.3, 0.5))


def silhouette(size: tuple[int, int], middle: float, share: float) -> NDArray[np.float32]:
    """A person's rough shape that covers ``share`` of the frame: head on shoulders, cut off below."""
    width, height = size
    body = 0.2 * height
    while True:
        mask = np.zeros((height, width), np.float32)
        head, top = min(body * 0.2, 0.2 * height), max(height - body, 0.03 * height)
        shoulders = (int(body * 0.42), max(1, int(height - top - head * 1.8)))
        cv2.ellipse(mask, (int(middle * width), int(top + head)), (int(head * 0.75), int(head)), 0, 0, 360, 1, -1)
        cv2.ellipse(mask, (int(middle * width), height), shoulders, 0, 0, 360, 1, -1)
        if mask.mean() >= share or body > 4 * height:
            return cv2.GaussianBlur(mask, (0, 0), 1.2)
        body *= 1.06


def own_motion(num_frames: int, rate: float, rng: np.random.Generator) -> Floats:
    """How somebody moves, (frames, 3): walks through, sways, comes nearer or goes, or fidgets."""
    way = np.linspace(0, 1, num_frames)
    path = np.zeros((num_frames, 3))
    what = rng.choice(["walk", "sway", "near", "fidget"])
    if what == "walk":
        path[:, 0] = (way - 0.5) * rng.uniform(0.3, 1.6) * rng.choice([-1, 1])
        path[:, 1] = 0.01 * np.sin(np.arange(num_frames) / rate * 2 * np.pi * 1.8)
    elif what == "sway":
        path[:, 0] = rng.uniform(0.02, 0.12) * np.sin(2 * np.pi * (way * rng.uniform(0.5, 3) + rng.uniform()))
    elif what == "near":
        path[:, 2] = (way - 0.5) * rng.uniform(0.1, 0.6) * rng.choice([-1, 1])
    else:
        path[:, :2] = shake(num_frames, rate, rng, rng.uniform(0.01, 0.05))[:, :2]
    return path


def simple_path(kind: str, num_frames: int, length: float, ease: str, rng: np.random.Generator) -> Floats:
    """The path of one steady movement, ``length`` in frames (of a push: the log of the size); see ``Move.path``."""
    column, sign = {
        "static": (0, 0), "pan left": (0, -1), "pan right": (0, 1), "tilt up": (1, -1), "tilt down": (1, 1),
        "push in": (2, -1), "pull out": (2, 1),
    }[kind]  # fmt: skip
    path = np.zeros((num_frames, 4))
    path[:, column] = sign * length * (eased(num_frames, ease, rng) - 0.5)
    return path


def random_shot(kind: str, photos: Sequence[Callable[[], Picture]], rng: np.random.Generator) -> Move:
    """A shot of a kind, with everything else left to chance."""
    rate = RATES[rng.choice(5, p=[0.3, 0.2, 0.25, 0.15, 0.1])]
    seconds = rng.uniform(1.2, 8)
    num_frames = round(seconds * float(rate))
    size = SIZES[rng.choice(3, p=[0.6, 0.2, 0.2])]
    ease = str(rng.choice(["linear", "eased", "held"]))
    speed = float(np.exp(rng.uniform(np.log(0.02), np.log(0.8))))  # a tenth of the frame in five seconds, up to a whip
    # Less than this over a whole shot nobody would call a movement.
    length = max(speed * seconds, 0.06)
    if kind == "handheld":
        amplitude = float(np.exp(rng.uniform(np.log(0.0045), np.log(0.03))))
        path = np.zeros((num_frames, 4))
        if rng.random() < 0.4:  # it drifts as well
            drift = amplitude * rng.uniform(1, 2.5) * rng.choice([-1, 1])
            path[:, rng.integers(2)] = drift * (eased(num_frames, ease, rng) - 0.5)
    else:
        amplitude = float(rng.choice([0, 0, 1]) * rng.uniform(0.0003, 0.0015))  # a fluid head, a film gate
        if kind == "mixed":
            path = _mixed_path(num_frames, max(speed * seconds, 0.15), ease, rng)
        else:
            path = simple_path(kind, num_frames, min(length, 1.0) if kind[:2] == "pu" else length, ease, rng)
        if kind == "static":
            amplitude *= 0.3
    if amplitude:
        path += shake(num_frames, float(rate), rng, amplitude)
    background, *others = (photos[index] for index in rng.choice(len(photos), 3, replace=False))
    people = []
    for number, other in zip(range(rng.choice([0, 1, 1, 2])), others, strict=False):
        mask = silhouette(size, rng.uniform(0.25, 0.75), rng.uniform(0.02, 0.1) if number else rng.uniform(0.04, 0.4))
        layer = cv2.resize(other(), size, interpolation=cv2.INTER_AREA)
        people.append(Person(layer, mask, rng.uniform(1.0, 1.8), own_motion(num_frames, float(rate), rng)))
    return Move(
        kind, rate, size, background(), path, people,
        grain=float(rng.choice([0, 2, 4, 7])),
        gain=float(rng.uniform(0.15, 0.35)) if rng.random() < 0.15 else 1.0,
        softness=float(rng.choice([0, 0, 1.5, 3.5])) if people else 0.0,
        crf=int(rng.integers(18, 33)) if rng.random() < 0.5 else None,
        gop=int(rng.choice([12, 48, 250])), seed=int(rng.integers(2**31)), speed=speed,
    )  # fmt: skip


def _mixed_path(num_frames: int, first: float, ease: str, rng: np.random.Generator) -> Floats:
    """Two movements, the second 0.6 to 1 times as strong, at once or one after the other."""
    axes = ((0, 1), (0, 2), (1, 2), (0, 0), (1, 1), (2, 2))[rng.choice(6, p=[0.2, 0.25, 0.25, 0.12, 0.08, 0.1])]
    lengths = [first, first * rng.uniform(0.6, 1.0)]
    lengths = [min(long, 0.9) * 1.5 if axis == 2 else long for long, axis in zip(lengths, axes, strict=True)]
    signs = rng.choice([-1, 1], 2)
    half = num_frames // 2
    curves = [eased(num_frames, ease, rng) - 0.5] * 2
    if axes[0] == axes[1] or rng.random() < 0.5:
        rest = num_frames - half
        curves = [
            np.concatenate([eased(half, "eased", rng), np.ones(rest)]) - 0.5,
            np.concatenate([np.zeros(rest), eased(half, "eased", rng)]) - 0.5,
        ]
    if axes[0] == axes[1]:
        signs[1] = -signs[0]  # there and back
    path = np.zeros((num_frames, 4))
    for axis, sign, long, curve in zip(axes, signs, lengths, curves, strict=True):
        path[:, axis] += sign * long * curve
    return path


def photograph(path: Path) -> Picture:
    """Read a photograph as RGB (H, W, 3)."""
    picture = cv2.imread(str(path))
    assert picture is not None, path
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def shot_of(media: Path, num_frames: int, rate: Fraction, *, start: int = 0, speed: Fraction = Fraction(1)) -> Shot:
    """A shot that shows ``num_frames`` of a file, played at a speed."""
    record = TimeRange(RationalTime(0, float(rate)), RationalTime(num_frames, float(rate)))
    played = PlayedFrames(Fraction(start), speed, num_frames)
    return Shot((0, 0), media.stem, "V1", media, played, rate, record, range(num_frames), Fraction(0))


def frames_of(move: Move) -> Frames:
    """What the analysis is handed of a synthetic shot, encoded and decoded or just scaled down."""
    analysis = CameraMovement()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shot.mp4"
        moments = analysis.moments(shot_of(path, len(move.path), move.rate))
        if move.crf is not None:
            write_move(path, move)
            frames = decode_frames(path, moments, analysis.short_side)
        else:
            scale = analysis.short_side / min(move.size)
            size = (round(move.size[0] * scale), round(move.size[1] * scale))
            numbers = [int(moment * move.rate) for moment in moments]
            drawn = [cv2.resize(move.draw(number), size, interpolation=cv2.INTER_AREA) for number in numbers]
            frames = Frames(np.stack(drawn), tuple(number / move.rate for number in numbers), 0)
    return trim_bars(drop_blank(frames))


def write_move(path: Path, move: Move) -> Path:
    """Encode a synthetic shot with H.264."""
    options = {"crf": str(move.crf or 20), "preset": "veryfast"}
    clip = Clip(rate=move.rate, num_frames=len(move.path), size=move.size, gop=move.gop, b_frames=2, options=options)
    return write_clip(path, clip, lambda frame, _width, _height: move.draw(frame))
