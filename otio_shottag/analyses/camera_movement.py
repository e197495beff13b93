"""Pixels -> how the camera moves: static, pan, tilt, push in, pull out, handheld, mixed.

Looks at pictures an eighth of a second apart, follows the frame over them (``camera_path``), and asks
of the way it went: how far did it go in one direction, how far in a second one, how much does it
tremble? Each movement's strength is one number, all in the same measure, so that the largest names
the shot; how far it leads says how sure that is.

The viewer's time counts: a push-in that the cut plays backward is a pull-out, a freeze is static. A
zoom and a push look alike without parallax, and so do a pan and a track: both get the one name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from otio_shottag.analyses.camera_path import Path, path_of
from otio_shottag.errors import MediaError, ModelError
from otio_shottag.shots import Frames, FrameScores, Label, Prediction, Scores, Shot
from otio_shottag.vocabulary import CAMERA_MOVEMENTS

Floats = NDArray[np.float64]

_STEPS_A_SECOND = 8
"""Pictures a second: a hand trembles slower than that, and a whip pan leaves them something in common."""
_SHORTEST = Fraction(1, 4)
"""Seconds below which nobody sees how a camera moves."""
_MOST_TOGETHER = 49
"""Pictures, six seconds; what is longer is looked at in runs, for the memory's sake."""
_RUN = 16
"""Pictures of a run: two seconds, in which a hand gives itself away."""
_SECONDS_PER_RUN = 5
_MOST_RUNS = 6
_SEVERED = 2.5
"""Times the usual distance: pictures further apart are of two runs, not of one with a gap."""

_TREMBLE_WINDOW = 9
"""Steps, about a second: what a parabola over it cannot follow is trembling, not a movement."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How the movements of a shot are weighed against each other.

    Lengths are in sides, the root of the frame's area: of 16:9 its width is 1.33, its height 0.75. What a
    viewer notices (``seen``, ``turns_at_least``, ``restless``) and ``doubt`` are set by hand; the others were
    fitted to 162 synthetic shots, where the optimum is flat, and checked on 180 of other photographs:
    tests/benchmarks/camera_movement.py makes them, fits and prints.
    """

    seen: float = 0.02
    """How far the frame must go for a viewer to notice."""
    hand: float = 20.0
    """Times its trembling, a hand counts as a movement of this length."""
    second: float = 2.3
    """Times the second longest movement, a mixture counts as one of this length."""
    turns_at: float = 5.6
    """Times the trembling, what goes back by less than this still goes on."""
    turns_at_least: float = 0.011
    sway: float = 2.5
    """Times the width of its sway, a restless hand counts as a movement of this length."""
    restless: float = 1.0
    """Turns a second from which on it is: nobody carries out movements that turn so often."""
    sharpness: float = 4.1
    """How fast the weaker movements lose: the power that lengths are raised to."""
    doubt: float = 0.03
    """Shared out among all movements, so that nothing is ever certain."""


SCALE = Scale()

_FAR = 1.0
"""Movements longer than this are as strong as this one: a zoom cannot go as far as a pan."""
_LEAST_SWAY = 0.004
"""Sides: below it turning to and fro is the measurement's own."""
_FIRM_SUPPORT = 0.3
"""The part of the corners that must agree, on average, for the movement to be believed. Set by hand: hardly a
synthetic shot is as confused as a fight before a running camera."""
_MOST_DOUBT = 0.7
"""Shared out among all movements where no corners agree."""


class CameraMovement:
    """Judges camera movement without a network; see ``Analysis`` for the members."""

    name = "camera_movement"
    model = "camera-movement 1"
    short_side = 144
    device: str | None = "cpu (OpenCV)"
    side_by_side = True
    fingerprint = model

    def moments(self, shot: Shot) -> list[Fraction]:
        """Every eighth of a second of what no transition touches; of a long take, runs of two seconds.

        Raises MediaError, in words for the editor, for a shot too short to tell.
        """
        rate = Fraction(shot.record.duration.rate).limit_denominator(1001)
        if len(shot.clear) / rate < _SHORTEST:
            plural = "frame" if len(shot.clear) == 1 else "frames"
            raise MediaError(f"shows {len(shot.clear)} {plural}, too few to tell how the camera moves")
        if shot.frames.step == 0:
            # Two moments of one frame: one alone could be all that is left of a shot that moves.
            middle = shot.seconds(shot.frames[0])
            return [middle, middle + Fraction(1, 8) / shot.rate]
        step = max(1, round(rate / _STEPS_A_SECOND))
        return [shot.seconds(shot.frames[position]) for position in positions(shot.clear, step)]

    def predict(self, batch: Sequence[Frames]) -> list[Prediction]:
        """Judge shots; raises ModelError for one without pictures."""
        if any(len(frames.data) == 0 for frames in batch):
            raise ModelError("a shot without pictures cannot be judged; leave it out of the batch")
        return [_prediction(frames) for frames in batch]


def positions(clear: range, step: int) -> list[int]:
    """Pick every ``step``-th position, or runs of them spread from the start to the end of a long take."""
    every = list(clear[::step])
    if len(every) <= _MOST_TOGETHER:
        return every
    runs = min(_MOST_RUNS, 3 + (len(every) - _MOST_TOGETHER) // (_SECONDS_PER_RUN * _STEPS_A_SECOND))
    last = len(every) - _RUN
    starts = [last * run // (runs - 1) for run in range(runs)]
    return [position for start in starts for position in every[start : start + _RUN]]


def _prediction(frames: Frames) -> Prediction:
    row = probabilities(frames)
    scores: Scores = tuple(zip(CAMERA_MOVEMENTS, row.tolist(), strict=True))
    best: Label = CAMERA_MOVEMENTS[int(row.argmax())]
    return Prediction(
        label=best,
        confidence=float(row.max()),
        scores=scores,
        # No picture moves by itself: each says what the shot says.
        frames=tuple(FrameScores(when, scores) for when in frames.seconds),
        path=(best,),
        failures=frames.failures,
    )


def probabilities(frames: Frames) -> Floats:
    """Give the probability of each of CAMERA_MOVEMENTS; all alike where a lone picture cannot tell."""
    if len(frames.data) == 1:
        return np.full(len(CAMERA_MOVEMENTS), 1 / len(CAMERA_MOVEMENTS))
    return weighed([path_of(frames.data[run]) for run in runs_of(frames.seconds)])


def runs_of(seconds: Sequence[Fraction]) -> list[list[int]]:
    """Group pictures, by index, that follow one another without a hole; what is shown twice counts once."""
    fresh = [index for index, when in enumerate(seconds) if index == 0 or when != seconds[index - 1]]
    distances = [abs(seconds[after] - seconds[before]) for before, after in pairwise(fresh)]
    if not distances:
        return []
    usual = sorted(distances)[len(distances) // 2]
    runs = [[fresh[0]]]
    for index, distance in zip(fresh[1:], distances, strict=True):
        if distance > _SEVERED * usual:
            runs.append([])
        runs[-1].append(index)
    return [run for run in runs if len(run) > 1]


def weighed(paths: Sequence[Path], scale: Scale = SCALE) -> Floats:
    """Weigh what the paths of a shot's runs say: a probability for each of CAMERA_MOVEMENTS.

    No path at all is one picture all along: a freeze, a still.
    """
    strengths = np.array([scale.seen, *np.zeros(8)])
    support = 1.0
    if paths:
        points = _joined(paths)
        trembling, pumping = _trembling(paths)
        lengths = np.minimum(_lengths(points, trembling, pumping, scale), _FAR)
        width, restlessness = _sway(points, scale)
        hand = max(scale.hand * trembling, scale.sway * width * restlessness)
        # Two movements that nobody notices are not a mixture, nor is a hand that goes to and fro.
        second = float(np.sort(lengths)[-2])
        mixture = scale.second * second * min(1.0, second / scale.seen) * (1 - restlessness)
        strengths[1:] = (*lengths, hand, mixture)
        support = float(np.concatenate([path.support for path in paths]).mean())
    powers = np.maximum(strengths / strengths.max(), 1e-4) ** scale.sharpness
    doubt = max(scale.doubt, _MOST_DOUBT * (1 - support / _FIRM_SUPPORT))
    return np.asarray(doubt / len(powers) + (1 - doubt) * powers / powers.sum())


def _joined(paths: Sequence[Path]) -> Floats:
    """Put the paths of runs one after the other, (N, 3); over the holes between them the camera stands still."""
    starts = np.cumsum([np.zeros(3), *(path.points[-1] for path in paths)], axis=0)
    return np.vstack([path.points + start for path, start in zip(paths, starts, strict=False)])


def _trembling(paths: Sequence[Path]) -> tuple[float, float]:
    """Say how much the frame trembles, in sides: sideways, and in size."""
    wobbles = np.vstack([_wobble(path.points) for path in paths])
    if len(wobbles) == 0:
        return 0.0, 0.0
    return float(np.median(np.hypot(wobbles[:, 0], wobbles[:, 1]))), float(np.median(np.abs(wobbles[:, 2])))


def _lengths(points: Floats, trembling: float, pumping: float, scale: Scale) -> Floats:
    """Say how far the camera went left, right, up, down, in and out at one go, in sides."""
    turn = max(scale.turns_at_least, scale.turns_at * trembling)
    turn_of_size = max(scale.turns_at_least, scale.turns_at * max(pumping, trembling / 2))
    lengths = []
    # The frame's content goes right when the camera turns left, and down when it tilts up.
    for values, least in zip(points.T, (turn, turn, turn_of_size), strict=True):
        ways = ways_of(values, least)
        lengths += [max([0.0, *ways]), -min([0.0, *ways])]
    return np.array(lengths)


def _sway(points: Floats, scale: Scale) -> tuple[float, float]:
    """Say how wide the frame went sideways, in sides, and how restlessly it turned to and fro, 0..1."""
    width = float(np.ptp(points[:, :2], axis=0).max())
    least = max(_LEAST_SWAY, width / 4)
    turns = sum(max(0, len(ways_of(values, least)) - 1) for values in points[:, :2].T)
    turns_a_second = turns * _STEPS_A_SECOND / len(points)
    return width, min(1.0, turns_a_second / scale.restless) ** 4


def _wobble(points: Floats) -> Floats:
    """Take off a path (N, 3) what a parabola over a second of it follows; nothing is left of a very short one."""
    num_points = len(points)
    if num_points < 4:
        return np.zeros((0, 3))
    window = min(_TREMBLE_WINDOW, num_points)
    powers = np.vander(np.arange(window) - (window - 1) / 2, 3 if num_points > 4 else 2)
    smoothing = powers @ np.linalg.pinv(powers)  # (window, window)
    firsts = np.clip(np.arange(num_points) - window // 2, 0, num_points - window)
    smooth = [smoothing[at - first] @ points[first : first + window] for at, first in enumerate(firsts)]
    return np.asarray(points - np.array(smooth))


def ways_of(values: Floats, turn: float) -> list[float]:
    """Take a row of values apart into rises and falls (below 0); going back by up to ``turn`` ends none."""
    ways: list[float] = []
    low = high = float(values[0])
    direction = 0
    for value in map(float, values[1:]):
        high = max(high, value) if direction >= 0 else high
        low = min(low, value) if direction <= 0 else low
        if direction >= 0 and high - value > turn:
            ways += [high - low] if direction else []
            direction, low = -1, value
        elif direction <= 0 and value - low > turn:
            ways += [low - high] if direction else []
            direction, high = 1, value
    return [*ways, direction * (high - low)] if direction else ways
