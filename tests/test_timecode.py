"""Frame numbers and timecode say the same thing, at every rate."""

from fractions import Fraction

import opentimelineio.opentime as opentime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otio_shottag.timecode import frame_number, timecode

NTSC24, NTSC30, NTSC60 = (Fraction(nominal * 1000, 1001) for nominal in (24, 30, 60))
COUNTS = [(Fraction(rate), False) for rate in (12, 15, 24, 25, 30, 48, 50, 60)] + [
    (NTSC24, False),
    (NTSC30, False),
    (NTSC60, False),
    (NTSC30, True),
    (NTSC60, True),
]
"""Rates and whether they drop."""


@given(st.sampled_from(COUNTS), st.integers(0, 24 * 3600 * 60))
def test_a_timecode_names_its_frame(count, frame):
    """Writing a frame number as timecode and counting it back gives the same frame of the day."""
    rate, drop_frame = count
    day = frame_number("23:59:59:00", rate, drop_frame=drop_frame) + round(rate)
    assert frame_number(timecode(frame, rate, drop_frame=drop_frame), rate, drop_frame=drop_frame) == frame % day


@given(st.sampled_from([one for one in COUNTS if one[0] > 20]), st.integers(0, 23 * 3600 * 24))
def test_otio_says_the_same_where_it_can(count, frame):
    """OTIO writes the same timecode, drop-frame included."""
    rate, drop_frame = count
    at_rate = float(rate)
    said = opentime.to_timecode(opentime.RationalTime(frame, at_rate), at_rate, drop_frame)
    assert timecode(frame, rate, drop_frame=drop_frame) == said


@pytest.mark.parametrize(
    ("frame", "rate", "drop_frame", "expected"),
    [
        (86400, Fraction(24), False, "01:00:00:00"),
        (86400, NTSC24, False, "01:00:00:00"),
        (1799, NTSC30, True, "00:00:59;29"),
        (1800, NTSC30, True, "00:01:00;02"),
        (17982, NTSC30, True, "00:10:00;00"),
        (107892, NTSC30, True, "01:00:00;00"),
        (3600, NTSC60, True, "00:01:00;04"),
        (215784, NTSC60, True, "01:00:00;00"),
        (900000, Fraction(25), False, "10:00:00:00"),
        (24 * 90000, Fraction(25), False, "00:00:00:00"),
        (-1, Fraction(25), False, "23:59:59:24"),
        (432, Fraction(120), False, "432"),
    ],
)
def test_known_timecodes(frame, rate, drop_frame, expected):
    """The numbers are those that editing systems show; above 60 frames per second they are plain frames."""
    assert timecode(frame, rate, drop_frame=drop_frame) == expected


@pytest.mark.parametrize("separator", [":", ";", ".", ","])
def test_any_separator_is_read(separator):
    """The argument, not the separator, says whether numbers are dropped."""
    assert frame_number(f"01:00:00{separator}00", NTSC30, drop_frame=True) == 107892
    assert frame_number(f"01:00:00{separator}00", NTSC30, drop_frame=False) == 108000


@pytest.mark.parametrize("text", ["00:00:00:24", "00:60:00:00", "00:00:60:00", "0:00:00:00", "x", "-1", ""])
def test_what_is_no_timecode_is_refused(text):
    """A timecode that the rate does not have raises ValueError and is named."""
    with pytest.raises(ValueError, match="timecode"):
        frame_number(text, Fraction(24), drop_frame=False)


def test_a_dropped_number_is_refused():
    """The number that drop-frame leaves out names no frame."""
    with pytest.raises(ValueError, match="00:01:00;00 does not exist in drop-frame"):
        frame_number("00:01:00;00", NTSC30, drop_frame=True)


def test_a_rate_without_drop_frame_is_refused():
    """There is no drop-frame at 25."""
    with pytest.raises(ValueError, match="no drop-frame timecode of 25"):
        timecode(0, Fraction(25), drop_frame=True)


def test_a_bare_number_is_a_frame():
    """EDLs may write frame numbers for timecodes."""
    assert frame_number("1234", Fraction(24), drop_frame=False) == 1234
