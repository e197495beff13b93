"""A shot's pictures -> its size, its confidence, its path."""

import subprocess
import sys
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from opentimelineio.opentime import RationalTime, TimeRange

from otio_shottag.analyses import Analysis, load_analysis
from otio_shottag.errors import ModelError
from otio_shottag.shots import Frames, NearMoment, PlayedFrames, Shot
from otio_shottag.vocabulary import SHOT_TYPES

EWS, WS, LS, MLS, MS, MCU, CU, ECU = range(8)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """The shipped judge on the CPU."""
    return load_analysis("shot_type", device="cpu")


def shot(num_frames: int, *, clear: range | None = None, step: Fraction = Fraction(1)) -> Shot:
    """Make a shot of 24 frames a second."""
    return Shot(
        address=(0, 0),
        name="A",
        track="V1",
        media=Path("a.mov"),
        frames=PlayedFrames(Fraction(100), step, num_frames),
        rate=Fraction(24),
        record=TimeRange(RationalTime(0, 24), RationalTime(num_frames, 24)),
        clear=clear or range(num_frames),
        media_start=Fraction(0),
    )


def pictures(num: int, height: int, width: int, seed: int = 0, failures: int = 0) -> Frames:
    """Make pictures of coloured noise."""
    data = np.random.default_rng(seed).integers(0, 256, (num, height, width, 3), dtype=np.uint8)
    return Frames(data, tuple(Fraction(index) for index in range(num)), failures)


def rows(*sizes: tuple[int, float]) -> NDArray[np.float64]:
    """Make one row of probabilities for each (size, its probability)."""
    table = np.array([np.full(8, (1 - probability) / 7) for _, probability in sizes])
    for row, (size, probability) in zip(table, sizes, strict=True):
        row[size] = probability
    return table


def test_every_shot_of_a_mixed_batch_gets_its_own_answer(analysis: Analysis) -> None:
    """Shots of different picture shapes and counts are judged as if each came alone, in order."""
    batch = [pictures(3, 224, 398), pictures(1, 224, 536, seed=1), pictures(2, 398, 224, seed=2, failures=1)]
    together = analysis.predict(batch)
    alone = [analysis.predict([frames])[0] for frames in batch]
    for frames, one, other in zip(batch, together, alone, strict=True):
        assert one.label == other.label
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)
        assert [frame.seconds for frame in one.frames] == list(frames.seconds)
        assert one.failures == frames.failures


def test_scores_are_probabilities_in_the_vocabularys_order(analysis: Analysis) -> None:
    """A prediction gives every size a probability, widest first, and they add up to 1."""
    prediction = analysis.predict([pictures(2, 224, 398)])[0]
    for scores in (prediction.scores, *(frame.scores for frame in prediction.frames)):
        assert tuple(label for label, _ in scores) == SHOT_TYPES
        assert sum(score for _, score in scores) == pytest.approx(1)
    assert prediction.confidence == max(score for _, score in prediction.scores)
    assert dict(prediction.scores)[prediction.label] == prediction.confidence


def test_no_pictures_cannot_be_judged(analysis: Analysis) -> None:
    """A shot without pictures is refused rather than guessed."""
    with pytest.raises(ModelError, match="without pictures"):
        analysis.predict([pictures(0, 224, 398)])


def test_an_empty_batch_has_no_answers(analysis: Analysis) -> None:
    """No shots, no predictions."""
    assert analysis.predict([]) == []


def test_the_judge_says_what_it_is(analysis: Analysis) -> None:
    """Name, version, size and device are there for the report and the tag."""
    assert analysis.name == "shot_type"
    assert analysis.model.startswith("shot_type ")
    assert analysis.short_side >= 128
    analysis.predict([pictures(1, 64, 96)])
    assert str(analysis.device).startswith("cpu (")


def test_nothing_is_loaded_before_there_is_something_to_judge() -> None:
    """Moments, name and fingerprint need no torch; the first prediction loads it and names the device."""
    code = (
        "import sys; from otio_shottag.analyses import load_analysis; a = load_analysis(device='cpu')\n"
        "assert a.model and a.fingerprint and a.short_side and a.device is None; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("num_frames", "count"), [(1, 1), (12, 1), (48, 3), (24 * 20, 6), (24 * 120, 9)])
def test_a_long_shot_is_looked_at_more_often(analysis: Analysis, num_frames: int, count: int) -> None:
    """The number of moments follows the shot's length in the cut."""
    assert len(analysis.moments(shot(num_frames))) == count


def test_moments_keep_clear_of_transitions(analysis: Analysis) -> None:
    """No moment lies where a transition is on screen."""
    moments = analysis.moments(shot(100, clear=range(40, 60)))
    for moment in moments:
        first, last = (moment.earliest, moment.latest) if isinstance(moment, NearMoment) else (moment, moment)
        assert Fraction(140, 24) <= first <= last < Fraction(160, 24)


def test_a_moment_may_move_within_its_share_of_the_shot(analysis: Analysis) -> None:
    """Samples of a shot at its own speed or slower may move by a sixteenth of their distance, others not at all."""
    for step in (Fraction(1), Fraction(-1), Fraction(1, 2)):
        moments = analysis.moments(shot(240, step=step))
        assert all(isinstance(moment, NearMoment) for moment in moments)
        for moment in moments:
            assert isinstance(moment, NearMoment)
            assert (
                moment.latest - moment.seconds
                == moment.seconds - moment.earliest
                == floor(5 * abs(step)) / Fraction(24)
            )
    for step in (Fraction(2), Fraction(5, 4), Fraction(0)):
        assert all(isinstance(moment, Fraction) for moment in analysis.moments(shot(240, step=step)))
    assert all(isinstance(moment, Fraction) for moment in analysis.moments(shot(14)))


def test_a_freeze_frame_asks_for_one_picture(analysis: Analysis) -> None:
    """However long a freeze stands, it shows one picture."""
    assert len(analysis.moments(shot(240, step=Fraction(0)))) == 1


def test_reverse_play_is_seen_in_its_order(analysis: Analysis) -> None:
    """A shot that plays backward is asked for from its later frames to its earlier ones."""
    moments = analysis.moments(shot(48, step=Fraction(-1)))
    seconds = [moment.seconds if isinstance(moment, NearMoment) else moment for moment in moments]
    assert seconds == sorted(seconds, reverse=True)
    assert len(moments) == 3


def test_the_number_of_frames_can_be_set() -> None:
    """frames_per_shot overrides what the length deserves."""
    assert len(load_analysis(device="cpu", frames_per_shot=5).moments(shot(48))) == 5


@pytest.mark.parametrize(
    ("frames", "path"),
    [
        (rows((MS, 0.9), (MCU, 0.5), (CU, 0.9)), (MS, CU)),
        (rows((CU, 0.6), (MS, 0.6)), (CU, MS)),
        (rows((MS, 0.9), (MS, 0.8), (MS, 0.9)), (MS,)),
        (rows((MS, 0.4), (MCU, 0.5), (CU, 0.9)), (MS,)),
        (rows((MS, 0.55), (MCU, 0.55)), (MS,)),
        (rows((MS, 0.9), (MCU, 0.9)), (MS, MCU)),
        (rows((MS, 0.9), (EWS, 0.9), (CU, 0.9)), (MS,)),
        (rows((MS, 0.9)), (MS,)),
    ],
)
def test_a_path_needs_two_sure_ends(frames: NDArray[np.float64], path: tuple[int, ...]) -> None:
    """A shot has a path where it starts and ends at different sizes, surely, and goes from one to the other."""
    from otio_shottag.analyses.shot_type import size_path

    assert size_path(frames) == path


def test_a_sure_no_outweighs_a_maybe() -> None:
    """Joining multiplies: what one picture rules out, the shot is not."""
    from otio_shottag.analyses.shot_type import joined_probabilities

    joined = joined_probabilities(np.array([[0.5, 0.5, 0.0], [0.6, 0.0, 0.4]]))
    assert joined.argmax() == 0
    assert joined.sum() == pytest.approx(1)
    assert joined[0] > 0.9


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"name": "mood"}, "unknown analysis 'mood'"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"model": Path("nowhere.safetensors")}, "no such checkpoint"),
        ({"frames_per_shot": 0}, "should be 1 or more"),
    ],
)
def test_what_cannot_be_loaded_gives_one_line(wishes: dict[str, object], said: str) -> None:
    """A wrong name, device, checkpoint or count is a ModelError in one line."""
    with pytest.raises(ModelError, match=said) as caught:
        load_analysis(**wishes)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_importing_the_package_does_not_load_torch() -> None:
    """torch comes in with load_analysis and not before."""
    code = "import otio_shottag, otio_shottag.analyses, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_shot_that_changes_is_as_sure_as_its_ends() -> None:
    """A push-in from a sure MS to a sure CU is sure, though each size has but half of the pictures."""
    from otio_shottag.analyses.shot_type import ShotType

    analysis = load_analysis("shot_type")
    assert isinstance(analysis, ShotType)
    rows = np.full((4, 8), 0.01)
    rows[[0, 1], 4] = 0.93
    rows[[2, 3], 6] = 0.92
    rows /= rows.sum(axis=1, keepdims=True)
    frames = Frames(np.zeros((4, 8, 8, 3), np.uint8), tuple(Fraction(number) for number in range(4)), failures=0)
    prediction = analysis._joined(frames, rows)
    assert [label.code for label in prediction.path] == ["MS", "CU"]
    assert prediction.confidence == pytest.approx(min(rows[0, 4], rows[3, 6]))
    assert max(score for _, score in prediction.scores) < 0.6


@pytest.mark.usefixtures("needs_cuda")
def test_cuda_says_what_the_cpu_says() -> None:
    """On an NVIDIA card the sizes are those of the CPU, and the device says that it is one."""
    numbers = np.random.default_rng(3).integers(0, 255, (3, 96, 160, 3), dtype=np.uint8)
    frames = Frames(numbers, tuple(Fraction(number) for number in range(3)), failures=0)
    (on_cpu,) = load_analysis(device="cpu").predict([frames])
    cuda = load_analysis(device="cuda")
    (on_cuda,) = cuda.predict([frames])
    assert str(cuda.device).startswith("cuda:0")
    assert on_cuda.label == on_cpu.label
    assert on_cuda.confidence == pytest.approx(on_cpu.confidence, abs=0.01)


def test_what_foreign_weights_mean_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    """Other words for the same foreign weights are another judge."""
    import torch
    import torchvision

    path = tmp_path / "own.pth"
    torch.save(torchvision.models.resnet50(num_classes=2).state_dict(), path)
    prints = []
    for words in ("MS\nCU\n", "CU\nMS\n"):
        path.with_suffix(".labels.txt").write_text(words)
        prints.append(getattr(load_analysis(model=path, device="cpu"), "fingerprint"))  # noqa: B009 (no member of Analysis)
    assert prints[0] != prints[1]
