"""Nothing is judged twice, nothing old is taken for new, and a broken cache is in nobody's way."""

import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from otio_shottag.cache import Cache, open_cache
from otio_shottag.cache.store import Store, network_share_of
from otio_shottag.cli import cli
from otio_shottag.decode import decode_frames
from otio_shottag.decode import probe as look
from otio_shottag.finding import find_shots
from otio_shottag.media_paths import MediaFinder
from otio_shottag.shots import FrameScores, ImageSequence, NearMoment, Prediction
from otio_shottag.tagging import tag_shots
from otio_shottag.timeline import Cut
from otio_shottag.vocabulary import SHOT_TYPES
from tests.cuts import clip, span, timeline, track
from tests.media import draw_number, write_still
from tests.stand_in import StandIn, scores

ROOT = Path(__file__).parent.parent


class Remembered(StandIn):
    """The stand-in with a fingerprint, so that its answers are kept."""

    fingerprint = "stand-in 1"


def shots_of(folder: Path, *starts: int, name: str = "plain24.mp4"):
    cut = timeline(track(*(clip(name, span(start, 6), available=span(0, 100)) for start in starts)))
    return find_shots(Cut.of(cut), finder=MediaFinder(folder=folder))[0]


def shots_of_file(path: Path):
    """One shot of a file whose name a cut could not hold."""
    (shot,) = find_shots(
        Cut.of(timeline(track(clip("a.mp4", span(3, 6), available=span(0, 100))))),
        finder=_Finds(path),
    )[0]
    return [shot]


class _Finds(MediaFinder):
    """Finds one file, whatever is asked for."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def find(self, url: str) -> Path:
        return self._path


def refuses(media, moments, short_side):
    raise AssertionError(f"{media} was decoded at {moments}")


@pytest.fixture
def folder(clips, tmp_path) -> Path:
    """A folder with a clip of its own, which a test may change."""
    shutil.copy(clips / "plain24.mp4", tmp_path / "plain24.mp4")
    return tmp_path


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "some folder #1" / "answers.sqlite"


def run(path: Path, shots, analysis=None, **wishes):
    """One run with a cache, as from the command line; gives the tags."""
    cache = open_cache(path)
    try:
        return tag_shots(shots, analysis or Remembered(), cache=cache, **wishes)[0]
    finally:
        cache.close()


def test_what_was_judged_is_not_judged_again(folder, path):
    """The second run gives the same tags, to the last bit, and neither decodes nor judges."""
    shots = shots_of(folder, 3, 20, 41)
    first, analysis = run(path, shots), Remembered()
    assert run(path, shots, analysis, decode=refuses) == first
    assert analysis.batches == []


def test_one_changed_shot_costs_itself(folder, path):
    """Of a cut in which one shot was moved by a frame, that one is judged."""
    run(path, shots_of(folder, 3, 20, 41))
    analysis = Remembered()
    run(path, shots_of(folder, 3, 21, 41), analysis)
    assert analysis.batches == [1]


def test_a_copied_or_renamed_file_is_the_same_file(folder, path):
    """Under another name, and copied with its time, it is found."""
    first = run(path, shots_of(folder, 3, 20))
    shutil.copy2(folder / "plain24.mp4", folder / "新しい #1.mp4")  # as Finder and Explorer copy
    (folder / "plain24.mp4").unlink()
    again = run(path, shots_of(folder, 3, 20, name="新しい #1.mp4"), decode=refuses)
    assert [tag.prediction for tag in again] == [tag.prediction for tag in first]


def test_a_changed_file_is_another(folder, path):
    """A file written anew in its place is judged anew, even where all the blocks that are compared are the same."""
    shots = shots_of(folder, 3)
    run(path, shots)
    os.utime(folder / "plain24.mp4", (2_000_000_000, 2_000_000_000))
    analysis = Remembered()
    run(path, shots, analysis)
    assert analysis.batches == [1]


@pytest.mark.parametrize("change", [{"fingerprint": "stand-in 2"}, {"short_side": 97}, {"name": "other"}])
def test_another_judge_answers_for_itself(folder, path, change):
    """Other weights or rules, another size of picture, another analysis: nothing is taken over."""
    shots = shots_of(folder, 3)
    run(path, shots)
    other = Remembered()
    for name, value in change.items():
        setattr(other, name, value)
    run(path, shots, other)
    assert other.batches == [1]


def test_an_analysis_without_a_fingerprint_is_not_remembered(folder, path):
    """What cannot say what its answers depend on is asked each time."""
    shots = shots_of(folder, 3)
    run(path, shots, StandIn())
    again = StandIn()
    run(path, shots, again)
    assert again.batches == [1]


def test_a_file_that_could_not_be_decoded_is_tried_again(folder, path):
    """A failure is not remembered: the file may be there, or whole, the next time."""
    shots = shots_of(folder, 3, 20)
    whole = (folder / "plain24.mp4").read_bytes()
    (folder / "plain24.mp4").write_bytes(whole[: len(whole) // 8])
    assert run(path, shots) == []
    (folder / "plain24.mp4").write_bytes(whole)
    assert len(run(path, shots)) == 2


labels = st.sampled_from(SHOT_TYPES)
floats = st.floats(0, 1, allow_nan=False)
rows = st.lists(floats, min_size=8, max_size=8).map(lambda row: tuple(zip(SHOT_TYPES, row, strict=True)))
predictions = st.builds(
    Prediction,
    labels,
    floats,
    rows,
    st.lists(st.builds(FrameScores, st.fractions(0, 10**5), rows), max_size=4).map(tuple),
    st.lists(labels, min_size=1, max_size=2).map(tuple),
    st.integers(0, 9),
)


@settings(deadline=None)
@given(st.lists(st.one_of(predictions, st.text()), max_size=4))
def test_answers_come_back_to_the_last_bit(tmp_path_factory, answers):
    """Every number of every answer is what it was."""
    cache = open_cache(tmp_path_factory.mktemp("cache") / "answers.sqlite")
    keys = [bytes([number]) for number in range(len(answers))]
    for key, answer in zip(keys, answers, strict=True):
        cache.keep(key, answer)
    cache.flush()
    assert cache.answers(keys) == dict(zip(keys, answers, strict=True))
    cache.close()


def broken(path: Path) -> None:
    """Write over what follows the first page."""
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def older(path: Path) -> None:
    """Make a cache of the layout before ours."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 0")
    database.close()


def without_a_table(path: Path) -> None:
    """Lose the answers."""
    database = sqlite3.connect(path)
    database.execute("DROP TABLE answers")
    database.close()


@pytest.mark.parametrize(
    ("spoil", "said"), [(broken, "was broken"), (without_a_table, "was broken"), (older, "an older otio-shottag")]
)
def test_a_broken_or_older_cache_is_made_anew(folder, path, spoil, said):
    """It costs its content and a word, and works again."""
    shots = shots_of(folder, 3)
    run(path, shots)
    spoil(path)
    cache = open_cache(path)
    assert len(tag_shots(shots, Remembered(), cache=cache)[0]) == 1
    assert said in cache.words[0]
    cache.close()
    run(path, shots)
    assert len(run(path, shots, decode=refuses)) == 1
    assert not list(path.parent.glob("*-anew"))


def test_a_broken_file_in_our_own_place_is_made_anew(folder, tmp_path):
    """Whatever lies where only we write is replaced."""
    path = tmp_path / "answers.sqlite"
    path.write_bytes(b"this is no database" * 400)
    store = Store(path, most_bytes=10**6, is_ours=True)
    assert store.is_open
    assert "was broken" in store.words[0]
    store.close()


@pytest.mark.parametrize("content", [b"{}", b"SQLite format 3\0" + bytes(200)])
def test_a_file_of_another_kind_is_not_touched(folder, tmp_path, content):
    """A cut, or another program's database, that is named as the cache stays as it is, and that is said."""
    path = tmp_path / "cut.otio"
    path.write_bytes(content)
    cache = open_cache(path)
    assert len(tag_shots(shots_of(folder, 3), Remembered(), cache=cache)[0]) == 1
    assert "is no cache of otio-shottag" in cache.words[0]
    cache.close()
    assert path.read_bytes() == content
    assert sorted(one.name for one in tmp_path.glob("cut.otio*")) == ["cut.otio"]


@pytest.mark.skipif(os.name == "nt", reason="Windows' file names are all Unicode")
def test_a_name_that_is_no_text_is_remembered_too(folder, path):
    """A file whose name is not valid UTF-8 is judged once."""
    odd = folder / os.fsdecode(b"caf\xe9.mp4")
    os.rename(folder / "plain24.mp4", odd)
    shots = [replace(shot, media=odd) for shot in shots_of_file(odd)]
    run(path, shots)
    assert len(run(path, shots, decode=refuses)) == 1


def test_a_time_beyond_all_clocks_is_no_hindrance(folder, path):
    """A file last changed in the year 2900 is judged, and not remembered where that time cannot be kept."""
    os.utime(folder / "plain24.mp4", ns=(2**62, 2**62))
    assert len(run(path, shots_of(folder, 3))) == 1


def test_a_long_run_notices_a_changed_file(folder, path):
    """One cache that stays open sees that a file was written anew."""
    cache = open_cache(path)
    shots, analysis = shots_of(folder, 3), Remembered()
    tag_shots(shots, analysis, cache=cache)
    os.utime(folder / "plain24.mp4", (5, 5))
    tag_shots(shots, analysis, cache=cache)
    assert analysis.batches == [1, 1]
    cache.close()


def test_a_shot_that_lost_frames_is_tried_again(folder, path):
    """What was judged on fewer frames than were asked for is not remembered."""

    def losing(media, moments, short_side):
        return replace(decode_frames(media, moments, short_side), failures=1)

    shots, analysis = shots_of(folder, 3), Remembered()
    run(path, shots, analysis, decode=losing)
    run(path, shots, analysis)
    assert analysis.batches == [1, 1]


def test_numbered_pictures_are_counted_as_the_cut_says(tmp_path, path):
    """The same pictures at another rate, another step or another length are another clip, header and answers."""
    for number in range(1, 9):
        write_still(tmp_path / f"a.{number:04}.png", draw_number(number, 160, 96), "png", "rgb24")
    row = ImageSequence(tmp_path, "a.", ".png", 4, 1, 8, 1, Fraction(24))
    others = [replace(row, rate=Fraction(25)), replace(row, step=2), replace(row, last=4)]
    cache = open_cache(path)
    probe = cache.probing()
    probe(row)
    assert [probe(other) for other in others] == [look(other) for other in others]
    keys = {cache.key(one, [Fraction(1, 48)], Remembered()) for one in (row, *others)}
    assert len(keys) == 4
    cache.close()


def test_a_newer_cache_is_left_alone(folder, path):
    """What a newer otio-shottag keeps is not thrown away by an older one: it does without."""
    path.parent.mkdir()
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE answers (other)")
    database.execute("PRAGMA user_version = 99")
    database.execute(f"PRAGMA application_id = {0x53484F54}")
    database.close()
    before = path.read_bytes()
    cache = open_cache(path)
    assert len(tag_shots(shots_of(folder, 3), Remembered(), cache=cache)[0]) == 1
    assert "a newer otio-shottag" in cache.words[0]
    cache.close()
    assert path.read_bytes()[100:] == before[100:]  # the header counts who opened it


def test_where_it_cannot_be_the_run_goes_on(folder, tmp_path):
    """A folder that cannot be made costs the cache and a word, not the run."""
    (tmp_path / "file").write_text("no folder")
    cache = open_cache(tmp_path / "file" / "answers.sqlite")
    assert len(tag_shots(shots_of(folder, 3), Remembered(), cache=cache)[0]) == 1
    assert "the cache is off" in cache.words[0]


def test_a_cache_that_breaks_on_the_way_costs_itself(folder, path):
    """A database that fails while a run goes on leaves the tags, and is said."""
    cache = open_cache(path)
    cache._store._database.execute("DROP TABLE answers")
    assert len(tag_shots(shots_of(folder, 3, 20), Remembered(), cache=cache)[0]) == 2
    assert "was broken" in cache.words[0]
    cache.close()


@pytest.mark.parametrize(
    ("where", "share"),
    [
        ("/mnt/show/cache/a.sqlite", "nfs4"),
        ("/mnt/show dir/a.sqlite", "cifs"),
        ("/mnt/showroom/a.sqlite", None),
        ("/home/me/a.sqlite", None),
        ("\\\\server\\share\\a.sqlite", "a Windows share"),
    ],
)
def test_a_network_share_is_known_by_its_mount(where, share):
    """The innermost mount decides, by whole names of folders, spaces and all."""
    mounts = (
        "/dev/sda / ext4 rw 0 0\nserver:/show /mnt/show nfs4 rw 0 0\n//s/x /mnt/show\\040dir cifs rw 0 0\n"
        "/dev/sdb /home ext4 rw 0 0\n"
    )
    assert network_share_of(where, mounts) == share


def test_what_was_unused_longest_goes_first(tmp_path):
    """A full cache loses its oldest quarter, and stays within its size."""
    store = Store(tmp_path / "answers.sqlite", most_bytes=400_000)
    cache = Cache(store)
    answer = Prediction(SHOT_TYPES[0], 0.5, scores(0), tuple(FrameScores(Fraction(1), scores(1)) for _ in range(9)), ())
    for number in range(60):
        cache.keep(b"old %d" % number, answer)
    cache.flush()
    store._database.execute("UPDATE answers SET used = 1")
    for number in range(200):
        cache.keep(b"new %d" % number, answer)
        if number % 20 == 0:
            cache.flush()
    cache.flush()
    assert cache.facts()["bytes"] <= 400_000
    assert cache.answers([b"new 199"])
    assert not cache.answers([b"old %d" % number for number in range(60)])
    cache.close()


def test_a_used_answer_is_not_the_oldest(tmp_path):
    """Looking an answer up moves it to the front, as far as an hour counts."""
    cache = open_cache(tmp_path / "answers.sqlite")
    cache.keep(b"a", "one")
    cache.flush()
    database = cache._store._database
    database.execute("UPDATE answers SET used = 1")
    cache.answers([b"a"])
    cache.flush()
    assert database.execute("SELECT used FROM answers").fetchone()[0] > 1
    cache.close()


def test_several_processes_share_it(tmp_path):
    """Four runs that write at the same time lose nothing."""
    path = tmp_path / "answers.sqlite"
    code = (
        "import sys; from otio_shottag.cache import open_cache; from pathlib import Path\n"
        "cache = open_cache(Path(sys.argv[1]))\n"
        "for number in range(100):\n"
        "    cache.keep(f'{sys.argv[2]} {number}'.encode(), 'an answer'); cache.flush()\n"
        "cache.close(); print(*cache.words)"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(number)], stdout=subprocess.PIPE, text=True)
        for number in range(4)
    ]
    assert [one.communicate()[0].strip() for one in runs] == [""] * 4
    cache = open_cache(path)
    assert cache.facts()["answers"] == 400
    cache.close()


def test_a_moment_that_may_move_is_another_than_one_that_may_not(folder, path):
    """How far a sample may move is part of what was asked."""
    cache = open_cache(path)
    media = folder / "plain24.mp4"
    exact, near = Fraction(1), NearMoment(Fraction(1), Fraction(1, 2), Fraction(3, 2))
    assert cache.key(media, [exact], Remembered()) != cache.key(media, [near], Remembered())
    assert cache.key(folder / "gone.mp4", [exact], Remembered()) is None
    cache.close()


def test_a_cut_that_was_judged_loads_no_torch_and_opens_no_media(tmp_path):
    """The second run of the command gives the same file, from the cache alone."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("*.tagged.*"))
    cut = tmp_path / "examples" / "cut.otio"
    code = (
        "import sys, av\n"
        "from otio_shottag.cli import main\n"
        "def refuse(*_, **__): raise AssertionError('opened')\n"
        "av.open = refuse\n"
        "try: main()\n"
        "except SystemExit as end: sys.exit(end.code or 'torch' in sys.modules)"
    )
    arguments = [str(cut), "--cache", str(tmp_path / "answers.sqlite"), "-o"]
    subprocess.run([sys.executable, "-m", "otio_shottag", *arguments, tmp_path / "first.otio"], check=True)
    second = subprocess.run(
        [sys.executable, "-c", code, *arguments, tmp_path / "second.otio"], check=False, capture_output=True, text=True
    )
    assert second.returncode == 0, second.stderr
    assert "all known from earlier runs" in second.stderr
    assert (tmp_path / "second.otio").read_bytes() == (tmp_path / "first.otio").read_bytes()


def test_the_cache_can_be_looked_at_and_cleared(folder, path):
    """info counts what is there and clear takes it out."""
    run(path, shots_of(folder, 3, 20))
    info = CliRunner().invoke(cli, ["cache", "info", "--cache", str(path)])
    assert str(path) in info.output
    assert "2 judged shots, 1 media files" in info.output
    cleared = CliRunner().invoke(cli, ["cache", "clear", "--cache", str(path)])
    assert "forgot 2 judged shots" in cleared.output
    assert "0 judged shots, 0 media files" in CliRunner().invoke(cli, ["cache", "info", "--cache", str(path)]).output
