"""Figures: what they say of answers whose worth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otio_shottag.training.metrics import (
    accuracy_over_coverage,
    calibration_error,
    fit_temperature,
    log_softmax,
    measure,
)
from otio_shottag.vocabulary import SHOT_TYPES


def sure(*judged: int) -> np.ndarray:
    """Give rows that are nearly sure of one label each."""
    rows = np.full((len(judged), 8), 0.01)
    rows[np.arange(len(judged)), judged] = 0.93
    return rows


def test_right_answers_have_full_marks() -> None:
    """Where every answer is right, every figure but the confidence's is 1."""
    figures = measure(sure(*range(8)), np.arange(8), SHOT_TYPES)
    assert figures.exact == figures.within_one == figures.macro_f1 == 1
    assert figures.six_classes == figures.five_classes == figures.three_classes == 1
    assert figures.calibration_error == pytest.approx(0.07)


def test_a_neighbour_counts_within_one_but_not_exact() -> None:
    """One neighbour and one far miss among four: half exact, three quarters within one."""
    figures = measure(sure(0, 1, 3, 7), np.array([0, 1, 2, 2]), SHOT_TYPES)
    assert (figures.exact, figures.within_one) == (0.5, 0.75)
    assert figures.confusion[2][3] == figures.confusion[2][7] == 1


def test_six_classes_leave_two_sizes_out() -> None:
    """Among the article's six sizes neither a still nor an answer is WS or MLS."""
    rows = sure(1, 1, 4)
    rows[0, 0] = 0.5  # with WS left out, EWS is next
    figures = measure(rows, np.array([0, 1, 4]), SHOT_TYPES)
    assert figures.six_classes == 1


def test_labels_that_lack_some_sizes_are_not_compared_with_the_literature() -> None:
    """With five labels there is no six-class figure."""
    figures = measure(np.eye(5), np.arange(5), SHOT_TYPES[:5])
    assert figures.six_classes is figures.five_classes is figures.three_classes is None


def test_honest_confidence_has_no_calibration_error() -> None:
    """Confidence 0.75 that is right three times in four is honest; the same always wrong is not."""
    rows = np.array([[0.75, 0.25]] * 4)
    assert calibration_error(rows, np.array([0, 0, 0, 1])) == pytest.approx(0)
    assert calibration_error(rows, np.array([1, 1, 1, 1])) == pytest.approx(0.75)


def test_the_surest_part_is_counted_first() -> None:
    """Accuracy over coverage drops as less sure answers come in."""
    rows = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.55, 0.45]])
    curve = accuracy_over_coverage(rows, np.array([0, 0, 1, 1]), coverages=(1.0, 0.5))
    assert curve == [(1.0, 0.55, 0.5), (0.5, 0.8, 1.0)]


@settings(deadline=None, max_examples=8)  # a busy machine is no failure
@given(st.floats(0.4, 2.5))
def test_temperature_finds_back_what_was_put_in(temperature: float) -> None:
    """Scores multiplied by a factor come out divided by about that factor."""
    draw = np.random.default_rng(5)
    scores = draw.normal(0, 2, (4000, 4))
    chances = np.exp(log_softmax(scores))
    positions = (chances.cumsum(axis=1) < draw.random((4000, 1))).sum(axis=1)
    assert fit_temperature(scores * temperature, positions) == pytest.approx(temperature, rel=0.1)
