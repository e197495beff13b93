"""``otio-shottag export-onnx CHECKPOINT OUT.onnx``: a checkpoint for other runtimes."""

from pathlib import Path

import click

from otio_shottag.cli.targets import check_targets
from otio_shottag.errors import FormatError


@click.command(name="export-onnx")
@click.argument("checkpoint", metavar="CHECKPOINT")
@click.argument("output", type=click.Path(path_type=Path), metavar="OUT.onnx")
@click.option("--force", is_flag=True, help="Replace an OUT.onnx that is there already.")
def command(checkpoint: str, output: Path, force: bool) -> None:
    """Write CHECKPOINT as ONNX, for any number of pictures at once.

    CHECKPOINT is a file, or the word shipped for the weights that come with otio-shottag. What onnxruntime makes of
    OUT.onnx is compared with torch before it is kept. Labels, picture size, normalization and temperature are in
    its metadata.
    """
    from otio_shottag.cli.output import note
    from otio_shottag.model.checkpoint import SHIPPED
    from otio_shottag.model.foreign import load_any
    from otio_shottag.model.onnx_export import export_onnx

    if output.suffix != ".onnx":
        raise FormatError(f"{output}: cannot write {output.suffix or 'a file without ending'!r}; should end in .onnx")
    path = SHIPPED if checkpoint == "shipped" else Path(checkpoint)
    check_targets(path, [output], force=force)
    difference = export_onnx(load_any(path), output)
    click.echo(
        f"{output}: scores differ from torch's by {difference:.1g} at most, {output.stat().st_size / 1e6:.0f} MB"
    )
    note("in: pictures, float32 (batch, 3, height, width), normalized; out: scores, before temperature and softmax")
