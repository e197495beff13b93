"""``otio-shottag report CUT...``: a page to look at, of one cut or of several side by side."""

import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from otio_shottag.cli import tag as tagging
from otio_shottag.cli.analyses import analyses_options, check_options
from otio_shottag.cli.cache import cache_options, opened
from otio_shottag.cli.detecting import detection_options
from otio_shottag.cli.judging import effort_options, judge_shots
from otio_shottag.cli.options import cut_options, find, judge_options, read_cut, split_names
from otio_shottag.cli.pages import (
    corrected,
    corrections_option,
    heat_maps_option,
    page_option,
    read_corrections_of,
    write_page,
)
from otio_shottag.cli.targets import check_targets
from otio_shottag.cli.workforce import at_work
from otio_shottag.errors import TimelineError

if TYPE_CHECKING:
    from otio_shottag.cache import Cache
    from otio_shottag.cli.workforce import Workforce
    from otio_shottag.corrections import Correction
    from otio_shottag.cuts import Detection
    from otio_shottag.formats import Delivery
    from otio_shottag.settings import Settings

_AS_TAG = ("min_confidence", "settings_path")
"""Options that mean what they mean for the verb tag."""


@click.command(name="report", epilog="Exit codes: as those of otio-shottag CUT.")
@click.argument("cuts", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CUT...")
@page_option("-o", "--output", help="Write the page to FILE, an .html. Default: CUT.report.html beside the input.")
@click.option("--force", is_flag=True, help="Replace a FILE that is there already.")
@analyses_options
@cut_options
@detection_options
@judge_options
@effort_options
@cache_options
@corrections_option
@heat_maps_option
@click.option("--strict", is_flag=True, help="Exit with 3 where clips were skipped.")
def command(
    cuts: tuple[Path, ...],
    output: Path | None,
    force: bool,
    strict: bool,
    cache_path: Path | None,
    no_cache: bool,
    no_heat_maps: bool,
    jobs: int | None,
    ray_address: str | None,
    **options: Any,
) -> None:
    """Judge the shots of CUT and draw a page of them: strip, figures and contact sheet.

    The page is one file that needs no network. Several cuts stand side by side on it. Nothing but the page is
    written; otio-shottag CUT --report FILE writes it beside the tagged cut.
    """
    from otio_shottag.cli.output import note
    from otio_shottag.vocabulary import SIZES

    started = time.perf_counter()
    page = output or cuts[0].with_name(f"{cuts[0].stem}.report.html")
    settings = tagging.chosen_settings(options["settings_path"], options["min_confidence"])
    corrections = read_corrections_of(options["corrections_path"])
    for cut in cuts:
        check_targets(cut, [page], force=force)
    check_options(options["analyses"], options["model"], options["frames_per_shot"])
    given = {name: options[name] for name in ("hwaccel", "media_roots", "maps")}
    with opened(cache_path, no_cache=no_cache) as cache, at_work(jobs=jobs, ray_address=ray_address, **given) as crew:
        deliveries = [_judged(cut, settings, corrections, cache, crew, **options) for cut in cuts]
    write_page(deliveries, page, model=options["model"], device=options["device"], heat_maps=not no_heat_maps)
    shots = sum(tag.analysis == SIZES for delivery in deliveries for tag in delivery.tags)
    device = deliveries[0].run.device
    judged = f"judged on {device}" if device is not None else "all known from earlier runs"
    note(f"{shots} shots in {time.perf_counter() - started:.1f} s, {judged}")
    note(f"wrote {page}")
    if strict and any(delivery.skips for delivery in deliveries):
        sys.exit(3)


command.params.extend(param for param in tagging.command.params if param.name in _AS_TAG)


def _judged(
    cut: Path,
    settings: "Settings",
    corrections: "list[Correction]",
    cache: "Cache | None",
    workforce: "Workforce",
    *,
    analyses: tuple[str, ...],
    detection: "Detection",
    rate: Fraction | None,
    sequence: str | None,
    media_roots: Any,
    maps: Any,
    tracks: str | None,
    include_disabled: bool,
    model: Path | None,
    device: str,
    frames_per_shot: int | None,
    **others: Any,
) -> "Delivery":
    """Read one cut and judge its shots. Raises TimelineError where there are none."""
    from otio_shottag.cli.output import note, show_skips
    from otio_shottag.formats import deliver

    content = read_cut(cut, rate=rate, sequence=sequence, detection=detection)
    shots, skips = find(
        content,
        media_roots=media_roots,
        maps=maps,
        tracks=split_names(tracks),
        include_disabled=include_disabled,
        cache=cache,
        workforce=workforce,
    )
    seconds: dict[str, float] = {}
    if not shots:
        show_skips(skips)
        raise TimelineError(
            f"{cut}: no shot can be judged: " + (tagging.one_reason(skips) if skips else "it shows no clips")
        )
    tags, missed, stopped, facts = judge_shots(
        shots,
        analyses,
        model=model,
        device=device,
        frames_per_shot=frames_per_shot,
        workforce=workforce,
        cache=cache,
        seconds=seconds,
    )
    skips = sorted([*skips, *missed], key=lambda skip: skip.address)
    if stopped:
        note("stopped; nothing was written")
        sys.exit(130)
    show_skips(skips)
    if not tags:
        raise TimelineError(f"{cut}: of none of its {len(shots)} shots a frame could be decoded")
    tags = corrected(tags, corrections)
    return deliver(content, tags, skips=skips, settings=settings, run=facts)
