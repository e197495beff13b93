"""Views: what changes, what stays, and what size a crop around a face becomes."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from otio_shottag.training.stills import Face, Still, soft_target
from otio_shottag.training.views import PASSES, chin_target, detail, make_views, mirrored, plain, resized, varied
from otio_shottag.vocabulary import SHOT_TYPES

CODES = [label.code for label in SHOT_TYPES]


@pytest.fixture
def still(tmp_path: Path) -> Still:
    """A wide still with one small face."""
    draw = np.random.default_rng(1)
    path = tmp_path / "still.png"
    Image.fromarray(draw.integers(0, 256, (360, 640, 3), dtype=np.uint8)).save(path)
    face = Face(left=0.45, top=0.2, right=0.55, bottom=0.35, score=0.99)
    return Still(path, 3, soft_target(3, [], 8), "film", "a", (face,))


@pytest.mark.parametrize(
    ("below_chin", "code"),
    [(0.0, "CU"), (0.9, "MCU"), (2.2, "MS"), (4.0, "MLS"), (6.5, "LS"), (12.0, "WS")],
)
def test_the_size_follows_from_what_shows_below_the_chin(below_chin: float, code: str) -> None:
    """More body below the chin is a wider size, as the labelling guide counts it."""
    target = chin_target(below_chin, SHOT_TYPES)
    assert CODES[int(target.argmax())] == code
    assert target.sum() == pytest.approx(1)


def test_a_size_on_the_border_is_both() -> None:
    """Half way between two sizes each is about as likely."""
    target = chin_target(1.5, SHOT_TYPES)
    assert target[CODES.index("MS")] == pytest.approx(target[CODES.index("MCU")], abs=0.05)


def test_a_plain_view_is_the_still_and_a_mirrored_one_its_mirror(still: Still) -> None:
    """Neither changes the target."""
    first, second = plain(still), mirrored(still)
    assert np.array_equal(np.asarray(first.picture)[:, ::-1], np.asarray(second.picture))
    assert np.array_equal(first.target, second.target)


def test_a_varied_view_keeps_the_target(still: Still) -> None:
    """Whatever chance changes, the size stays, and so does a picture's being one."""
    for seed in range(60):
        view = varied(still, Random(seed))
        assert np.array_equal(view.target, still.target)
        assert view.picture.mode == "RGB"
        assert min(view.picture.size) > 100


def test_a_resized_view_is_tighter(still: Still) -> None:
    """Cropping around the face never gives a wider size than the still's."""
    sizes = [int(view.target.argmax()) for seed in range(40) if (view := resized(still, Random(seed), SHOT_TYPES))]
    assert len(sizes) == 40
    assert min(sizes) >= 3
    assert len(set(sizes)) >= 3


def test_a_still_without_a_leading_face_gives_no_other_size(still: Still) -> None:
    """With no face, or two of one height, there is nothing to count by."""
    twin = Face(0.1, 0.2, 0.2, 0.34, 0.99)
    for faces in ((), (*still.faces, twin)):
        other = Still(still.path, 3, still.target, "film", "a", faces)
        assert resized(other, Random(1), SHOT_TYPES) is None


def test_a_detail_comes_from_an_object(still: Still) -> None:
    """A close-up without a face gives an extreme close-up; a person does not."""
    thing = Still(still.path, CODES.index("CU"), soft_target(6, [], 8), "film", "a")
    view = detail(thing, Random(2), SHOT_TYPES)
    assert view is not None
    assert CODES[int(view.target.argmax())] == "ECU"
    assert detail(still, Random(2), SHOT_TYPES) is None


def test_views_are_the_same_for_the_same_seed(still: Still) -> None:
    """A seed fixes every view; another seed gives others."""
    first, again, other = (
        [
            (index, kind, view.picture.tobytes())
            for index, kind, view in make_views([still], PASSES, SHOT_TYPES, seed=seed)
        ]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert [PASSES[kind] for _, kind, _ in first] == ["plain", "mirrored", "varied", "resized"]


def test_an_unknown_view_is_refused(still: Still) -> None:
    """A pass that does not exist is named."""
    with pytest.raises(ValueError, match="unknown kind of view 'upside down'"):
        list(make_views([still], ["upside down"], SHOT_TYPES, seed=1))
