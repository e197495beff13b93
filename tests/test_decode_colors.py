"""Colours come out as they went in, and too much light as much as a screen can show."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from otio_shottag.decode import decode_frames
from otio_shottag.decode.tone import Transfer, to_screen
from tests.media import COLORS, draw_stripes, read_stripes

FIRST = [Fraction(1, 100)]
# The share of red and blue in luma (ITU-T H.273), by the matrix number that a stream carries.
LUMA = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}


def write_planes(path: Path, picture: NDArray[np.float64], pix_fmt: str, color: dict[str, int], *, matrix: int) -> Path:
    """Encode a picture (H, W, 3) of 0..1 without loss, by the textbook's formula and not by swscale's."""
    red, blue = LUMA[matrix]
    bits = 10 if "10" in pix_fmt else 8
    luma = picture @ np.array([red, 1 - red - blue, blue])
    chroma = [(picture[..., 2] - luma) / (2 * (1 - blue)), (picture[..., 0] - luma) / (2 * (1 - red))]
    if "422" in pix_fmt or "420" in pix_fmt:
        chroma = [plane[:, ::2] for plane in chroma]
    if "420" in pix_fmt:
        chroma = [plane[::2] for plane in chroma]
    scale, middle = 2 ** (bits - 8), 128
    if color["color_range"] == 2:
        levels = [luma * (2**bits - 1), *(plane * (2**bits - 1) + middle * scale for plane in chroma)]
    else:
        levels = [(16 + 219 * luma) * scale, *((middle + 224 * plane) * scale for plane in chroma)]
    height, width, _ = picture.shape
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0", "preset": "ultrafast", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        frame = av.VideoFrame(width, height, pix_fmt)
        for name, value in color.items():
            setattr(stream.codec_context, name, value)
            setattr(frame, name, value)
        for plane, values in zip(frame.planes, levels, strict=True):
            kind = np.uint16 if bits > 8 else np.uint8
            padded = np.zeros((plane.height, plane.line_size // np.dtype(kind).itemsize), dtype=kind)
            padded[:, : plane.width] = np.clip(np.rint(values), 0, 2**bits - 1)
            plane.update(padded.tobytes())
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("pix_fmt", ["yuv444p", "yuv420p", "yuv422p10le"])
@pytest.mark.parametrize("color_range", [1, 2], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", LUMA)
def test_colors_come_out_as_they_went_in(tmp_path: Path, matrix: int, color_range: int, pix_fmt: str) -> None:
    """Every matrix and range that a stream can name gives the same colours, within rounding."""
    stripes = draw_stripes(256, 128) / 255
    color = {"colorspace": matrix, "color_range": color_range}
    path = write_planes(tmp_path / "stripes.mp4", stripes, pix_fmt, color, matrix=matrix)
    assert np.abs(read_stripes(decode_frames(path, FIRST, 64).data[0]) - COLORS).max() <= 3


@pytest.mark.parametrize(("size", "matrix"), [((256, 128), 5), ((1280, 720), 1)], ids=["small is 601", "HD is 709"])
def test_a_stream_that_names_no_matrix_has_the_usual_one(tmp_path: Path, size: tuple[int, int], matrix: int) -> None:
    """Unspecified colours are BT.709 from 720 lines up and BT.601 below, and limited in range."""
    color = {"colorspace": 2, "color_range": 0}
    path = write_planes(tmp_path / "stripes.mp4", draw_stripes(*size) / 255, "yuv420p", color, matrix=matrix)
    assert np.abs(read_stripes(decode_frames(path, FIRST, 64).data[0]) - COLORS).max() <= 3


def pq_signal(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Code light for SMPTE ST 2084."""
    light = (nits / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * light) / (1 + 18.6875 * light)) ** 78.84375


def hlg_signal(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Code grey light for ARIB STD-B67 on a screen of 1000 nits."""
    scene = (nits / 1000) ** (1 / 1.2)
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    )


@pytest.mark.parametrize(("transfer", "signal"), [(16, pq_signal), (18, hlg_signal)], ids=["PQ", "HLG"])
def test_high_dynamic_range_becomes_a_plain_picture(tmp_path: Path, transfer: int, signal: object) -> None:
    """Black stays black, grey stays grey and where it is on a plain screen, highlights keep their order below white."""
    nits = np.array([0, 5, 26, 60, 100, 203, 500, 1000], dtype=np.float64)
    steps = np.repeat(signal(nits)[np.arange(256) * 8 // 256][None, :, None], 3, axis=2)  # type: ignore[operator]
    picture = np.tile(steps, (128, 1, 1))
    color = {"colorspace": 9, "color_range": 1, "color_primaries": 9, "color_trc": transfer}
    path = write_planes(tmp_path / "hdr.mp4", picture, "yuv420p10le", color, matrix=9)
    levels = read_stripes(decode_frames(path, FIRST, 64).data[0])
    assert np.ptp(levels, axis=1).max() <= 2
    greys = levels[:, 1]
    # sRGB of nits / 203 up to the knee, which 100 nits are just below.
    assert greys[0] <= 2
    assert abs(greys[2] - 101) <= 4
    assert abs(greys[4] - 185) <= 4
    assert 215 <= greys[5] <= 235
    assert (np.diff(greys) > 0).all()
    assert greys[7] < 255


def test_wide_colors_lose_no_hue() -> None:
    """A bright BT.2020 red in PQ stays red, and one outside BT.709 is not turned black."""
    red = np.zeros((1, 1, 3), dtype=np.uint16)
    red[..., 0] = round(float(pq_signal(np.array(500.0))) * 65535)
    shown = to_screen(red, Transfer.PQ)[0, 0]
    assert shown[0] > 200
    assert shown[1] < 60
    assert shown[2] < 60
