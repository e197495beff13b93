"""The frames that are picked lie inside the shot, in order, away from its ends."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from otio_shottag.sampling import spread, worthwhile_count
from otio_shottag.shots import PlayedFrames

played = st.builds(
    PlayedFrames,
    start=st.fractions(0, 1000, max_denominator=50),
    step=st.fractions(-3, 3, max_denominator=50),
    length=st.integers(1, 300),
)


@given(played, st.integers(1, 12))
def test_every_pick_lies_inside_the_shot_in_order(frames, count):
    """Picks are frames of the shot, in the order they are seen, none twice, at most as many as asked."""
    picks = spread(frames, count)
    assert 1 <= len(picks) <= count
    assert len(set(picks)) == len(picks)
    assert set(picks) <= set(frames)
    assert picks == sorted(picks, reverse=frames.step < 0)


@given(st.integers(1, 500), st.integers(1, 12))
def test_as_many_as_asked_where_there_are_as_many(length, count):
    """A shot at its own speed gives as many different frames as are asked for, if it has them."""
    assert len(spread(range(length), count)) == min(length, count)


def test_picks_keep_clear_of_the_ends():
    """Three picks of 90 frames stand at a sixth, a half and five sixths."""
    assert spread(range(90), 3) == [15, 45, 75]


def test_a_one_frame_shot_gives_its_one_frame():
    """A shot of one frame, or a freeze, is looked at once."""
    assert spread(range(7, 8), 3) == [7]
    assert spread(PlayedFrames(Fraction(7), Fraction(0), 50), 3) == [7]


def test_longer_shots_deserve_more_frames():
    """One frame of a flash, three normally, up to nine of a long take, never fewer for a longer one."""
    seconds = [Fraction(tenths, 10) for tenths in range(0, 1000)]
    counts = [worthwhile_count(one) for one in seconds]
    assert (counts[0], worthwhile_count(Fraction(4)), counts[-1]) == (1, 3, 9)
    assert counts == sorted(counts)


@given(played)
def test_played_frames_count_themselves(frames):
    """PlayedFrames behaves as the list of its numbers does."""
    numbers = list(frames)
    assert len(numbers) == len(frames) == frames.length
    assert (frames[0], frames[-1]) == (numbers[0], numbers[-1])
    assert frames[1:4] == numbers[1:4]
    assert (frames.lowest, frames.highest) == (min(numbers), max(numbers))
