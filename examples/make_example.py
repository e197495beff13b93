"""Makes the example: a small cut with its media, from photographs that are free to ship.

    pip install scikit-image && python examples/make_example.py

The photographs come with scikit-image: an astronaut's portrait and a Hubble deep field (NASA,
public domain), a rocket on its pad (SpaceX, CC0) and a cat (Stefan van der Walt, CC0). Each clip
is a crop that stands still or moves, 640 x 360 at 24 frames a second.
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange
from skimage import data, transform

RATE = 24
SIZE = (640, 360)
HERE = Path(__file__).parent

# Name: photograph, crop at the first frame and at the last (left, top, width in pixels of the
# photograph; the height follows), seconds, start timecode.
CLIPS = {
    "deep_sky": ("hubble_deep_field", (0, 60, 960), (40, 180, 960), 4, "01:00:00:00"),
    "launch_pad": ("rocket", (0, 20, 640), (0, 60, 640), 4, "01:10:00:00"),
    "portrait": ("astronaut", (0, 0, 512), (0, 8, 512), 6, "02:00:00:00"),
    "smile": ("astronaut", (122, 40, 200), (118, 44, 200), 4, "02:10:00:00"),
    "push_in": ("astronaut", (0, 10, 512), (130, 52, 176), 6, "02:20:00:00"),
    "eyes": ("astronaut", (182, 88, 92), (184, 88, 92), 3, "02:30:00:00"),
    "mission_patch": ("astronaut", (118, 344, 104), (122, 346, 104), 3, "02:40:00:00"),
    "cat": ("chelsea", (30, 0, 421), (20, 10, 421), 4, "03:00:00:00"),
}

# Clip, first frame, frames, speed: the cut, in order.
EDIT = [
    ("deep_sky", 12, 60, 1.0),
    ("launch_pad", 10, 48, 1.0),
    ("portrait", 24, 60, 1.0),
    ("smile", 8, 48, 1.0),
    ("mission_patch", 6, 36, 1.0),
    ("push_in", 0, 144, 1.0),
    ("eyes", 10, 36, 1.0),
    ("cat", 0, 44, 2.0),
    ("smile", 60, 30, -1.0),
    ("launch_pad", 60, 36, 0.0),
]
DISSOLVE_BEFORE = {1: 16}
"""Frames of the dissolve into the event with this index."""


def picture(photograph: np.ndarray, crop: tuple[float, float, float]) -> np.ndarray:
    """Cut a crop out of a photograph and scale it to the clip's size: uint8 RGB (H, W, 3)."""
    left, top, width = crop
    scale = width / SIZE[0]
    move = transform.AffineTransform(scale=scale, translation=(left, top))
    warped = transform.warp(photograph, move, output_shape=(SIZE[1], SIZE[0]), order=3, mode="edge")
    return (np.clip(warped, 0, 1) * 255).astype(np.uint8)


def write_clip(path: Path, photograph: np.ndarray, first: tuple, last: tuple, seconds: int, timecode: str) -> None:
    """Encode one clip with its start timecode."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "20", "preset": "slow"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.metadata["timecode"] = timecode
        count = seconds * RATE
        for number in range(count):
            share = number / (count - 1)
            crop = tuple(start + (end - start) * share for start, end in zip(first, last, strict=True))
            frame = av.VideoFrame.from_ndarray(picture(photograph, crop), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def build_cut() -> otio.schema.Timeline:
    """Build the cut: hard cuts, a dissolve, double speed, reverse play and a freeze."""
    timeline = otio.schema.Timeline(name="example", global_start_time=RationalTime(RATE * 3600, RATE))
    track = otio.schema.Track(name="Video 1", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    for index, (name, first, length, speed) in enumerate(EDIT):
        *_, seconds, timecode = CLIPS[name]
        start = otio.opentime.from_timecode(timecode, RATE)
        clip = otio.schema.Clip(
            name=name,
            media_reference=otio.schema.ExternalReference(
                target_url=f"media/{name}.mov",
                available_range=TimeRange(start, RationalTime(seconds * RATE, RATE)),
            ),
            source_range=TimeRange(start + RationalTime(first, RATE), RationalTime(length, RATE)),
        )
        if speed == 0:
            clip.effects.append(otio.schema.FreezeFrame())
        elif speed != 1:
            clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
        if index in DISSOLVE_BEFORE:
            half = RationalTime(DISSOLVE_BEFORE[index] / 2, RATE)
            track.append(otio.schema.Transition(transition_type="SMPTE_Dissolve", in_offset=half, out_offset=half))
        track.append(clip)
    return timeline


def main() -> None:
    (HERE / "media").mkdir(exist_ok=True)
    for name, (photograph, first, last, seconds, timecode) in CLIPS.items():
        write_clip(HERE / "media" / f"{name}.mov", getattr(data, photograph)(), first, last, seconds, timecode)
    otio.adapters.write_to_file(build_cut(), str(HERE / "cut.otio"))


if __name__ == "__main__":
    main()
