"""Moments of a media file -> pixels. This folder is the only place that imports av (PyAV).

opening      a file, opened so that it can do no harm
stream       its pictures one after the other, sound or damaged; ``damage`` tells which
reading      the picture on screen at a moment
render       a frame as a small upright picture; ``orientation`` and ``tone`` help
decoding     all of that, for the moments of a file or of numbered pictures
playing      every picture of a film, in order
processes    all of that in processes of their own
probing      what a header says

FFmpeg and numpy are loaded when the first header or picture is wanted: a cut that was judged before
needs neither, and would wait for them half as long as for all the rest.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from otio_shottag.decode.hardware import Hardware
from otio_shottag.decode.media_info import MediaInfo
from otio_shottag.decode.open_files import OpenFiles
from otio_shottag.shots import Frames, Media, Moment

if TYPE_CHECKING:
    from otio_shottag.decode.playing import Played

__all__ = ["Hardware", "MediaInfo", "OpenFiles", "can_decode", "decode_frames", "play", "probe"]


def decode_frames(
    media: Media, moments: Sequence[Moment], short_side: int, *, files: OpenFiles | None = None
) -> Frames:
    """Decode the picture on screen at each moment; ``decoding.decode_frames`` says it all."""
    from otio_shottag.decode import decoding

    return decoding.decode_frames(media, moments, short_side, files=files)


def probe(media: Media) -> MediaInfo:
    """Read what the header of a media file says; see ``probing.probe``."""
    from otio_shottag.decode import probing

    return probing.probe(media)


def can_decode(codec: str) -> bool:
    """Tell whether this build of PyAV has a decoder of that name; see ``probing.can_decode``."""
    from otio_shottag.decode import probing

    return probing.can_decode(codec)


def play(path: Path, *, long_side: int) -> "Iterator[Played]":
    """Decode a film from end to end; see ``playing.play``."""
    from otio_shottag.decode import playing

    return playing.play(path, long_side=long_side)
