"""A farm of three nodes gives the same tags as one machine, whatever dies on the way."""

import os
import re
import sys
import tempfile
import time
from collections import deque
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

from otio_shottag.cache import open_cache
from otio_shottag.cuts import Detection, find_cuts
from otio_shottag.errors import FarmError, MediaError
from otio_shottag.farm import Farm, FarmAnalysis, errands
from otio_shottag.farm.errands import Storage
from otio_shottag.farm.footage import FarmFinder
from otio_shottag.finding import find_shots
from otio_shottag.media_paths import MediaFinder, PathMap
from otio_shottag.model.header import SHIPPED
from otio_shottag.shots import Prediction, Skip
from otio_shottag.tagging import judge
from otio_shottag.timeline import Cut
from tests.cuts import clip, span, timeline, track
from tests.farm_stand_in import DeadlyPlace, FarmStandIn, StandInRecipe
from tests.media import Clip, write_clip
from tests.test_cuts import PLAIN, draw_shots

ROOT = Path(__file__).parent.parent

pytestmark = [
    pytest.mark.farm,
    pytest.mark.xdist_group("farm"),
    # Ray leaves sockets, pipes and processes to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """Six bar-coded clips of 100 frames."""
    folder = tmp_path_factory.mktemp("farm footage")
    for number in range(6):
        write_clip(folder / f"{number}.mp4", Clip(num_frames=100))
    return folder


@pytest.fixture(scope="module")
def cluster():
    """Three nodes of a Ray cluster, with one core each, on this machine; they can import the tests."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        for _ in range(2):
            made.add_node(num_cpus=1)
        made.wait_for_nodes()
        yield made
        made.shutdown()


def wait_for(condition):
    """Wait until something is so; two minutes are enough on the busiest machine."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def cut_of(count, *, files=6, where=""):
    items = [clip(f"{where}{at % files}.mp4", span((at * 7) % 90, 4), available=span(0, 100)) for at in range(count)]
    return Cut.of(timeline(track(*items)))


def shots_of(folder, count, *, files=6):
    return find_shots(cut_of(count, files=files), finder=MediaFinder(folder=folder))[0]


def on(farm, **recipe):
    return FarmAnalysis(FarmStandIn(), StandInRecipe(**recipe), farm)


def test_a_killed_node_costs_no_shot(cluster, footage):
    """Of three nodes one is killed half way, at work: the same tags as on one machine, in the same order."""
    import ray

    shots, notes = shots_of(footage, 120), []
    here = list(judge(shots, FarmStandIn()))
    with Farm(cluster.address, note=notes.append) as farm:
        own = ray.get_runtime_context().get_node_id()  # the one that this process has joined
        victim = next(node for node in cluster.worker_nodes if node.node_id != own)
        wait_for(lambda: len(farm._dispatch.cluster.ready) == 3)
        results = judge(shots, on(farm, slow_seconds=0.15), crew=farm)
        tags = [next(results) for _ in range(40)]
        assert any(job.node.id == victim.node_id for job in list(farm._dispatch._out.values()))
        cluster.remove_node(victim, allow_graceful=False)
        tags += list(results)
        wait_for(lambda: notes)
    cluster.add_node(num_cpus=1)
    assert tags == here
    assert [note.partition("is lost")[1] for note in notes] == ["is lost"]


def test_a_file_that_kills_its_process_becomes_a_skip(cluster, footage):
    """It is tried twice, its shots say so, and every other shot is tagged."""
    shots = shots_of(footage, 60)
    deadly = footage / "deadly.mp4"
    write_clip(deadly, Clip(num_frames=130))
    (bad,), _ = find_shots(
        Cut.of(timeline(track(clip("deadly.mp4", span(120, 4), available=span(0, 130))))),
        finder=MediaFinder(folder=footage),
    )
    shots.insert(25, bad)
    with Farm(cluster.address) as farm:
        results = list(judge(shots, on(farm, deadly=122), crew=farm))
    skips = [one for one in results if isinstance(one, Skip)]
    assert [skip.reason.partition(" (")[0] for skip in skips] == [
        f"{deadly}: brought the process that looked at it down 2 times"
    ]
    del results[25]
    assert results == list(judge([*shots[:25], *shots[26:]], FarmStandIn()))


def test_a_bug_on_a_node_is_a_bug_here(cluster, footage):
    """What goes wrong in our own code on a node comes out of the run, as it would here."""
    with Farm(cluster.address) as farm, pytest.raises(KeyError, match="a bug"):
        list(judge(shots_of(footage, 10), on(farm, is_buggy=True), crew=farm))


def test_a_file_is_opened_on_one_node():
    """A node gets errands of its own files first, then of a new one, and of another node only at last."""
    from otio_shottag.farm.cluster import Node
    from otio_shottag.farm.dispatch import Dispatch

    dispatch = object.__new__(Dispatch)
    dispatch._homes = {}
    dispatch._waiting = {
        file: deque(SimpleNamespace(file=file, number=number) for number in range(count))
        for file, count in {"a": 3, "b": 5, "c": 1}.items()
    }
    one, two = Node("1", "one", 1, 0, is_ready=True), Node("2", "two", 1, 0, is_ready=True)
    asked = [one, two, one, two, one, one, one, two, one]
    given = [dispatch._next_for(node) for node in asked]
    assert "".join(job.file for job in given) == "ababacbbb"
    assert [job.number for job in given if job.file == "b"] == [0, 1, 2, 3, 4]
    assert dispatch._next_for(two) is None


def test_the_answers_are_remembered_here(cluster, footage, tmp_path):
    """What the farm judged is in this machine's cache: the second run asks no node."""

    class Remembered(FarmStandIn):
        fingerprint = "stand-in"

    shots = shots_of(footage, 40)
    with Farm(cluster.address) as farm:
        analysis = FarmAnalysis(Remembered(), StandInRecipe(), farm)
        cache = open_cache(tmp_path / "answers.sqlite")
        first = list(judge(shots, analysis, crew=farm, cache=cache))
        cache.close()
    again = open_cache(tmp_path / "answers.sqlite")
    assert list(judge(shots, analysis, crew=None, cache=again)) == first
    assert again.hits == len(shots)
    again.close()


def test_each_node_finds_the_footage_by_the_maps(cluster, footage, tmp_path):
    """A cut names footage as another machine has it, and this machine sees none: the nodes find it by the maps."""
    away = tmp_path / "away"
    footage.rename(away)
    storage = Storage(maps=(PathMap("P:/show", str(tmp_path / "nowhere")), PathMap("P:/show", str(away))))
    try:
        here, _ = find_shots(cut_of(30, where=f"{away}/"), finder=MediaFinder())
        with Farm(cluster.address, storage=storage) as farm:
            finder, probe = FarmFinder(footage=farm.footage), farm.footage.probing(_no_probe)
            found, skips = find_shots(cut_of(30, where="P:/show/"), finder=finder, probe=probe)
            tags = list(judge(found, on(farm), crew=farm))
    finally:
        away.rename(footage)
    assert skips == []
    assert [shot.frames for shot in found] == [shot.frames for shot in here]
    assert [tag.prediction.label.code for tag in tags] == [
        tag.prediction.label.code for tag in judge(shots_of(footage, 30), FarmStandIn())
    ]


def _no_probe(media):
    raise AssertionError(f"{media} was opened here")


def test_another_file_of_that_name_is_not_judged(cluster, footage, tmp_path):
    """Where a node has a file of another length than the one the cut was read with, its shots are skips."""
    (shot,) = shots_of(footage, 1, files=1)
    with Farm(cluster.address) as farm:
        farm.footage._sizes[str(shot.media)] = 12345
        (skip,) = judge([shot], on(farm), crew=farm)
    assert "another file, or not copied whole" in skip.reason
    assert "12345" in skip.reason


def test_nodes_find_the_cuts_of_movies(cluster, footage):
    """The shots of a movie are those that are found here, and a file that is none fails as it does here."""
    movie = write_clip(footage / "movie.mp4", PLAIN, draw_shots)
    (footage / "none.mp4").write_bytes(b"none")
    with Farm(cluster.address) as farm:
        found = farm.footage.find_cuts(movie, Detection())
        failed = farm.footage.find_cuts(footage / "none.mp4", Detection())
        assert found() == find_cuts(movie, Detection())
        assert len(found().shots) > 1
        with pytest.raises(MediaError, match=r"none\.mp4"):
            failed()


def test_stopping_leaves_the_cluster_alone(cluster, footage):
    """Closing a run in the middle drops what is out, and the next run works."""
    shots = shots_of(footage, 100)
    with Farm(cluster.address) as farm:
        results = judge(shots, on(farm, slow_seconds=0.2), crew=farm)
        next(results)
        results.close()
    with Farm(cluster.address) as farm:
        assert len(list(judge(shots[:20], on(farm), crew=farm))) == 20


def judges(farm):
    return [judge for node in farm._dispatch.cluster.ready for judge in node.judges]


def test_cards_judge_what_other_cores_decoded(cluster, footage, monkeypatch):
    """With cards, actors on them judge and decoding goes on everywhere, past a dead judge and a deadly file."""
    import ray

    shots = shots_of(footage, 60)
    bad = replace(shots[7], media=footage / "bad.mp4")
    carrier = cluster.add_node(num_cpus=1, num_gpus=2)
    try:
        with Farm(cluster.address) as farm:
            place_of = farm.footage.place_of
            places = {bad.media: DeadlyPlace(str(bad.media))}
            monkeypatch.setattr(farm.footage, "place_of", lambda media: places.get(media) or place_of(media))
            wait_for(lambda: len(judges(farm)) == 2)
            analysis = on(farm, wants_card=True, slow_seconds=0.02)
            results = judge([*shots, bad], analysis, crew=farm)
            tags = [next(results) for _ in range(5)]
            ray.kill(judges(farm)[0])
            tags += list(results)
            assert analysis.device == "cpu (stand-in) on 1 node"
    finally:
        cluster.remove_node(carrier)
    skip = tags.pop()
    assert tags == list(judge(shots, FarmStandIn()))
    assert "bad.mp4: brought the process that looked at it down 2 times" in skip.reason


def test_no_cluster_is_one_line():
    """An address where no cluster answers is an error that names it and says what would be right."""
    with pytest.raises(FarmError, match=r"--ray 127\.0\.0\.1:1: .*ray start --head"):
        Farm("127.0.0.1:1")


def test_a_cluster_on_this_machine(footage):
    """``local`` starts one here, and it is gone afterwards."""
    os.environ["PYTHONPATH"] = str(ROOT)
    shots = shots_of(footage, 12)
    with Farm("local", num_cpus=1) as farm:
        assert list(judge(shots, on(farm), crew=farm)) == list(judge(shots, FarmStandIn()))


def test_the_command_on_a_cluster(cluster, command_line, tmp_path):
    """Many cuts over the cluster end with the very files of a run here, and what judged is said with its nodes."""
    cuts = tmp_path / "cuts"
    cuts.mkdir()
    for name in ("one.otio", "two.otio"):
        text = (ROOT / "examples" / "cut.otio").read_text().replace("media/", f"{ROOT}/examples/media/")
        (cuts / name).write_text(text)
    assert command_line(cuts, "-o", tmp_path / "here", "--no-cache")[0] == 0
    code, _, err = command_line(cuts, "-o", tmp_path / "there", "--no-cache", "--ray", cluster.address)
    assert code == 0, err
    assert re.search(r"on a cluster of \d nodes with \d cores", err)  # one that a test took off may still be known
    assert re.search(r"judged on cpu \(.*\) on \d nodes?", err)
    for name in ("one.tagged.otio", "two.tagged.otio"):
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_jobs_are_for_this_machine(command_line, tmp_path):
    """--jobs with the address of a cluster is a usage error that says why."""
    cut = ROOT / "examples" / "cut.otio"
    code, _, err = command_line(cut, "-o", tmp_path / "a.otio", "--jobs", 2, "--ray", "10.0.0.1:6379")
    assert code == 2
    assert "--jobs is for this machine" in err


def test_without_ray_it_says_what_to_install(command_line, tmp_path, monkeypatch):
    """Where Ray is not installed, --ray is one line that says how to get it."""
    monkeypatch.setitem(sys.modules, "ray", None)
    cut = ROOT / "examples" / "cut.otio"
    code, _, err = command_line(cut, "-o", tmp_path / "a.otio", "--ray", "local")
    assert (code, err) == (1, "otio-shottag: --ray needs Ray: pip install 'otio-shottag[ray]'\n")


def test_an_error_in_the_farms_thread_ends_the_run(cluster, footage, monkeypatch):
    """Whatever goes wrong where errands are sent comes out where results are awaited, also for the errand in hand."""
    (shot,) = shots_of(footage, 1, files=1)
    with Farm(cluster.address) as farm:
        monkeypatch.setattr(farm._dispatch, "_send", lambda job, node: 1 / 0)
        future = farm.submit(on(farm), shot.media, [FarmStandIn().moments(shot)])
        with pytest.raises(ZeroDivisionError):
            future.result(timeout=30)


def test_a_question_nobody_can_answer_is_one_line(cluster):
    """What was asked while no node can answer ends with the farm, in its words, not in waiting for ever."""
    with Farm(cluster.address) as farm:
        found = farm._dispatch.cluster.ask(lambda: None, num_cpus=1000)  # which no node has
        farm._dispatch.cluster.problem = FarmError("no node of the cluster can work")
        with pytest.raises(FarmError, match="no node of the cluster can work"):
            found()


def test_a_node_that_does_not_answer_is_no_hope(monkeypatch):
    """A node that never says its versions is waited for, but not for ever, and is named."""
    from otio_shottag.farm import cluster as room

    monkeypatch.setattr(room, "_PATIENCE_SECONDS", 0.001)
    notes: list[str] = []
    made = room.Cluster(notes.append)
    made._greeted[object()] = silent = room.Node("1", "box", 1, 0)
    made.check_hope()
    silent.greeted -= room._GREETING_SECONDS
    made.check_hope()
    time.sleep(0.01)
    with pytest.raises(FarmError, match="no node of the cluster can work: box does not answer"):
        made.check_hope()
    assert notes == ["no node of the cluster works; waiting for one"]


def test_a_node_is_left_out_once(cluster):
    """Of a node that cannot work one line is said, however many errands come back from it."""
    notes: list[str] = []
    with Farm(cluster.address, note=notes.append) as farm:
        node = farm._dispatch.cluster._all[0]
        for _ in range(3):
            farm._dispatch.cluster.leave_out(node, "has no ears")
    assert notes == [f"node {node.name} is left out: has no ears"]


def test_a_share_that_fails_costs_its_file_only(monkeypatch, tmp_path):
    """What a node may not read is a skip that says so, and no reason to leave the node out."""

    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    place = errands.Place(str(tmp_path / "a.mov"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "is_file", refuse)
        sight = errands.see(errands.Errand(place, Storage(), ((),), "none"), 96)
    assert re.fullmatch(r".*a\.mov on .*: cannot be read: Permission denied", sight.seen[0].pictures)


def test_a_node_looks_through_a_root_once(monkeypatch, tmp_path):
    """Of many files that are found by their names below a root, only the first has it looked through."""
    looked = []
    walk = os.walk
    monkeypatch.setattr(os, "walk", lambda root: looked.append(root) or walk(root))
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for number in range(3):
        (tmp_path / "deep" / "er" / f"{number}.mov").write_bytes(b"")
    for number in range(3):
        place = errands.Place("", f"/elsewhere/{number}.mov")
        assert errands.find_here(place, Storage(roots=(str(tmp_path),))).name == f"{number}.mov"
    assert len(looked) == 1


def test_a_checkpoint_that_travelled_leaves_nothing_behind(monkeypatch, tmp_path, clips):
    """A node judges with the user's own weights, and their copy is gone from its disk at once."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    recipe = errands.AnalysisRecipe("key", "shot_type", "cpu", False, (("own.safetensors", SHIPPED.read_bytes()),))
    analysis = recipe.load()
    assert list(tmp_path.glob("otio-shottag-*")) == []
    errand = errands.Errand(errands.Place(str(clips / "plain24.mp4")), Storage(), ((Fraction(1, 48),),), "none")
    report = errands.judge(analysis, errands.see(errand, analysis.short_side), node="here")
    assert isinstance(report.looked.answers[0], Prediction)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are Unicode")
def test_a_name_that_is_no_text(cluster, footage):
    """A file whose name is no UTF-8 is judged as any other."""
    (shot,) = shots_of(footage, 1, files=1)
    odd = Path(os.fsdecode(os.fsencode(footage) + b"/odd \xff.mp4"))
    odd.write_bytes(shot.media.read_bytes())
    with Farm(cluster.address) as farm:
        (tag,) = judge([replace(shot, media=odd)], on(farm), crew=farm)
    assert tag.prediction == next(iter(judge([shot], FarmStandIn()))).prediction


def test_a_cluster_that_is_lost_ends_many_cuts_with_their_summary(cluster, command_line, tmp_path, monkeypatch):
    """Where no node is left, the run says how far it came and why it ended, and calls no other cut failed."""

    def send(self, job, node):
        raise FarmError("no node of the cluster can work")

    monkeypatch.setattr("otio_shottag.farm.dispatch.Dispatch._send", send)
    cut = ROOT / "examples" / "cut.otio"
    copies = [tmp_path / f"{number}.otio" for number in range(2)]
    for copy in copies:
        copy.write_text(cut.read_text().replace("media/", f"{ROOT}/examples/media/"))
    code, _, err = command_line(*copies, "-o", tmp_path / "out", "--no-cache", "--ray", cluster.address)
    assert code == 1
    assert err.splitlines()[-2:] == [
        "stopped after 0 of 2 cuts; --resume goes on with the others",
        "otio-shottag: no node of the cluster can work",
    ]
