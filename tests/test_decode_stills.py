"""Single pictures and rows of numbered ones."""

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from otio_shottag.decode import decode_frames, probe
from otio_shottag.decode.orientation import orientation_in_exif
from otio_shottag.errors import MediaError
from tests.media import (
    COLORS,
    Clip,
    draw_number,
    draw_stripes,
    read_number,
    read_stripes,
    write_clip,
    write_sequence,
    write_still,
)

FILM, NTSC_FILM = Fraction(24), Fraction(24000, 1001)
FIRST = [Fraction(1, 100)]


@pytest.mark.parametrize(
    ("ending", "codec", "pix_fmt"),
    [(".png", "png", "rgb24"), (".jpg", "mjpeg", "yuvj420p"), (".exr", "exr", "gbrpf32le")],
)
def test_a_numbered_picture_is_the_frame_of_its_place(tmp_path: Path, ending: str, codec: str, pix_fmt: str) -> None:
    """Frame n of an image sequence is the n-th number that it counts, steps included."""
    sequence = write_sequence(tmp_path, codec, pix_fmt, ending, numbers=range(1001, 1025, 2), rate=NTSC_FILM)
    frames = [11, 0, 5, 5, 3]
    decoded = decode_frames(sequence, [(frame + Fraction(1, 2)) / NTSC_FILM for frame in frames], 90)
    assert [read_number(picture) for picture in decoded.data] == frames
    assert decoded.seconds == tuple(frame / NTSC_FILM for frame in frames)


def test_a_missing_numbered_picture_costs_its_own_frame(tmp_path: Path) -> None:
    """A hole in an image sequence, a broken picture and a frame past its end are failures; the rest is there."""
    sequence = write_sequence(tmp_path, "png", "rgb24", ".png", numbers=range(1, 9), rate=FILM)
    sequence.picture(2).unlink()
    sequence.picture(4).write_bytes(b"no picture")
    decoded = decode_frames(sequence, [(frame + Fraction(1, 2)) / FILM for frame in (1, 2, 3, 4, 8, -1)], 90)
    assert [read_number(picture) for picture in decoded.data] == [1, 3]
    assert decoded.failures == 4


def test_an_image_sequence_without_its_pictures_is_one_clear_error(tmp_path: Path) -> None:
    """A sequence of which no picture exists names the sequence."""
    sequence = write_sequence(tmp_path, "png", "rgb24", ".png", numbers=range(1, 4), rate=FILM)
    for frame in range(3):
        sequence.picture(frame).unlink()
    with pytest.raises(MediaError, match=r"shot\.\[0001-0003\]\.png"):
        decode_frames(sequence, [Fraction(0)], 90)
    with pytest.raises(MediaError, match="none of its 3 pictures is there"):
        probe(sequence)


def test_an_image_sequence_has_the_rate_and_length_of_the_cut(tmp_path: Path) -> None:
    """A sequence is probed from its first picture that exists."""
    sequence = write_sequence(tmp_path, "png", "rgb24", ".png", numbers=range(1, 9), rate=FILM)
    sequence.picture(0).unlink()
    info = probe(sequence)
    assert (info.rate, info.num_frames, info.width, info.height, info.is_still) == (FILM, 8, 160, 96, False)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "options", "error"),
    [
        ("rgb.png", "png", "rgb24", {}, 0),
        ("alpha.png", "png", "rgba", {}, 0),
        ("deep.png", "png", "rgb48be", {}, 0),
        ("palette.gif", "gif", "rgb8", {}, 20),
        ("rgb.tif", "tiff", "rgb24", {}, 0),
        ("deep.tif", "tiff", "rgb48le", {}, 0),
        ("rgb.bmp", "bmp", "bgr24", {}, 0),
        ("lossy.webp", "libwebp", "yuv420p", {}, 3),
        ("ten_bit.dpx", "dpx", "gbrp10be", {}, 0),
        ("rgb.tga", "targa", "bgr24", {}, 0),
        ("photo.jpg", "mjpeg", "yuvj420p", {"q": "2"}, 3),
        ("film.jp2", "jpeg2000", "rgb24", {}, 1),
        ("100%d.png", "png", "rgb24", {}, 0),
        ("really_tiff.jpg", "tiff", "rgb24", {}, 0),
    ],
)  # fmt: skip
def test_stills_of_all_kinds_show_their_colors(
    tmp_path: Path, name: str, codec: str, pix_fmt: str, options: dict[str, str], error: int
) -> None:
    """A picture file comes out in its colours, whatever it is called and however it stores them."""
    path = write_still(tmp_path / name, draw_stripes(160, 96), codec, pix_fmt, **options)
    assert np.abs(read_stripes(decode_frames(path, FIRST, 64).data[0]) - COLORS).max() <= error


def test_a_still_is_on_screen_for_ever(tmp_path: Path) -> None:
    """Any moment of a still gives its one picture, which starts at zero; the header says it is one."""
    path = write_still(tmp_path / "still.png", draw_number(7, 160, 96), "png", "rgb24")
    decoded = decode_frames(path, [Fraction(0), Fraction(3600)], 90)
    assert [read_number(picture) for picture in decoded.data] == [7, 7]
    assert decoded.seconds == (0, 0)
    info = probe(path)
    assert (info.is_still, info.num_frames, info.width, info.height) == (True, 1, 160, 96)


def test_an_avif_picture_is_a_still(tmp_path: Path) -> None:
    """A picture in a film's container is a picture."""
    clip = Clip("avif", "libsvtav1", num_frames=1, size=(256, 144), options={"crf": "10", "preset": "8"})
    path = write_clip(tmp_path / "still.avif", clip, lambda _, width, height: draw_number(9, width, height))
    assert probe(path).is_still
    assert read_number(decode_frames(path, [Fraction(60)], 90).data[0]) == 9


def test_linear_light_is_shown_with_a_screens_gamma(tmp_path: Path) -> None:
    """An EXR of half the light is the grey that a viewer shows for it, not half the level."""
    grey = np.full((96, 160, 3), 128, dtype=np.uint8)
    path = write_still(tmp_path / "light.exr", grey, "exr", "gbrpf32le", format="half")
    assert np.abs(decode_frames(path, FIRST, 64).data[0].astype(int) - 188).max() <= 1


# How a camera's sensor saw an upright scene, by EXIF orientation (CIPA DC-008: where row 0 and
# column 0 of the stored picture lie in the scene).
SEEN = {
    1: lambda scene: scene,
    2: lambda scene: scene[:, ::-1],
    3: lambda scene: scene[::-1, ::-1],
    4: lambda scene: scene[::-1],
    5: lambda scene: scene.transpose(1, 0, 2),
    6: lambda scene: scene.transpose(1, 0, 2)[::-1],
    7: lambda scene: scene.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda scene: scene.transpose(1, 0, 2)[:, ::-1],
}


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("orientation", SEEN)
def test_a_photo_comes_out_upright(tmp_path: Path, orientation: int, byte_order: str) -> None:
    """All eight EXIF orientations, mirrored ones too, read upright."""
    stored = SEEN[orientation](draw_number(77, 160, 96))
    photo = write_still(tmp_path / "photo.jpg", stored, "mjpeg", "yuvj444p", q="2").read_bytes()
    tiff = struct.pack(byte_order + "2sHI", b"II" if byte_order == "<" else b"MM", 42, 8)
    tiff += struct.pack(byte_order + "HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + tiff
    path = tmp_path / "turned.jpg"
    path.write_bytes(photo[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + photo[2:])
    picture = decode_frames(path, FIRST, 96).data[0]
    assert picture.shape == (96, 160, 3)
    assert read_number(picture) == 77


@pytest.mark.parametrize(
    "exif", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01"]
)
def test_nonsense_in_exif_says_nothing(exif: bytes) -> None:
    """A cut off or absurd EXIF block gives no orientation and no exception."""
    assert orientation_in_exif(b"\xff\xd8" + exif) is None
