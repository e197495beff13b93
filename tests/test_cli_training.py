"""The verbs train, evaluate and export-onnx: what they write and say, and what they refuse in one line."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import save_file

from otio_shottag.cli import cli, main
from otio_shottag.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from otio_shottag.model.network import Architecture, Committee, build
from otio_shottag.model.pictures import Geometry, Normalization
from otio_shottag.training import all_layers, member, runs
from otio_shottag.training.member import MemberPlan
from otio_shottag.training.own import OwnPlan
from otio_shottag.vocabulary import SHOT_TYPES

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process; give code, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["otio-shottag", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights for small pictures."""
    torch.manual_seed(3)
    member = build(Architecture("efficientnet_lite2", hidden=32)).train()
    with torch.no_grad():
        for _ in range(12):  # settles the normalizations: untrained ones would let next to nothing through
            member(torch.rand(8, 3, 1, 1) * 4 - 2 + 0.2 * torch.randn(8, 3, 32, 64))
    normalization = Normalization((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    network = Committee([member.eval()])
    path = tmp_path_factory.mktemp("start") / "start.safetensors"
    save_checkpoint(Checkpoint(network, SHOT_TYPES, Geometry(64, 32), normalization, 1.0, "start 1"), path)
    return path


def write_stills(folder: Path, count: int = 24, codes: tuple[str, ...] = ("EWS", "MS", "CU")) -> Path:
    """Write stills of a few sizes, told apart by their colour, in class folders."""
    for number in range(count):
        color = [20, 20, 20]
        color[number % len(codes)] = 200 + number % 20
        path = folder / codes[number % len(codes)] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 36), tuple(color)).save(path)
    return folder


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_training_writes_a_checkpoint_and_its_curve(run: Run, start: Path, tmp_path: Path) -> None:
    """A few stills give a checkpoint of their sizes, a record of how it came about, and nothing else."""
    stills = write_stills(tmp_path / "stills")
    output = tmp_path / "out" / "mine.safetensors"
    output.parent.mkdir()
    arguments = ["--from", start, "--epochs", 6, "--rate", "0.01", "--batch-size", 8, "--device", "cpu", "--seed", 4]
    code, out, err = run("train", stills, "-o", output, *arguments)
    assert code == 0, err
    assert names_in(output.parent) == ["mine.curve.png", "mine.safetensors"]
    made = load_checkpoint(output)
    assert [label.code for label in made.labels] == ["EWS", "MS", "CU"]
    assert made.version == "shot_type mine"
    assert made.record["started from"] == "start 1"
    assert re.fullmatch(r"fold \d of 5, split by group", made.record["held out"])
    assert (made.record["plan"]["head_epochs"], made.record["plan"]["seed"]) == (6, 4)
    unseen = made.record["figures"]["stills"]
    assert made.record["stills"] + unseen == 24
    assert "of 3 sizes learned" in out
    assert f"{unseen} unseen stills: " in out
    assert "before training" in out
    assert "training the head, network 1 of 1" in err
    assert str(output) in err


def test_without_epochs_the_last_layer_is_refitted(run: Run, start: Path, tmp_path: Path) -> None:
    """By default a pull is chosen, drawn and recorded; stills that say nothing leave the head as it was."""
    stills = write_stills(tmp_path / "stills", 30)
    for name, folder in (("mine", stills), ("same", write_stills(tmp_path / "flat", 30))):
        if name == "same":
            for number, path in enumerate(sorted(folder.rglob("*.png"))):
                Image.new("RGB", (64, 36), (number, number, number)).save(path)
        code, out, err = run(
            "train", folder, "-o", tmp_path / f"{name}.safetensors", "--from", start, "--device", "cpu"
        )
        assert code == 0, err
        record = load_checkpoint(tmp_path / f"{name}.safetensors").record
        assert len(record["refit"]["tried"]) > 3
        kept = record["refit"]["pull"] is None
        assert ("the head stays as it was" in err) == kept
        assert (tmp_path / f"{name}.curve.png").read_bytes().startswith(b"\x89PNG")
        assert "before training" in out
    assert not kept or record["refit"]["exact"] == record["refit"]["exact before"]
    assert not (tmp_path / "mine.work").exists()


def test_the_same_seed_gives_the_same_checkpoint(run: Run, start: Path, tmp_path: Path) -> None:
    """Two runs with one seed end with the same weights; another seed gives others."""
    stills = write_stills(tmp_path / "stills", 10)
    made = []
    for seed in (1, 1, 2):
        output = tmp_path / str(len(made)) / "mine.safetensors"
        output.parent.mkdir()
        wishes = ["--epochs", 2, "--rate", "0.01", "--device", "cpu", "--seed", seed]
        assert run("train", stills, "-o", output, "--from", start, *wishes)[0] == 0
        made.append({name: tensor.clone() for name, tensor in load_checkpoint(output).network.state_dict().items()})
    assert all(torch.equal(made[0][name], made[1][name]) for name in made[0])
    assert any(not torch.equal(made[0][name], made[2][name]) for name in made[0])


def test_the_held_out_stills_are_found_again(run: Run, start: Path, tmp_path: Path) -> None:
    """evaluate --held-out judges exactly the stills of valid, and says what the training's record says."""
    write_stills(tmp_path / "stills" / "train", 15)
    write_stills(tmp_path / "stills" / "valid", 6)
    output = tmp_path / "mine.safetensors"
    assert run("train", tmp_path / "stills", "-o", output, "--from", start, "--epochs", 3, "--device", "cpu")[0] == 0
    code, out, _ = run("evaluate", output, tmp_path / "stills", "--held-out", "--device", "cpu")
    assert code == 0
    assert out.splitlines()[1] == "6 stills"
    exact = load_checkpoint(output).record["figures"]["exact"]
    assert f"{100 * exact:.1f}%  right" in out


def test_the_finder_draws_its_search_and_trains_nothing(run: Run, start: Path, tmp_path: Path) -> None:
    """--find-lr prints a rate for each network and leaves only its chart."""
    stills = write_stills(tmp_path / "stills")
    output = tmp_path / "out" / "mine.safetensors"
    output.parent.mkdir()
    code, out, err = run("train", stills, "-o", output, "--from", start, "--find-lr", "--device", "cpu")
    assert code == 0, err
    assert out.startswith("efficientnet_lite2: try --rate ")
    assert 1e-6 < float(out.split()[-1]) < 1
    assert names_in(output.parent) == ["mine.rates.png"]


def test_training_from_imagenet_keeps_its_features_until_it_is_done(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the frozen stages made of the stills is used by the next run, and goes when one ends well."""
    monkeypatch.setattr(runs, "IMAGENET_VIEWS", ("plain",))
    monkeypatch.setattr(member, "GEOMETRY", Geometry(64, 32))
    body = tmp_path / "body.safetensors"
    save_file({"_conv_stem.weight": torch.randn(32, 3, 3, 3)}, body)
    stills = write_stills(tmp_path / "stills", 12)
    (tmp_path / "out").mkdir()
    arguments = ["train", stills, "-o", tmp_path / "out" / "mine.safetensors", "--imagenet", body, "--sizes", 64]
    arguments += ["--body", "efficientnet_lite2", "--epochs", 2, "--batch-size", 4, "--device", "cpu"]
    assert run(*arguments, "--find-lr")[0] == 0
    assert names_in(tmp_path / "out") == ["mine.rates.png", "mine.work"]
    monkeypatch.setattr(member, "write_features", lambda *given, **named: pytest.fail("made the features again"))
    code, out, err = run(*arguments, "--all-epochs", 1)
    assert code == 0, err
    assert "training last stage and head of efficientnet_lite2\n" in err
    assert "training all layers of efficientnet_lite2\n" in err
    assert "unseen stills" in out
    assert names_in(tmp_path / "out") == ["mine.curve.png", "mine.rates.png", "mine.safetensors"]
    record = load_checkpoint(tmp_path / "out" / "mine.safetensors").record
    assert (record["started from"], record["plan"]["epochs"]) == ("body.safetensors", 2)
    assert record["plan"]["all_layers"]["epochs"] == 1


def test_small_pictures_come_before_large_ones(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default both halves of the method are gone through at each of the sizes; the last one judges."""
    monkeypatch.setattr(runs, "IMAGENET_VIEWS", ("plain",))
    monkeypatch.setattr(member, "GEOMETRY", Geometry(128, 64))
    heights = []
    fit = all_layers.PictureBatches._view

    def seen(batches: all_layers.PictureBatches, *given: object) -> object:
        heights.append(batches._geometry.height)
        return fit(batches, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(all_layers.PictureBatches, "_view", seen)
    body = tmp_path / "body.safetensors"
    save_file({"_conv_stem.weight": torch.randn(32, 3, 3, 3)}, body)
    stills = write_stills(tmp_path / "stills", 12)
    arguments = ["train", stills, "-o", tmp_path / "mine.safetensors", "--imagenet", body, "--sizes", "64,128"]
    arguments += ["--body", "efficientnet_lite2", "--epochs", 1, "--batch-size", 4, "--device", "cpu"]
    code, _, err = run(*arguments)
    assert code == 0, err
    kinds = [line for line in err.splitlines() if line.startswith("training")]
    assert [line.removesuffix(" pixels of efficientnet_lite2") for line in kinds] == [
        "training last stage and head at 64", "training all layers at 64",
        "training last stage and head at 128", "training all layers at 128",
    ]  # fmt: skip
    assert heights == sorted(heights)
    assert set(heights) == {32, 64}
    made = load_checkpoint(tmp_path / "mine.safetensors")
    assert (made.geometry.width, made.geometry.height) == (128, 64)
    assert made.network.architectures[0].hidden == 32
    code, _, err = run(*arguments[:4], "--sizes", "64,", "--imagenet", body)
    assert (code, "should be widths from 64 to 2048 pixels" in err) == (2, True)
    code, _, err = run("train", stills, "-o", tmp_path / "other.safetensors", "--sizes", "64")
    assert (code, "--sizes goes with --imagenet" in err) == (2, True)


def test_a_stopped_training_goes_on_from_the_command_line(
    run: Run, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C the same command says that it goes on, and writes the very same weights and curve."""
    stills = write_stills(tmp_path / "stills", 12)
    wishes = ["--from", start, "--epochs", 2, "--rate", "0.01", "--all-epochs", 2, "--batch-size", 4, "--device", "cpu"]
    whole, stopped = tmp_path / "whole" / "mine.safetensors", tmp_path / "stopped" / "mine.safetensors"
    for output in (whole, stopped):
        output.parent.mkdir()
    assert run("train", stills, "-o", whole, *wishes)[0] == 0
    view, num_views = all_layers.PictureBatches._view, 0

    def press_ctrl_c(batches: all_layers.PictureBatches, *given: object) -> object:
        nonlocal num_views
        num_views += 1
        if num_views == 13:
            raise KeyboardInterrupt
        return view(batches, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(all_layers.PictureBatches, "_view", press_ctrl_c)
    code, out, err = run("train", stills, "-o", stopped, *wishes)
    assert (code, out) == (130, "")
    assert names_in(stopped.parent) == ["mine.work"]
    assert "the same command goes on from there" in err
    code, out, err = run("train", stills, "-o", stopped, *wishes)
    assert code == 0, err
    assert err.startswith(f"going on from {stopped.parent / 'mine.work'}\n")
    assert num_views < 13 + 12
    assert names_in(stopped.parent) == ["mine.curve.png", "mine.safetensors"]
    assert (stopped.parent / "mine.curve.png").read_bytes() == (whole.parent / "mine.curve.png").read_bytes()
    one, other = load_checkpoint(whole), load_checkpoint(stopped)  # the file itself orders its header by chance
    assert (one.record, one.temperature) == (other.record, other.temperature)
    for name, tensor in one.network.state_dict().items():
        assert torch.equal(tensor, other.network.state_dict()[name]), name


def test_evaluation_writes_a_whole_report(run: Run, start: Path, tmp_path: Path) -> None:
    """Text, JSON, three charts and the worst mistakes; the numbers of all of them agree."""
    stills = write_stills(tmp_path / "stills", 12)
    code, out, err = run("evaluate", start, stills, "-o", tmp_path / "report", "--device", "cpu")
    assert code == 0, err
    report = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert (tmp_path / "report" / "report.txt").read_text(encoding="utf-8") == out
    right = sum(one["label"] == one["judged"] for one in report["judged"])
    assert report["exact"] == pytest.approx(right / 12, abs=1e-4)
    assert sum(map(sum, report["confusion"])) == report["stills"] == 12
    assert [one["label"] for one in report["judged"]].count("MS") == report["classes"]["MS"]["stills"] == 4
    assert f"exact              {100 * right / 12:5.1f}%" in out
    charts = {"calibration.png", "confusion.png", "coverage.png"} | ({"mistakes.png"} if right < 12 else set())
    assert set(names_in(tmp_path / "report")) == charts | {"report.json", "report.txt"}
    assert run("evaluate", start, stills, "-o", tmp_path / "report")[0] == 1
    assert run("evaluate", start, stills, "-o", tmp_path / "report", "--force", "--device", "cpu")[0] == 0


def test_sizes_that_the_checkpoint_lacks_are_left_out(run: Run, start: Path, tmp_path: Path) -> None:
    """A checkpoint of three sizes is judged on the stills of those, and the rest is mentioned."""
    output = tmp_path / "three.safetensors"
    stills = write_stills(tmp_path / "stills")
    assert run("train", stills, "-o", output, "--from", start, "--epochs", 1, "--device", "cpu")[0] == 0
    others = write_stills(tmp_path / "others", 8, ("MS", "LS"))
    code, out, err = run("evaluate", output, others, "--device", "cpu")
    assert code == 0
    assert out.splitlines()[1] == "4 stills"
    assert "4 stills left out: shot_type three does not know their sizes" in err


def test_export_says_how_far_onnx_is_from_torch(run: Run, start: Path, tmp_path: Path) -> None:
    """export-onnx writes a file and prints the largest difference; a second time it asks for --force."""
    code, out, err = run("export-onnx", start, tmp_path / "some.onnx")
    assert code == 0, err
    assert "scores differ from torch's by " in out
    assert names_in(tmp_path) == ["some.onnx"]
    assert run("export-onnx", start, tmp_path / "some.onnx")[0] == 1
    assert run("export-onnx", start, tmp_path / "some.bin")[2].startswith("otio-shottag: ")


def test_what_cannot_be_done_is_said_in_one_line(run: Run, start: Path, tmp_path: Path) -> None:
    """Each wrong folder, list, checkpoint or output is one line on stderr, exit code 1, and no traceback."""
    stills = write_stills(tmp_path / "stills")
    strange = write_stills(tmp_path / "strange", 12, ("CU", "XCU"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.csv").write_text(f"file,label\n{stills.name}/MS/1.png,MS\nx.png,CU\n", encoding="utf-8")
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    out = ["-o", tmp_path / "mine.safetensors", "--from", start, "--device", "cpu"]
    for arguments, said in [
        (["train", tmp_path / "nowhere", *out], "no such folder or list of stills"),
        (["train", tmp_path / "empty", *out], "no pictures in folders named after a size; should be some of EWS"),
        (["train", strange, *out], "XCU: holds pictures and is named after no size; one of EWS or extreme wide shot"),
        (["train", write_stills(tmp_path / "few", 4), *out], "4 stills; should be 10 at least"),
        (["train", tmp_path / "list.csv", *out], "list.csv, line 3: no such picture"),
        (["train", stills, *out[:2], "--from", tmp_path / "broken.safetensors"], "cannot read the checkpoint"),
        (["train", stills, "-o", tmp_path / "mine.pth"], "cannot write '.pth'; should be .safetensors"),
        (["train", stills, "-o", tmp_path / "no" / "mine.safetensors"], "make it first"),
        (["train", stills, "-o", tmp_path / "mine.safetensors", "--imagenet", tmp_path / "no"], "no such ImageNet"),
        (["train", stills, *out, "--device", "abacus"], "unknown device 'abacus'"),
        (["evaluate", tmp_path / "no.safetensors", stills], "no such checkpoint"),
        (["evaluate", start, tmp_path / "empty"], "no pictures in folders named after a size"),
        (["evaluate", start, stills, "--held-out"], "leave --held-out away"),
        (["evaluate", start, stills, "-o", tmp_path / "list.csv"], "is a file; the report is a folder"),
        (["export-onnx", tmp_path / "broken.safetensors", tmp_path / "some.onnx"], "cannot read the checkpoint"),
    ]:
        code, stdout, err = run(*arguments)
        assert (code, stdout) == (1, ""), arguments
        assert said in err
        assert len(err.splitlines()) == 1, err
    code, _, err = run("train", stills, *out, "--imagenet", start)
    assert code == 2
    assert "--from and --imagenet" in err
    assert not (tmp_path / "mine.safetensors").exists()


def test_missing_charts_are_said_before_the_work(
    run: Run, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without matplotlib neither training nor a report begins, and the line names the extra to install."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    stills = write_stills(tmp_path / "stills")
    for arguments in (["train", stills, "-o", tmp_path / "mine.safetensors"], ["evaluate", start, stills, "-o", "x"]):
        code, _, err = run(*arguments)
        assert code == 1
        assert err.splitlines() == [
            "otio-shottag: charts need matplotlib, which is not installed: pip install 'otio-shottag[train]'"
        ]


def test_the_help_states_the_plans_own_defaults() -> None:
    """The numbers that train --help calls defaults are those of the plans."""
    text = " ".join(CliRunner().invoke(cli, ["train", "--help"]).output.split())
    own = OwnPlan()
    imagenet = runs.plan_imagenet(Path(__file__), "resnet50", Path("nowhere"), seed=0).plan
    assert isinstance(imagenet, MemberPlan)
    assert own.head_epochs == 0
    assert f"from ImageNet weights {imagenet.epochs}, at each of the --sizes." in text
    assert f"Default: {own.all_layers.epochs}, from ImageNet weights {imagenet.all_layers.epochs};" in text
    assert f"Default: {','.join(map(str, imagenet.sizes))}." in text
    assert f"Default: {own.head_rate:.0e}".replace("e-0", "e-") + ", from ImageNet" in text
    assert f"ImageNet weights {imagenet.rate:.0e}.".replace("e-0", "e-") in text
    assert f"Default: {own.batch_size}, from ImageNet weights {imagenet.batch_size}." in text
    assert runs.plan_own(load_checkpoint_stand_in(), Path("nowhere"), seed=0).plan == own


def load_checkpoint_stand_in() -> Checkpoint:
    """A checkpoint without a network, for what looks at none."""
    normalization = Normalization((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    return Checkpoint(Committee([]), SHOT_TYPES, Geometry(64, 32), normalization, 1.0, "none")
