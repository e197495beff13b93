"""``otio-shottag train STILLS``: a checkpoint that knows an editor's own stills."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from otio_shottag.cli.options import device_option
from otio_shottag.cli.targets import check_targets
from otio_shottag.errors import FormatError

if TYPE_CHECKING:
    from otio_shottag.training.runs import ImageNetRun, OwnRun
    from otio_shottag.training.still_sets import StillSet

_CORRECTIONS = "corrections"
"""The word after --from that makes STILLS files of corrections."""
_BODIES = ("resnet50", "resnet50-paper", "densenet169", "efficientnet_lite2")


@click.command(name="train")
@click.argument("stills", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="STILLS")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("checkpoint.safetensors"),
    show_default=True,
    metavar="FILE",
    help="Write the checkpoint to FILE, and its curve beside it: mine.safetensors, mine.curve.png.",
)
@click.option(
    "--from",
    "start",
    default="shipped",
    show_default=True,
    metavar="CHECKPOINT",
    help="The weights to start from: a file, or the word shipped. With the word corrections STILLS are files of "
    "corrections, one or several, and the shipped weights learn from the shots that they name.",
)
@click.option(
    "--imagenet",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Start from ImageNet weights instead: a state dict with torchvision's names.",
)
@click.option(
    "--body",
    type=click.Choice(_BODIES),
    default="resnet50",
    show_default=True,
    help="What the --imagenet weights are of; resnet50-paper halves pictures where the 2015 paper did.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Passes over the stills with the layers below frozen. Default: 0, which refits the head's last layer instead; "
    "from ImageNet weights 5, at each of the --sizes.",
)
@click.option(
    "--all-epochs",
    type=click.IntRange(min=0),
    metavar="N",
    help="Passes that train all layers after that, the early ones slowest. Default: 0, from ImageNet weights 2; on two "
    "CPU cores count a minute for 100 to 200 stills.",
)
@click.option(
    "--sizes",
    callback=lambda context, option, text: _sizes(text),
    metavar="W,W",
    help="With --imagenet: widths in pixels that are trained at one after the other, small before large. "
    "Default: 192,384.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="RATE",
    help="Highest learning rate of the cycle, of the head; a third of it where all layers are trained. Default: 3e-4, "
    "from ImageNet weights 1e-3.",
)
@click.option(
    "--find-lr",
    is_flag=True,
    help="Train nothing: draw the search beside FILE (mine.rates.png) and print the rate it suggests.",
)
@click.option("--batch-size", type=click.IntRange(min=2), metavar="N", help="Default: 16, from ImageNet weights 32.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="The same seed gives the same run on a CPU.",
)
@device_option
@click.option("--force", is_flag=True, help="Replace a FILE that is there already.")
def command(
    stills: tuple[Path, ...], output: Path, start: str, imagenet: Path | None, body: str, find_lr: bool, seed: int,
    device: str, force: bool, **wishes: Any,
) -> None:  # fmt: skip
    """Train on labelled STILLS and write a checkpoint for --model.

    STILLS is a folder of folders named after sizes (MCU, or medium close-up; any of the eight), perhaps below train and
    valid; or a CSV with the columns file, label and group. Stills in valid judge the result. Without valid a fifth of
    the stills does, whole groups of a CSV and whole folders of a film (MCU/some film/1.jpg).

    From weights that know the sizes, the head's last layer is refitted: as far from what it was as cross-validation on
    the stills bears out, and not at all where they bear out nothing. With --epochs the whole head is trained instead,
    by one cycle of the learning rate, with --all-epochs then every layer. From ImageNet weights that is the way: frozen
    first, then every layer, at each of the --sizes.

    Stopped with Ctrl-C or killed, the same command goes on after the last whole epoch, to the same result. What is done
    is kept beside FILE (mine.work) until a run ends well.
    """
    from otio_shottag.cli.output import note
    from otio_shottag.formats.files import write_bytes
    from otio_shottag.model.checkpoint import save_checkpoint
    from otio_shottag.model.device import choose_device, describe_device
    from otio_shottag.training.charts import CurvePoint, pull_chart, rate_chart, require_charts, training_chart

    if output.suffix != ".safetensors":
        raise FormatError(
            f"{output}: cannot write {output.suffix or 'a file without ending'!r}; should be .safetensors"
        )
    chart = output.with_suffix(".rates.png" if find_lr else ".curve.png")
    check_targets(Path(start), [chart] if find_lr else [output, chart], force=force)
    require_charts()
    chosen_device = choose_device(device)
    with _told() as told:
        still_set = _read(stills, start, told)
    run = _plan(
        "shipped" if start == _CORRECTIONS else start, imagenet, body, output.with_suffix(".work"), seed, wishes
    )
    if find_lr:
        with _told() as told:
            searches = run.find_rates(still_set, device=chosen_device, progress=told)
        write_bytes(chart, rate_chart(searches))
        for name, search in searches:
            click.echo(f"{name}: try --rate {search.suggestion:.1e}")
        note(f"wrote {chart}")
        return
    points: list[CurvePoint] = []
    if run.is_begun(still_set):
        note(f"going on from {run.workspace}")
    try:
        with _told() as told:
            trained = run.train(
                still_set,
                version=f"shot_type {output.stem}",
                device=chosen_device,
                progress=told,
                on_step=lambda part, loss, rate: points.append(CurvePoint(part, loss, rate)),
            )
            told("judging the unseen stills by the weights before", 0, 1)
            before = run.exact_before(still_set)
    except KeyboardInterrupt:
        note(f"{run.workspace} has what is done: the same command goes on from there")
        raise
    save_checkpoint(trained, output)
    refitted = trained.record.get("refit")
    if refitted and not points:
        drawn = pull_chart(refitted["tried"], before=refitted["exact before"], chosen=refitted["pull"])
    else:
        drawn = training_chart(points)
    write_bytes(chart, drawn)
    run.clear_up(still_set)
    click.echo(f"{len(still_set.part(learned=True))} stills of {len(still_set.labels)} sizes learned")
    if refitted and refitted["pull"] is None:
        note("the head stays as it was: in cross-validation on these stills no other last layer judged better")
    if figures := trained.record.get("figures"):
        exact, near = figures["exact"], figures["within_one"]
        was = "" if before is None else f", {100 * before:.1f}% before training"
        click.echo(
            f"{figures['stills']} unseen stills: {100 * exact:.1f}% exact{was}, {100 * near:.1f}% within one size"
        )
        if before is not None and exact < before:
            note("worse than before: more stills, fewer --epochs or a lower --rate may help; else keep what you had")
    note(f"wrote {output} and {chart}, trained on {describe_device(chosen_device)}")


def _read(stills: tuple[Path, ...], start: str, told: Callable[[str, int, int], None]) -> "StillSet":
    """Read the stills, or make them from corrections; those are kept until the command ends."""
    from otio_shottag.training.corrected import read_corrected
    from otio_shottag.training.still_sets import read_set

    if start == _CORRECTIONS:
        folder = click.get_current_context().with_resource(TemporaryDirectory(prefix="otio-shottag-"))
        return read_corrected(stills, Path(folder), progress=told)
    if len(stills) > 1:
        raise click.UsageError(f"{len(stills)} times STILLS; several are taken with --from corrections only")
    return read_set(stills[0])


def _plan(
    start: str, imagenet: Path | None, body: str, workspace: Path, seed: int, wishes: dict[str, Any]
) -> "OwnRun | ImageNetRun":
    from otio_shottag.model.checkpoint import SHIPPED
    from otio_shottag.model.foreign import load_any
    from otio_shottag.training.runs import plan_imagenet, plan_own

    given = {name: wish for name, wish in wishes.items() if wish is not None}
    if imagenet is not None:
        if start != "shipped":
            raise click.UsageError("--from and --imagenet both say what to start from; give one of them")
        return plan_imagenet(imagenet, body, workspace, seed=seed, **given)
    if "sizes" in given:
        raise click.UsageError("--sizes goes with --imagenet; other weights keep the size that they judge at")
    return plan_own(load_any(SHIPPED if start == "shipped" else Path(start)), workspace, seed=seed, **given)


def _sizes(text: str | None) -> tuple[int, ...] | None:
    """Read ``192,384``; raises BadParameter for what is no list of widths."""
    if text is None:
        return None
    words = text.split(",")
    if not all(word.strip().isdecimal() and 64 <= int(word) <= 2048 for word in words):
        raise click.BadParameter(f"{text!r}; should be widths from 64 to 2048 pixels, such as 192,384")
    return tuple(int(word) for word in words)


@contextmanager
def _told() -> "Iterator[Callable[[str, int, int], None]]":
    """Show what a training says of itself: a bar on a terminal, in a pipe one line for each kind of work."""
    from otio_shottag.cli.output import NOTES, note, progress

    with progress(1, "steps") as bar:
        task = bar.task_ids[0]
        said = ""

        def tell(what: str, done: int, total: int) -> None:
            nonlocal said
            kind = re.sub(r", loss [^,]*", "", what)
            if kind != said:
                said = kind
                bar.reset(task)
                if not NOTES.is_terminal:
                    note(kind)
            bar.update(task, description=what, completed=done, total=total)

        yield tell
