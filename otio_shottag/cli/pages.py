"""What the verbs tag and report share: the page as an output, and corrections as an input."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from otio_shottag.errors import FormatError

if TYPE_CHECKING:
    from otio_shottag.corrections import Correction
    from otio_shottag.formats import Delivery
    from otio_shottag.report import HeatMapOf
    from otio_shottag.shots import Tag

F = TypeVar("F", bound=Callable[..., Any])

_ENDINGS = (".html", ".htm")


def _page_of(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and value.suffix.lower() not in _ENDINGS:
        ending = repr(value.suffix) if value.suffix else "a file without ending"
        raise FormatError(f"{value}: cannot write {ending}; a report is .html")
    return value


def page_option(*names: str, help: str) -> Callable[[F], F]:
    """Give an option whose value is the page to write."""
    return click.option(*names, type=click.Path(path_type=Path), callback=_page_of, metavar="FILE", help=help)


corrections_option = click.option(
    "--corrections", "corrections_path", type=click.Path(path_type=Path), metavar="FILE",
    help="Sizes that a person set, as the report saves them: they take the place of judged ones.",
)  # fmt: skip


def read_corrections_of(path: Path | None) -> "list[Correction]":
    """Read the file of corrections; none where none is named."""
    from otio_shottag.corrections import read_corrections

    return [] if path is None else read_corrections(path)


def corrected(tags: "list[Tag]", corrections: "Sequence[Correction]") -> "list[Tag]":
    """Put corrections in the place of judged sizes, and say which of them fit no shot."""
    from otio_shottag.cli.output import note, plain
    from otio_shottag.corrections import correct

    if not corrections:
        return tags
    changed, unmatched = correct(tags, corrections)
    note(f"{len(corrections) - len(unmatched)} of {len(corrections)} corrections applied")
    for one in unmatched:
        note(
            f"  no shot shows frame {one.frames[len(one.frames) // 2]} of {plain(one.media)}: "
            f"{plain(one.name) or 'unnamed'}, {one.judged} to {one.label.code}"
        )
    return changed


def write_page(deliveries: "Sequence[Delivery]", path: Path, *, heat_map_of: "HeatMapOf | None" = None) -> None:
    """Write the page, with a bar for the frames that it decodes."""
    from otio_shottag.cli.output import progress
    from otio_shottag.report import write_report

    with progress(1, "frames") as bar:
        task = bar.task_ids[0]
        bar.update(task, description="drawing the report")
        write_report(
            deliveries, path, heat_map_of=heat_map_of,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
