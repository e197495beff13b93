"""Pictures of a shot -> how its frame moved from each to the next, whatever people in it did.

Corners are followed from picture to picture (pyramidal Lucas-Kanade, forward and back) and a
similarity (shift, scale, turn) is fitted to them. What moves otherwise is outvoted: by weights that
fall off with the error (Geman-McClure), and by counting the border of the frame more than its
middle, where actors are. Rests on OpenCV (https://docs.opencv.org, "Optical Flow"). No part of it
knows what a movement is called; that is ``camera_movement``'s.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import hypot, log, sqrt
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
"""(H, W)."""
Floats = NDArray[np.float64]

BORDER = 0.8
"""How far the border is from the middle of the frame, roughly, in sides: what a change of scale by 1 % moves
it by is 0.8 % of a side, which makes zooms comparable to shifts."""

_MOST_CORNERS = 220
_CORNER_QUALITY = 0.003  # of the best one's: a soft background has to be followed too
_CORNER_DISTANCE = 9  # pixels: spreads them over the frame
_FEWEST_CORNERS = 8
_SOFTENING = 0.8  # pixels: grain goes, edges stay
_WINDOW = (15, 15)
_LEVELS = 3
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.02)
_RETURNS_WITHIN = 0.5  # pixels: a corner followed there and back must come back to where it was
_WORTH_A_GUESS = 2  # pixels: below it the pyramid finds the way by itself
_CLEAR_RESPONSE = 0.05  # of phase correlation
_REACH = 0.5  # pixels: an error this large halves what a corner says, ...
_REACH_GROWTH = 0.04  # ... more where the motion is large: perspective, parallax
_MIDDLE_WEIGHT = 0.35  # against 1 at the border
_PATCHES = (8, 5)  # across and down
_STILL = 0.3  # pixels
_ENOUGH_STILL = 0.12  # of the corners, over each step of a block and all of it: a moving camera leaves next to none
_ROUNDS = 6  # of reweighting

BLOCK = 4
"""Steps that are measured once more in one go: small errors of each would add up."""
_SURE_BLOCK = 0.3  # support from which a block is believed, ...
_LARGEST_BLOCK = 0.15  # ... and the shift in sides up to which corners stay in sight of each other


@dataclass(frozen=True, slots=True)
class Motion:
    """How the content of a frame moves from one picture to another."""

    shift: tuple[float, float, float]
    """To the right, down, and at the border away from the middle, in sides (roots of the frame's area)."""
    support: float
    """0..1: the part of the followed corners, by weight, that moves like this."""
    still: float
    """0..1: the part that does not move."""


@dataclass(frozen=True, slots=True)
class Path:
    """Where the content of the frame went over a run of pictures."""

    points: Floats
    """(N, 3) for N pictures: the sum of all shifts so far, from 0; see ``Motion.shift``."""
    support: Floats
    """(N - 1,): of each step."""


def path_of(data: NDArray[np.uint8]) -> Path:
    """Follow the frame over pictures (N, H, W, 3) that stand close together, N at least 2."""
    pictures = _grays(data)
    motions = [_motion(before, after) for before, after in pairwise(pictures)]
    steps = np.array([motion.shift for motion in motions])  # (N - 1, 3)
    support = np.array([motion.support for motion in motions])
    for first in range(0, len(motions), BLOCK):
        block = slice(first, min(first + BLOCK, len(motions)))
        whole = _motion(pictures[first], pictures[block.stop])
        shift = np.array(whole.shift)
        if min(whole.still, float(np.median([motion.still for motion in motions[block]]))) >= _ENOUGH_STILL:
            # People who move slowly would drag the fit along.
            steps[block] = 0
            continue
        is_sure = whole.support >= max(_SURE_BLOCK, 0.8 * support[block].min())
        if is_sure and np.abs(shift).max() < _LARGEST_BLOCK:
            steps[block] += (shift - steps[block].sum(axis=0)) / (block.stop - first)
    return Path(np.vstack([np.zeros(3), steps.cumsum(axis=0)]), support)


def _grays(data: NDArray[np.uint8]) -> list[Gray]:
    """Give pictures (N, H, W, 3) in gray, all stretched alike, so that night has contrast too."""
    gray = np.stack([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in data])
    low, high = np.percentile(gray, (1, 99))
    # No more than 16-fold, or the grain of a flat picture would become its content.
    stretched = np.clip((gray.astype(np.float32) - low) * (255 / max(high - low, 16)), 0, 255).astype(np.uint8)
    return [np.asarray(cv2.GaussianBlur(one, (0, 0), _SOFTENING), dtype=np.uint8) for one in stretched]


def _motion(before: Gray, after: Gray) -> Motion:
    """Measure the motion between two pictures; none at all, without support, where nothing can be followed."""
    height, width = before.shape
    found = cv2.goodFeaturesToTrack(before, _MOST_CORNERS, _CORNER_QUALITY, _CORNER_DISTANCE, blockSize=5)
    if found is None or len(found) < _FEWEST_CORNERS:
        return Motion((0, 0, 0), 0, 0)
    corners = found.reshape(-1, 2).astype(np.float64)
    there, is_found = _followed(before, after, corners, (0, 0))
    guess = _whole_shift(before, after)
    if max(map(abs, guess)) > _WORTH_A_GUESS:
        guessed, is_guessed = _followed(before, after, corners, guess)
        if is_guessed.sum() > is_found.sum():
            there, is_found = guessed, is_guessed
    is_found &= ((there >= 0) & (there < (width, height))).all(axis=1)
    if is_found.sum() < _FEWEST_CORNERS:
        return Motion((0, 0, 0), 0, 0)
    middle = np.array([width / 2, height / 2])
    corners, there = corners[is_found], there[is_found]
    weights = _weights(corners, width, height)
    is_still = np.linalg.norm(there - corners, axis=1) < _STILL
    (grown, turned, right, down), support = _similarity(corners - middle, there - middle, weights)
    side = sqrt(height * width)
    scale = max(hypot(grown, turned), 1e-3)
    return Motion((right / side, down / side, log(scale) * BORDER), support, float(is_still @ weights / weights.sum()))


def _whole_shift(before: Gray, after: Gray) -> tuple[float, float]:
    """Guess how far the frame as a whole was shifted, in pixels, by phase correlation; (0, 0) in doubt."""
    window = cv2.createHanningWindow((before.shape[1], before.shape[0]), cv2.CV_32F)
    shift, response = cv2.phaseCorrelate(before.astype(np.float32), after.astype(np.float32), window)
    return (shift[0], shift[1]) if response > _CLEAR_RESPONSE else (0.0, 0.0)


def _followed(
    before: Gray, after: Gray, corners: Floats, guess: tuple[float, float]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Follow corners (N, 2) from one picture to the other: where they are, and which were found."""
    start = corners.astype(np.float32).reshape(-1, 1, 2)
    shift = np.array(guess, dtype=np.float32)
    how: dict[str, Any] = {
        "winSize": _WINDOW,
        "maxLevel": _LEVELS,
        "criteria": _STOP,
        "flags": cv2.OPTFLOW_USE_INITIAL_FLOW,
    }
    there, is_there, _ = cv2.calcOpticalFlowPyrLK(before, after, start, start + shift, **how)
    back, is_back, _ = cv2.calcOpticalFlowPyrLK(after, before, there, there - shift, **how)
    returns = np.linalg.norm((back - start)[:, 0], axis=1) < _RETURNS_WITHIN
    return there[:, 0].astype(np.float64), (is_there[:, 0] > 0) & (is_back[:, 0] > 0) & returns


def _weights(corners: Floats, width: int, height: int) -> Floats:
    """Count corners (N, 2) at the border of the frame more than those in its middle, where actors are."""
    outward = np.abs(corners / (width, height) - 0.5).max(axis=1) * 2  # 0 in the middle, 1 at the border
    weights = _MIDDLE_WEIGHT + (1 - _MIDDLE_WEIGHT) * outward**1.5
    # Corners crowd where it is sharp, which is where the actors are: each patch of the frame counts alike.
    columns, rows = (corners / (width, height) * _PATCHES).astype(int).T
    patch = rows * _PATCHES[0] + columns
    return np.asarray(weights / np.sqrt(np.bincount(patch)[patch]))


def _similarity(before: Floats, after: Floats, weights: Floats) -> tuple[Floats, float]:
    """Fit a similarity to corners (N, 2) that are counted from the middle; give it and its support.

    Its four numbers are scale times cosine and sine of the turn, and the shift. Of what three starts
    lead to (no motion, the median shift, the most popular similarity) the best supported is taken.
    """
    starts = [np.array([1.0, 0.0, 0.0, 0.0]), np.array([1.0, 0.0, *np.median(after - before, axis=0)])]
    popular, _ = cv2.estimateAffinePartial2D(before, after, method=cv2.RANSAC, ransacReprojThreshold=0.8, maxIters=500)
    if popular is not None:
        starts.append(np.array([popular[0, 0], popular[1, 0], popular[0, 2], popular[1, 2]]))
    fits = [_refined(before, after, weights, start) for start in starts]
    supports = [float((_belief(before, after, fit) * weights).sum() / weights.sum()) for fit in fits]
    best = int(np.argmax(np.round(supports, 3)))  # of equals the simplest, which stands first
    return fits[best], supports[best]


def _belief(before: Floats, after: Floats, similarity: Floats) -> Floats:
    """Say how much each corner agrees with a similarity: 1 wholly, falling to 0 with its error."""
    scaled, turned, right, down = similarity
    x, y = before.T
    errors = np.hypot(
        scaled * x - turned * y + right - after[:, 0],
        turned * x + scaled * y + down - after[:, 1],
    )
    reach = _REACH + _REACH_GROWTH * float(np.median(np.linalg.norm(after - before, axis=1)))
    return np.asarray(1 / (1 + (errors / reach) ** 2) ** 2)


def _refined(before: Floats, after: Floats, weights: Floats, similarity: Floats) -> Floats:
    """Fit a similarity by least squares, again and again, to the corners that agree with it."""
    x, y = before.T
    ones, zeros = np.ones(len(x)), np.zeros(len(x))
    equations = np.vstack([np.stack([x, -y, ones, zeros], axis=1), np.stack([y, x, zeros, ones], axis=1)])  # (2N, 4)
    wanted = np.concatenate([after[:, 0], after[:, 1]])
    for _ in range(_ROUNDS):
        counts = np.tile(_belief(before, after, similarity) * weights, 2)
        weighted = (equations * counts[:, None]).T
        # The small diagonal keeps it solvable where hardly a corner agrees.
        similarity = np.linalg.solve(weighted @ equations + np.eye(4) * 1e-6, weighted @ wanted)
    return similarity
