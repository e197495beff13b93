"""A shot's place in its file, in the words of the tables: frames and timecode."""

from dataclasses import dataclass

from otio_shottag.formats.delivery import in_frames
from otio_shottag.shots import Shot
from otio_shottag.timecode import timecode
from otio_shottag.timeline import Cut


@dataclass(frozen=True, slots=True)
class SourceTimes:
    """Which part of its file a shot plays."""

    first_frame: int
    """The earliest frame of the file that is seen, 0 = its first."""
    last_frame: int
    """The latest that is seen; it counts."""
    timecode_in: str
    """Of the first frame, by the file's start timecode as the cut knows it."""
    timecode_out: str
    """Of the frame after the last."""
    speed: float
    """1 is as shot, 0 a freeze, negative backward."""


def source_times(shot: Shot, cut: Cut) -> SourceTimes:
    """Work out a shot's place in its file.

    A file at the cut's rate counts as the cut does, drop-frame or not; any other counts non-drop.
    """
    first, last = shot.frames.lowest, shot.frames.highest
    start = round(shot.media_start * shot.rate)
    drop_frame = cut.drop_frame and shot.rate == cut.rate
    # Rates of one nominal play frame by frame: 24 in a cut of 23.976 is not a retime.
    same_count = round(shot.rate) == round(cut.rate)
    speed = shot.frames.step if same_count else shot.frames.step * cut.rate / shot.rate
    return SourceTimes(
        first_frame=first,
        last_frame=last,
        timecode_in=timecode(start + first, shot.rate, drop_frame=drop_frame),
        timecode_out=timecode(start + last + 1, shot.rate, drop_frame=drop_frame),
        speed=round(float(speed), 6),
    )


def seconds_long(shot: Shot, cut: Cut) -> float:
    """Give a shot's length in the cut, in seconds."""
    return round(float(in_frames(shot.record.duration, cut.rate) / cut.rate), 6)
