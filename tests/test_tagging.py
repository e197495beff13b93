"""Every shot is judged on its own frames, in order, whatever goes wrong beside it."""

import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otio_shottag.decode import decode_frames
from otio_shottag.finding import find_shots
from otio_shottag.looking import Looked
from otio_shottag.media_paths import MediaFinder
from otio_shottag.shots import PlayedFrames, Skip, Tag
from otio_shottag.tagging import judge, judge_each, tag_shots
from otio_shottag.timeline import Cut
from tests.cuts import clip, dissolve, gap, span, stack, timeline, track
from tests.stand_in import StandIn


def find(cut, folder):
    return find_shots(Cut.of(cut), finder=MediaFinder(folder=folder))


def test_the_whole_road_sees_the_right_frames(clips):
    """The numbers that are judged are those of the frames the shot shows."""
    shots, _ = find(timeline(track(clip("tc24.mov", span(86400 + 10, 9), available=span(86400, 100)))), clips)
    (tag,), skips = tag_shots(shots, StandIn())
    assert skips == []
    assert [frame.seconds for frame in tag.prediction.frames] == [Fraction(number, 24) for number in (11, 14, 17)]
    assert tag.prediction.label.code == "MLS"  # 11 % 8 == 3
    assert (tag.analysis, tag.model, tag.shot) == ("shot_type", "stand-in 1", shots[0])


def test_a_file_that_cannot_be_decoded_costs_its_own_shots(clips, tmp_path):
    """A shot of which no frame can be decoded is a skip with a reason; its neighbours are tagged."""
    whole = (clips / "plain24.mp4").read_bytes()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(whole)
    items = [clip(str(clips / "plain24.mp4"), span(number, 3), available=span(0, 100)) for number in range(5)]
    items.insert(2, clip(str(broken), span(10, 3), available=span(0, 100)))
    shots, _ = find(timeline(track(*items)), clips)
    broken.unlink()
    tags, (skip,) = tag_shots(shots, StandIn())
    assert [tag.shot.address for tag in tags] == [(0, 0), (0, 1), (0, 3), (0, 4), (0, 5)]
    assert skip.address == (0, 2)
    assert "broken.mp4" in skip.reason


def test_shots_are_judged_in_batches(clips):
    """Many shots go through the network in few calls, and none is lost or out of order."""
    shots, _ = find(
        timeline(track(*(clip("plain24.mp4", span(at, 2), available=span(0, 100)) for at in range(60)))), clips
    )
    analysis = StandIn()
    tags, _ = tag_shots(shots, analysis)
    assert [tag.shot for tag in tags] == shots
    assert max(analysis.batches) > 1
    assert sum(analysis.batches) == 60


def test_decoding_does_not_run_far_ahead(clips):
    """However long the cut, only a bounded number of decoded shots waits."""
    shots, _ = find(
        timeline(track(*(clip("plain24.mp4", span(at % 90, 2), available=span(0, 100)) for at in range(300)))), clips
    )
    begun = 0
    lock = threading.Lock()

    def counting(media, moments, short_side):
        nonlocal begun
        with lock:
            begun += 1
        return decode_frames(media, moments, short_side)

    results = judge(shots, StandIn(), decode=counting)
    ahead = []
    for done, _ in enumerate(results, start=1):
        with lock:
            ahead.append(begun - done)
    assert begun == 300
    assert max(ahead) < 65  # two stretches


def test_stopping_half_way_stops_the_threads(clips):
    """Closing the results leaves no decoder running and keeps what was given."""
    shots, _ = find(
        timeline(track(*(clip("plain24.mp4", span(at, 2), available=span(0, 100)) for at in range(90)))), clips
    )
    results = judge(shots, StandIn())
    got = [next(results) for _ in range(3)]
    results.close()
    assert [tag.shot for tag in got] == shots[:3]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_a_bug_is_no_skip(clips):
    """An exception that is not the media's fault is not hidden as a skip."""
    shots, _ = find(timeline(track(clip("plain24.mp4", span(1, 2), available=span(0, 100)))), clips)

    def buggy(media, moments, short_side):
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        tag_shots(shots, StandIn(), decode=buggy)


items = st.deferred(
    lambda: st.one_of(
        st.builds(
            lambda start, length, speed: clip("plain24.mp4", span(start, length), available=span(0, 100), speed=speed),
            st.integers(0, 90),
            st.integers(1, 8),
            st.sampled_from([None, 2, 0.5, -1, 0]),
        ),
        st.builds(lambda length: clip("gone.mov", span(0, length)), st.integers(1, 8)),
        st.builds(lambda length: clip("", span(0, length)), st.integers(0, 8)),
        st.builds(lambda length: gap(length), st.integers(1, 8)),
        st.builds(lambda: dissolve(1, 1)),
        st.builds(
            lambda inner, start, length: stack(track(*inner), source=span(start, length)),
            st.lists(items, max_size=3),
            st.integers(0, 6),
            st.integers(1, 12),
        ),
    )
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(items, max_size=5), min_size=1, max_size=3))
def test_law_1_every_clip_is_one_tag_or_one_skip(clips, tracks):
    """Every video clip of any cut comes out exactly once, as a tag or as a skip, in order."""
    cut = timeline(*(track(*content) for content in tracks))
    before = cut.to_json_string()
    shots, skips = find(cut, clips)
    tags, missed = tag_shots(shots, StandIn())
    results: list[Tag | Skip] = [*tags, *skips, *missed]
    addresses = [one.shot.address if isinstance(one, Tag) else one.address for one in results]
    expected = [address for index, child in enumerate(cut.tracks) for address in _addresses(child, (index,))]
    assert sorted(addresses) == sorted(expected)
    for found in (tags, skips, missed):
        order = [one.shot.address if isinstance(one, Tag) else one.address for one in found]
        assert order == sorted(order)
    for tag in tags:
        assert set(frame.seconds * 24 for frame in tag.prediction.frames) <= set(tag.shot.frames)
    assert cut.to_json_string() == before


def _addresses(item, address):
    if type(item).__name__ == "Clip":
        yield address
    elif hasattr(item, "__iter__"):
        for index, child in enumerate(item):
            yield from _addresses(child, (*address, index))


class SideBySide(StandIn):
    """The stand-in, asked by several threads at once."""

    side_by_side = True


def test_law_9_however_many_threads_the_tags_are_the_same(clips):
    """One thread or eight, in batches or side by side: the same tags, in the order of the shots."""
    names = ("plain24.mp4", "tc25.mov", "gone.mov", "plain50.mp4")
    starts = [(number * 37) % 90 for number in range(90)]
    items = [
        clip(names[number % 4], span(start, 4, 24), available=span(0, 100, 24)) for number, start in enumerate(starts)
    ]
    shots, _ = find(timeline(track(*items)), clips)
    runs = [
        list(judge(shots, analysis, workers=workers)) for analysis in (StandIn(), SideBySide()) for workers in (1, 2, 8)
    ]
    assert len(runs[0]) == len(shots) > 50
    assert all(run == runs[0] for run in runs)


def test_side_by_side_each_shot_is_judged_by_itself(clips):
    """Where the analysis allows it, threads judge what they decoded, one shot at a time."""
    shots, _ = find(
        timeline(track(*(clip("plain24.mp4", span(at, 2), available=span(0, 100)) for at in range(50)))), clips
    )
    analysis = SideBySide()
    tags, _ = tag_shots(shots, analysis)
    assert [tag.shot for tag in tags] == shots
    assert analysis.batches == [1] * 50


def test_an_error_while_judging_is_not_lost(clips):
    """What goes wrong in a thread that judges comes out of the run."""

    class Buggy(SideBySide):
        def predict(self, batch):
            raise KeyError("a bug")

    shots, _ = find(timeline(track(clip("plain24.mp4", span(1, 2), available=span(0, 100)))), clips)
    with pytest.raises(KeyError, match="a bug"):
        tag_shots(shots, Buggy())


def test_what_is_asked_for_twice_is_decoded_once(clips):
    """Shots that ask for the same pictures of a file share one answer, and each keeps its own place."""
    items = [clip("plain24.mp4", span(at, 2), available=span(0, 100)) for at in (1, 7, 1, 30, 7, 1)]
    shots, _ = find(timeline(track(*items)), clips)
    decoded = []

    def counting(media, moments, short_side):
        decoded.append(tuple(moments))
        return decode_frames(media, moments, short_side)

    tags = list(judge(shots, StandIn(), decode=counting))
    assert len(decoded) == len(set(decoded)) == 3
    assert [tag.shot for tag in tags] == shots
    alone = [tag_shots([shot], StandIn())[0][0] for shot in shots]
    assert tags == alone


def test_several_analyses_in_one_pass(clips):
    """Results come in the order they were wanted, each from its own analysis, however they are judged."""

    class Movement(SideBySide):
        name = "camera_movement"

    items = [clip("plain24.mp4", span(at % 90, 2), available=span(0, 100)) for at in range(100)]
    shots, _ = find(timeline(track(*items)), clips)
    wanted = [
        (shot, analysis) for shot in shots for analysis in (StandIn(), Movement())[:: 1 - 2 * (shot.address[1] % 2)]
    ]
    tags = list(judge_each(wanted))
    assert [(tag.shot, tag.analysis) for tag in tags] == [(shot, analysis.name) for shot, analysis in wanted]


class OneByOne:
    """A crew of three that has done nothing until ``finish`` is called."""

    num_workers = 3

    def __init__(self):
        self.orders = []

    def submit(self, analysis, media, wishes):
        self.orders.append((Future(), analysis, media, wishes))
        return self.orders[-1][0]

    def finish(self, order):
        future, analysis, media, wishes = order
        answers = [analysis.predict([decode_frames(media, wish, analysis.short_side)])[0] for wish in wishes]
        future.set_result(Looked(tuple(answers), (True,) * len(answers), decode_seconds=2.0, judge_seconds=1.0))


def test_a_crew_answers_in_its_own_order(clips):
    """What a crew finishes last first comes out in the order of the shots, and each order holds one file only."""
    names = ("plain24.mp4", "plain50.mp4")
    items = [clip(names[at % 2], span(at % 90, 2), available=span(0, 100)) for at in range(150)]
    shots, _ = find(timeline(track(*items)), clips)
    crew, spent = OneByOne(), {}
    results = judge(shots, StandIn(), crew=crew, seconds=spent)
    stop = threading.Event()

    def work():
        while not stop.wait(0.005):
            while crew.orders:
                crew.finish(crew.orders.pop())

    worker = threading.Thread(target=work)
    worker.start()
    try:
        tags = list(results)
    finally:
        stop.set()
        worker.join()
    assert tags == tag_shots(shots, StandIn())[0]
    assert spent["decode"] == 2 * spent["judge"] > 0


def test_a_crew_is_not_swamped(clips):
    """However long the cut, a crew that does nothing is handed a bounded number of shots."""
    asked = []

    def endless():
        (shot,), _ = find(timeline(track(clip("plain24.mp4", span(1, 90), available=span(0, 100)))), clips)
        for number in range(10_000):
            asked.append(number)
            yield replace(shot, frames=PlayedFrames(Fraction(number), Fraction(1), 2), clear=range(2))

    crew = OneByOne()
    results = judge(endless(), StandIn(), crew=crew)

    def finish_one():
        while not crew.orders:
            time.sleep(0.005)
        time.sleep(0.1)
        crew.finish(crew.orders[0])

    threading.Thread(target=finish_one).start()
    next(results)
    results.close()
    assert 32 <= len(asked) < 400
    assert all(future.cancelled() for future, *_ in crew.orders[1:])
