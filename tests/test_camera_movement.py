"""Camera movement is named as the viewer sees it, whoever walks through the frame."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime

from otio_shottag.analyses import load_analysis
from otio_shottag.analyses.camera_movement import CameraMovement, positions, runs_of, ways_of
from otio_shottag.analyses.camera_path import path_of
from otio_shottag.decode import decode_frames
from otio_shottag.errors import ModelError
from otio_shottag.finding import find_shots
from otio_shottag.media_paths import MediaFinder
from otio_shottag.shots import Frames, Label, Prediction
from otio_shottag.tagging import tag_shots
from otio_shottag.timeline import Cut
from otio_shottag.vocabulary import CAMERA_MOVEMENTS
from tests.cuts import clip, span, timeline, track
from tests.moves import (
    KINDS,
    Move,
    Person,
    Picture,
    frames_of,
    own_motion,
    shake,
    shot_of,
    silhouette,
    simple_path,
    write_move,
)
from tests.test_house import modules_after

EXAMPLES = Path(__file__).parent.parent / "examples" / "media"
RATE = Fraction(24)
STEADY = KINDS[:7]


@pytest.fixture(scope="module")
def photos() -> dict[str, Picture]:
    """A frame of some of the example's clips, by its name."""
    names = ("launch_pad", "portrait", "cat", "mission_patch", "deep_sky")
    return {name: decode_frames(EXAMPLES / f"{name}.mov", [Fraction(1, 2)], 360).data[0] for name in names}


def move(photo: Picture, kind: str, *, num_frames: int = 72, length: float = 0.3, **options) -> Move:
    """A shot at 24 frames a second that eases in and out."""
    rng = np.random.default_rng(7)
    if kind == "handheld":
        path = shake(num_frames, 24, rng, length)
    else:
        path = simple_path(kind, num_frames, length, "eased", rng)
    return Move(kind, options.pop("rate", RATE), (320, 180), photo, path, **options)


def somebody(photo: Picture, share: float, num_frames: int = 72, *, seed: int = 3) -> Person:
    """Somebody who covers a part of the frame and moves."""
    layer = np.ascontiguousarray(photo[:180, :320])
    return Person(
        layer, silhouette((320, 180), 0.5, share), 1.5, own_motion(num_frames, 24, np.random.default_rng(seed))
    )


def judged(frames: Frames) -> Prediction:
    (prediction,) = CameraMovement().predict([frames])
    return prediction


@pytest.mark.parametrize("kind", STEADY)
@pytest.mark.parametrize("photo", ["launch_pad", "portrait"])
def test_a_plain_movement_is_named(photos, photo, kind):
    """Each movement over a still photograph gets its own name, and surely."""
    prediction = judged(frames_of(move(photos[photo], kind)))
    assert prediction.label.code == kind
    assert prediction.confidence > 0.8


@pytest.mark.parametrize("kind", ["static", "pan left", "tilt down", "push in", "pull out"])
def test_somebody_in_front_does_not_move_the_camera(photos, kind):
    """Somebody nearer than the background, over a third of the frame, outvotes nobody at the border."""
    people = [somebody(photos["cat"], 0.33)]
    assert judged(frames_of(move(photos["deep_sky"], kind, people=people))).label.code == kind


@pytest.mark.parametrize("seed", range(4))
def test_a_still_camera_stays_still_before_people(photos, seed):
    """Whoever walks, sways, comes nearer or fidgets over two fifths of the frame: static."""
    people = [somebody(photos["cat"], 0.4, seed=seed), somebody(photos["portrait"], 0.05, seed=seed + 10)]
    shot = move(photos["mission_patch"], "static", people=people, softness=1.5, grain=3)
    assert judged(frames_of(shot)).label.code == "static"


def test_a_hand_is_known_by_its_trembling(photos):
    """Small irregular motion that leads nowhere is handheld, also where it is large."""
    for amplitude in (0.006, 0.015):
        shot = move(photos["portrait"], "handheld", length=amplitude, num_frames=96, grain=2)
        assert judged(frames_of(shot)).label.code == "handheld"


def test_a_pan_from_the_hand_is_a_pan(photos):
    """A movement that leads much further than the hand trembles keeps its name."""
    shot = move(photos["launch_pad"], "pan right", length=0.6)
    shot.path = shot.path + shake(72, 24, np.random.default_rng(1), 0.003)
    assert judged(frames_of(shot)).label.code == "pan right"


@pytest.mark.parametrize("axes", [("pan left", "push in"), ("pan right", "tilt up")])
def test_two_movements_are_mixed(photos, axes):
    """Two movements of like strength in one shot are mixed."""
    shot = move(photos["launch_pad"], axes[0], length=0.3)
    shot.path = shot.path + move(photos["launch_pad"], axes[1], length=0.45).path
    assert judged(frames_of(shot)).label.code == "mixed"


@pytest.mark.parametrize(
    ("kind", "seconds", "length"),
    [("pan right", 5, 0.1), ("push in", 5, 0.1), ("pan left", 1, 0.9), ("tilt up", 1, 0.6), ("pull out", 1, 0.5)],
)
def test_slow_and_fast_movements_are_named(photos, kind, seconds, length):
    """From a tenth of the frame in five seconds to most of it in one."""
    shot = move(photos["launch_pad"], kind, num_frames=seconds * 24, length=length)
    assert judged(frames_of(shot)).label.code == kind


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), Fraction(60)])
def test_the_frame_rate_does_not_matter(photos, rate):
    """The same push-in over three seconds is one at 23.976, 25 and 60 frames a second."""
    num_frames = round(3 * rate)
    rng = np.random.default_rng(7)
    path = simple_path("push in", num_frames, 0.2, "eased", rng)
    frames = frames_of(Move("push in", rate, (320, 180), photos["portrait"], path))
    assert judged(frames).label.code == "push in"
    assert 20 <= len(frames.data) <= 27


def test_night_and_compression_are_seen_through(photos, tmp_path):
    """A dark, grainy pan squeezed hard by H.264 is a pan, through the whole road from file to tag."""
    dark = move(photos["portrait"], "pan left", length=0.4, gain=0.25, grain=3, crf=26)
    path = write_move(tmp_path / "night #1 夜.mp4", dark)
    (tag,), skips = tag_shots([shot_of(path, 72, RATE)], CameraMovement())
    assert skips == []
    assert (tag.analysis, tag.prediction.label.code, tag.model) == ("camera_movement", "pan left", "camera-movement 1")


@pytest.fixture(scope="module")
def push_in(photos, tmp_path_factory) -> Path:
    """A file of 96 frames in which the camera pushes in."""
    shot = move(photos["launch_pad"], "push in", num_frames=96, length=0.4)
    return write_move(tmp_path_factory.mktemp("moves") / "push.mp4", shot)


@pytest.mark.parametrize(
    ("speed", "source", "expected"),
    [
        (None, span(0, 96), "push in"),
        (2, span(0, 48), "push in"),
        (0.25, span(20, 96), "push in"),
        (-1, span(0, 96), "pull out"),
        (-2, span(0, 48), "pull out"),
        (0, span(40, 48), "static"),
    ],
)
def test_what_the_viewer_sees_counts(push_in, speed, source, expected):
    """A push-in played backward is a pull-out, a freeze is static, and speed changes nothing."""
    item = clip(str(push_in), source, available=span(0, 96), speed=speed)
    cut = Cut.of(timeline(track(item), start=RationalTime(0, 24)))
    shots, skips = find_shots(cut, finder=MediaFinder(folder=push_in.parent))
    assert skips == []
    (tag,), missed = tag_shots(shots, CameraMovement())
    assert missed == []
    assert tag.prediction.label.code == expected


@pytest.mark.parametrize("num_frames", [1, 5])
def test_a_shot_too_short_to_tell_is_a_skip(push_in, num_frames):
    """Below a quarter of a second there is no tag, and the reason is said."""
    tags, (skip,) = tag_shots([shot_of(push_in, num_frames, RATE)], CameraMovement())
    assert tags == []
    plural = "frame" if num_frames == 1 else "frames"
    assert skip.reason == f"shows {num_frames} {plural}, too few to tell how the camera moves"


def test_a_quarter_of_a_second_is_enough(push_in):
    """Six frames of 24 a second are judged."""
    tags, skips = tag_shots([shot_of(push_in, 6, RATE, start=40)], CameraMovement())
    assert (len(tags), skips) == (1, [])


def test_missing_pictures_leave_the_rest(photos):
    """Where every third picture could not be decoded, what is there still tells."""
    frames = frames_of(move(photos["launch_pad"], "pan right", length=0.4))
    kept = [index for index in range(len(frames.data)) if index % 3 != 1]
    holed = Frames(frames.data[kept], tuple(frames.seconds[index] for index in kept), len(frames.data) - len(kept))
    prediction = judged(holed)
    assert (prediction.label.code, prediction.failures) == ("pan right", len(frames.data) - len(kept))


def test_a_lone_picture_cannot_tell(photos):
    """Of one picture every movement is as likely as any other, and the tag is as unsure as can be."""
    frames = frames_of(move(photos["launch_pad"], "pan right"))
    prediction = judged(Frames(frames.data[:1], frames.seconds[:1], 20))
    assert prediction.confidence == pytest.approx(1 / 9)


def test_nothing_to_follow_is_no_certainty():
    """Pictures of pure noise are judged with doubt."""
    noise = np.random.default_rng(1).integers(0, 256, (20, 144, 256, 3)).astype(np.uint8)
    assert judged(Frames(noise, tuple(Fraction(number, 8) for number in range(20)), 0)).confidence < 0.7


def test_a_shot_without_pictures_is_refused():
    """No picture is a mistake of the caller's, named."""
    with pytest.raises(ModelError, match="without pictures"):
        CameraMovement().predict([Frames(np.zeros((0, 144, 256, 3), np.uint8), (), 3)])
    assert CameraMovement().predict([]) == []


def test_the_scores_are_a_probability_for_each_movement(photos):
    """Scores follow the vocabulary, add up to 1, and the best is the label; the direction has its mirror image."""
    frames = frames_of(move(photos["launch_pad"], "pan right", people=[somebody(photos["cat"], 0.2)]))
    prediction = judged(frames)
    assert tuple(label for label, _ in prediction.scores) == CAMERA_MOVEMENTS
    assert sum(score for _, score in prediction.scores) == pytest.approx(1)
    assert dict(prediction.scores)[prediction.label] == prediction.confidence
    assert [one.seconds for one in prediction.frames] == list(frames.seconds)
    mirrored = judged(Frames(np.ascontiguousarray(frames.data[:, :, ::-1]), frames.seconds, 0))
    assert mirrored.label.code == "pan left"


def test_the_path_is_measured_to_a_thousandth(photos):
    """A pan over a tenth of the width is measured as that, to a thousandth of the frame."""
    shot = move(photos["launch_pad"], "pan right", length=0.1)
    frames = frames_of(shot)
    shown = shot.path[[int(when * 24) for when in frames.seconds]]
    expected = (shown[0, 0] - shown[-1, 0]) * (320 / 180) ** 0.5
    measured = path_of(frames.data).points[-1]
    assert measured[0] == pytest.approx(expected, abs=0.001)
    assert measured[1:] == pytest.approx([0, 0], abs=0.001)


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(6, 20_000), st.integers(1, 15))
def test_law_4_moments_lie_inside_the_clear_part(first, length, step):
    """Positions are of the clear part, rising and bounded, and a long take is seen from its start to its end."""
    picked = positions(range(first, first + length), step)
    assert picked == sorted(set(picked))
    assert first <= picked[0]
    assert picked[-1] < first + length
    assert len(picked) <= 96
    assert picked[0] == first
    assert picked[-1] >= first + length - step
    assert all((position - first) % step == 0 for position in picked)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=40), st.floats(0.01, 0.5))
def test_ways_are_mirrored_and_longer_than_a_turn(values, turn):
    """Rises and falls take turns, longer than ``turn`` and within the span of all values; upside down they swap."""
    row = np.array(values)
    ways = ways_of(row, turn)
    assert ways_of(-row, turn) == pytest.approx([-way for way in ways])
    assert all(turn < abs(way) <= np.ptp(row) + 1e-12 for way in ways)
    assert all(before * after < 0 for before, after in pairwise(ways))
    assert bool(ways) == (np.ptp(row) > turn)


def test_runs_end_at_holes_and_repeats_count_once():
    """A hole severs, a missing picture does not, a picture shown twice is one; backward is as good."""
    seconds = [Fraction(number) for number in (0, 1, 1, 2, 4, 5, 50, 51, 51, 52)]
    assert runs_of(seconds) == [[0, 1, 3, 4, 5], [6, 7, 9]]
    assert runs_of(seconds[::-1]) == [[0, 1, 3], [4, 5, 6, 7, 9]]
    assert runs_of([Fraction(3)] * 4) == []


def test_it_needs_no_torch():
    """Loading and asking the analysis imports neither torch nor anything of the network."""
    loaded = modules_after("import otio_shottag as s; s.load_analysis('camera_movement')")
    assert "cv2" in loaded
    assert not loaded & {"torch", "torchvision", "safetensors"}


@pytest.mark.parametrize("options", [{"model": Path("x.pt")}, {"frames_per_shot": 3}])
def test_what_is_the_networks_is_refused(options):
    """A model or a number of frames is not silently dropped."""
    with pytest.raises(ModelError, match="camera_movement takes no"):
        load_analysis("camera_movement", **options)


def test_an_unknown_analysis_is_named():
    """The message says what there is."""
    with pytest.raises(ModelError, match=r"unknown analysis 'movement'; one of shot_type, camera_movement"):
        load_analysis("movement")


REAL = {
    "medium_push.mp4": ("push in", 0, 24, Fraction(24)),
    "full_pull.mp4": ("pull out", 0, 49, Fraction(3333, 100)),
    "chaplin.mp4": ("static", 0, 241, Fraction(25)),
    # Told apart by eye, where the eye was unsure by matching SIFT corners of the full pictures.
    "sintel_trailer_480p.mp4": ("static", 336, 372, Fraction(24)),
    "sintel_trailer_480p.mp4 ": ("pan left", 742, 760, Fraction(24)),
    "big_buck_bunny_30s.mp4": ("tilt down", 30, 285, Fraction(24)),
    "big_buck_bunny_30s.mp4 ": ("static", 285, 378, Fraction(24)),
    "big_buck_bunny_30s.mp4  ": ("static", 378, 545, Fraction(24)),
    "big_buck_bunny_30s.mp4   ": ("push in", 553, 715, Fraction(24)),
}


@pytest.mark.parametrize("name", list(REAL))
def test_real_shots_are_named(real_clips, name):
    """Shots of real films get the movement that was seen by eye."""
    expected, first, end, rate = REAL[name]
    shot = shot_of(real_clips / name.strip(), end - first, rate, start=first)
    (tag,), _ = tag_shots([shot], CameraMovement())
    assert tag.prediction.label.code == expected


def test_every_label_is_a_line_of_the_vocabulary():
    """Codes are the names, none twice, and none that sizes use."""
    assert tuple(label.code for label in CAMERA_MOVEMENTS) == KINDS
    assert all(isinstance(label, Label) and label.code == label.name for label in CAMERA_MOVEMENTS)
