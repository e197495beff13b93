"""Heat maps lie where the network finds its answer, in the picture's own geometry."""

import io
import os
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from otio_shottag.analyses import load_analysis
from otio_shottag.analyses.heat_maps import HeatMapper, HeatMaps, load_heat_mapper
from otio_shottag.bars import trim_bars
from otio_shottag.decode import decode_frames
from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.heat_maps import contributions
from otio_shottag.model.network import Committee, MeanAndMax
from otio_shottag.model.pictures import Geometry, Normalization
from otio_shottag.overlay import heat_colors, lay_over, png
from otio_shottag.shots import Frames, Label
from otio_shottag.vocabulary import SHOT_TYPES
from tests.cuts import clip, span, timeline, track
from tests.media import draw_number, read_number, write_still

EXAMPLES = Path(__file__).parent.parent / "examples" / "media"
CU, ECU = SHOT_TYPES[6], SHOT_TYPES[7]


class Red(nn.Module):
    """A network of one feature, how red a place is; red speaks for CU and against ECU."""

    def __init__(self) -> None:
        super().__init__()
        self.early = nn.AvgPool2d(8)
        self.late = nn.Conv2d(3, 1, 1, bias=False)
        self.late.weight.data = torch.tensor([1.0, -0.5, -0.5]).view(1, 3, 1, 1)
        scores = nn.Linear(2, 2, bias=False)
        scores.weight.data = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
        self.head = nn.Sequential(MeanAndMax(), scores)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.head(self.late(self.early(pictures)))


@pytest.fixture(scope="module")
def red() -> HeatMapper:
    """A mapper that looks for red."""
    checkpoint = Checkpoint(
        network=Committee([Red(), Red()]).requires_grad_(False),
        labels=(CU, ECU),
        geometry=Geometry(width=192, height=112),
        normalization=Normalization((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
        temperature=1.0,
        version="red 1",
    )
    return HeatMapper(checkpoint, torch.device("cpu"))


@pytest.fixture(scope="module")
def shipped() -> HeatMapper:
    """The shipped judge's mapper, on the CPU."""
    return load_heat_mapper(device="cpu")


def frames_of(*pictures: np.ndarray) -> Frames:
    return Frames(np.stack(pictures).astype(np.uint8), tuple(Fraction(at) for at in range(len(pictures))), 0)


def with_spot(height: int, width: int, row: float, column: float) -> np.ndarray:
    """A grey picture, grained so that no part of it looks like a bar, with a red spot; parts of the side."""
    picture = np.random.default_rng(0).integers(90, 160, (height, width, 1)).repeat(3, axis=2)
    top, left, radius = round(row * height), round(column * width), round(0.08 * height)
    picture[top - radius : top + radius, left - radius : left + radius] = (255, 0, 0)
    return picture


def centre(heat: np.ndarray) -> tuple[float, float]:
    """Where a map's weight lies, in parts of height and width."""
    height, width = heat.shape
    rows, columns = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    return float((heat.sum(1) * rows).sum() / heat.sum()), float((heat.sum(0) * columns).sum() / heat.sum())


@pytest.mark.parametrize(("height", "width"), [(112, 192), (112, 268), (112, 149), (200, 112), (400, 600), (90, 90)])
@pytest.mark.parametrize("place", [(0.3, 0.25), (0.7, 0.75), (0.5, 0.5)])
def test_the_map_lies_on_what_speaks_for_the_answer(red, height, width, place):
    """Whatever the shape of a picture, squished or with grey sides, its hot spot is where the red one is."""
    (heat,) = red.look([frames_of(with_spot(height, width, *place))], [None])
    assert heat.data.shape == (1, height, width)
    assert heat.data.dtype == np.float32
    assert (heat.data.min(), heat.data.max()) == (0, 1)
    assert heat.labels == (CU,)
    assert centre(heat.data[0]) == pytest.approx(place, abs=0.06)


@pytest.mark.parametrize("bars", [(30, 30, 0, 0), (0, 0, 40, 40), (16, 16, 30, 30)])
@pytest.mark.parametrize("level", [0, 3])
def test_bars_stay_cold(red, bars, level):
    """On letterbox and pillarbox bars a map is 0; within them it is that of the picture without bars."""
    top, bottom, left, right = bars
    inner = with_spot(168, 300, 0.4, 0.7)
    (alone,) = red.look([frames_of(inner)], [None])
    whole = np.full((168 + top + bottom, 300 + left + right, 3), level)
    whole[top : top + 168, left : left + 300] = inner
    (heat,) = red.look([frames_of(whole)], [None])
    assert heat.data.shape[1:] == whole.shape[:2]
    inside = heat.data[0, top : top + 168, left : left + 300]
    assert heat.data.sum() == pytest.approx(inside.sum(), rel=0.02)  # scaled edges may take a line of picture
    assert np.abs(inside - alone.data[0])[4:-4, 4:-4].max() < 0.1


def test_a_named_size_has_a_map_of_its_own(red):
    """What speaks against ECU is no part of its map: with a red spot it lies elsewhere than CU's."""
    frames = frames_of(with_spot(112, 192, 0.5, 0.3))
    cu, ecu, predicted = red.look([frames] * 3, [CU, ECU, None])
    assert (cu.labels, ecu.labels, predicted.labels) == ((CU,), (ECU,), (CU,))
    assert cu.confidences[0] + ecu.confidences[0] == pytest.approx(1)
    assert cu.data[0, 56, 58] > 0.9
    assert ecu.data[0, 56, 58] == 0
    np.testing.assert_array_equal(cu.data, predicted.data)


def test_a_size_that_the_checkpoint_does_not_know_is_refused(red):
    """Asked for what it has no score for, the mapper names what it knows; a Frames without pictures is refused."""
    frames = frames_of(with_spot(112, 192, 0.5, 0.5))
    with pytest.raises(ModelError, match="red 1 does not know the size EWS; it knows CU, ECU"):
        red.look([frames], [SHOT_TYPES[0]])
    with pytest.raises(ModelError, match="without pictures"):
        red.look([Frames(frames.data[:0], (), 1)], [None])
    assert red.look([], []) == []


def test_contributions_add_up_to_the_score():
    """Over all places, what a linear head's features contribute is its score, less what it gives to nothing."""
    generator = torch.Generator().manual_seed(3)
    head = nn.Sequential(MeanAndMax(), nn.Linear(10, 4))
    features = torch.rand((3, 5, 7, 12), generator=generator)
    classes = torch.tensor([2, 0, 3])
    maps = contributions(head, features, classes)
    with torch.no_grad():
        gained = (head(features) - head(torch.zeros_like(features))).gather(1, classes[:, None])[:, 0]
    assert maps.shape == (3, 7, 12)
    torch.testing.assert_close(maps.sum(dim=(1, 2)), gained)


def example(name: str, seconds: str = "1/2") -> Frames:
    return decode_frames(EXAMPLES / f"{name}.mov", [Fraction(seconds)], 224)


def test_the_map_is_of_what_the_judge_says(shipped):
    """Size and confidence beside a map are those that the analysis gives the same picture."""
    batch = [example(name) for name in ("portrait", "smile", "cat")]
    answers = load_analysis(device="cpu").predict([trim_bars(frames) for frames in batch])
    for heat, answer in zip(shipped.look(batch, [None] * 3), answers, strict=True):
        assert heat.labels == (answer.label,)
        assert heat.confidences[0] == pytest.approx(answer.confidence, abs=0.02)


def test_pictures_of_a_batch_do_not_mix(shipped):
    """Several shots at once give the maps that each gives alone."""
    batch = [example("portrait"), example("eyes"), frames_of(with_spot(300, 200, 0.5, 0.5))]
    for together, one in zip(shipped.look(batch, [None] * 3), batch, strict=True):
        (alone,) = shipped.look([one], [None])
        assert np.abs(together.data - alone.data).max() < 0.05


def test_what_is_hot_matters_more_than_what_is_cold(shipped):
    """Grey over the hottest seventh of a picture costs its size more confidence than over the coldest, on average."""
    names = ("portrait", "smile", "eyes", "push_in", "cat")
    batch = [example(name) for name in names]
    heats = shipped.look(batch, [None] * len(batch))
    masked = []
    for frames, heat in zip(batch, heats, strict=True):
        order = heat.data[0].ravel().argsort(kind="stable")
        for part in (order[-len(order) // 7 :], order[: len(order) // 7]):
            data = frames.data.copy()
            data[0].reshape(-1, 3)[part] = 116
            masked.append(Frames(data, frames.seconds, 0))
    labels = [heat.labels[0] for heat in heats for _ in range(2)]
    after = [heat.confidences[0] for heat in shipped.look(masked, labels)]
    lost_hot = [heat.confidences[0] - after[2 * at] for at, heat in enumerate(heats)]
    lost_cold = [heat.confidences[0] - after[2 * at + 1] for at, heat in enumerate(heats)]
    assert np.mean(lost_hot) > 3 * abs(np.mean(lost_cold))
    assert np.mean(lost_hot) > 0.1


@pytest.mark.usefixtures("needs_cuda")
def test_cuda_draws_what_the_cpu_draws(shipped):
    """A map does not depend on the processor."""
    frames = example("portrait")
    (on_cpu,), (on_cuda,) = shipped.look([frames], [None]), load_heat_mapper(device="cuda").look([frames], [None])
    assert on_cuda.labels == on_cpu.labels
    assert np.abs(on_cuda.data - on_cpu.data).max() < 0.1


def test_the_colours_get_lighter_all_the_way():
    """In grey, and so to any eye, hotter is lighter."""
    ramp = heat_colors(np.linspace(0, 1, 101, dtype=np.float32)).astype(float)
    light = ramp @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light) > -0.5).all()  # whole levels: a step may round down
    assert (np.diff(light[::5]) > 0).all()
    assert light[-1] - light[0] > 200


def test_what_is_cold_shows_the_picture():
    """Without heat, and with alpha 0, every pixel stays; with alpha 1 the hottest is covered."""
    picture = draw_number(7, 64, 48)
    cold, hot = np.zeros((6, 8), np.float32), np.ones((6, 8), np.float32)
    np.testing.assert_array_equal(lay_over(picture, cold, 1.0), picture)
    np.testing.assert_array_equal(lay_over(picture, hot, 0.0), picture)
    np.testing.assert_array_equal(lay_over(picture, hot, 1.0)[0, 0], heat_colors(np.ones((), np.float32)))


class StandInMapper:
    """A mapper that needs no weights: the left half is hot."""

    model, device, short_side = "stand-in 1", "cpu (stand-in)", 48

    def look(self, batch: Sequence[Frames], labels: Sequence[Label | None]) -> list[HeatMaps]:
        answers = []
        for frames, label in zip(batch, labels, strict=True):
            heat = np.zeros(frames.data.shape[:3], np.float32)
            heat[:, :, : heat.shape[2] // 2] = 1
            answers.append(HeatMaps(heat, (label or CU,) * len(heat), (0.9,) * len(heat)))
        return answers


@pytest.fixture
def run(monkeypatch, command_line, tmp_path):
    """Run the command line in an empty folder with a stand-in for the network; give code, stdout, stderr."""
    monkeypatch.setattr("otio_shottag.analyses.heat_maps.load_heat_mapper", lambda **_: StandInMapper())
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    return partial(command_line, "heatmaps")


@pytest.fixture
def stills(tmp_path) -> Path:
    """A folder with three pictures, two of one name, and a broken one."""
    folder = tmp_path / "my stills #1"
    (folder / "日本").mkdir(parents=True)
    for name, size in (("a.png", (161, 97)), ("日本/a.png", (64, 48)), ("a.jpg", (320, 200))):
        write_still(
            folder / name, draw_number(5, *size), *(("mjpeg", "yuvj444p") if "jpg" in name else ("png", "rgb24"))
        )
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot quite")
    return folder


def made(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def test_stills_get_maps_of_their_own_size(run, stills):
    """Each picture of a folder gives a PNG as large as itself where it lies itself; a broken one costs itself."""
    code, out, err = run(stills)
    assert code == 0
    assert made(Path("heatmaps")) == ["a.jpg.heat.png", "a.png.heat.png", "日本/a.png.heat.png"]
    for name in ("a.png", "日本/a.png", "a.jpg"):
        drawn, picture = Image.open(f"heatmaps/{name}.heat.png"), Image.open(stills / name)
        assert (drawn.format, drawn.size) == ("PNG", picture.size)
        before, after = np.asarray(picture.convert("RGB")).astype(int), np.asarray(drawn).astype(int)
        assert np.abs(after - before)[:, : before.shape[1] // 2 - 8].mean() > 20
        assert np.abs(after - before)[:, before.shape[1] // 2 + 8 :].mean() < 3
    assert "broken.png: " in err
    assert "3 heat maps by stand-in 1 on cpu (stand-in), 1 pictures gave none" in err
    assert "CU" in out


def test_no_map_takes_the_place_of_anything(run, stills, tmp_path):
    """What is there already needs --force, an input is safe from it, and pictures of one name get one map each."""
    run(stills / "a.png", "-o", tmp_path / "out")
    mark = (tmp_path / "out" / "a.png.heat.png").stat().st_mtime_ns
    code, _, err = run(stills / "a.jpg", stills / "a.png", "-o", tmp_path / "out")
    assert (code, "a.png.heat.png: is there already; --force replaces it" in err) == (1, True)
    assert made(tmp_path / "out") == ["a.png.heat.png"]
    assert (tmp_path / "out" / "a.png.heat.png").stat().st_mtime_ns == mark
    assert run(stills / "a.png", "-o", tmp_path / "out", "--force")[0] == 0
    assert (tmp_path / "out" / "a.png.heat.png").stat().st_mtime_ns != mark
    code, _, err = run(tmp_path / "out" / "a.png.heat.png", stills / "a.png", "-o", tmp_path / "out", "--force")
    assert (code, "is an input, which is never written over" in err) == (1, True)
    assert run(stills / "a.png", stills / "日本" / "a.png", "-o", tmp_path / "two")[0] == 0
    assert made(tmp_path / "two") == ["2 a.png.heat.png", "a.png.heat.png"]


def test_maps_of_an_earlier_run_are_no_pictures(run, stills):
    """Run again over the folder that the maps went into, only the pictures are looked at."""
    os.chdir(stills)
    run(".")
    assert run(".", "--force")[0] == 0
    assert made(stills / "heatmaps") == ["a.jpg.heat.png", "a.png.heat.png", "日本/a.png.heat.png"]


def test_a_named_size_says_so_in_the_name(run, stills):
    """--size draws that size's map, beside the predicted one's."""
    run(stills / "a.png")
    code, out, _ = run(stills / "a.png", "--size", "ecu", "--alpha", "0.3")
    assert code == 0
    assert "ECU" in out
    assert made(Path("heatmaps")) == ["a.png.heat-ECU.png", "a.png.heat.png"]


def test_a_cut_gives_a_map_a_shot(run, clips, tmp_path):
    """Each shot's middle picture is drawn, named after number, track, timecode and clip; a lost clip is listed."""
    path = tmp_path / "my cut.otio"
    shots = [clip(str(clips / "plain24.mp4"), span(at, 11), available=span(0, 100), name=f"a/b:{at}") for at in (0, 40)]
    otio.adapters.write_to_file(timeline(track(*shots, clip("/gone/x.mov", span(0, 5), name="x"))), str(path))
    code, _, err = run(path, "--alpha", "0")
    assert code == 0
    assert made(Path("heatmaps")) == [
        "my cut/001 V1 00-00-00-00 a_b_0.heat.png",
        "my cut/002 V1 00-00-00-11 a_b_40.heat.png",
    ]
    assert "x on V1: media not found" in err
    drawn = [np.asarray(Image.open(one)) for one in sorted(Path("heatmaps/my cut").iterdir())]
    assert [read_number(picture) for picture in drawn] == [5, 45]


def test_a_cut_without_footage_is_said(run, tmp_path):
    """Where no shot can be looked at, its clips are listed with the reason and nothing is made."""
    path = tmp_path / "gone.otio"
    otio.adapters.write_to_file(timeline(track(clip("/gone/x.mov", span(0, 5), name="x"))), str(path))
    code, _, err = run(path)
    assert code == 1
    assert "x on V1: media not found" in err
    assert "there is no picture to draw a heat map over" in err
    assert not Path("heatmaps").exists()


def test_a_movie_gives_a_map_a_shot(run, clips, tmp_path):
    """A movie's cuts are found, and each shot is drawn."""
    code, _, err = run(clips / "plain24.mp4", "--min-shot", "100")
    assert code == 0, err
    assert made(Path("heatmaps")) == ["plain24/001 V1 00-00-00-00 plain24 001.heat.png"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["STILL", "--size", "XXL"], 2, "'XXL' is no size; one of EWS, WS"),
        (["STILL", "--alpha", "2"], 2, "2.0 is not in the range 0<=x<=1"),
        (["nowhere.png"], 1, "nowhere.png: no such file or folder"),
        (["nowhere.otio"], 1, "nowhere.otio: no such file"),
        (["STILL", "-o", "STILL"], 1, "is a file; name a folder with -o"),
        (["NOISE"], 1, "'.xyz' is no timeline"),
        (["BROKEN"], 1, "no heat map could be made"),
    ],
)
def test_what_is_wrong_is_said(run, stills, arguments, code, message):
    """Wrong usage exits with 2, what cannot be done with 1, each with what would be right."""
    (stills / "noise.xyz").write_bytes(b"noise")
    names = {"STILL": stills / "a.png", "NOISE": stills / "noise.xyz", "BROKEN": stills / "broken.png"}
    ended, out, err = run(*(names.get(one, one) for one in arguments))
    assert ended == code
    assert message in " ".join((out + err).split())


def test_a_png_is_what_was_drawn():
    """The file holds the picture to the last bit."""
    picture = draw_number(9, 33, 17)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(picture)))), picture)
