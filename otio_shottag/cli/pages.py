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
    from otio_shottag.report.pictures import Picture
    from otio_shottag.shots import Tag

F = TypeVar("F", bound=Callable[..., Any])

_ENDINGS = (".html", ".htm")
_HEAT_ALPHA = 0.6
"""How much of the hottest place the heat map covers: the face under it is still to be seen."""


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
    from otio_shottag.cli.output import note
    from otio_shottag.corrections import correct

    if not corrections:
        return tags
    changed, unmatched = correct(tags, corrections)
    note(f"{len(corrections) - len(unmatched)} of {len(corrections)} corrections applied")
    show_unmatched(unmatched)
    return changed


def show_unmatched(corrections: "Sequence[Correction]") -> None:
    """List corrections that fit no shot."""
    from otio_shottag.cli.output import note, plain

    for one in corrections:
        note(
            f"  no shot shows frame {one.frames[len(one.frames) // 2]} of {plain(one.media)}: "
            f"{plain(one.name) or 'unnamed'}, {one.judged} to {one.label.code}"
        )


heat_maps_option = click.option(
    "--no-heat-maps", is_flag=True, help="Leave the heat maps out of the page: they need the network for every shot."
)


def write_page(
    deliveries: "Sequence[Delivery]", path: Path, *, model: Path | None, device: str, heat_maps: bool
) -> None:
    """Write the page, with a bar for the frames that it decodes; heat maps come from ``model`` on ``device``."""
    from otio_shottag.cli.output import progress
    from otio_shottag.report import write_report
    from otio_shottag.vocabulary import SIZES

    has_sizes = any(tag.analysis == SIZES for delivery in deliveries for tag in delivery.tags)
    heat_map_of = _heat_maps(model, device) if heat_maps and has_sizes else None
    with progress(1, "frames") as bar:
        task = bar.task_ids[0]
        bar.update(task, description="drawing the report")
        write_report(
            deliveries, path, heat_map_of=heat_map_of,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip


def _heat_maps(model: Path | None, device: str) -> "HeatMapOf":
    """Give what lays over a picture the heat map of its shot's size."""
    from fractions import Fraction

    from otio_shottag.analyses.heat_maps import load_heat_mapper
    from otio_shottag.overlay import lay_over
    from otio_shottag.shots import Frames

    mapper = load_heat_mapper(model=model, device=device)

    def over(tag: "Tag", picture: "Picture") -> "Picture | None":
        label = tag.prediction.label
        if label not in mapper.labels:
            return None  # a person's size may be one that this model does not know
        (maps,) = mapper.look([Frames(picture[None], (Fraction(0),), failures=0)], [label])
        return lay_over(picture, maps.data[0], _HEAT_ALPHA)

    return over
