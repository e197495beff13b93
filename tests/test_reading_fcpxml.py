"""FCPXML comes out with exact times, lanes, retimes and the insides of compound clips."""

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from otio_shottag.errors import TimelineError
from otio_shottag.finding import find_shots
from otio_shottag.shots import Shot
from otio_shottag.timeline import Cut, read_timeline
from tests.media import Clip, write_clip

RESOURCES = """
    <format id="r1" frameDuration="1001/24000s" width="1920" height="1080"/>
    <asset id="r2" name="A" start="3600s" duration="96096/24000s" hasVideo="1" format="r1">
      <media-rep kind="original-media" src="A.mov"/>
    </asset>
    <asset id="r3" name="B" src="B.mov" start="0s" duration="100100/24000s" hasVideo="1" format="r1"/>
    <asset id="r4" name="music" src="M.wav" start="0s" duration="100s" hasAudio="1"/>
    <effect id="r5" name="Basic Title" uid="title"/>
    <media id="r6" name="Compound"><sequence format="r1"><spine>
      <asset-clip ref="r3" offset="0s" name="inner 1" duration="10010/24000s" start="20020/24000s"/>
      <asset-clip ref="r3" offset="10010/24000s" name="inner 2" duration="10010/24000s" start="50050/24000s"/>
    </spine></sequence></media>
    <media id="r7" name="Multicam"><multicam format="r1">
      <mc-angle name="one" angleID="a1"><asset-clip ref="r2" offset="0s" name="cam 1" duration="4s" start="3600s"/></mc-angle>
      <mc-angle name="two" angleID="a2"><asset-clip ref="r3" offset="0s" name="cam 2" duration="4s" start="0s"/></mc-angle>
    </multicam></media>
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Bar-coded A.mov and B.mov at 23.976."""
    made = tmp_path_factory.mktemp("fcp")
    rate = Fraction(24000, 1001)
    write_clip(made / "A.mov", Clip(num_frames=96, rate=rate))
    write_clip(made / "B.mov", Clip(num_frames=100, rate=rate))
    return made


def read(folder: Path, spine: str, *, start: str = "0s") -> Cut:
    path = folder / "cut.fcpxml"
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.10"><resources>{RESOURCES}</resources><library><event>'
        f'<project name="P"><sequence format="r1" tcStart="{start}" tcFormat="NDF"><spine>{spine}</spine></sequence></project>'
        "</event></library></fcpxml>",
        encoding="utf-8",
    )
    return read_timeline(path)


def shots(cut: Cut) -> list[Shot]:
    found, skips = find_shots(cut)
    assert skips == []
    return found


def frames(count: int) -> str:
    return f"{count * 1001}/24000s"


def test_ntsc_times_are_exact(folder):
    """At 23.976 every shot starts on its frame, in source and record, a start timecode included."""
    cut = read(
        folder,
        f'<asset-clip ref="r3" offset="3600s" name="one" start="{frames(7)}" duration="{frames(10)}"/>'
        f'<asset-clip ref="r3" name="two" start="{frames(80)}" duration="{frames(15)}"/>',
        start="3600s",
    )
    one, two = shots(cut)
    assert cut.rate == Fraction(24000, 1001)
    assert list(one.frames) == list(range(7, 17))
    assert list(two.frames) == list(range(80, 95))
    assert two.record.start_time.value - one.record.start_time.value == 10


def test_an_assets_start_is_taken_off(folder):
    """Local time of an asset counts from its start timecode; without a start it begins there."""
    cut = read(
        folder,
        f'<asset-clip ref="r2" offset="0s" name="said" start="{3600 * 24000 + 5 * 1001}/24000s" duration="{frames(4)}"/>'
        f'<asset-clip ref="r2" name="left out" duration="{frames(4)}"/>',
    )
    assert [list(shot.frames) for shot in shots(cut)] == [[5, 6, 7, 8], [0, 1, 2, 3]]


def test_connected_clips_are_higher_tracks(folder):
    """A connected clip stands in its lane, at its offset in the time of the clip it hangs on."""
    cut = read(
        folder,
        f'<asset-clip ref="r3" offset="0s" name="base" start="{frames(10)}" duration="{frames(40)}">'
        f'<asset-clip ref="r2" lane="1" offset="{frames(15)}" name="over" start="3600s" duration="{frames(8)}"/>'
        f'<asset-clip ref="r4" lane="-1" offset="{frames(10)}" name="music" duration="{frames(40)}"/>'
        "</asset-clip>",
    )
    base, over = shots(cut)
    assert (base.track, over.track) == ("V1", "V2")
    assert (over.record.start_time.value, list(over.frames)) == (5, list(range(8)))
    assert [track.kind for track in cut.timeline.tracks] == ["Video", "Video", "Audio"]


def test_a_secondary_storyline(folder):
    """Clips of a connected storyline follow each other from where it hangs."""
    cut = read(
        folder,
        f'<gap offset="0s" start="3600s" duration="{frames(50)}"><spine lane="1" offset="{3600 * 24000 + 6 * 1001}/24000s">'
        f'<asset-clip ref="r3" offset="0s" name="one" duration="{frames(5)}"/>'
        f'<asset-clip ref="r3" offset="{frames(5)}" name="two" start="{frames(30)}" duration="{frames(5)}"/></spine></gap>',
    )
    assert [(shot.name, shot.record.start_time.value) for shot in shots(cut)] == [("one", 6), ("two", 11)]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([("0s", "0s"), ("2s", "4s")], [10, 12, 14, 16]),
        ([("0s", "0s"), ("4s", "2s")], [2, 3, 3, 4]),
        ([("0s", frames(50)), (frames(50), "0s")], [44, 43, 42, 41]),
        ([("0s", frames(9)), ("4s", frames(9))], [9, 9, 9, 9]),
    ],
)
def test_a_time_map_is_a_speed(folder, points, expected):
    """Two points of a timeMap give the speed: double, half, reverse, freeze."""
    timepoints = "".join(f'<timept time="{when}" value="{value}" interp="smooth2"/>' for when, value in points)
    cut = read(
        folder,
        f'<asset-clip ref="r3" offset="0s" name="x" start="{frames(5)}" duration="{frames(4)}"><timeMap>{timepoints}</timeMap>'
        "</asset-clip>",
    )
    assert list(shots(cut)[0].frames) == expected


def test_transitions_lie_across_the_cut(folder):
    """A transition takes its half of each of the two clips."""
    cut = read(
        folder,
        f'<asset-clip ref="r3" offset="0s" name="one" duration="{frames(20)}"/>'
        f'<transition offset="{frames(16)}" duration="{frames(10)}" name="Cross Dissolve"/>'
        f'<asset-clip ref="r3" offset="{frames(20)}" name="two" start="{frames(40)}" duration="{frames(20)}"/>',
    )
    one, two = shots(cut)
    assert (one.clear, two.clear) == (range(0, 16), range(6, 20))


def test_a_compound_clip_shows_its_inside(folder):
    """A ref-clip shows what its sequence has from its start on."""
    cut = read(folder, f'<ref-clip ref="r6" offset="0s" name="C" start="{frames(6)}" duration="{frames(10)}"/>')
    assert [(shot.name, list(shot.frames)) for shot in shots(cut)] == [
        ("inner 1", [26, 27, 28, 29]),
        ("inner 2", [50, 51, 52, 53, 54, 55]),
    ]


def test_a_multicam_clip_shows_the_angle_that_is_picked(folder):
    """An mc-clip shows the angle whose picture it uses."""
    cut = read(
        folder,
        f'<mc-clip ref="r7" offset="0s" name="M" start="{frames(12)}" duration="{frames(3)}">'
        '<mc-source angleID="a1" srcEnable="audio"/><mc-source angleID="a2" srcEnable="video"/></mc-clip>',
    )
    assert [(shot.name, list(shot.frames)) for shot in shots(cut)] == [("cam 2", [12, 13, 14])]


def test_a_clip_with_its_video_inside(folder):
    """A <clip> shows the asset of the <video> inside it."""
    cut = read(
        folder,
        f'<clip offset="0s" name="x" start="{frames(3)}" duration="{frames(4)}"><video ref="r3" offset="0s" duration="4s"/></clip>',
    )
    assert list(shots(cut)[0].frames) == [3, 4, 5, 6]


def test_titles_and_auditions(folder):
    """A title is a skip; of an audition only the pick is looked at."""
    cut = read(
        folder,
        f'<title ref="r5" offset="0s" name="T" duration="{frames(10)}"/>'
        f'<audition><asset-clip ref="r3" name="pick" duration="{frames(5)}"/>'
        f'<asset-clip ref="r2" name="other" duration="{frames(5)}"/></audition>',
    )
    found, skips = find_shots(cut)
    assert [shot.name for shot in found] == ["pick"]
    assert [(skip.name, skip.reason) for skip in skips] == [("T", "a generator or title (title), not footage")]


def test_disabled_clips_say_so(folder):
    """enabled="0" leaves a clip out, a compound or multicam clip too."""
    for element in ('asset-clip ref="r3"', 'ref-clip ref="r6"', 'mc-clip ref="r7"'):
        cut = read(folder, f'<{element} offset="0s" enabled="0" name="x" duration="{frames(5)}"/>')
        assert find_shots(cut) == ([], [])


def test_compound_clips_that_unfold_without_end(tmp_path):
    """Few resources that refer to each other eight times over are refused before they fill the memory."""
    media = ""
    for level in range(9):
        inside = f'<ref-clip ref="m{level + 1}" duration="1s"/>' * 8
        media += f'<media id="m{level}"><sequence><spine>{inside}</spine></sequence></media>'
    path = tmp_path / "bomb.fcpxml"
    path.write_text(
        f'<fcpxml><resources>{media}</resources><project><sequence><spine><ref-clip ref="m0" duration="1s"/></spine></sequence></project></fcpxml>',
        encoding="utf-8",
    )
    with pytest.raises(TimelineError, match="unfold to more than"):
        read_timeline(path)


def test_each_clip_knows_its_element(folder):
    """A clip's metadata says which element of the file it came from."""
    import defusedxml.ElementTree

    cut = read(folder, f'<asset-clip ref="r3" offset="0s" name="here" duration="{frames(5)}"/>')
    (clip,) = cut.timeline.find_clips()
    root = defusedxml.ElementTree.parse(cut.path).getroot()
    assert list(root.iter())[clip.metadata["fcpxml"]["element"]].get("name") == "here"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<fcpxml><resources/></fcpxml>", "holds no timeline but an empty project"),
        ("<other/>", "its root is <other>"),
        ("<fcpxml>", "not well-formed XML"),
        (
            '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]><fcpxml>&c;</fcpxml>',
            "defines XML entities",
        ),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><fcpxml>&b;</fcpxml>', "defines XML entities"),
        (
            '<fcpxml><project><sequence><spine><gap offset="nonsense" duration="1s"/></spine></sequence></project></fcpxml>',
            "not an FCPXML that can be read",
        ),
    ],
)
def test_what_is_no_fcpxml_is_said(tmp_path, text, message):
    """Broken, foreign and hostile XML is refused in one line."""
    path = tmp_path / "x.fcpxml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TimelineError, match=message) as caught:
        read_timeline(path)
    assert "\n" not in str(caught.value)


def test_a_compound_clip_that_holds_itself_is_refused(folder):
    """A file whose compound clips hold each other is refused, not followed for ever."""
    loop = '<ref-clip ref="r6" offset="0s" name="inner 1" duration="10010/24000s"/>'
    path = folder / "loop.fcpxml"
    cut = read(folder, f'<ref-clip ref="r6" offset="0s" name="C" duration="{frames(10)}"/>')
    assert isinstance(cut.timeline.tracks[0][0], otio.schema.Stack)
    text = (folder / "cut.fcpxml").read_text(encoding="utf-8")
    start = text.index('<asset-clip ref="r3" offset="0s" name="inner 1"')
    path.write_text(text[:start] + loop + text[text.index("<asset-clip", start + 5) :], encoding="utf-8")
    with pytest.raises(TimelineError, match="holds itself"):
        read_timeline(path)
