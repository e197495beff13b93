"""Other OTIO tools tag through us when they ask for it, and notice nothing when they do not."""

import subprocess
import sys
from pathlib import Path

import opentimelineio as otio
import pytest

from otio_shottag.cli import main
from tests.stand_in import StandIn

EXAMPLES = Path(__file__).parent.parent / "examples"
ASKED = {"otio_shottag": "1", "otio_shottag_media_root": str(EXAMPLES)}


@pytest.fixture
def asked_for(monkeypatch) -> list[str]:
    """Count how often a judge is asked for; it is the stand-in, which cannot read films and so must not be reached."""
    loaded: list[str] = []
    monkeypatch.setattr("otio_shottag.analyses.load_analysis", lambda name, **_: loaded.append(name) or Always())
    monkeypatch.setattr("otio_shottag.load_analysis", lambda name, **_: loaded.append(name) or Always(), raising=False)
    return loaded


class Always(StandIn):
    """Says the same of every shot."""

    def _judge(self, frames):
        from otio_shottag.shots import Prediction
        from otio_shottag.vocabulary import SHOT_TYPES
        from tests.stand_in import scores

        return Prediction(SHOT_TYPES[4], 0.9, scores(4), (), (SHOT_TYPES[4],))


def names(timeline) -> list[str]:
    return [marker.name for clip in timeline.find_clips() for marker in clip.markers]


def test_reading_tags_when_asked(asked_for):
    """An argument to OTIO's read tags the timeline that it gives."""
    timeline = otio.adapters.read_from_file(str(EXAMPLES / "cut.otio"), hook_function_argument_map=ASKED)
    assert names(timeline) == ["MS 90%"] * 10
    assert asked_for == ["shot_type"]


def test_writing_tags_when_asked(asked_for, tmp_path):
    """An argument to OTIO's write tags what is written, once, though OTIO runs the hook twice."""
    timeline = otio.adapters.read_from_file(str(EXAMPLES / "cut.otio"))
    otio.adapters.write_to_file(timeline, str(tmp_path / "out.xml"), hook_function_argument_map=ASKED)
    assert (tmp_path / "out.xml").read_text(encoding="utf-8").count("<name>MS 90%</name>") == 10
    assert asked_for == ["shot_type"]


def test_nothing_happens_unasked(asked_for, tmp_path):
    """Without the argument, reading and writing are left alone."""
    timeline = otio.adapters.read_from_file(str(EXAMPLES / "cut.otio"))
    otio.adapters.write_to_file(timeline, str(tmp_path / "out.otio"))
    assert names(timeline) == []
    assert asked_for == []


def test_the_environment_can_ask(asked_for, monkeypatch):
    """OTIO_SHOTTAG=1 asks for tools that cannot pass arguments."""
    monkeypatch.setenv("OTIO_SHOTTAG", "1")
    monkeypatch.chdir(EXAMPLES)
    assert names(otio.adapters.read_from_file(str(EXAMPLES / "cut.otio"))) == ["MS 90%"] * 10


def test_our_own_reading_asks_for_nothing(asked_for, monkeypatch, capsys):
    """With OTIO_SHOTTAG=1 set, our own command does not judge while it reads."""
    monkeypatch.setenv("OTIO_SHOTTAG", "1")
    monkeypatch.setattr(sys, "argv", ["otio-shottag", "list", str(EXAMPLES / "cut.otio")])
    with pytest.raises(SystemExit):
        main()
    assert "10 shots, 0 skipped" in capsys.readouterr().err
    assert asked_for == []


def test_otio_finds_the_plugins():
    """OTIO lists our adapter and our hook, and says nothing while it loads us."""
    code = (
        "import opentimelineio as otio\n"
        "assert 'resolve_markers' in otio.adapters.available_adapter_names()\n"
        "assert 'otio_shottag' in otio.hooks.available_hookscript_names()\n"
        "import sys; assert 'torch' not in sys.modules and 'av' not in sys.modules"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
