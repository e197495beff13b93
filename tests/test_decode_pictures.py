"""What a decoded picture looks like: which way up, how large, of which field."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from otio_shottag.decode import decode_frames
from otio_shottag.decode.opening import standard_rate
from otio_shottag.decode.orientation import UPRIGHT, Orientation, orientation_of_matrix
from otio_shottag.decode.render import small_size
from tests.media import Clip, Picture, draw_number, read_number, write_clip


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_a_rotated_film_comes_out_upright(tmp_path: Path, rotation: int) -> None:
    """A film that was stored on its side reads upright, and its sides are swapped with it."""

    def draw_turned(number: int, width: int, height: int) -> Picture:
        turns = rotation // 90
        upright = draw_number(number, *((height, width) if turns % 2 else (width, height)))
        return np.rot90(upright, -turns)

    path = write_clip(tmp_path / "phone.mp4", Clip(num_frames=5, rotation=rotation), draw_turned)
    decoded = decode_frames(path, [Fraction(3, 48), Fraction(9, 48)], 80)
    assert [read_number(picture) for picture in decoded.data] == [1, 4]
    assert decoded.data.shape[1:3] == ((80, 133) if rotation == 180 else (133, 80))


def test_a_phones_matrix_turns_to_the_right() -> None:
    """The matrix that phones write for an upright film turns the stored picture to the right."""
    one = 1 << 16
    assert orientation_of_matrix(struct.pack("=9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)) == Orientation(3, False)
    assert orientation_of_matrix(struct.pack("=9i", one, 0, 0, 0, one, 0, 0, 0, 1 << 30)) == UPRIGHT
    assert orientation_of_matrix(struct.pack("=9i", -one, 0, 0, 0, one, 0, 0, 0, 1 << 30)) == Orientation(0, True)


@pytest.mark.parametrize(
    ("size", "aspect", "short_side", "expected"),
    [
        ((1920, 1080), Fraction(1), 375, (667, 375)),
        ((1080, 1920), Fraction(1), 375, (375, 667)),
        ((720, 576), Fraction(16, 15), 288, (384, 288)),
        ((1440, 1080), Fraction(4, 3), 540, (960, 540)),
        ((720, 480), Fraction(8, 9), 480, (640, 480)),
        ((160, 96), Fraction(1), 375, (160, 96)),
        ((160, 96), Fraction(1, 10**9), 48, (80, 48)),
        ((4000, 1), Fraction(1), 375, (4000, 1)),
    ],
)
def test_pictures_shrink_to_square_pixels(
    size: tuple[int, int], aspect: Fraction, short_side: int, expected: tuple[int, int]
) -> None:
    """The short side is what was asked for, never more than there is; absurd pixel shapes are not believed."""
    assert small_size(*size, aspect, short_side) == expected


def test_long_pixels_are_made_square(tmp_path: Path) -> None:
    """An anamorphic film comes out as wide as it is shown."""
    clip = Clip("mov", num_frames=3, sample_aspect=Fraction(2))
    picture = decode_frames(write_clip(tmp_path / "wide.mov", clip), [Fraction(3, 48)], 48).data[0]
    assert picture.shape == (48, 160, 3)
    assert read_number(picture) == 1


def test_a_film_that_changes_size_keeps_the_first(tmp_path: Path) -> None:
    """Where the stored size changes midway, all pictures come out at the size of the earliest."""
    parts = [write_clip(tmp_path / f"{width}.ts", Clip("ts", size=(width, 96), num_frames=12)) for width in (160, 192)]
    path = tmp_path / "both.ts"
    with av.open(str(path), "w") as target:
        stream = None
        for part, file in enumerate(parts):
            with av.open(str(file)) as source:
                stream = stream or target.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.dts is not None:
                        packet.pts += part * 12 * 3750
                        packet.dts += part * 12 * 3750
                        packet.stream = stream
                        target.mux(packet)
    decoded = decode_frames(path, [Fraction(2 * frame + 1, 48) for frame in (3, 12 + 5)], 48)
    assert decoded.data.shape == (2, 48, 80, 3)
    assert [read_number(picture) for picture in decoded.data] == [3, 5]


def test_an_interlaced_picture_shows_one_moment_only(tmp_path: Path) -> None:
    """Of two moments woven line by line one comes out, without a trace of the other, small or large."""

    def weave(number: int, width: int, height: int) -> Picture:
        woven = draw_number(100 + number, width, height)
        woven[1::2] = draw_number(200 + number, width, height)[1::2]
        return woven

    clip = Clip("mov", "prores_ks", "yuv422p10le", num_frames=4, size=(160, 128), options={"flags": "+ildct"})
    path = write_clip(tmp_path / "fields.mov", clip, weave)
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).interlaced_frame
    for short_side in (128, 60):
        decoded = decode_frames(path, [Fraction(5, 48)], short_side)
        assert read_number(decoded.data[0]) == 102


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (Fraction(19001, 317), Fraction(60000, 1001)),
        (Fraction(2997, 100), Fraction(30000, 1001)),
        (Fraction(2398, 100), Fraction(2398, 100)),
        (Fraction(24), Fraction(24)),
        (Fraction(1, 3), Fraction(1, 3)),
    ],
)
def test_rates_that_a_header_rounded_are_made_exact(rate: Fraction, expected: Fraction) -> None:
    """A rate within rounding of television's is television's; another stays as the file says."""
    assert standard_rate(rate, Fraction(1, 10**5)) == expected
