"""The network's file, its shape, and what a picture goes through before it."""

import json
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import SHIPPED, Checkpoint, load_checkpoint, save_checkpoint
from otio_shottag.model.device import choose_device, describe_device
from otio_shottag.model.network import Architecture, Committee, build, fused
from otio_shottag.model.pictures import Geometry, Normalization, fit, normalize, without_bars
from otio_shottag.vocabulary import SHOT_TYPES

NORMALIZATION = Normalization(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def new_checkpoint(**changes: object) -> Checkpoint:
    """Make a checkpoint with random weights."""
    content = {
        "network": Committee([build(Architecture(strides="paper+mean"))]).eval(),
        "labels": SHOT_TYPES,
        "geometry": Geometry(64, 32),
        "normalization": NORMALIZATION,
        "temperature": 1.25,
        "version": "test 1",
        "record": {"epochs": 3},
    }
    return Checkpoint(**(content | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkpoint, Path]:
    """A checkpoint and the file it was written to."""
    torch.manual_seed(7)
    checkpoint = new_checkpoint()
    path = tmp_path_factory.mktemp("checkpoint") / "some.safetensors"
    save_checkpoint(checkpoint, path)
    return checkpoint, path


def rewritten(path: Path, target: Path, **metadata: str | None) -> Path:
    """Copy a checkpoint with some of its metadata changed, or left out where None."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        entries = {**file.metadata(), **metadata}
    save_file(load_file(path), target, metadata={name: text for name, text in entries.items() if text is not None})
    return target


def test_a_checkpoint_comes_back_as_it_was(written: tuple[Checkpoint, Path]) -> None:
    """What is written is what is read, and the network answers the same to half precision."""
    checkpoint, path = written
    loaded = load_checkpoint(path)
    assert loaded.labels == checkpoint.labels
    assert loaded.geometry == checkpoint.geometry
    assert loaded.normalization == checkpoint.normalization
    assert (loaded.temperature, loaded.version, loaded.record) == (1.25, "test 1", {"epochs": 3})
    pictures = torch.randn(2, 3, 32, 64)
    with torch.inference_mode():
        torch.testing.assert_close(loaded.network(pictures), checkpoint.network(pictures), atol=2e-2, rtol=2e-2)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("architecture", [Architecture("resnet50", strides) for strides in ("torchvision", "paper")])
def test_a_folded_network_answers_the_same(architecture: Architecture) -> None:
    """Folding the normalizations into the convolutions changes no score beyond rounding."""
    network = build(architecture)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2)
    network.eval()
    pictures = torch.randn(2, 3, 64, 96)
    with torch.inference_mode():
        torch.testing.assert_close(fused(network)(pictures), network(pictures), atol=1e-4, rtol=1e-3)


def test_densenet_gives_a_score_for_each_label() -> None:
    """The other body fits the same head."""
    network = build(Architecture("densenet169", num_labels=5)).eval()
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": None}, "not a checkpoint of otio-shottag"),
        ({"labels": json.dumps(["EWS", "XXL"])}, "unknown labels 'XXL'"),
        ({"labels": json.dumps(["EWS", "CU"])}, "2 labels for 8 scores"),
        ({"labels": json.dumps(["EWS"] * 8)}, "each once"),
        ({"labels": "[["}, "incomplete or broken"),
        ({"geometry": None}, "incomplete or broken"),
        ({"geometry": json.dumps({"depth": 3})}, "incomplete or broken"),
        ({"temperature": "0"}, "above 0"),
        ({"architectures": "[]"}, "lists no network"),
        ({"architectures": json.dumps([{"body": "vgg"}])}, "unknown network body 'vgg'"),
        ({"architectures": json.dumps([{"body": "resnet50", "hidden": 7}])}, "do not fit a resnet50"),
    ],
)
def test_a_checkpoint_that_does_not_fit_gives_one_line(
    written: tuple[Checkpoint, Path], tmp_path: Path, changes: dict[str, str | None], said: str
) -> None:
    """Whatever is wrong with a checkpoint is said in one line that names the file."""
    path = rewritten(written[1], tmp_path / "wrong.safetensors", **changes)
    with pytest.raises(ModelError, match=said) as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint at all", b"\xff" * 64])
def test_a_broken_file_is_said_to_be_broken(tmp_path: Path, content: bytes) -> None:
    """A file that is no safetensors file is a ModelError."""
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot read the checkpoint"):
        load_checkpoint(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    """A path that leads nowhere is a ModelError."""
    with pytest.raises(ModelError, match="no such checkpoint"):
        load_checkpoint(tmp_path / "nowhere.safetensors")


def test_the_shipped_weights_load_quickly_and_are_small() -> None:
    """The weights that come with the package take less than a second and 60 MB."""
    seconds = []
    for _ in range(3):
        start = time.process_time()  # not the clock on the wall: other work on the machine is no failure
        checkpoint = load_checkpoint(SHIPPED)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 1
    assert SHIPPED.stat().st_size <= 60e6
    assert checkpoint.labels == SHOT_TYPES


@pytest.mark.parametrize(("width", "height"), [(640, 268), (320, 240), (90, 160), (1, 1), (64, 32)])
def test_pictures_of_every_shape_come_out_as_one(width: int, height: int) -> None:
    """Whatever its shape, a picture reaches the network's size."""
    pictures = torch.randint(0, 256, (2, 3, height, width), dtype=torch.uint8)
    fitted = fit(pictures, Geometry(64, 32))
    assert fitted.shape == (2, 3, 32, 64)
    assert fitted.dtype == torch.uint8


def test_a_vertical_picture_gets_sides_and_keeps_its_middle() -> None:
    """A picture narrower than 4:3 is not pulled to the full width: grey stands at its sides."""
    fitted = fit(torch.full((1, 3, 160, 90), 255, dtype=torch.uint8), Geometry(64, 32))
    assert fitted[0, 0, 16, 0] == fitted[0, 0, 16, 63] == 116
    assert fitted[0, 0, 16, 32] == 255


def noise(height: int, width: int, brightness: int = 255) -> torch.Tensor:
    """Make two pictures of coloured noise."""
    return torch.randint(0, brightness, (2, 3, height, width), dtype=torch.uint8)


@pytest.mark.parametrize("sides", [(0, 0, 20, 20), (30, 31, 0, 0), (12, 12, 20, 20)])
def test_black_bars_are_cut_off(sides: tuple[int, int, int, int]) -> None:
    """Bars left and right, above and below, or all around leave the picture between them."""
    pictures = noise(120, 200)
    barred = torch.nn.functional.pad(pictures, sides, value=2)
    assert torch.equal(without_bars(barred), pictures)


@pytest.mark.parametrize("sides", [(0, 0, 30, 0), (0, 0, 10, 30), (0, 0, 1, 1), (0, 0, 90, 90)])
def test_what_is_no_pair_of_bars_stays(sides: tuple[int, int, int, int]) -> None:
    """Darkness on one side, of two widths, a hair wide or over most of the frame is part of the picture."""
    pictures = torch.nn.functional.pad(noise(120, 200), sides, value=0)
    assert without_bars(pictures).shape == pictures.shape


def test_a_picture_that_fades_into_the_dark_stays() -> None:
    """Without an edge there is no bar; a black picture, and one of a pixel, stay too."""
    fading = (noise(120, 200) * torch.linspace(-1, 1, 120).cos().sub(0.54).clamp(min=0).view(1, 1, -1, 1)).to(
        torch.uint8
    )
    for pictures in (fading, torch.zeros(1, 3, 40, 60, dtype=torch.uint8), noise(1, 1)):
        assert without_bars(pictures).shape == pictures.shape


def test_bars_that_one_frame_of_a_shot_lacks_stay() -> None:
    """A shot whose frames are not all barred is judged whole."""
    barred = torch.nn.functional.pad(noise(120, 200), (0, 0, 20, 20))
    barred[1, :, :20] = 200
    assert without_bars(barred).shape == barred.shape


def test_normalized_pictures_have_the_bodys_mean() -> None:
    """A picture in the mean colour becomes zero."""
    picture = torch.tensor([124, 116, 104], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert normalize(picture, NORMALIZATION).abs().max() < 0.02


def test_the_cpu_is_always_there() -> None:
    """Asking for the CPU gives the CPU, with its name and threads in words."""
    assert choose_device("cpu") == torch.device("cpu")
    assert describe_device(torch.device("cpu")).endswith(f", {torch.get_num_threads()} threads)")


@pytest.mark.parametrize("wish", ["gpu", "", "cuda:x", "cpu:1", "cuda:99", "mps:0"])
def test_a_device_that_is_not_there_is_said_so(wish: str) -> None:
    """A device that is unknown or absent is a ModelError with a way out."""
    with pytest.raises(ModelError, match="device"):
        choose_device(wish)
