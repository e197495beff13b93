"""The menu scripts do in a stand-in of Resolve what an editor expects of them, from Python and from Lua."""

import json
import re
import shutil
import sys
from pathlib import Path

import opentimelineio as otio
import pytest

from otio_shottag.formats.resolve_markers import RESOLVE_COLORS
from otio_shottag.resolve_install import SETTINGS_FILE, own_command, shipped_scripts
from otio_shottag.vocabulary import SHOT_TYPES, UNSURE_COLOR
from tests.lua_bridge import click_lua
from tests.media import Clip, write_clip
from tests.resolve_projects import FAST, HOUR, Ended, Menu, item, marker, pool_item, project

OURS = "otio-shottag:shot_type:1"
FILE_FRAMES = 100


class Clicks:
    """One language's menu: ``click`` starts an entry with a project open."""

    def __init__(self, menu: Menu, lua: str | None) -> None:
        self.menu = menu
        self.lua = lua

    def click(self, entry: str, state: dict, **environment: str) -> Ended:
        if self.lua is None:
            return self.menu.click(entry, state, **environment)
        return click_lua(self.menu, entry, state, lua=self.lua, **environment)


@pytest.fixture(params=["python", "luajit"])
def menu(request, tmp_path) -> Clicks:
    """The menu of each language, its command judging by bar code, in a folder with a name that asks for trouble."""
    lua = None if request.param == "python" else shutil.which(request.param)
    if request.param != "python" and lua is None:
        pytest.skip(f"no {request.param} on this machine")
    made = Menu(tmp_path / "スクリプト #1 100%", command=FAST)
    made.settings(options=["--frames-per-shot", "1"])
    return Clicks(made, lua)


@pytest.fixture
def pool(clips) -> dict:
    """A file of a hundred frames, each showing its number, whose timecode begins at 01:00:00:00."""
    return pool_item(clips / "tc24.mov", frames=FILE_FRAMES)


def size(one: dict) -> str:
    """What the stand-in for the network says of an item: the number of its middle frame modulo 8."""
    middle = one["duration"] // 2
    frame = one["source"] + middle * one["speed"]
    if one["speed"] < 0:
        frame = one["source"] + one["duration"] - 1 - middle
    return SHOT_TYPES[int(frame) % 8].code


def color(code: str) -> str:
    return RESOLVE_COLORS[next(label.color for label in SHOT_TYPES if label.code == code)]


def but_for_ours(state: dict) -> dict:
    """The project without what the scripts may change."""
    copy = json.loads(json.dumps(state))
    for thing in [copy["timeline"], *(one for track in copy["timeline"]["tracks"] for one in track["items"])]:
        thing["markers"] = {
            f: m for f, m in thing["markers"].items() if not m["customData"].startswith("otio-shottag:")
        }
    for one in copy["pool"].values():
        one["metadata"], one["third_party"] = {}, {}
    del copy["calls"]
    return copy


def test_one_timeline_marker_a_shot(menu, pool):
    """Each shot gets one marker on its first frame, with its size, colour and note; the rest stays as it was."""
    shots = [item(0, 10, pool, source=2), item(10, 12, pool, source=40), item(30, 9, pool, source=7)]
    state = project(shots, pool=[pool])
    before = but_for_ours(state)
    ended = menu.click("Tag Shots", state)
    assert {frame: one["name"] for frame, one in ended.markers().items()} == {
        one["start"] - HOUR: f"{size(one)} 90%" for one in shots
    }
    for frame, one in ended.markers().items():
        assert (one["customData"], one["duration"]) == (OURS, 1)
        assert one["color"] == color(one["name"].split()[0]), frame
        assert re.search(r"next likely \w+ 1%; stand-in 1 \(otio-shottag\)$", one["note"])
    assert "3/3 shots" in ended.output
    assert "3 of 3 shots marked on the timeline; judged on cpu (stand-in)." in ended.output
    # Selection, in and out points, page, playhead, other tracks' names: nothing but ours is different.
    assert but_for_ours(ended.state) == before
    assert not {"SetCurrentTimecode", "SetMarkInOut", "ClearMarkInOut", "OpenPage"} & set(ended.state["calls"])
    assert ended.files == []


def test_a_second_run_replaces_its_own_markers_and_no_others(menu, pool):
    """A second run leaves the same markers as the first, and those of other people, of whatever name, alone."""
    state = project([item(0, 10, pool), item(10, 10, pool)], pool=[pool])
    state["timeline"]["markers"] = {"3": marker("MCU 92%"), "14": marker("theirs", "other-tool:shot_type:1")}
    first = menu.click("Tag Shots", state)
    kept = json.loads(json.dumps(first.state["timeline"]["markers"]))
    second = menu.click("Tag Shots", first.state)
    assert second.state["timeline"]["markers"] == kept
    assert sorted(second.markers()) == [0, 3, 10, 14]
    assert "2 older markers replaced" in second.output


def test_removal_takes_only_ours(menu, pool):
    """Remove Shot Tags takes off our markers, colours and words, wherever they are, and leaves the rest."""
    state = project([item(0, 10, pool), item(10, 10, pool)], pool=[pool])
    state["timeline"]["markers"] = {"3": marker("MCU 92%")}
    state["timeline"]["tracks"][0]["items"][0]["markers"] = {"5": marker("on the clip")}
    pool["metadata"] = {"Keywords": "night", "Comments": "good"}
    before = json.loads(json.dumps(state))
    menu.menu.settings(clip_colors=True, markers="clip")
    tagged = menu.click("Tag Shots", state)
    assert [len(one["markers"]) for one in tagged.items()] == [2, 1]
    assert all(one["color"] for one in tagged.items())
    ended = menu.click("Remove Shot Tags", tagged.state)
    assert "Took off 2 shot markers, 2 clip colours" in ended.output
    assert ended.state["timeline"] == before["timeline"]
    assert {key: value for key, value in ended.state["pool"][pool["id"]]["metadata"].items() if value} == {
        "Keywords": "night",
        "Comments": "good",
    }


def test_markers_that_cannot_be_removed_are_said(menu, pool):
    """Where Resolve keeps our markers, the removal ends in one sentence instead of trying for ever."""
    tagged = menu.click("Tag Shots", project([item(0, 10, pool), item(10, 10, pool)], pool=[pool]))
    ended = menu.click("Remove Shot Tags", {**tagged.state, "refuses": ["DeleteMarkerByCustomData"]})
    assert "Remove Shot Tags: Resolve took off 0 markers and kept 2; is the timeline locked?" in ended.output


def test_an_occupied_frame_moves_the_marker_into_the_shot(menu, pool):
    """Where somebody's markers stand, ours goes to the next free frame of its shot, and the console says so."""
    state = project([item(0, 10, pool), item(10, 2, pool)], pool=[pool])
    theirs = {str(frame): marker(f"theirs {frame}") for frame in (0, 1, 2, 3, 4, 10, 11)}
    state["timeline"]["markers"] = json.loads(json.dumps(theirs))
    ended = menu.click("Tag Shots", state)
    assert sorted(ended.markers()) == [0, 1, 2, 3, 4, 5, 10, 11]
    assert ended.markers()[5]["customData"] == OURS
    assert {frame: one for frame, one in ended.state["timeline"]["markers"].items() if frame != "5"} == theirs
    assert re.search(r"1 moved to the next free frame, .*, 5 later", ended.output)
    assert "1 not marked: no frame of theirs is free" in ended.output
    assert "1 of 2 shots marked" in ended.output


def test_clip_markers_count_from_the_files_first_frame(menu, pool):
    """Clip markers stand at the left offset, of a retimed clip in its stretched length, also beside theirs."""
    shots = [
        item(0, 10, pool, source=30),
        item(10, 11, pool, source=39, speed=2),
        item(21, 40, pool, source=20, speed=-1),
    ]
    shots[0]["markers"] = {"30": marker("theirs")}
    menu.menu.settings(markers="clip", options=["--frames-per-shot", "1"])
    ended = menu.click("Tag Shots", project(shots, pool=[pool]))
    ours = [[int(f) for f, m in one["markers"].items() if m["customData"] == OURS] for one in ended.items()]
    # 2x from frame 39: 19 frames of its stretched length lie before; -1x of 20..59 of 100: 40 from the end.
    assert ours == [[31], [19], [40]]
    assert [next(m["name"] for m in one["markers"].values() if m["customData"]) for one in ended.items()] == [
        f"{size(one)} 90%" for one in shots
    ]
    assert ended.markers() == {}


def test_changing_the_place_moves_the_markers(menu, pool):
    """After a run onto clips, one onto the timeline leaves none of ours on the clips."""
    menu.menu.settings(markers="clip")
    first = menu.click("Tag Shots", project([item(0, 10, pool)], pool=[pool]))
    menu.menu.settings(markers="timeline")
    ended = menu.click("Tag Shots", first.state)
    assert [one["markers"] for one in ended.items()] == [{}]
    assert sorted(ended.markers()) == [0]


def test_two_tracks_share_the_timelines_frames(menu, pool):
    """Shots of two tracks that begin together stand on neighbouring frames, each once."""
    lower, upper = [item(0, 10, pool, source=1)], [item(0, 10, pool, source=4)]
    ended = menu.click("Tag Shots", project(lower, upper, pool=[pool]))
    assert {frame: one["name"] for frame, one in ended.markers().items()} == {
        0: f"{size(lower[0])} 90%",
        1: f"{size(upper[0])} 90%",
    }


@pytest.mark.parametrize("told_by", ["selected", "under_playhead", "settings"])
def test_the_selected_track_alone(menu, pool, told_by):
    """Tag Selected Track takes the track of the selected clip, else of the one under the playhead, and says so."""
    lower, upper = [item(0, 10, pool)], [item(4, 10, pool, source=3)]
    state = project(lower, upper, pool=[pool])
    if told_by == "selected":
        state["timeline"].update(selected=[upper[0]["id"]], under_playhead=lower[0]["id"])
    elif told_by == "under_playhead":
        state["timeline"]["under_playhead"] = upper[0]["id"]
        state["missing"] = ["GetSelectedClips", "GetTrackTypeAndIndex"]  # as before Resolve 19
    else:
        menu.menu.settings(track="V2")
    ended = menu.click("Tag Selected Track", state)
    assert sorted(ended.markers()) == [4]
    why = {"selected": "selected clips are", "under_playhead": "under the playhead", "settings": "the settings name"}
    assert re.search(rf"^Tag Selected Track: V2, .*{why[told_by]}", ended.output, re.MULTILINE)


def test_titles_transitions_and_disabled_clips(menu, pool):
    """Titles and transitions are in the item list and get nothing; nor does a disabled clip."""
    items = [
        item(0, 10, pool, source=20),
        item(6, 8, kind="transition", name="Cross Dissolve"),
        item(10, 10, pool, source=40),
        item(20, 5, kind="title", name="Text+"),
        item(25, 5, pool, source=3, enabled=False),
    ]
    menu.menu.settings(markers="clip")
    ended = menu.click("Tag Shots", project(items, pool=[pool]))
    assert [len(one["markers"]) for one in ended.items()] == [1, 0, 1, 0, 0]
    assert "Text+ on V1" in ended.output


def test_compound_clips(menu, pool):
    """The shots inside a compound clip are marked on it where each begins; its own fields stay empty."""
    whole = {**pool_item(Path("Compound 1"), frames=20), "path": ""}
    inner = [item(-HOUR, 8, pool, source=1), item(8 - HOUR, 12, pool, source=5)]
    compound = item(30, 16, whole, source=2, kind="compound", inner=inner, name="Compound 1")
    menu.menu.settings(markers="clip", clip_colors=True)
    ended = menu.click("Tag Shots", project([item(0, 30, pool), compound], pool=[pool, whole]))
    assert sorted(map(int, ended.items()[1]["markers"])) == [2, 8]
    assert ended.state["pool"][whole["id"]]["metadata"] == {}
    assert ended.items()[1]["color"] == ""
    menu.menu.settings()
    assert sorted(menu.click("Tag Shots", ended.state).markers()) == [0, 30, 36]


def test_offline_media_is_named(menu, pool, tmp_path):
    """A clip whose file is gone is named with the reason, and the others are marked."""
    away = pool_item(tmp_path / "夜 #2.mov", offline=True)
    ended = menu.click("Tag Shots", project([item(0, 10, pool), item(10, 10, away)], pool=[pool, away]))
    assert sorted(ended.markers()) == [0]
    assert "夜 #2.mov on V1" in ended.output
    assert "not judged" in ended.output
    assert "media not found" in ended.output


def test_a_clip_without_a_media_pool_item(menu, pool):
    """A clip that Resolve knows no media of is skipped with its reason, and nothing is written for it."""
    ended = menu.click("Tag Shots", project([item(0, 10, pool), item(10, 10, name="lost")], pool=[pool]))
    assert sorted(ended.markers()) == [0]
    assert "lost on V1" in ended.output


def test_japanese_names_spaces_and_hashes(menu, tmp_path):
    """A project whose every name is Japanese, with spaces and # in the paths, is tagged like any other."""
    folder = tmp_path / "素材 #1 'x' $HOME"
    folder.mkdir()
    path = write_clip(folder / "猫 の #クリップ.mov", Clip(num_frames=60, timecode="01:00:00:00"))
    cat = pool_item(path, frames=60)
    state = project([item(0, 10, cat, source=3)], pool=[cat], name="第一巻 #1", **{"project": "映画"})
    state["timeline"]["tracks"][0]["name"] = "映像 1"
    ended = menu.click("Tag Shots", state)
    assert [one["name"] for one in ended.markers().values()] == [f"{size(ended.items()[0])} 90%"]


def test_three_hundred_clips(menu, pool):
    """Three hundred shots are marked, each on its own first frame, with some lines of progress."""
    shots = [item(at * 4, 4, pool, source=at % 90) for at in range(300)]
    ended = menu.click("Tag Shots", project(shots, pool=[pool]))
    assert {frame: one["name"] for frame, one in ended.markers().items()} == {
        one["start"] - HOUR: f"{size(one)} 90%" for one in shots
    }
    lines = re.findall(r"^  (\d+)/300 shots$", ended.output, re.MULTILINE)
    assert 20 <= len(lines) <= 101
    assert lines[-1] == "300"


@pytest.mark.parametrize(
    ("name", "rate", "start"),
    [("tc23976.mov", 23.976, 86400), ("tc25.mov", 25.0, 90000), ("tc2997df.mov", 29.97, 107892)],
)
def test_other_rates(menu, clips, name, rate, start):
    """At 23.976, 25 and 29.97 drop-frame each marker stands on the first frame of its shot, an hour in."""
    hours = 10 if name == "tc25.mov" else 1
    file = {**pool_item(clips / name), "rate": rate, "start_seconds": hours * start / rate}
    items = [item(0, 10, file, source=2), item(17, 12, file, source=40), item(29, 9, file, source=7)]
    state = project(items, pool=[file])
    state["timeline"].update(rate=rate, start=start)
    for one in items:
        one["start"] += start - HOUR
    ended = menu.click("Tag Shots", state)
    assert {frame: one["name"] for frame, one in ended.markers().items()} == {
        one["start"] - start: f"{size(one)} 90%" for one in items
    }


def test_fields_where_all_uses_agree(menu, clips):
    """Shot Type is written where all uses of a file agree, by majority with a note, and else not; keywords join."""
    files = [pool_item(clips / name) for name in ("tc24.mov", "plain24.mp4", "plain50.mp4")]
    files[1]["start_seconds"] = files[2]["start_seconds"] = 0
    files[2].update(frames=100, rate=50.0)
    files[1]["metadata"] = {"Keywords": "night, rain"}
    same, most, mixed = files
    items = [item(at, 4, same, source=8) for at in (0, 4)]
    items += [item(8, 4, most, source=8), item(12, 4, most, source=8), item(16, 4, most, source=9)]
    items += [item(20, 4, mixed, source=2), item(24, 4, mixed, source=3)]
    ended = menu.click("Tag Shots", project(items, pool=files))
    fields = [ended.state["pool"][one["id"]]["metadata"] for one in files]
    assert [one.get("Shot Type") for one in fields] == ["LS", "LS", None]
    assert fields[0]["Keywords"] == "LS"
    assert fields[1]["Keywords"] == "night, rain, LS, MLS"
    assert "plain24.mp4: Shot Type LS (2 of 3 uses)" in ended.output


def test_what_a_person_wrote_stays(menu, pool):
    """A field that somebody filled stays, also one that was ours until they changed it; ours is kept current."""
    shot = item(0, 4, pool, source=8)
    pool["metadata"] = {"Shot Type": "insert"}
    ended = menu.click("Tag Shots", project([shot], pool=[pool]))
    assert ended.state["pool"][pool["id"]]["metadata"]["Shot Type"] == "insert"
    assert "left as somebody wrote them: tc24.mov: Shot Type" in re.sub(r"  \d+ ", "  ", ended.output)

    ended.state["pool"][pool["id"]]["metadata"] = {}
    ended = menu.click("Tag Shots", ended.state)
    assert ended.state["pool"][pool["id"]]["metadata"]["Shot Type"] == "LS"
    ended.state["timeline"]["tracks"][0]["items"][0]["source"] = 9
    ended = menu.click("Tag Shots", ended.state)
    assert ended.state["pool"][pool["id"]]["metadata"] == {"Shot Type": "MLS", "Keywords": "MLS"}

    ended.state["pool"][pool["id"]]["metadata"].update({"Shot Type": "mine", "Keywords": "MLS, mine"})
    for entry in ("Tag Shots", "Remove Shot Tags"):
        ended = menu.click(entry, ended.state)
        assert ended.state["pool"][pool["id"]]["metadata"]["Shot Type"] == "mine"
    assert ended.state["pool"][pool["id"]]["metadata"]["Keywords"] == "mine"


def test_camera_movement_goes_into_its_own_field(menu, pool, tmp_path):
    """A camera movement gets no marker, and is written into "Move" as sizes are into "Shot Type"."""
    more = tmp_path / "more.py"
    more.write_text(
        "import json, runpy, sys\n"
        "answer = sys.argv[sys.argv.index('--json') + 1]\n"
        "try:\n"
        f"    runpy.run_path({FAST[-1]!r}, run_name='__main__')\n"
        "finally:\n"
        "    report = json.load(open(answer, encoding='utf-8'))\n"
        "    moves = [dict(shot, analysis='camera_movement', label='push in') for shot in report['shots']]\n"
        "    report['shots'] += moves\n"
        "    json.dump(report, open(answer, 'w', encoding='utf-8'))\n",
        encoding="utf-8",
    )
    menu.menu.name_command([sys.executable, "-X", "utf8", str(more)])
    ended = menu.click("Tag Shots", project([item(0, 4, pool, source=8)], pool=[pool]))
    assert [one["name"] for one in ended.markers().values()] == ["LS 90%"]
    assert ended.state["pool"][pool["id"]]["metadata"] == {"Shot Type": "LS", "Move": "push in", "Keywords": "LS"}
    ended = menu.click("Remove Shot Tags", ended.state)
    assert not any(ended.state["pool"][pool["id"]]["metadata"].values())


def test_a_field_that_resolve_refuses_is_said(menu, pool):
    """Where Resolve does not take a field, the console names it, and the markers are there all the same."""
    state = project([item(0, 4, pool, source=8)], pool=[pool], refuses=["SetMetadata"])
    ended = menu.click("Tag Shots", state)
    assert "not accepted by Resolve: tc24.mov: Shot Type; tc24.mov: Keywords" in re.sub(r"  \d+ ", "  ", ended.output)
    assert sorted(ended.markers()) == [0]


def test_somebodys_clip_colour_stays(menu, pool):
    """Clip colours are given only when asked for, and never over one that somebody chose, before or after."""
    state = project([item(0, 4, pool, source=8), item(4, 4, pool, source=8)], pool=[pool])
    ended = menu.click("Tag Shots", state)
    assert [one["color"] for one in ended.items()] == ["", ""]
    ended.state["timeline"]["tracks"][0]["items"][0]["color"] = "Chocolate"
    menu.menu.settings(clip_colors=True, options=["--frames-per-shot", "1"])
    ended = menu.click("Tag Shots", ended.state)
    assert [one["color"] for one in ended.items()] == ["Chocolate", "Teal"]
    ended.state["timeline"]["tracks"][0]["items"][1]["color"] = "Lime"
    assert [one["color"] for one in menu.click("Remove Shot Tags", ended.state).items()] == ["Chocolate", "Lime"]


FAILURES = {
    "no project": ({"project": None}, "no project is open"),
    "no timeline": ({"timeline": None}, "no timeline is open"),
    "export failed": ({"refuses": ["Export"]}, "Resolve did not export the timeline"),
    "old Resolve": ({"missing": ["Export"]}, "Resolve did not export the timeline"),
    "markers refused": ({"refuses": ["AddMarker"]}, "Resolve took none of the markers"),
}


@pytest.mark.parametrize("what", list(FAILURES))
def test_a_failure_is_one_sentence_and_a_log(menu, pool, what):
    """Whatever Resolve lacks or refuses, the last lines are one sentence and the place of the log."""
    changes, sentence = FAILURES[what]
    ended = menu.click("Tag Shots", {**project([item(0, 10, pool)], pool=[pool]), **changes})
    said, place = ended.output.strip().splitlines()[-2:]
    assert said.startswith(f"Tag Shots: {sentence}")
    assert said.endswith(".")
    assert place == f"The log: {menu.menu.home / 'otio-shottag-resolve.log'}"
    assert sentence in ended.log
    if what == "markers refused":
        assert re.search(r"What was judged is in .*\.tagged\.otio: File > Import > Timeline", ended.output)


def test_the_tools_own_error_is_passed_on(menu, pool):
    """What otio-shottag says in its one line, the console says too, and nothing is changed."""
    menu.menu.settings(track="V7")
    state = project([item(0, 10, pool)], pool=[pool])
    ended = menu.click("Tag Shots", state)
    assert "Tag Shots: otio-shottag says: " in ended.output
    assert "the cut has no video track 'V7'" in ended.output
    assert ended.markers() == {}
    assert ended.files == []


def test_a_command_that_is_gone(menu, pool):
    """A command that is not there any more ends in what to run."""
    menu.menu.name_command(["/gone/python", "-m", "otio_shottag"])
    ended = menu.click("Tag Shots", project([item(0, 10, pool)], pool=[pool]))
    said = ended.output.strip().splitlines()[-2]
    assert said.startswith("Tag Shots: otio-shottag ")
    assert said.endswith("run: otio-shottag install-resolve")


def test_scripts_that_nobody_installed(menu, pool):
    """A script copied by hand, without the file that names the command, says what to run, and logs it."""
    (menu.menu.scripts / "otio-shottag.json").unlink()
    ended = menu.click("Tag Shots", project([item(0, 10, pool)], pool=[pool]))
    assert "otio-shottag.json is missing beside this script" in ended.output
    assert "run: otio-shottag install-resolve" in ended.output
    assert f"The log: {menu.menu.home / 'otio-shottag-resolve.log'}" in ended.output
    assert "otio-shottag.json is missing" in ended.log


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ('{"marker_color": {"CU": "Mauve"}}', "'Mauve' is no colour there"),
        ('{"colour": 1}', "there is no setting 'colour'"),
        ('{"markers": "clips"}', "'timeline' or 'clip'"),
        ("{", "cannot be read"),
    ],
)
def test_wrong_settings_are_named(menu, pool, given, wrong):
    """A mistake in the settings is named with the file it is in, before anything is judged."""
    (menu.menu.scripts / SETTINGS_FILE).write_text(given, encoding="utf-8")
    ended = menu.click("Tag Shots", project([item(0, 10, pool)], pool=[pool]))
    assert wrong in ended.output
    assert SETTINGS_FILE in ended.output
    assert "Export" not in ended.state["calls"]


def test_colours_come_from_the_settings(menu, pool):
    """A size's colour and that of unsure shots are the settings' own."""
    menu.menu.settings(marker_color={"LS": "Mint"}, options=["--frames-per-shot", "1"])
    state = project([item(0, 4, pool, source=8)], pool=[pool])
    assert [one["color"] for one in menu.click("Tag Shots", state).markers().values()] == ["Mint"]
    menu.menu.settings(options=["--frames-per-shot", "1", "--min-confidence", "0.95"])
    ended = menu.click("Tag Shots", state)
    assert [(one["name"], one["color"]) for one in ended.markers().values()] == [("LS? 90%", "Cream")]
    # An unsure size is no fact about the file.
    assert not ended.state["pool"][pool["id"]]["metadata"].get("Shot Type")


def test_the_default_colours_are_the_packages():
    """The settings that are shipped give each size the colour that the marker EDL gives it."""
    shipped = json.loads((shipped_scripts() / SETTINGS_FILE).read_text(encoding="utf-8"))
    expected = {label.code: RESOLVE_COLORS[label.color] for label in SHOT_TYPES}
    assert shipped["marker_color"] == {**expected, "unsure": RESOLVE_COLORS[UNSURE_COLOR]}


def test_a_timeline_edited_meanwhile_is_left_alone(menu, pool, tmp_path):
    """Where the timeline is not what was exported any more, nothing is marked, and the judged cut is kept."""
    ended = menu.click("Tag Shots", project([item(0, 10, pool)], pool=[pool], edited_after="Export"))
    assert "the timeline was edited meanwhile, so nothing was marked; start this again." in ended.output
    kept = re.search(r"What was judged is in (.*\.tagged\.otio): File > Import > Timeline", ended.output)
    assert kept
    cut = otio.adapters.read_from_file(kept[1])
    assert [len(one.markers) for one in cut.find_clips()] == [1]
    assert ended.markers() == {}
    for left in Path(kept[1]).parent.glob(Path(kept[1]).name.removesuffix(".tagged.otio") + "*"):
        left.unlink()


def test_an_answer_of_another_version_is_refused(menu, pool, tmp_path):
    """A command whose JSON has a schema that the scripts do not know ends in what to run."""
    newer = tmp_path / "newer.py"
    newer.write_text(
        "import json, sys\n"
        "with open(sys.argv[sys.argv.index('--json') + 1], 'w') as file:\n"
        "    json.dump({'otio_shottag': {'version': '9', 'schema': 9}}, file)\n",
        encoding="utf-8",
    )
    menu.menu.name_command([sys.executable, str(newer)])
    ended = menu.click("Tag Shots", project([item(0, 10, pool)], pool=[pool]))
    assert "schema" in ended.output
    assert "run: otio-shottag install-resolve" in ended.output
    assert ended.markers() == {}


def test_the_real_command_and_weights(tmp_path):
    """With the real command and the shipped weights, the example's shots are marked as the command line tags them."""
    examples = Path(__file__).parent.parent / "examples" / "media"
    menu = Menu(tmp_path / "real", command=own_command())
    portrait = pool_item(examples / "portrait.mov", frames=144, start_seconds=7200)
    sky = pool_item(examples / "deep_sky.mov", frames=96)
    state = project([item(0, 60, sky, source=12), item(60, 60, portrait, source=24)], pool=[sky, portrait])
    ended = menu.click("Tag Shots", state)
    assert [one["name"].split()[0] for one in ended.markers().values()] == ["EWS", "MCU"]
    assert [one["metadata"]["Shot Type"] for one in ended.state["pool"].values()] == ["EWS", "MCU"]
    assert "judged on" in ended.output


def test_a_resolve_that_hands_over_nothing_but_bmd(pool, tmp_path):
    """Without ``resolve`` and ``__file__`` the Python script asks ``bmd``, and finds its folder all the same."""
    menu = Menu(tmp_path / "bmd", command=FAST)
    state = project([item(0, 10, pool)], pool=[pool])
    assert sorted(menu.click("Tag Shots", state, hands="bmd").markers()) == [0]
    assert "start it from Workspace > Scripts" in menu.click("Tag Shots", state, hands="nothing").output


def test_a_resolve_whose_lua_may_start_nothing(pool, tmp_path):
    """Where Lua may not start programs, the script says which file to run and which to import, and keeps it."""
    lua = shutil.which("luajit")
    if lua is None:
        pytest.skip("no luajit on this machine")
    menu = Menu(tmp_path / "shut", command=FAST)
    ended = click_lua(menu, "Tag Shots", project([item(0, 10, pool)], pool=[pool]), lua=lua, WITHOUT_POPEN="1")
    named = re.search(
        r'run otio-shottag "(.+\.otio)" in a terminal, then import (.+\.tagged\.otio) through', ended.output
    )
    assert named
    assert Path(named[1]).is_file()
    Path(named[1]).unlink()
    Path(named[1].removesuffix(".otio")).unlink()


def test_lua_5_4_runs_it_too(pool, tmp_path):
    """The Lua script is no dialect of LuaJIT: today's Lua runs it as well."""
    lua = shutil.which("lua5.4")
    if lua is None:
        pytest.skip("no lua5.4 on this machine")
    menu = Menu(tmp_path / "five", command=FAST)
    state = project([item(0, 10, pool), item(10, 11, pool, source=39, speed=2)], pool=[pool])
    ended = click_lua(menu, "Tag Shots", state, lua=lua)
    assert sorted(ended.markers()) == [0, 10]
    assert click_lua(menu, "Remove Shot Tags", ended.state, lua=lua).markers() == {}
