"""probe(): what the header of a media file says, for finding shots in it; can_decode(): what PyAV can read."""

import re
from fractions import Fraction

from av.codec import Codec
from av.codec.codec import UnknownCodecError
from av.container import InputContainer
from av.video.stream import VideoStream

from otio_shottag.decode.media_info import MediaInfo
from otio_shottag.decode.opening import exact, find_video, holds_one_picture, open_media, picture_rate
from otio_shottag.errors import MediaError
from otio_shottag.shots import ImageSequence, Media

# The formats whose header has an exact length, and of the video alone. Others round it, estimate
# it or take the sound's; Matroska besides does not say whether its rate is steady.
_COUNTING_FORMATS = ("mov,mp4,m4a,3gp,3g2,mj2", "avi", "mxf", "mxf_opatom", "gxf", "mpegts", "dv")
# A length in a clock that the frames do not fit exactly; more than this part of a frame is no count.
_MOST_ROUNDING = Fraction(1, 10)

_TIMECODE = re.compile(r"\d\d:\d\d:\d\d[:;.,]\d\d+")


def probe(media: Media) -> MediaInfo:
    """Read what the header of a media file says; no picture is decoded.

    Raises MediaError where it cannot be opened or holds no video. Of numbered pictures the first
    one that is there speaks for all.
    """
    if isinstance(media, ImageSequence):
        return _probe_sequence(media)
    with open_media(media) as container:
        stream = find_video(container, media)
        is_still = holds_one_picture(container)
        return MediaInfo(
            rate=picture_rate(stream),
            start_timecode=_start_timecode(container, stream),
            num_frames=1 if is_still else _num_frames(container, stream),
            width=stream.codec_context.width,
            height=stream.codec_context.height,
            is_still=is_still,
        )


def can_decode(codec: str) -> bool:
    """Tell whether this build of PyAV has a decoder of that name in FFmpeg: ``"prores"``."""
    try:
        Codec(codec, "r")
    except UnknownCodecError:
        return False
    return True


def _probe_sequence(sequence: ImageSequence) -> MediaInfo:
    pictures = (sequence.picture(frame) for frame in range(len(sequence)))
    first = next((picture for picture in pictures if picture.exists()), None)
    if first is None:
        raise MediaError(f"{sequence}: none of its {len(sequence)} pictures is there")
    info = probe(first)
    return MediaInfo(sequence.rate, None, len(sequence), info.width, info.height, is_still=False)


def _start_timecode(container: InputContainer, stream: VideoStream) -> str | None:
    """Find the timecode: on the video, else on a timecode track, else on the file."""
    for metadata in (stream.metadata, *(track.metadata for track in container.streams.data), container.metadata):
        # Matroska shouts its keys.
        timecode = metadata.get("timecode") or metadata.get("TIMECODE") or ""
        if _TIMECODE.fullmatch(timecode):
            return timecode
    return None


def _num_frames(container: InputContainer, stream: VideoStream) -> int | None:
    """Count the frames from the header, where it can be trusted with that."""
    time_base = exact(stream.time_base)
    if not stream.duration or time_base is None or container.format.name not in _COUNTING_FORMATS:
        return None
    rate = picture_rate(stream)
    frames = stream.duration * time_base * rate
    follows = abs(frames - round(frames)) <= _MOST_ROUNDING
    if follows and rate.denominator in (1, 1001):
        # The header's own count has frames in it that an edit list hides.
        return round(frames)
    # An uneven rate is an average, too rough to count with.
    return stream.frames or (round(frames) if follows else None)
