"""``otio-shottag evaluate CHECKPOINT STILLS``: how often a checkpoint is right, in words and charts."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from otio_shottag.cli.options import device_option
from otio_shottag.errors import FormatError

if TYPE_CHECKING:
    from otio_shottag.model.checkpoint import Checkpoint
    from otio_shottag.training.evaluate import Evaluation

_MOST_MISTAKES = 40
"""Pictures on the contact sheet; more are too many to look at."""


@click.command(name="evaluate")
@click.argument("checkpoint", metavar="CHECKPOINT")
@click.argument("stills", type=click.Path(path_type=Path), metavar="STILLS")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write report.txt, report.json, the charts and a contact sheet of the worst mistakes into FOLDER.",
)
@click.option("--held-out", is_flag=True, help="Only the stills that CHECKPOINT's training held out, by its record.")
@device_option
@click.option("--force", is_flag=True, help="Replace what is in FOLDER already.")
def command(
    checkpoint: str, stills: Path, output: Path | None, held_out: bool, device: str, force: bool
) -> None:  # fmt: skip
    """Judge labelled STILLS and say how often CHECKPOINT is right.

    CHECKPOINT is a file, or the word shipped for the weights that come with otio-shottag. STILLS is a folder of
    folders named after sizes (MCU, or medium close-up), or a CSV with the columns file, label and group. Stills of
    sizes that CHECKPOINT does not know are left out.
    """
    from otio_shottag.cli.output import note, progress
    from otio_shottag.model.checkpoint import SHIPPED
    from otio_shottag.model.device import choose_device, describe_device
    from otio_shottag.model.foreign import load_any
    from otio_shottag.training.charts import require_charts
    from otio_shottag.training.evaluate import evaluate
    from otio_shottag.training.report import as_text
    from otio_shottag.training.still_sets import held_out_part, read_stills, relabeled

    if output is not None:
        require_charts()
        if output.exists() and not output.is_dir():
            raise FormatError(f"{output}: is a file; the report is a folder")
        if output.is_dir() and any(output.iterdir()) and not force:
            raise FormatError(f"{output}: is there already; --force replaces what is in it")
    loaded = load_any(SHIPPED if checkpoint == "shipped" else Path(checkpoint))
    found = read_stills(stills)
    chosen = held_out_part(found, loaded, stills) if held_out else found
    known = relabeled(chosen, loaded.labels)
    if len(known) < len(chosen):
        note(f"{len(chosen) - len(known)} stills left out: {loaded.version} does not know their sizes")
    chosen_device = choose_device(device)
    with progress(len(known), "stills") as bar:
        task = bar.task_ids[0]
        evaluation = evaluate(
            loaded, known, device=chosen_device, progress=lambda done, total: bar.update(task, completed=done)
        )
    text = f"{loaded.version}, {'held-out stills of ' if held_out else ''}{stills}\n{as_text(evaluation)}"
    click.echo(text, nl=False)
    if output is not None:
        _write_report(output, text, evaluation, loaded)
        note(f"wrote {output}")
    note(f"judged on {describe_device(chosen_device)}")


def _write_report(folder: Path, text: str, evaluation: "Evaluation", checkpoint: "Checkpoint") -> None:
    import numpy as np

    from otio_shottag.formats.files import write_bytes
    from otio_shottag.training.charts import calibration_chart, confusion_chart, coverage_chart
    from otio_shottag.training.contact_sheet import Cell, contact_sheet
    from otio_shottag.training.report import as_json

    figures, probabilities = evaluation.figures, evaluation.probabilities
    positions = np.array([still.label for still in evaluation.stills])
    report = {"model": checkpoint.version, **as_json(evaluation)}
    codes = [label.code for label in checkpoint.labels]
    mistakes = [
        Cell(still.path, f"{codes[still.label]}, judged {codes[judged]} {100 * sure:.0f}%", _short_path(still.path))
        for still, judged, sure in evaluation.worst(_MOST_MISTAKES)
    ]
    files = {
        "report.txt": text.encode(),
        "report.json": (json.dumps(report, indent=1, ensure_ascii=False) + "\n").encode(),
        "confusion.png": confusion_chart(figures.confusion, checkpoint.labels),
        "calibration.png": calibration_chart(probabilities, positions, error=figures.calibration_error),
        "coverage.png": coverage_chart(probabilities, positions),
    }
    if mistakes:
        files["mistakes.png"] = contact_sheet(mistakes)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not mistakes:
            (folder / "mistakes.png").unlink(missing_ok=True)  # of an earlier report
    except OSError as error:
        raise FormatError(f"{folder}: cannot be written to: {error.strerror or error}") from error
    for name, data in files.items():
        write_bytes(folder / name, data)


def _short_path(path: Path) -> str:
    return "/".join(path.parts[-2:])
