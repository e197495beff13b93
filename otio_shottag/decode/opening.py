"""A media file, opened so that it can do no harm: header read, nothing decoded yet.

FFmpeg (https://ffmpeg.org/ffmpeg-formats.html) opens far more than films: network addresses,
playlists that name other files, screen grabbers, text drawn as video. A cut comes from strangers,
so only plain files are opened, only through the file protocol, and only by the demuxers named
here.
"""

import stat
from errno import EINVAL
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from otio_shottag.errors import MediaError

# A demuxer that is not here is refused: hls, concat, dash, imf and the like open further files, tty
# and its kin draw text, bare h264 and hevc take any file of that name and read all of it into
# memory in search of a picture, and the rest hold no film.
_FILM_FORMATS = {
    *("mov", "matroska", "avi", "mxf", "mxf_opatom", "mpegts", "mpeg", "asf", "flv", "ogg", "gxf", "lxf", "nut", "rm"),
    *("mpegvideo", "dv", "dnxhd", "dirac", "cine", "r3d", "vc1", "mjpeg", "mjpeg_2000", "ivf", "obu", "av1", "apv"),
    *("yuv4mpegpipe", "gif", "apng", "wtv", "dhav", "live_flv"),
}
_PICTURE_FORMATS = {
    *("image2", "bmp_pipe", "dds_pipe", "dpx_pipe", "exr_pipe", "gif_pipe", "hdr_pipe", "j2k_pipe", "jpeg_pipe"),
    *("jpegls_pipe", "jpegxl_pipe", "jpegxs_pipe", "pam_pipe", "pbm_pipe", "pcx_pipe", "pfm_pipe", "pgm_pipe"),
    *("phm_pipe", "png_pipe", "ppm_pipe", "psd_pipe", "qoi_pipe", "sgi_pipe", "sunrast_pipe", "tiff_pipe"),
    *("webp_pipe", "xbm_pipe", "xpm_pipe"),
}

# The brands of a file in the HEIF family that holds one picture (ISO/IEC 23008-12).
_PICTURE_BRANDS = ("avif", "heic", "heix", "mif1", "MiHE", "MiHB")

_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(sorted(_FILM_FORMATS | _PICTURE_FORMATS)),
    # A file called "shot.%04d.png" is that file and not a pattern.
    "pattern_type": "none",
}

# A 16K picture passes; a header that claims a gigapixel does not take the memory for it.
MOST_PIXELS = 2**28

# Opening reads a header; the slowest network share does that in less. FFmpeg would search some
# files from end to end for a first picture.
_OPEN_SECONDS = 10.0

# Every format begins with something else than this many zeros; a file that an unfinished copy
# has only made room for begins with gigabytes of them.
_ZEROS = bytes(2**16)


# A rate that was rounded to fit a header: 19001/317 is what Matroska has room for of 60000/1001.
_ROUNDED_RATE_ERROR = Fraction(1, 10**5)
# A rate that was estimated from times in milliseconds; 24 and 24000/1001 are 1/1000 apart.
_ESTIMATED_RATE_ERROR = Fraction(4, 10**4)
# A film that says no rate is counted like FFmpeg counts a row of pictures.
_DEFAULT_RATE = Fraction(25)


class Rational(Protocol):
    """What PyAV gives for a rate or a time base: a Fraction, or its own type from 19 on."""

    @property
    def numerator(self) -> int: ...
    @property
    def denominator(self) -> int: ...


def exact(number: Rational | None) -> Fraction | None:
    """Give PyAV's rational as a Fraction, None where it is not known."""
    if number is None or number.numerator == 0 or number.denominator == 0:
        return None
    return Fraction(number.numerator, number.denominator)


def open_media(path: Path, hardware: HWAccel | None = None) -> InputContainer:
    """Open a file for reading; the caller closes it. What ``hardware`` cannot decode, the CPU does.

    Raises MediaError for what is no regular file and for what FFmpeg cannot read as one film or
    one picture.
    """
    _check_regular_file(path)
    try:
        return _open(path, hardware)
    except (FFmpegError, OSError, ValueError) as error:
        if getattr(error, "errno", None) == EINVAL:
            # What FFmpeg answers where no demuxer of ours takes the file.
            raise MediaError(f"{path}: is no film or picture; playlists, text and raw data are not opened") from error
        raise MediaError(f"{path}: cannot be opened as video or picture: {reason(error)}") from error


def _open(path: Path, hardware: HWAccel | None) -> InputContainer:
    try:
        return av.open(
            # The prefix keeps a name such as "concat:a|b" or "http://x" from being anything but a name.
            f"file:{path.absolute()}",
            mode="r",
            container_options=_OPTIONS,
            # Metadata is often Latin-1, whatever the standard says.
            metadata_errors="replace",
            timeout=(_OPEN_SECONDS, None),
            hwaccel=hardware,
        )
    except (FFmpegError, OSError, RuntimeError, ValueError):
        if hardware is None:
            raise
        # A card that is not there, or is busy: the file may be fine.
        return _open(path, None)


def find_video(container: InputContainer, path: Path) -> VideoStream:
    """Give the first video stream that is film and not cover art; MediaError where there is none."""
    if container.metadata.get("major_brand") in _PICTURE_BRANDS and len(container.streams.video) > 2:
        # PyAV shows each tile as a film of its own, and a tile is not the picture.
        raise MediaError(f"{path}: its picture is stored in tiles; save it as JPEG, PNG or TIFF")
    for stream in container.streams.video:
        if "attached_pic" in str(stream.disposition):
            continue
        if stream.codec_context is None:
            raise MediaError(f"{path}: no decoder for its video here; convert it to ProRes, DNxHR or H.264")
        if not stream.codec_context.width or not stream.codec_context.height:
            raise MediaError(f"{path}: the file does not say how large its pictures are; it is damaged or incomplete")
        return stream
    raise MediaError(f"{path}: holds no video")


def holds_one_picture(container: InputContainer) -> bool:
    """Tell whether the file is a single picture and not a film."""
    name = container.format.name
    return name in _PICTURE_FORMATS or container.metadata.get("major_brand") in _PICTURE_BRANDS


def picture_rate(stream: VideoStream) -> Fraction:
    """Give the average frame rate of a stream, exact."""
    average, guessed = exact(stream.average_rate), exact(stream.guessed_rate)
    if stream.start_time is None:
        # A bare stream without times: the average is FFmpeg's default then, the guess is the codec's.
        average = guessed
    rate = average or guessed or _DEFAULT_RATE
    in_milliseconds = exact(stream.time_base) == Fraction(1, 1000)
    return standard_rate(rate, _ESTIMATED_RATE_ERROR if in_milliseconds else _ROUNDED_RATE_ERROR)


def standard_rate(rate: Fraction, largest_error: Fraction) -> Fraction:
    """Give the rate of television next to this one (24, 24000/1001, ...) if it is that close."""
    for standard in (Fraction(round(rate)), Fraction(round(rate * 1001 / 1000) * 1000, 1001)):
        if standard and abs(rate / standard - 1) <= largest_error:
            return standard
    return rate


def reason(error: Exception) -> str:
    """Give an error of the library as a few words on one line."""
    if isinstance(error, UnicodeError):
        return "its name or its metadata is not valid text"
    words = error.strerror if isinstance(error, OSError | FFmpegError) and error.strerror else str(error)
    return " ".join(words.split()) or type(error).__name__


def _check_regular_file(path: Path) -> None:
    """Refuse what is missing, empty or no file; opening a pipe would wait for ever."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise MediaError(f"{path}: cannot be opened: {reason(error)}") from error
    for is_kind, kind in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if is_kind(status.st_mode):
            raise MediaError(f"{path}: is {kind}; a media file is needed")
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(f"{path}: is no regular file; a media file is needed")
    try:
        with path.open("rb") as file:
            beginning = file.read(len(_ZEROS))
    except OSError as error:
        raise MediaError(f"{path}: cannot be opened: {reason(error)}") from error
    if not beginning:
        raise MediaError(f"{path}: is empty; the copy may not have finished")
    if beginning == _ZEROS:
        raise MediaError(f"{path}: begins with nothing but zeros; the copy may not have finished")
