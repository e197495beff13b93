"""Rewrites tests/golden: what each writer must write, byte for byte, for review in the diff.

python -m tests.rewrite_golden
"""

import sys
from collections.abc import Callable
from pathlib import Path

import opentimelineio as otio

from otio_shottag.formats import RunFacts, write
from otio_shottag.shots import Skip
from otio_shottag.timeline import Cut
from tests.cuts import clip, gap, span, timeline, track
from tests.format_cuts import editors_cut, shots_of, tags_of

GOLDEN = Path(__file__).parent / "golden"
RUN = RunFacts(device="cpu", seconds={"decode": 1.25, "judge": 0.5}, version="0.0.0")


def drop_frame_cut() -> Cut:
    """A cut at 29.97 drop-frame from 00:59:58;00, across two dropped minutes."""
    rate = 30000 / 1001
    start = otio.opentime.RationalTime(107892 - 60, rate)
    shots = [clip(f"/vol/B00{number}.mov", span(107892, 1750, rate)) for number in (1, 2)]
    return Cut.of(timeline(track(shots[0], gap(59, rate), shots[1]), start=start))


def two_track_cut() -> Cut:
    """Two video tracks with audio below, at 23.976: a connected clip, and two markers on one frame."""
    rate = 24000 / 1001
    bottom = track(clip("/vol/C001.mov", span(0, 48, rate)), clip("/vol/C002.mov", span(24, 48, rate)))
    top = track(
        gap(48, rate), clip("/vol/C003.mov", span(7, 12, rate), enabled=False), clip("/vol/C004.mov", span(7, 12, rate))
    )
    sound = track(clip("/vol/C005.wav", span(0, 96, rate)), kind="Audio")
    return Cut.of(timeline(bottom, top, sound, start=otio.opentime.RationalTime(86400, rate)))


GOLDEN_FILES: dict[str, tuple[Callable[[], Cut], dict[str, object]]] = {
    "cut.otio": (editors_cut, {"format": "otio"}),
    "cut.edl": (editors_cut, {"format": "cmx"}),
    "cut.markers.edl": (editors_cut, {"format": "resolve-markers"}),
    "cut.resolve.otio": (editors_cut, {"format": "resolve-otio"}),
    "cut.jsx": (editors_cut, {"format": "premiere-script"}),
    "cut.xml": (editors_cut, {"format": "fcp7"}),
    "cut.fcpxml": (editors_cut, {"format": "fcpxml"}),
    "cut.txt": (editors_cut, {"format": "avid"}),
    "cut.csv": (editors_cut, {"format": "csv"}),
    "cut.cinemetrics.csv": (editors_cut, {"format": "cinemetrics"}),
    "cut.salt.csv": (editors_cut, {"format": "salt"}),
    "cut.json": (editors_cut, {"format": "json"}),
    "timeline.otio": (editors_cut, {"format": "otio", "markers": "timeline"}),
    "timeline.xml": (editors_cut, {"format": "fcp7", "markers": "timeline"}),
    "drop_frame.edl": (drop_frame_cut, {"format": "cmx"}),
    "drop_frame.markers.edl": (drop_frame_cut, {"format": "resolve-markers"}),
    "two_tracks.fcpxml": (two_track_cut, {"format": "fcpxml"}),
    "two_tracks.markers.edl": (two_track_cut, {"format": "resolve-markers"}),
}
"""What makes the cut of each golden file, and how it is written."""


def write_golden(name: str, folder: Path) -> bytes:
    """Write one golden file into a folder and give its bytes."""
    make_cut, options = GOLDEN_FILES[name]
    cut = make_cut()
    skips = [Skip((0, 9), "lost", "V1", shots_of(cut)[0].record, "media not found: /vol/lost.mov")]
    write(cut, tags_of(cut), folder / name, skips=skips, run=RUN, **options)  # type: ignore[arg-type]
    return (folder / name).read_bytes()


if __name__ == "__main__":
    for file_name in GOLDEN_FILES:
        write_golden(file_name, GOLDEN)
        sys.stdout.write(f"{GOLDEN / file_name}\n")
