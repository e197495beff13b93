"""Clips and cuts to measure on: film-like 1080p made from the photographs of the example, in three codecs."""

import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from tests.benchmarks.measuring import ROOT

CODECS = {
    "H.264": ("mp4", "libx264", "yuv420p", {"preset": "veryfast", "crf": "20", "x264-params": "keyint=48:scenecut=0"}),
    "HEVC": ("mp4", "libx265", "yuv420p", {"preset": "ultrafast", "x265-params": "log-level=none:keyint=48:bframes=3"}),
    "ProRes": ("mov", "prores_ks", "yuv422p10le", {"profile": "2"}),
}
RATE = 24
SECONDS = {"H.264": 60, "HEVC": 30, "ProRes": 20}
SIZE = (1920, 1080)
_SCENE_FRAMES = 72


def film(folder: Path, codec: str = "H.264", *, number: int = 0) -> Path:
    """Give a film of drifting photographs with grain, another scene every three seconds; encoded once."""
    ending, encoder, pixel_format, options = CODECS[codec]
    path = folder / f"{codec.replace('.', '').lower()}-{number}.{ending}"
    if path.exists():
        return path
    draw = np.random.default_rng(number)
    photographs = [_photograph(media) for media in sorted((ROOT / "examples" / "media").glob("*.mov"))]
    grain = [draw.integers(0, 5, (SIZE[1], SIZE[0], 1), dtype=np.uint8) for _ in range(8)]
    unfinished = path.with_suffix(f".part.{ending}")
    with av.open(str(unfinished), "w") as container:
        stream = container.add_stream(encoder, rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, pixel_format
        for at in range(SECONDS[codec] * RATE):
            scene = photographs[(at // _SCENE_FRAMES + number) % len(photographs)]
            shift = at % _SCENE_FRAMES
            picture = scene[shift : shift + SIZE[1], 2 * shift : 2 * shift + SIZE[0]] // 8 * 7 + grain[at % len(grain)]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode(None))
    return unfinished.rename(path)


def _photograph(media: Path) -> np.ndarray:
    """Give a frame of the example as a picture with room to drift in."""
    with av.open(str(media)) as container:
        frame = next(container.decode(video=0))
        return frame.reformat(SIZE[0] + 2 * _SCENE_FRAMES, SIZE[1] + _SCENE_FRAMES, "rgb24").to_ndarray()


def cut(path: Path, films: list[Path], num_shots: int, *, frames: int = 36, seed: int = 0, changed: int = -1) -> Path:
    """Write a cut of so many shots from films, in random order of place; ``changed`` moves one by a frame."""
    draw = random.Random(seed)
    timeline = otio.schema.Timeline("benchmark", global_start_time=RationalTime(RATE * 3600, RATE))
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    lengths = {film: _length(film) for film in films}
    for number in range(num_shots):
        media = films[number % len(films)]
        start = draw.randrange(lengths[media] - frames - 1) + (number == changed)
        reference = otio.schema.ExternalReference(str(media), _range(0, lengths[media]))
        track.append(otio.schema.Clip(f"shot {number}", reference, _range(start, frames)))
    otio.adapters.write_to_file(timeline, str(path))
    return path


def _length(path: Path) -> int:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return int(stream.duration * Fraction(stream.time_base) * RATE)


def _range(start: int, length: int) -> TimeRange:
    return TimeRange(RationalTime(start, RATE), RationalTime(length, RATE))
