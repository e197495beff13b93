"""A movie without a timeline is cut where its shots begin, to the frame."""

import json
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest

import otio_shottag as shottag
from otio_shottag.cuts import DETECTORS, Detection, find_cuts
from otio_shottag.decode import decode_frames
from otio_shottag.errors import TimelineError
from otio_shottag.formats.delivery import record_frames, record_timecode
from tests.media import Clip, Picture, draw_number, read_number, write_clip, write_still
from tests.stand_in import StandIn

CUTS = (17, 40, 54, 81)
"""First frames of the second to the last shot of a clip of 100."""

SCENES = ((220, 60, 40), (30, 60, 120), (90, 220, 80), (60, 20, 90), (230, 220, 150))
"""What the five shots are coloured."""


def draw_shots(number: int, width: int, height: int) -> Picture:
    """A picture of its shot's colour with its number in a corner: neighbours in a shot are nearly alike."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = SCENES[sum(number >= cut for cut in CUTS)]
    picture[: height // 4, : width // 6] = draw_number(number, width // 6, height // 4)
    return picture


def number_at(media: Path, seconds: Fraction) -> int:
    """The number that the picture on screen at a moment shows."""
    picture = decode_frames(media, [seconds], 10_000).data[0]
    height, width = picture.shape[:2]
    return read_number(picture[: height // 4, : width // 6])


PLAIN = Clip(num_frames=100, size=(320, 192))
UNEVEN = tuple(int(tick) for tick in np.cumsum([0, *([1500, 4500, 3000, 6000] * 25)][:100]))
"""Starts of 100 frames at 15 to 60 a second, in 1/90000 s."""

STEADY = {
    "24.mp4": PLAIN,
    "b-frames.mp4": replace(PLAIN, b_frames=3),
    "25.mov": replace(PLAIN, rate=Fraction(25), timecode="10:00:00:00"),
    "23.976.mov": replace(PLAIN, rate=Fraction(24000, 1001), timecode="01:00:00:00", b_frames=2),
    "29.97.mov": replace(PLAIN, rate=Fraction(30000, 1001), timecode="01:00:00;00"),
    "29.97.mkv": replace(PLAIN, ending="mkv", rate=Fraction(30000, 1001)),
    "60.mkv": replace(PLAIN, ending="mkv", rate=Fraction(60)),
    "50.ts": replace(PLAIN, ending="ts", rate=Fraction(50), b_frames=2),
    "25.mpg": replace(PLAIN, ending="mpg", rate=Fraction(25), codec="mpeg2video", b_frames=2),
    "prores.mov": replace(PLAIN, codec="prores_ks", pix_fmt="yuv422p10le", timecode="00:59:58:00"),
    "motion jpeg.avi": replace(PLAIN, ending="avi", codec="mjpeg", pix_fmt="yuvj420p"),
}


@pytest.mark.parametrize("name", STEADY)
def test_hard_cuts_are_found_to_the_frame(tmp_path, name):
    """Whatever the rate, container, codec and start timecode: each shot begins and ends on its own frames."""
    path = write_clip(tmp_path / name, STEADY[name], draw_shots)
    shots, skips = shottag.find_shots(shottag.read_timeline(path))
    assert skips == []
    assert [shot.frames[0] for shot in shots] == [0, *CUTS]
    assert [shot.frames[-1] + 1 for shot in shots] == [*CUTS, 100]
    for shot in shots:
        assert number_at(path, shot.seconds(shot.frames[0])) == shot.frames[0]
        assert number_at(path, shot.seconds(shot.frames[-1])) == shot.frames[-1]


def test_at_a_varying_rate_cuts_are_found_by_time(tmp_path):
    """Where frames come 15 to 60 a second, every moment of a shot shows that shot, from its first picture on."""
    clip = replace(PLAIN, ticks=UNEVEN, time_base=Fraction(1, 90000), rate=Fraction(24), container_options={})
    path = write_clip(tmp_path / "phone.mp4", clip, draw_shots)
    shots, skips = shottag.find_shots(shottag.read_timeline(path))
    assert (len(shots), skips) == (5, [])
    bounds = [0, *CUTS, 100]
    for shot, first, after in zip(shots, bounds, bounds[1:], strict=False):
        shown = [number_at(path, shot.seconds(frame)) for frame in (shot.frames[0], shot.frames[-1])]
        assert first <= shown[0] <= first + 1  # a picture shorter than a frame may fall between two
        assert shown[0] <= shown[1] < after


def test_the_cut_counts_as_the_file_does(tmp_path):
    """Rate and start timecode are the file's, exactly; record and source time agree, in drop-frame too."""
    for name, rate, start in (
        ("23.976.mov", Fraction(24000, 1001), "01:00:00:17"),
        ("29.97.mov", Fraction(30000, 1001), "01:00:00;17"),
        ("24.mp4", Fraction(24), "00:00:00:17"),
    ):
        cut = shottag.read_timeline(write_clip(tmp_path / name, STEADY[name], draw_shots))
        assert (cut.rate, cut.format) == (rate, "movie")
        second = shottag.find_shots(cut)[0][1]
        assert record_timecode(record_frames(second.record, cut)[0], cut) == start
        clip = list(cut.timeline.find_clips())[1]
        assert clip.source_range.start_time == second.record.start_time
        assert clip.media_reference.available_range.duration.value == 100


def test_a_timecode_that_cannot_be_is_none(tmp_path):
    """A timecode above 60 frames a second counts for nothing; the cut begins at zero."""
    path = write_clip(tmp_path / "fast.mov", replace(PLAIN, rate=Fraction(120), timecode="01:00:00:00"), draw_shots)
    cut = shottag.read_timeline(path, detection=Detection(min_shot_seconds=Fraction(1, 20)))
    assert cut.start.value == 0
    assert [shot.frames[0] for shot in shottag.find_shots(cut)[0]] == [0, *CUTS]


def test_a_fade_through_black_is_a_cut(tmp_path):
    """Two shots with a fade between are two, the black ends the first; a fade-in at the start cuts nothing."""

    def draw(number: int, width: int, height: int) -> Picture:
        # In over frames 0 to 9, out over 30 to 39, black to 49, in again over 50 to 59.
        light = min(1.0, number / 10) if number < 30 else max(0.0, (39 - number) / 10, min(1.0, (number - 49) / 10))
        # The same picture before and after: only the fade tells.
        return (draw_number(0, width, height) * light).astype(np.uint8)

    path = write_clip(tmp_path / "fade.mp4", PLAIN, draw)
    for detector in ("threshold", "adaptive"):
        starts = [shot.start for shot in find_cuts(path, Detection(detector)).shots]
        assert len(starts) == 2
        assert 50 <= starts[1] <= 53


@pytest.mark.parametrize("detector", sorted(set(DETECTORS) - {"threshold"}))
def test_every_detector_finds_hard_cuts(tmp_path, detector):
    """Each detector finds a cut between two pictures to the frame, and takes a threshold that keeps it from it."""

    def draw(number: int, width: int, height: int) -> Picture:
        # Two pictures, of which half the cells differ, with grain: in perfect stillness every change is infinite.
        grain = np.random.default_rng(number).integers(-8, 9, (height, width, 1))
        return (draw_number(5 if number < 40 else 2730, width, height) + grain).astype(np.uint8)

    path = write_clip(tmp_path / "a.mp4", PLAIN, draw)
    assert [shot.start for shot in find_cuts(path, Detection(detector)).shots] == [0, 40]
    out_of_reach = {"hash": 0.99, "histogram": 2.0}.get(detector, 255.0)
    assert len(find_cuts(path, Detection(detector, threshold=out_of_reach)).shots) == 1


def test_no_shot_is_shorter_than_asked(tmp_path):
    """min_shot_seconds keeps cuts apart, from each other and from both ends."""
    path = write_clip(tmp_path / "a.mp4", PLAIN, draw_shots)
    for seconds, starts in ((Fraction(1, 2), [0, 17, 40, 54, 81]), (Fraction(3, 4), [0, 40, 81]), (Fraction(9), [0])):
        found = find_cuts(path, Detection(min_shot_seconds=seconds)).shots
        assert [shot.start for shot in found] == starts


def test_progress_is_told(tmp_path):
    """After each picture the caller hears how many were seen, and how many the file has."""
    told: list[tuple[int, int | None]] = []
    path = write_clip(tmp_path / "a.mp4", PLAIN, draw_shots)
    find_cuts(path, Detection(progress=lambda seen, of: told.append((seen, of))))
    assert told == [(seen, 100) for seen in range(1, 101)]


def test_a_setting_that_cannot_be_is_refused():
    """An unknown detector, a threshold of nothing and a negative length are named with what would be right."""
    for settings, message in (
        ({"detector": "eye"}, "'eye'; one of adaptive, content"),
        ({"threshold": 0.0}, "threshold of 0; should be above 0"),
        ({"min_shot_seconds": Fraction(-1)}, "shortest shot of -1 s; should be 0 or more"),
    ):
        with pytest.raises(TimelineError, match=message):
            Detection(**settings)


def write_sound(path: Path) -> Path:
    """A file with sound and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_what_is_no_movie_is_said_in_one_line(tmp_path):
    """Sound alone, a still, noise, an empty and a cut-off file are each refused with the reason."""
    whole = write_clip(tmp_path / "whole.mp4", PLAIN, draw_shots).read_bytes()
    (tmp_path / "noise.mp4").write_bytes(bytes(range(256)) * 64)
    (tmp_path / "empty.mov").write_bytes(b"")
    (tmp_path / "cut off.mp4").write_bytes(whole[: len(whole) // 2])
    for path, message in (
        (write_sound(tmp_path / "song.m4a"), "as a movie it holds no video"),
        (
            write_still(tmp_path / "photo #1.png", draw_shots(0, 320, 192), "png", "rgb24"),
            "is a still picture and no cut",
        ),
        (tmp_path / "noise.mp4", "'.mp4' is no timeline; one of .aaf, .*, or a movie; as a movie it"),
        (tmp_path / "empty.mov", "as a movie it is empty"),
        (tmp_path / "cut off.mp4", "as a movie it cannot be opened"),
        (tmp_path / "nowhere.mp4", "no such file"),
    ):
        with pytest.raises(TimelineError, match=message) as caught:
            shottag.read_timeline(path)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith(f"{path}: ")


def test_a_damaged_middle_costs_itself(tmp_path):
    """A film with a broken stretch is cut all the same: what lies before and after is found to the frame."""
    clip = replace(PLAIN, codec="mjpeg", pix_fmt="yuvj420p", ending="avi")
    path = write_clip(tmp_path / "a.avi", clip, draw_shots)
    data = bytearray(path.read_bytes())
    middle = data.find(b"\xff\xd8", len(data) * 60 // 100)
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(bytes(data))
    starts = [shot.start for shot in find_cuts(path, Detection()).shots]
    assert set(CUTS) <= set(starts)


def test_without_pyscenedetect_the_way_to_get_it_is_said(tmp_path, monkeypatch):
    """Where the extra is not installed, one line says what to install; a library that it lacks is named."""
    path = write_clip(tmp_path / "a.mp4", PLAIN, draw_shots)
    monkeypatch.setitem(sys.modules, "scenedetect", None)
    with pytest.raises(TimelineError, match=r"needs PySceneDetect: pip install 'otio-shottag\[cuts\]'$"):
        shottag.read_timeline(path)
    monkeypatch.delitem(sys.modules, "scenedetect")
    for name in [name for name in sys.modules if name.startswith("scenedetect")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(TimelineError, match=r"pip install 'otio-shottag\[cuts\]' \(OpenCV could not be found"):
        shottag.read_timeline(path)


@pytest.fixture
def run(monkeypatch, command_line):
    """Run the command line in this process with a stand-in for the network; give code, stdout, stderr."""

    class Corner(StandIn):
        """Reads the number in the corner."""

        short_side = 192

        def predict(self, batch):
            cropped = [replace(frames, data=frames.data[:, :48, :53]) for frames in batch]
            return super().predict(cropped)

    monkeypatch.setattr("otio_shottag.analyses.load_analysis", lambda name, **options: Corner(1))
    return command_line


@pytest.fixture
def movie(tmp_path) -> Path:
    """A movie of five shots under a name that breaks what is not careful."""
    folder = tmp_path / "my films"
    folder.mkdir()
    return write_clip(folder / "映画 #1 50%?.mp4", PLAIN, draw_shots)


def test_a_movie_is_tagged_like_any_cut(run, movie):
    """otio-shottag MOVIE writes MOVIE.tagged.otio, a marker on each shot, which leads to the movie again."""
    before = movie.read_bytes()
    code, out, _ = run(movie)
    assert code == 0
    written = movie.with_name("映画 #1 50%?.tagged.otio")
    clips = list(otio.adapters.read_from_file(str(written)).find_clips())
    assert [one.name for one in clips] == [f"映画 #1 50%? 00{number}" for number in range(1, 6)]
    assert [len(one.markers) for one in clips] == [1] * 5
    assert "映画 #1 50%? 005" in out
    shots, skips = shottag.find_shots(shottag.read_timeline(written))
    assert [shot.frames[0] for shot in shots] == [0, *CUTS]
    assert (shots[0].media, skips) == (movie, [])
    assert movie.read_bytes() == before


def test_a_movie_becomes_any_format(run, movie, tmp_path):
    """Every format that holds a cut is written from a movie, and read back it has the same shots of the same file."""
    outputs = [tmp_path / name for name in ("a.otio", "a.otioz", "a.edl", "a.xml", "a.fcpxml", "a.csv", "a.json")]
    code, _, err = run(movie, *(part for path in outputs for part in ("-o", path)))
    assert code == 0, err
    for path in outputs[:5]:
        finder = shottag.MediaFinder(folder=tmp_path, roots=(movie.parent,))
        shots, skips = shottag.find_shots(shottag.read_timeline(path), finder=finder)
        assert skips == [], path
        assert [(shot.frames[0], len(shot.frames)) for shot in shots] == [
            (first, after - first) for first, after in zip([0, *CUTS], [*CUTS, 100], strict=True)
        ], path


def test_list_shows_a_movies_shots(run, movie):
    """list finds the cuts too, and takes the options that say how."""
    code, out, err = run("list", movie, "--json")
    document = json.loads(out)
    assert (code, document["cut"]["format"]) == (0, "movie")
    assert [shot["source"]["first_frame"] for shot in document["shots"]] == [0, *CUTS]
    _, _, err = run("list", movie, "--min-shot", "10", "--detector", "content", "--threshold", "30")
    assert "1 shots, 0 skipped, 24 frames per second" in err


def test_the_options_of_a_cut_hold_for_a_movie(run, movie, tmp_path):
    """--tracks, --rate and --sequence do for a movie what they do for a cut that says its own rate and name."""
    assert run("list", movie, "--tracks", "V1", "--rate", "25", "--sequence", "x")[0] == 0
    code, _, err = run("list", movie, "--tracks", "V2")
    assert (code, "no video track 'V2'" in err) == (1, True)


def test_what_cannot_be_written_is_said_before_the_film_is_seen(run, movie, tmp_path, monkeypatch):
    """An output that is there already stops the run before a picture is decoded."""
    (tmp_path / "a.otio").write_text("mine", encoding="utf-8")
    monkeypatch.setattr("otio_shottag.timeline.find_cuts", lambda *_: pytest.fail("decoded for nothing"))
    code, _, err = run(movie, "-o", tmp_path / "a.otio")
    assert code == 1
    assert "a.otio: is there already; --force replaces it" in err
    code, _, err = run(movie, "-o", movie, "--force", "--format", "otio")
    assert code == 1
    assert "is the input, which is never written over" in err


def test_the_command_line_knows_every_detector():
    """The choices of --detector are the detectors that there are."""
    from otio_shottag.cli.detecting import _DETECTORS

    assert _DETECTORS == DETECTORS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--detector", "eye"], "'eye' is not one of 'adaptive', 'content'"),
        (["--threshold", "0"], "0.0 is not in the range 0<x<=255"),
        (["--min-shot", "-1"], "-1.0 is not in the range 0<=x<=3600"),
    ],
)
def test_a_wrong_option_is_wrong_usage(run, movie, arguments, message):
    """Options that cannot be exit with 2 and say what would be right."""
    code, out, err = run(movie, *arguments)
    assert code == 2
    assert message in " ".join((out + err).split())


SINTEL = (
    *((121, 135), (226, 226), (262, 300), (336, 336), (384, 398), (406, 406), (411, 411), (422, 460), (512, 545)),
    *((573, 573), (623, 623), (660, 660), (674, 690), (764, 785), (840, 870), (966, 1016), (1120, 1142), (1165, 1165)),
)
"""Where one picture gives way to the next in the trailer, by eye: the first frame of the new one, or from
the first to the last frame of a fade or dissolve, the black in it counted in."""

SINTEL_ENDS = ((1, 80), (1222, 1251))
"""The fade from black that it begins with, the black that it ends with: an edge there is no mistake."""


def test_the_cuts_of_the_sintel_trailer_are_those_that_one_sees(real_clips):
    """Of 18 changes 13 are found, all hard ones but two 5 and 8 frames after another, and none that is not there."""
    found = [shot.start for shot in find_cuts(real_clips / "sintel_trailer_480p.mp4", Detection()).shots[1:]]
    right = [one for one in SINTEL if any(one[0] <= cut <= one[1] for cut in found)]
    wrong = [cut for cut in found if not any(first <= cut <= last for first, last in SINTEL + SINTEL_ENDS)]
    assert wrong == []
    assert set(SINTEL) - set(right) == {(121, 135), (406, 406), (411, 411), (840, 870), (1120, 1142)}


def test_shots_without_a_cut_stay_whole(real_clips):
    """Pushes, pulls, a stage with flashing lights and old film are one shot each; Big Buck Bunny has its four."""
    for name in ("chaplin", "medium_push", "full_pull", "archive_footage"):
        assert len(find_cuts(real_clips / f"{name}.mp4", Detection()).shots) == 1, name
    bunny = find_cuts(real_clips / "big_buck_bunny_30s.mp4", Detection()).shots
    assert [shot.start for shot in bunny] == [0, 285, 378, 553]
