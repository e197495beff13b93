"""Files of every kind come in as one cut, or are refused in one clear line."""

import json
import os
import zipfile
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from opentimelineio.opentime import RationalTime

from otio_shottag.errors import ShottagError, TimelineError
from otio_shottag.finding import find_shots
from otio_shottag.timeline import Cut, read_timeline
from tests.cuts import clip, span, timeline, track
from tests.media import Clip, write_clip


@pytest.fixture
def cut(tmp_path) -> otio.schema.Timeline:
    """A cut of one shot, with its media beside it in ``media/``."""
    (tmp_path / "media").mkdir()
    write_clip(tmp_path / "media" / "a.mp4", Clip(num_frames=30))
    return timeline(track(clip("media/a.mp4", span(3, 5), available=span(0, 30))), start=RationalTime(86400, 24))


def write(content, path: Path) -> Path:
    otio.adapters.write_to_file(content, str(path))
    return path


def frames(cut: Cut) -> list[int]:
    (shot,), skips = find_shots(cut)
    assert skips == []
    return list(shot.frames)


def test_otio(cut, tmp_path):
    """An .otio finds its relative media beside it."""
    read = read_timeline(write(cut, tmp_path / "cut.otio"))
    assert frames(read) == [3, 4, 5, 6, 7]
    assert (read.rate, read.start, read.drop_frame, read.format) == (
        Fraction(24),
        RationalTime(86400, 24),
        False,
        "otio",
    )


def test_otioz_is_unpacked_and_tidied_up(cut, tmp_path):
    """An .otioz shows the media inside it, whose copy goes when the cut goes."""
    cut.tracks[0][0].media_reference.target_url = str(tmp_path / "media" / "a.mp4")
    path = tmp_path / "cut.otioz"
    with zipfile.ZipFile(path, "w") as archive:
        cut.tracks[0][0].media_reference.target_url = "media/a.mp4"
        archive.writestr("content.otio", cut.to_json_string())
        archive.write(tmp_path / "media" / "a.mp4", "media/a.mp4")
    os.rename(tmp_path / "media", tmp_path / "elsewhere")
    read = read_timeline(path)
    assert frames(read) == [3, 4, 5, 6, 7]
    folder = read.media_folder
    assert folder is not None
    assert folder.is_dir()
    del read
    assert not folder.exists()


def test_otiod(cut, tmp_path):
    """An .otiod is a folder with the cut and its media."""
    bundle = tmp_path / "cut.otiod"
    bundle.mkdir()
    os.rename(tmp_path / "media", bundle / "media")
    (bundle / "content.otio").write_text(cut.to_json_string(), encoding="utf-8")
    assert frames(read_timeline(bundle)) == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_otio_in_other_encodings(cut, tmp_path, encoding):
    """An .otio with a BOM or in UTF-16 is read."""
    path = tmp_path / "cut.otio"
    path.write_bytes(cut.to_json_string().encode(encoding))
    assert frames(read_timeline(path)) == [3, 4, 5, 6, 7]


def test_several_sequences(cut, tmp_path):
    """Of several sequences one is named, or the names are given."""
    other = cut.deepcopy()
    other.name = "other"
    path = write(otio.schema.SerializableCollection(children=[cut, other]), tmp_path / "cuts.otio")
    assert read_timeline(path, sequence="other").timeline.name == "other"
    with pytest.raises(TimelineError, match=r"holds 2 sequences; name one with --sequence: 'cut', 'other'"):
        read_timeline(path)
    with pytest.raises(TimelineError, match=r"holds no sequence 'third'; it has 'cut', 'other'"):
        read_timeline(path, sequence="third")


def test_less_than_a_timeline(cut, tmp_path):
    """A file with just a clip, a track or a bin of clips is read as a cut of it."""
    one = cut.tracks[0][0]
    for index, content in enumerate(
        (one, cut.tracks[0], cut.tracks, otio.schema.SerializableCollection(children=[one.deepcopy()]))
    ):
        assert frames(read_timeline(write(content, tmp_path / f"{index}.otio"))) == [3, 4, 5, 6, 7]


def test_the_rate_is_that_of_the_items_where_the_start_is_zero(tmp_path):
    """A start of zero with a made-up rate does not decide the record rate."""
    made = timeline(track(clip("a.mp4", span(0, 5, 25))), start=RationalTime(0, 24))
    assert read_timeline(write(made, tmp_path / "cut.otio")).rate == 25


@pytest.mark.parametrize(
    ("rate", "drop_frame"), [(30000 / 1001, True), (60000 / 1001, True), (24000 / 1001, False), (30, False)]
)
def test_drop_frame_is_usual_at_its_rates(tmp_path, rate, drop_frame):
    """29.97 and 59.94 count in drop-frame where the file does not say."""
    made = timeline(track(clip("a.mp4", span(0, 5, rate))))
    assert read_timeline(write(made, tmp_path / "cut.otio")).drop_frame is drop_frame


FCPX = '<fcpxml><project><sequence><spine><clip offset="0s" duration="1s" start="{start}"/></spine></sequence></project></fcpxml>'


def bad_files(folder: Path) -> dict[str, tuple[Path, str]]:
    """Every bad input that a user or a stranger may hand over, with what is said of it."""

    def file(name: str, data: bytes) -> Path:
        path = folder / name
        path.write_bytes(data)
        return path

    os.mkfifo(folder / "pipe.otio")
    with zipfile.ZipFile(folder / "climber.otioz", "w") as archive:
        archive.writestr("content.otio", timeline().to_json_string())
        archive.writestr("../../escaped.mov", b"x")
    with zipfile.ZipFile(folder / "bare.otioz", "w") as archive:
        archive.writestr("other.txt", b"x")
    giant = folder / "giant.otio"
    with giant.open("wb") as sparse:
        sparse.truncate(10 << 30)
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xmeml>&b;</xmeml>'
    (folder / "folder.otio").mkdir()
    (folder / "plain folder").mkdir()
    return {
        "no file": (folder / "nowhere.otio", "no such file"),
        "no archive": (folder / "nowhere.otioz", "no such file"),
        "a folder": (folder / "folder.otio", "is a folder"),
        "a folder without ending": (folder / "plain folder", "is a folder"),
        "empty": (file("empty.otio", b""), "is empty"),
        "not JSON": (file("words.otio", b"just words"), "not an OpenTimelineIO file"),
        "cut JSON": (file("half.otio", timeline().to_json_string().encode()[:200]), "not an OpenTimelineIO file"),
        "other JSON": (file("other.json", json.dumps({"a": 1}).encode()), "holds no timeline but"),
        "no timeline": (
            file("time.otio", otio.core.serialize_json_to_string(RationalTime(1, 24)).encode()),
            "holds no timeline",
        ),
        "unknown ending": (file("film.xyz", b"x"), r"'\.xyz' is no timeline; one of \.aaf, \.ale, \.edl"),
        "a project": (file("show.prproj", b"x"), "a Premiere project; export the timeline"),
        "climbing archive": (folder / "climber.otioz", r"member '\.\./\.\./escaped.mov' would be written outside"),
        "archive without a cut": (folder / "bare.otioz", r"an archive without content\.otio"),
        "no archive at all": (file("words.otioz", b"just words"), "not an archive"),
        "XML bomb": (file("bomb.xml", bomb), "defines XML entities"),
        "other XML": (file("page.xml", b"<html/>"), "its root is <html>"),
        "broken XML": (file("broken.xml", b"<xmeml><sequence>"), "not well-formed XML"),
        "XML without a sequence": (file("none.xml", b"<xmeml></xmeml>"), "not a Final Cut 7 XML that can be read"),
        "no AAF": (file("words.aaf", b"just words"), "not an AAF"),
        "brackets without end": (file("deep.otio", b"[" * 100_000), "not an OpenTimelineIO file|nested too deep"),
        "no tracks": (
            file("bare.otio", b'{"OTIO_SCHEMA": "Timeline.1", "name": "x", "tracks": null}'),
            "a timeline without tracks|not an OpenTimelineIO file",
        ),
        "a time without end": (
            file("exponent.fcpxml", FCPX.format(start="1e99999999s").encode()),
            "is no time; should be like 1001/24000s",
        ),
        "a pipe": (folder / "pipe.otio", "is not a regular file"),
        "10 GB of nothing": (giant, "no timeline is larger than 1 GiB"),
    }


def test_bad_input_is_refused_in_one_line(tmp_path):
    """Whatever is wrong with a file is said in one line that names it, without waiting and without a trace."""
    for what, (path, message) in bad_files(tmp_path).items():
        with pytest.raises(TimelineError, match=message) as caught:
            read_timeline(path)
        assert "\n" not in str(caught.value), what
        assert str(caught.value).startswith(str(path)), what
    assert not (tmp_path.parent / "escaped.mov").exists()


def test_an_entity_in_fcp7_reads_no_file(tmp_path):
    """An external entity does not pull another file into the cut."""
    path = tmp_path / "x.xml"
    path.write_text('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><xmeml>&e;</xmeml>', encoding="utf-8")
    with pytest.raises(TimelineError, match="defines XML entities"):
        read_timeline(path)


FCP7 = """<?xml version="1.0"?><!DOCTYPE xmeml><xmeml version="5"><sequence id="s"><name>S</name><duration>100</duration>
<rate><timebase>24</timebase><ntsc>FALSE</ntsc></rate><media><video><track><clipitem id="c"><name>a</name><duration>30</duration>
<rate><timebase>24</timebase><ntsc>FALSE</ntsc></rate><start>0</start><end>5</end><in>{start}</in><out>{end}</out>
<file id="f"><name>a.mp4</name><pathurl>media/a.mp4</pathurl><rate><timebase>24</timebase><ntsc>FALSE</ntsc></rate>
<duration>30</duration><timecode><rate><timebase>24</timebase><ntsc>FALSE</ntsc></rate><string>00:00:00:00</string>
<frame>0</frame><displayformat>NDF</displayformat></timecode><media><video/></media></file>{filter}</clipitem></track></video></media>
</sequence></xmeml>"""

SPEED = """<filter><effect><name>Time Remap</name><effectid>timeremap</effectid><effectcategory>motion</effectcategory>
<effecttype>motion</effecttype><mediatype>video</mediatype><parameter><parameterid>speed</parameterid><name>speed</name>
<value>{speed}</value></parameter><parameter><parameterid>reverse</parameterid><name>reverse</name><value>{reverse}</value>
</parameter></effect></filter>"""


@pytest.mark.parametrize(
    ("start", "speed", "expected"),
    [
        (3, "", [3, 4, 5, 6, 7]),
        (4, SPEED.format(speed=200, reverse="FALSE"), [8, 10, 12, 14, 16]),
        (10, SPEED.format(speed=50, reverse="FALSE"), [5, 5, 6, 6, 7]),
        (2, SPEED.format(speed=100, reverse="TRUE"), [27, 26, 25, 24, 23]),
        (2, SPEED.format(speed="not a number", reverse="FALSE"), [2, 2, 2, 2, 2]),
    ],
)
def test_speeds_of_final_cut_7(cut, tmp_path, start, speed, expected):
    """In and out of a retimed clip count its retimed frames; a ramp is judged on its first frame."""
    path = tmp_path / "cut.xml"
    path.write_text(FCP7.format(start=start, end=start + 5, filter=speed), encoding="utf-8")
    assert frames(read_timeline(path)) == expected


def test_disabled_clips_and_tracks_of_final_cut_7(cut, tmp_path):
    """A clip or track that Premiere or Final Cut disabled is left out."""
    path = tmp_path / "cut.xml"
    text = FCP7.format(start=0, end=5, filter="")
    for before in ("</clipitem>", "</track>"):
        path.write_text(text.replace(before, f"<enabled>FALSE</enabled>{before}"), encoding="utf-8")
        assert find_shots(read_timeline(path)) == ([], [])


def test_a_nested_sequence_of_final_cut_7_is_not_lost_without_a_word(cut, tmp_path):
    """A nested sequence, which OTIO's adapter reads as empty, is a skip that says so."""
    path = tmp_path / "cut.xml"
    text = FCP7.format(start=0, end=5, filter="")
    start, end = text.index("<file id"), text.index("</file>") + len("</file>")
    nested = (
        "<sequence id='n'><name>Nested</name><duration>30</duration><media><video><track/></video></media></sequence>"
    )
    path.write_text(text[:start] + nested + text[end:], encoding="utf-8")
    shots, (skip,) = find_shots(read_timeline(path))
    assert shots == []
    assert (skip.name, skip.address) == ("Nested", (0, 0))
    assert "nested sequence" in skip.reason


def test_an_ale_is_a_bin_of_clips(tmp_path):
    """An ALE gives its clips one after the other, at the rate that is named."""
    path = tmp_path / "bin.ale"
    rows = [
        "Heading",
        "FIELD_DELIM\tTABS",
        "VIDEO_FORMAT\t1080",
        "FPS\t24",
        "",
        "Column",
        "Name\tTracks\tStart\tEnd",
        "",
        "Data",
    ]
    path.write_text(
        "\n".join([*rows, "A001\tV\t01:00:00:00\t01:00:04:00", "A002\tV\t02:00:00:00\t02:00:01:00"]), encoding="utf-8"
    )
    shots, skips = find_shots(read_timeline(path))
    assert shots == []
    assert [(skip.name, skip.record) for skip in skips] == [("A001", span(0, 96)), ("A002", span(96, 24))]


def test_every_file_of_the_corpus_is_read_or_refused(corpus):
    """Each real timeline gives every clip as a shot or a skip, or one clear line; none crashes."""
    read, refusals = 0, []
    for row in json.loads((corpus / "INDEX.json").read_text(encoding="utf-8")):
        try:
            cut = read_timeline(corpus / row["path"])
            before = cut.timeline.to_json_string()
            shots, skips = find_shots(cut)
        except ShottagError as error:
            refusals.append(str(error))
            continue
        read += 1
        video = [child for child in cut.timeline.tracks if getattr(child, "kind", "") != "Audio" and child.enabled]
        unread = [
            one for child in video for one in child.find_children(descended_from_type=otio.schema.Stack) if not len(one)
        ]
        seen = [*unread, *(one for child in video for one in child.find_clips())]
        enabled = sum(_is_seen(one, cut.timeline) for one in seen)
        assert len(shots) + len(skips) == enabled, row["path"]
        assert cut.timeline.to_json_string() == before, row["path"]
    assert read >= 191
    assert not [refusal for refusal in refusals if "\n" in refusal]


def _is_seen(item, top) -> bool:
    """Whether an item and all that is around it is enabled and no sound."""
    while item is not None and item is not top.tracks:
        if not getattr(item, "enabled", True) or getattr(item, "kind", "") == "Audio":
            return False
        item = item.parent()
    return True
