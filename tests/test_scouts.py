"""The cuts of movies are found ahead of their turn, a bounded number at a time."""

import pytest

from otio_shottag.cli.scouts import Scouts
from otio_shottag.cuts import Detection, MovieShots
from otio_shottag.errors import MediaError
from otio_shottag.timeline import read_timeline
from tests.media import Clip, write_clip


class Watched:
    """Begins nothing, and knows what was begun and not yet waited for."""

    def __init__(self, bad=()):
        self.begun, self.open, self.most, self.bad = [], 0, 0, bad

    def begin(self, movie, detection):
        self.begun.append(movie)
        self.open += 1
        self.most = max(self.most, self.open)

        def wait():
            self.open -= 1
            if movie in self.bad:
                raise MediaError(f"{movie}: cannot be decoded")
            return MovieShots(rate=24, first_frame=0, drop_frame=None, shots=(range(9),))

        return wait


def find(scouts, item):
    return scouts.detection(item).look(item, Detection())


def test_movies_are_begun_ahead_and_come_in_order():
    """While the first is waited for, those after it are begun, three at a time, past cuts that need none."""
    watched = Watched(bad=["m4"])
    scouts = Scouts(watched.begin, Detection(), most=3)
    items = ["m1", "cut1", "m2", "m3", "m4", "cut2", "m5"]
    seen = []
    for item in scouts.ahead_of(iter(items), lambda item: item if item[0] == "m" else None):
        seen.append(item)
        if item == "m1":
            assert watched.begun == ["m1", "m2", "m3"]
        if item == "m4":
            with pytest.raises(MediaError):
                find(scouts, item)
        elif item[0] == "m":
            find(scouts, item)
    assert seen == items
    assert watched.begun == ["m1", "m2", "m3", "m4", "m5"]
    assert watched.most == 3


def test_what_was_not_waited_for_keeps_no_place():
    """A movie that turned out to be none does not keep the others from being begun."""
    watched = Watched()
    scouts = Scouts(watched.begin, Detection(), most=1)
    items = ["m1", "m2", "m3"]
    assert list(scouts.ahead_of(items, lambda item: item)) == items
    assert watched.begun == items


def test_reading_takes_what_was_begun(tmp_path):
    """A movie is read with the shots that a scout found, and nothing is looked at again."""
    movie = write_clip(tmp_path / "film.mp4", Clip(num_frames=30))
    found = MovieShots(rate=24, first_frame=0, drop_frame=None, shots=(range(10), range(10, 30)))
    scouts = Scouts(lambda path, detection: lambda: found, Detection(), most=1)
    for path in scouts.ahead_of([movie], lambda path: path):
        cut = read_timeline(path, detection=scouts.detection(path))
    assert [clip.source_range.duration.value for clip in cut.timeline.tracks[0]] == [10, 20]
