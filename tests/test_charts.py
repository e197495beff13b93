"""Charts, contact sheets and the learning-rate finder: what they show is what went in."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from otio_shottag.errors import ModelError
from otio_shottag.training.charts import (
    CurvePoint,
    calibration_chart,
    confusion_chart,
    coverage_chart,
    pull_chart,
    rate_chart,
    require_charts,
    training_chart,
)
from otio_shottag.training.contact_sheet import GAP, PICTURE, Cell, contact_sheet
from otio_shottag.training.learning_rate import UNSETTLED, find_rate, steepest
from otio_shottag.vocabulary import SHOT_TYPES

ROWS = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.45, 0.55]])


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def test_each_chart_is_a_picture_that_depends_on_what_it_shows() -> None:
    """Every chart is a PNG, the same for the same figures and another for others."""
    search = find_rate(nn.Linear(4, 3), toy_epoch, num_steps=40)
    points = [CurvePoint("head", 2 / step, 1e-3) for step in range(1, 30)]
    for draw, other in [
        (lambda: confusion_chart([[3, 1], [0, 4]], SHOT_TYPES[:2]), confusion_chart([[3, 1], [1, 3]], SHOT_TYPES[:2])),
        (
            lambda: calibration_chart(ROWS, np.array([0, 0, 1, 0]), error=0.1),
            calibration_chart(ROWS, np.array([0, 1, 1, 0]), error=0.1),
        ),
        (lambda: coverage_chart(ROWS, np.array([0, 0, 1, 0])), coverage_chart(ROWS, np.array([1, 1, 1, 0]))),
        (
            lambda: pull_chart([(1.0, 0.5), (0.1, 0.9)], before=0.4, chosen=0.1),
            pull_chart([(1.0, 0.5), (0.1, 0.9)], before=0.4, chosen=None),
        ),
        (lambda: training_chart(points), training_chart(points[:10])),
        (lambda: rate_chart([("resnet50", search)]), rate_chart([("densenet169", search)])),
    ]:
        first = draw()
        assert first == draw()
        assert first != other
        assert min(opened(first).size) > 200


def test_a_confusion_chart_is_darkest_where_most_stills_are() -> None:
    """A size that is always right makes a dark field, one never given a light one."""
    picture = opened(confusion_chart([[9, 0], [0, 9]], SHOT_TYPES[:2]))
    colors = {color for _, color in picture.getcolors(picture.width * picture.height)}
    assert (8, 48, 107) in colors  # the darkest blue
    assert (247, 251, 255) in colors  # the lightest


def test_charts_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without matplotlib the error names the extra that brings it."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModelError, match=r"otio-shottag\[train\]"):
        require_charts()


def test_a_contact_sheet_shows_its_pictures_in_order(tmp_path: Path) -> None:
    """Pictures stand in rows from the left, at the foot of their fields, whatever their shape."""
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    for number, color in enumerate(colors):
        Image.new("RGB", (320, 100 + 80 * number), color).save(tmp_path / f"{number}.png")
    cells = [Cell(tmp_path / f"{number}.png", "MS, judged CU 97%", "x" * 200) for number in range(3)]
    sheet = opened(contact_sheet(cells, columns=2))
    across, down = PICTURE[0] + GAP, (sheet.height - GAP) // 2
    for number, color in enumerate(colors):
        place = (GAP + number % 2 * across + PICTURE[0] // 2, GAP + number // 2 * down + PICTURE[1] - 5)
        assert sheet.getpixel(place) == color
    assert sheet.width == 2 * across + GAP


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    """A picture that cannot be read is a ModelError with its path."""
    (tmp_path / "broken.png").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"broken\.png: cannot read the picture"):
        contact_sheet([Cell(tmp_path / "broken.png", "", "")])


def toy_epoch(_: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of a problem that a linear layer can learn."""
    draw = torch.Generator().manual_seed(1)
    for _ in range(8):
        inputs = torch.randn(16, 4, generator=draw)
        yield inputs, torch.eye(3)[inputs[:, :3].argmax(dim=1)]


def test_the_finder_leaves_the_model_alone_and_suggests_a_rate_that_learns() -> None:
    """Rates grow from the lowest, the loss falls somewhere on the way, and the suggestion lies there."""
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    before = model.weight.clone()
    seen: list[int] = []
    search = find_rate(model, toy_epoch, lowest=1e-5, progress=lambda done, total: seen.append(done))
    assert torch.equal(model.weight, before)
    assert list(search.rates) == sorted(search.rates)
    assert search.rates[0] == pytest.approx(1e-5)
    assert 1e-3 < search.suggestion < 1
    assert min(search.losses) < 0.8 * search.losses[0]
    assert seen == list(range(1, len(search.rates) + 1))


def test_the_steepest_fall_is_found_behind_the_unsettled_steps() -> None:
    """A drop in the first steps is chance; the one after them counts."""
    losses = [9.0, 5.0, *[4.0] * 20, 3.0, 2.0, *[1.9] * 5]
    rates = [10.0**number for number in range(len(losses))]
    assert steepest(rates, losses) == rates[22]
    with pytest.raises(ModelError, match="ran away after 5 steps"):
        steepest(rates[:5], losses[:5])
    assert len(losses) > UNSETTLED
