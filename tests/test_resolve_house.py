"""The scripts for Resolve are what their rooms allow, and the stand-in they are tested in is like the real thing."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import opentimelineio as otio
import pytest

from otio_shottag.formats.json_report import SCHEMA
from otio_shottag.resolve_install import SCRIPTS, SETTINGS_FILE, shipped_scripts
from tests.resolve_export import exported
from tests.resolve_projects import HOUR, item, marker, pool_item, project
from tests.resolve_stand_in import Resolve

FOLDER = shipped_scripts()
PYTHON = sorted(FOLDER.rglob("*.py"))
# In one process: its pool for one small file once span for minutes on a busy machine.
VERMIN = [sys.executable, "-c", "from vermin import main; main()", "--target=3.6-", "--no-tips", "--processes=1"]
LUA = sorted(FOLDER.rglob("*.lua"))


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.name)
def test_resolves_oldest_python_can_run_it(path):
    """Each script is Python 3.6 in syntax and library, imports nothing else, and begins by saying what it is for."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 6))
    assert ast.get_docstring(tree)
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert imported <= sys.stdlib_module_names | {"shottag_resolve"}
    ended = subprocess.run(
        [*VERMIN, "--violations", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout


def test_vermin_would_see_a_newer_python(tmp_path):
    """The check above fails for what Python 3.7 brought."""
    newer = tmp_path / "newer.py"
    newer.write_text("import subprocess\nsubprocess.run(['x'], capture_output=True)\n", encoding="utf-8")
    ended = subprocess.run(
        [*VERMIN, "--violations", str(newer)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode != 0


@pytest.mark.parametrize("path", [*PYTHON, *LUA], ids=lambda path: path.name)
def test_a_script_has_one_job(path):
    """No script is longer than 300 lines, and those in Lua begin by saying what they are for, too."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    assert path.suffix == ".py" or text.startswith("--[[ ")


@pytest.mark.parametrize("path", LUA, ids=lambda path: path.name)
def test_lua_never_runs_what_it_read(path):
    """No Lua script turns text into code: it loads files of its own only."""
    text = path.read_text(encoding="utf-8")
    assert not any(f"{word}(" in text for word in ("load", "loadstring", "setfenv", "require"))


@pytest.mark.parametrize("ending", [".py", ".lua"])
def test_the_entries_differ_in_their_name_alone(ending):
    """The scripts of a language are the same but for the first line and the one that names the entry."""
    scripts = [(FOLDER / name).read_text(encoding="utf-8").splitlines() for name in SCRIPTS if name.endswith(ending)]
    assert len(scripts) == 3
    for script, name in zip(scripts, [name for name in SCRIPTS if name.endswith(ending)], strict=True):
        different = [line for line, first in zip(script, scripts[0], strict=True) if line != first]
        assert all(
            line in (script[0], next(one for one in script if f'= "{Path(name).stem}"' in one)) for line in different
        )


def test_the_readme_explains_every_setting():
    """Each setting that is shipped stands in the README, those with a plain default with that default."""
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    for key, value in json.loads((FOLDER / SETTINGS_FILE).read_text(encoding="utf-8")).items():
        assert f'"{key}"' in readme
        assert isinstance(value, dict) or f'"{key}": {json.dumps(value)}' in readme


def test_both_languages_read_the_same_schema():
    """Both scripts read the schema that the JSON is written in."""
    assert f"\nSCHEMA = {SCHEMA}\n" in (FOLDER / "shottag_resolve" / "command.py").read_text(encoding="utf-8")
    assert f"\nlocal SCHEMA = {SCHEMA} " in (FOLDER / "shottag_resolve" / "menu.lua").read_text(encoding="utf-8")


def stand_in(**changes) -> tuple[Resolve, dict]:
    pool = pool_item(Path("/vol/a.mov"))
    state = {**project([item(0, 10, pool, source=19), item(10, 11, pool, source=39, speed=2)], pool=[pool]), **changes}
    return Resolve(state, {"id": "resolve", "markers": {}}), state


def test_the_stand_in_keeps_resolves_rules():
    """The stand-in refuses, counts and answers as the facts say Resolve does."""
    resolve, state = stand_in()
    timeline = resolve.GetProjectManager().GetCurrentProject().GetCurrentTimeline()
    add = timeline.AddMarker
    assert add(3, "Sand", "a", "", 1, "x") is True
    assert add(4, "Sand", "b", "", 1, "x") is True
    refused = [
        add(3, "Sand", "c", "", 1),
        add(5, "Sand", "", "", 1),
        add(5, "Sand", "c", "", 0),
        add(5, "Mauve", "c", "", 1),
    ]
    assert refused == [False] * 4
    assert timeline.GetMarkers()[3.0] == {"color": "Sand", "duration": 1, "note": "", "name": "a", "customData": "x"}
    assert timeline.DeleteMarkerByCustomData("x") is True
    assert list(timeline.GetMarkers()) == [4.0]
    assert hasattr(timeline, "NoSuchMethod")
    assert not callable(timeline.NoSuchMethod)
    plain, fast = timeline.GetItemListInTrack("video", 1)
    assert (plain.GetStart(), plain.GetLeftOffset(), fast.GetLeftOffset()) == (HOUR, 19, 19)
    pool = plain.GetMediaPoolItem()
    assert pool is not plain.GetMediaPoolItem()
    assert pool.SetMetadata({"Scene": "1", "No Such Field": "2"}) is False
    assert pool.GetMetadata("Scene") == ""
    assert pool.SetMetadata("Scene", "1") is True
    assert timeline.Export("never", "EXPORT_OTIO", "EXPORT_NONE") is False
    imported = resolve.GetProjectManager().GetCurrentProject().GetMediaPool().ImportTimelineFromFile
    assert imported(__file__, {"timelineName": "Reel 1"}) is None
    state["project"] = "Untitled Project"
    assert imported(__file__, {"timelineName": "Reel 2"}) is None
    assert marker("x")["customData"] == ""


def keys(value: object) -> object:
    """The shape of some JSON: its keys, schemas and kinds of values, a list by its first member."""
    if isinstance(value, dict):
        schema = value.get("OTIO_SCHEMA")
        return {key: schema if key == "OTIO_SCHEMA" else keys(one) for key, one in value.items() if key != "metadata"}
    return [] if isinstance(value, list) else type(value).__name__


def test_the_export_has_the_shape_of_a_real_one(corpus):
    """The clip that the stand-in exports has the schemas, keys and number types of one that Resolve exported."""
    real = corpus / "ynput+ayon-core/tests/client/ayon_core/pipeline/editorial/resources/qt_embedded_tc_review.json"
    pool = pool_item(Path("/vol/a.mov"))
    ours = exported(project([item(0, 10, pool)], pool=[pool]))["tracks"]["children"][0]["children"][0]
    expected = keys(json.loads(real.read_text(encoding="utf-8")))
    assert keys(ours) == expected


def test_the_export_is_read_by_otio():
    """OTIO reads what the stand-in exports, and says the same of where each clip is."""
    pool = pool_item(Path("/vol/a.mov"))
    state = project([item(0, 10, pool, source=5), item(14, 11, pool, source=39, speed=2)], pool=[pool])
    timeline = otio.adapters.read_from_string(json.dumps(exported(state)), "otio_json")
    first, gap, second = timeline.video_tracks()[0]
    assert timeline.global_start_time.to_timecode() == "01:00:00:00"
    assert first.source_range.start_time.value == HOUR + 5
    assert gap.duration().value == 4
    assert second.range_in_parent().start_time.value == 14
    assert second.effects[0].time_scalar == 2.0
