"""The figures of a cut are those that one gets with pencil and paper."""

import csv
import json
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from opentimelineio.opentime import RationalTime

from otio_shottag.formats import write
from otio_shottag.rates import whole_frames
from otio_shottag.shots import Tag
from otio_shottag.statistics import UNNESTED, Statistics, pieces_seen, statistics_of
from otio_shottag.timeline import Cut
from otio_shottag.vocabulary import SHOT_TYPES
from tests.cut_strategies import cuts
from tests.cuts import clip, gap, span, stack, timeline, track
from tests.format_cuts import shots_of, tag, tags_of

HOUR = 86400
CODES = [label.code for label in SHOT_TYPES]


def pencil_cut() -> tuple[Cut, list[Tag]]:
    """A small cut with retimes and two tracks, at 24 frames a second from 01:00:00:00.

    Frames, counted from its start; what lies above hides what lies below::

        V2                                  E 120-144            F 204-240
        V1   A 0-48   B 48-72   (gap)   C 96-192   D 192-240

    B plays at double speed and C backward, which changes no length in the cut.
    """
    bottom = track(
        clip("/vol/a.mov", span(0, 48), name="A"),
        clip("/vol/b.mov", span(0, 24), speed=2.0, name="B"),
        gap(24),
        clip("/vol/c.mov", span(200, 96), speed=-1.0, name="C"),
        clip("/vol/d.mov", span(0, 48), name="D"),
    )
    top = track(gap(120), clip("/vol/e.mov", span(0, 24), name="E"), gap(60), clip("/vol/f.mov", span(0, 36), name="F"))
    cut = Cut.of(timeline(bottom, top, start=RationalTime(HOUR, 24)))
    sizes = {"A": "EWS", "B": "MS", "C": "CU", "D": "CU", "E": "ECU", "F": "WS"}
    paths = {"D": ("MS", "CU")}
    return cut, [tag(shot, sizes[shot.name], path=paths.get(shot.name, ())) for shot in shots_of(cut)]


@pytest.fixture
def pencil() -> Statistics:
    return statistics_of(*pencil_cut())


def test_what_is_seen_is_the_topmost_shot(pencil):
    """E cuts C in two and F hides the end of D: seven shots are seen where the cut has six clips."""
    seen = [(piece.tag.shot.name, piece.frames.start - HOUR, len(piece.frames)) for piece in pencil.picture.pieces]
    assert seen == [
        ("A", 0, 48), ("B", 48, 24), ("C", 96, 24), ("E", 120, 24), ("C", 144, 48), ("D", 192, 12), ("F", 204, 36),
    ]  # fmt: skip


def test_lengths_by_hand(pencil):
    """Seven shots of 2, 1, 1, 1, 2, 0.5 and 1.5 seconds."""
    picture = pencil.picture
    # Together 9 s; on average 9 / 7; in order 0.5 1 1 [1] 1.5 2 2, so the median is 1.
    assert picture.seconds == 9
    assert picture.average == pytest.approx(9 / 7)
    assert picture.median == 1
    # The squares add up to 4+1+1+1+4+0.25+2.25 = 13.5; 13.5/7 - (9/7)^2 = 0.27551, whose root is 0.52489.
    assert picture.deviation == pytest.approx(0.52489, abs=1e-5)
    assert picture.longest is not None
    assert picture.shortest is not None
    # A and the second part of C are both the longest; the earlier one is named.
    assert (picture.longest.tag.shot.name, picture.longest.seconds) == ("A", 2)
    assert (picture.shortest.tag.shot.name, picture.shortest.seconds) == ("D", Fraction(1, 2))


def test_sizes_by_hand(pencil):
    """Sizes by count, by time on screen, and as a share of 500 shots."""
    found = {share.label.code: (share.shots, share.seconds, round(share.per_500, 2)) for share in pencil.picture.sizes}
    # CU: C twice and D, 1 + 2 + 0.5 s, and 3/7 of 500 = 214.29. One of seven is 500/7 = 71.43.
    assert found == {
        "EWS": (1, 2, 71.43), "WS": (1, Fraction(3, 2), 71.43), "LS": (0, 0, 0), "MLS": (0, 0, 0),
        "MS": (1, 1, 71.43), "MCU": (0, 0, 0), "CU": (3, Fraction(7, 2), 214.29), "ECU": (1, 1, 71.43),
    }  # fmt: skip
    assert list(found) == CODES


def test_cuts_from_size_to_size_by_hand(pencil):
    """The gap after B breaks the chain; D, which goes from MS to CU, is entered as MS and left as CU."""
    counted = {
        (CODES[left], CODES[entered]): count
        for left, row in enumerate(pencil.picture.transitions)
        for entered, count in enumerate(row)
        if count
    }
    assert counted == {
        ("EWS", "MS"): 1,  # A to B
        ("CU", "ECU"): 1,  # C to E
        ("ECU", "CU"): 1,  # E back to C
        ("CU", "MS"): 1,  # C to D
        ("CU", "WS"): 1,  # D to F
    }


def test_rhythm_by_hand(pencil):
    """The mean of three shots around each, of two at both ends, at the middle of each shot."""
    assert pencil.picture.rhythm_window == 3
    moments, means = zip(*pencil.picture.rhythm, strict=True)
    assert moments == (1, Fraction(5, 2), Fraction(9, 2), Fraction(11, 2), 7, Fraction(33, 4), Fraction(37, 4))
    # (2+1)/2, (2+1+1)/3, (1+1+1)/3, (1+1+2)/3, (1+2+0.5)/3, (2+0.5+1.5)/3, (0.5+1.5)/2
    assert means == pytest.approx((1.5, 4 / 3, 1, 4 / 3, 3.5 / 3, 4 / 3, 1))


def test_each_track_is_counted_as_if_alone(pencil):
    """V1 has four shots of 2, 1, 4 and 2 seconds, V2 two of 1 and 1.5."""
    assert list(pencil.tracks) == ["V1", "V2"]
    below, above = pencil.tracks.values()
    assert (len(below.pieces), below.seconds, below.average, below.median) == (4, 9, 2.25, 2)
    assert (len(above.pieces), above.seconds, above.average, above.median) == (2, Fraction(5, 2), 1.25, 1.25)
    assert sum(map(sum, below.transitions)) == 2  # A to B and C to D
    assert sum(map(sum, above.transitions)) == 0


def test_lengths_are_exact_at_ntsc_rates():
    """24 frames at 23.976 last 1.001 seconds, not 1.001001."""
    rate = 24000 / 1001
    cut = Cut.of(timeline(track(clip("/vol/a.mov", span(0, 24, rate))), start=RationalTime(HOUR, rate)))
    assert statistics_of(cut, tags_of(cut)).picture.seconds == Fraction(1001, 1000)


def test_nested_sequences_are_counted_by_their_names():
    """Shots are gathered by the outermost sequence that they lie in, and the rest beside them."""
    scene = stack(track(stack(track(clip("/vol/a.mov", span(0, 24))), name="inner")), name="Reel 1")
    other = stack(track(clip("/vol/b.mov", span(0, 24)), clip("/vol/c.mov", span(0, 48))), name="Reel 2")
    cut = Cut.of(timeline(track(scene, other, clip("/vol/d.mov", span(0, 12)))))
    sequences = statistics_of(cut, tags_of(cut)).sequences
    assert {name: (len(one.pieces), one.seconds) for name, one in sequences.items()} == {
        "Reel 1": (1, 1),
        "Reel 2": (2, 3),
        UNNESTED: (1, Fraction(1, 2)),
    }


def test_a_cut_without_nesting_has_no_sequences(pencil):
    """Where nothing is nested there is nothing to gather."""
    assert pencil.sequences == {}


def test_other_analyses_do_not_count():
    """A second tag on each shot, of another analysis, changes no figure."""
    from dataclasses import replace

    cut, tags = pencil_cut()
    moves = [replace(one, analysis="camera_movement") for one in tags]
    assert statistics_of(cut, [*tags, *moves]).picture == statistics_of(cut, tags).picture


def test_no_shots_have_no_length():
    """A cut of which nothing was judged has no average, and no fault."""
    cut, _ = pencil_cut()
    picture = statistics_of(cut, []).picture
    assert (picture.average, picture.median, picture.longest, picture.rhythm) == (None, None, None, ())


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts())
def test_every_frame_shows_one_shot(cut):
    """Pieces follow one another without overlap, cover what the shots cover, and show the topmost."""
    tags = tags_of(cut)
    pieces = pieces_seen(tags, cut.rate)
    shown = {frame: piece.tag for piece in pieces for frame in piece.frames}
    assert sum(len(piece.frames) for piece in pieces) == len(shown)
    topmost: dict[int, Tag] = {}
    for one in sorted(tags, key=lambda one: one.shot.address):
        topmost.update(dict.fromkeys(whole_frames(one.shot.record, cut.rate), one))
    assert shown == topmost


def test_the_json_says_the_same(pencil, tmp_path):
    """The JSON report carries the figures under statistics, beside what it has always counted."""
    cut, tags = pencil_cut()
    write(cut, tags, tmp_path / "run.json")
    statistics = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["statistics"]
    assert statistics["shots"] == 6
    assert statistics["sizes"]["CU"] == 2
    picture = statistics["picture"]
    assert (picture["shots"], picture["seconds"], picture["median_shot_length"]) == (7, 9, 1)
    assert picture["average_shot_length"] == pytest.approx(9 / 7, abs=1e-6)
    assert picture["sizes"]["CU"] == {"shots": 3, "seconds": 3.5, "per_500": 214.285714}
    assert picture["transitions"]["CU"] == {"WS": 1, "MS": 1, "ECU": 1}
    assert picture["rhythm"]["points"][0] == [1, 1.5]
    assert picture["longest"] == {"address": [0, 0], "record_first_frame": HOUR, "seconds": 2}
    assert statistics["tracks"]["V1"]["shots"] == 4
    assert statistics["sequences"] == {}


def test_a_line_a_shot_for_cinemetrics(tmp_path):
    """One line a shot as it is seen: number, start and length in seconds, size."""
    cut, tags = pencil_cut()
    write(cut, tags, tmp_path / "shots.csv", format="cinemetrics")
    with (tmp_path / "shots.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["shot", "start", "length", "size"]
    assert rows[1:4] == [["1", "0.000", "2.000", "EWS"], ["2", "2.000", "1.000", "MS"], ["3", "4.000", "1.000", "CU"]]
    assert rows[6] == ["6", "8.000", "0.500", "CU"]
    assert len(rows) == 8


def test_a_line_a_film_for_salt(tmp_path):
    """The title, the shots, their length, ASL, median, and how many of 500 are of each size."""
    cut, tags = pencil_cut()
    write(cut, tags, tmp_path / "film.csv", format="salt")
    with (tmp_path / "film.csv").open(encoding="utf-8", newline="") as file:
        header, row = csv.reader(file)
    assert header == ["title", "shots", "seconds", "ASL", "median", *(f"{code} per 500" for code in CODES)]
    assert row == ["cut", "7", "9.00", "1.29", "1.00", "71.4", "71.4", "0.0", "0.0", "71.4", "0.0", "214.3", "71.4"]
