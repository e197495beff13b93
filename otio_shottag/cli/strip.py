"""``otio-shottag strip CUT -o OUT``: take our marks off again."""

from fractions import Fraction
from pathlib import Path

import click

from otio_shottag.cli.options import rate_of, read_cut
from otio_shottag.cli.targets import check_targets


@click.command(name="strip")
@click.argument("cut", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="OUT", help="Write OUT.")
@click.option("--rate", callback=rate_of, metavar="RATE", help="Frames per second of an EDL, which does not say it.")
@click.option("--sequence", metavar="NAME", help="The sequence to take where the file holds several.")
@click.option("--force", is_flag=True, help="Replace an OUT that is there already.")
def command(cut: Path, output: Path, rate: Fraction | None, sequence: str | None, force: bool) -> None:
    """Write CUT to OUT without the markers and metadata that otio-shottag put on it.

    Everybody else's markers and metadata stay.
    """
    from otio_shottag.cli.output import note
    from otio_shottag.formats import strip

    check_targets(cut, [output], force=force)
    strip(read_cut(cut, rate=rate, sequence=sequence), output)
    note(f"wrote {output}")
