"""The examples do what they say."""

import subprocess
import sys
from pathlib import Path

import opentimelineio as otio

from otio_shottag.finding import find_shots
from otio_shottag.timeline import read_timeline

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(*arguments: object) -> str:
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def test_the_bundled_cut_is_whole_and_small():
    """Every clip of the example is a shot, its media under 5 MB together."""
    shots, skips = find_shots(read_timeline(EXAMPLES / "cut.otio"))
    assert (len(shots), skips) == (10, [])
    assert sum(path.stat().st_size for path in EXAMPLES.rglob("*") if path.is_file()) < 5_000_000


def test_four_lines(tmp_path):
    """The four lines tag the example."""
    run(EXAMPLES / "four_lines.py", EXAMPLES / "cut.otio", tmp_path / "out.otio")
    tagged = otio.adapters.read_from_file(str(tmp_path / "out.otio"))
    assert all(len(clip.markers) == 1 for clip in tagged.find_clips())


def test_an_analysis_of_ones_own():
    """The brightness example judges every shot: the night sky is low key, the portrait high key."""
    answers = {line.split()[0]: line for line in run(EXAMPLES / "own_analysis.py", EXAMPLES / "cut.otio").splitlines()}
    assert "low key" in answers["deep_sky"]
    assert "high key" in answers["portrait"]
