"""Shots -> the small pictures of the page: decoded ahead on threads, and kept within a budget.

Shots of one file are decoded together, in the order of its frames, so that a film that is one file is
read once from its beginning to its end. A page's pictures take PICTURE_BYTES at most, however many
shots there are: each gets its share, and is made smaller and coarser by STEPS until it fits. A cut of up
to 1,600 shots never needs it.
"""

import base64
import io
import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from otio_shottag.corrections import frames_looked_at
from otio_shottag.decode import decode_frames
from otio_shottag.errors import MediaError
from otio_shottag.shots import Frames, Media, Tag

Picture = NDArray[np.uint8]
"""uint8 RGB (H, W, 3)."""
Decode = Callable[[Media, Sequence[Fraction], int], Frames]

SHORT_SIDE = 270
"""Pixels that a frame is decoded at: sharp on a fine screen at the width of a card."""
PICTURE_BYTES = 40_000_000
"""For all pictures of a page; written as text in the page they take a third more."""
MOST_BYTES = 25_000
"""For one picture of a short cut; a detailed frame takes some 12,000."""
STEPS = ((480, 80), (480, 65), (400, 60), (320, 55), (240, 45), (160, 35), (112, 25))
"""Longest side in pixels, and WebP's quality; the last one is taken as it comes."""
_CHUNK = 16
"""Shots of one file that are decoded in one go: long enough to read on, and 6 MB of pixels."""


def share_of(pictures: int) -> int:
    """Say how many bytes each of so many pictures may take."""
    return min(MOST_BYTES, PICTURE_BYTES // max(1, pictures))


def encode(picture: Picture, most_bytes: int) -> bytes:
    """Give a picture as WebP, as large and fine as fits."""
    image = Image.fromarray(picture)
    encoded = b""
    for long_side, quality in STEPS:
        scale = min(1.0, long_side / max(image.size))
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        smaller = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
        file = io.BytesIO()
        smaller.save(file, "WEBP", quality=quality, method=2)  # method 4 takes twice as long for 4 % less
        encoded = file.getvalue()
        if len(encoded) <= most_bytes:
            break
    return encoded


def data_uri(encoded: bytes) -> str:
    """Give a WebP as an address that holds it."""
    return f"data:image/webp;base64,{base64.b64encode(encoded).decode('ascii')}"


def judged_moment(tag: Tag) -> Fraction:
    """Give the moment of the file that stands for a shot: the middle one of those that were looked at."""
    frames = frames_looked_at(tag)
    return tag.shot.seconds(frames[len(frames) // 2])


def decode_pictures(
    tags: Sequence[Tag], *, decode: Decode = decode_frames
) -> Generator[tuple[int, Picture | None], None, None]:
    """Decode one picture of each shot; give positions in ``tags`` with them, file by file.

    None stands for a picture that cannot be decoded. Closing the iterator stops the threads.
    """
    by_media: dict[Media, list[tuple[Fraction, int]]] = {}
    for index, tag in enumerate(tags):
        by_media.setdefault(tag.shot.media, []).append((judged_moment(tag), index))
    chunks = iter(
        [
            (media, asked[at : at + _CHUNK])
            for media, wanted in by_media.items()
            for asked in [sorted(wanted)]
            for at in range(0, len(asked), _CHUNK)
        ]
    )
    threads = max(2, min(8, os.cpu_count() or 2))
    waiting: deque[Future[list[tuple[int, Picture | None]]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
    try:
        while True:
            for media, asked in islice(chunks, threads + 1 - len(waiting)):
                waiting.append(pool.submit(_chunk, media, asked, decode))
            if not waiting:
                return
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _chunk(media: Media, asked: Sequence[tuple[Fraction, int]], decode: Decode) -> list[tuple[int, Picture | None]]:
    """Decode several moments of one file; where some give nothing, one by one, to know which."""
    try:
        frames = decode(media, [moment for moment, _ in asked], SHORT_SIDE)
    except MediaError:
        frames = None
    if frames is not None and not frames.failures:
        return [(index, picture) for (_, index), picture in zip(asked, frames.data, strict=True)]
    if len(asked) == 1:
        return [(asked[0][1], None)]
    return [found for one in asked for found in _chunk(media, [one], decode)]
