"""``otio-shottag CUT``: tag every shot and write the cut in the formats asked for."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from otio_shottag.cli.analyses import analyses_options, check_options, num_shots, with_separate_markers
from otio_shottag.cli.cache import cache_options, opened
from otio_shottag.cli.detecting import detection_options
from otio_shottag.cli.judging import effort_options, judge_shots, speed
from otio_shottag.cli.one_or_many import OutPath, one_or_many
from otio_shottag.cli.options import cut_options, find, judge_options, progress_option, read_cut, split_names
from otio_shottag.cli.pages import (
    corrected,
    corrections_option,
    heat_maps_option,
    page_option,
    read_corrections_of,
    write_page,
)
from otio_shottag.cli.routes import for_option, plan, show_doubts, show_steps
from otio_shottag.cli.targets import Target, check_targets, joined, write_targets
from otio_shottag.cli.workforce import at_work
from otio_shottag.errors import FormatError, TimelineError

if TYPE_CHECKING:
    from otio_shottag.cuts import Detection
    from otio_shottag.formats import Delivery
    from otio_shottag.marks import Place
    from otio_shottag.media_paths import PathMap
    from otio_shottag.settings import Settings
    from otio_shottag.shots import Skip

_FORMATS = (
    *("otio", "otioz", "cmx", "resolve-markers", "resolve-otio", "fcp7", "premiere-script", "fcpxml", "fcpxmld"),
    *("avid", "csv", "cinemetrics", "salt", "json"),
)
_ROWS = 30
"""Shots that the summary still lists one by one; a longer cut is shown by its sizes only."""


@click.command(
    name="tag",
    epilog="Exit codes: 0 done, 1 cannot, 2 wrong usage, 3 done but some shots were skipped (with --strict).",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    type=OutPath(path_type=Path),
    multiple=True,
    metavar="OUT",
    help="Write OUT; its ending picks the format. Repeatable. Without it and --for: CUT.tagged.otio beside CUT. "
    "Of many cuts OUT is one folder.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(_FORMATS),
    multiple=True,
    metavar="FORMAT",
    help="What OUT is where its ending leaves it open (.edl: cmx or resolve-markers): one for each -o, in order, or "
    f"one for all; of many cuts each is written. Of {', '.join(_FORMATS)}.",
)
@for_option
@click.option("--force", is_flag=True, help="Replace an OUT that is there already.")
@click.option("--json", "json_path", metavar="FILE", help="Write everything, machine-readable, to FILE; - is stdout.")
@click.option(
    "--markers",
    type=click.Choice(["clip", "timeline"]),
    default="clip",
    show_default=True,
    help="Put markers on the clips or on the timeline.",
)
@analyses_options
@cut_options
@detection_options
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    metavar="0..1",
    help="Below it a marker says 'MS? 41%' and takes the colour for unsure. Default: 0.5, or the settings'.",
)
@judge_options
@effort_options
@cache_options
@click.option(
    "--settings",
    "settings_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A shottag.yaml with colours, names, marker texts and thresholds.",
)
@corrections_option
@page_option("--report", help="Write a page to look at, too: strip, figures and contact sheet, as one .html.")
@heat_maps_option
@click.option("--keep-partial", is_flag=True, help="On Ctrl-C, write what has been judged so far.")
@click.option("--strict", is_flag=True, help="Exit with 3 where clips were skipped.")
@progress_option
@one_or_many
def command(
    cut: Path,
    outputs: tuple[Path, ...],
    formats: tuple[str, ...],
    editors: tuple[str, ...],
    force: bool,
    json_path: str | None,
    markers: str,
    analyses: tuple[str, ...],
    separate_markers: bool,
    media_roots: tuple[Path, ...],
    maps: "tuple[PathMap, ...]",
    rate: Fraction | None,
    sequence: str | None,
    tracks: str | None,
    include_disabled: bool,
    detection: "Detection",
    frames_per_shot: int | None,
    min_confidence: float | None,
    model: Path | None,
    device: str,
    hwaccel: str,
    jobs: int | None,
    ray_address: str | None,
    cache_path: Path | None,
    no_cache: bool,
    settings_path: Path | None,
    corrections_path: Path | None,
    report: Path | None,
    no_heat_maps: bool,
    keep_partial: bool,
    strict: bool,
    progress_style: str,
) -> None:
    """Tag every shot of CUT with its size.

    CUT is an .otio, .otioz, .otiod, .edl, .xml (Final Cut 7, Premiere), .fcpxml, .fcpxmld, .aaf or .ale. It is
    never changed; what is written is a copy with a marker on every shot. Of a movie, such as an .mp4 or .mov, the
    cuts are found first (extra: cuts). Of many CUTs, of a folder and of a pattern like 'cuts/**/*.otio' each cut
    is written by itself, and one that fails costs only itself.
    """
    from otio_shottag.cli.output import note, show_skips
    from otio_shottag.formats import deliver

    check_options(analyses, model, frames_per_shot)
    settings = with_separate_markers(chosen_settings(settings_path, min_confidence), separate_markers)
    corrections = read_corrections_of(corrections_path)
    picked = split_names(tracks)
    started = time.perf_counter()
    sets, files = plan(cut, outputs, formats, editors)
    targets = [*(file for one in sets for file in one.files), *_targets(files, formats)]
    if cut.exists():  # finding the cuts of a movie takes minutes: what cannot be written is said before
        others = [*_json_file(json_path), *([report] if report is not None else [])]
        check_targets(cut, [path for path, _ in targets] + others, force=force)
    content = read_cut(cut, rate=rate, sequence=sequence, detection=detection)
    workers = at_work(jobs=jobs, ray_address=ray_address, hwaccel=hwaccel, media_roots=media_roots, maps=maps)
    with opened(cache_path, no_cache=no_cache) as cache, workers as workforce:
        shots, skips = find(
            content,
            media_roots=media_roots,
            maps=maps,
            tracks=picked,
            include_disabled=include_disabled,
            cache=cache,
            workforce=workforce,
        )
        seconds = {"read": time.perf_counter() - started}
        if not shots:
            show_skips(skips)
            raise TimelineError(
                f"{cut}: no shot can be judged: " + (one_reason(skips) if skips else "it shows no clips")
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
            progress_style=progress_style,
        )
    skips = sorted([*skips, *missed], key=lambda skip: skip.address)
    if stopped and not (keep_partial and tags):
        note("stopped; nothing was written" + ("" if keep_partial else " (--keep-partial writes what was judged)"))
        sys.exit(130)
    if not tags:
        show_skips(skips)
        raise FormatError(f"{cut}: nothing was written: of none of its {len(shots)} shots a frame could be decoded")
    tags = corrected(tags, corrections)
    place = cast("Place", markers)
    delivery = deliver(content, tags, skips=skips, settings=settings, markers=place, tracks=picked, run=facts)
    written = _write(delivery, targets, json_path)
    if report is not None:
        write_page([delivery], report, model=model, device=device, heat_maps=not no_heat_maps)
        written.append(report)
    from otio_shottag.cli.summary import show_tags

    tagged = num_shots(tags)
    show_tags(content, tags, settings, rows=tagged <= _ROWS, on_stderr=json_path == "-")
    show_skips(skips)
    if stopped:
        note(f"stopped after {tagged + len(missed)} of {len(shots)} shots; the rest carries no marker")
    note(speed(tagged, facts))
    for path in written:
        note(f"wrote {path}")
    show_steps(sets, content)
    show_doubts(content)
    if stopped:
        sys.exit(130)
    if strict and skips:
        sys.exit(3)


def chosen_settings(path: Path | None, min_confidence: float | None) -> "Settings":
    """Give the settings that the options ask for."""
    from otio_shottag.settings import Settings, read_settings

    settings = read_settings(path) if path is not None else Settings()
    return settings if min_confidence is None else replace(settings, min_confidence=min_confidence)


def _targets(outputs: tuple[Path, ...], formats: tuple[str, ...]) -> list[Target]:
    """Pair every output with its format; None leaves it to the ending."""
    from otio_shottag.formats import format_of

    if len(formats) > 1 and len(formats) != len(outputs):
        raise click.UsageError(
            f"{len(formats)} times --format for {len(outputs)} times -o; give one for each, or one for all"
        )
    given: Sequence[str | None] = formats if len(formats) == len(outputs) else [(*formats, None)[0]] * len(outputs)
    for path, name in zip(outputs, given, strict=True):
        format_of(path, name)  # an ending that nobody knows is said before the work, not after it
    return list(zip(outputs, given, strict=True))


def _json_file(json_path: str | None) -> list[Path]:
    return [Path(json_path)] if json_path and json_path != "-" else []


def one_reason(skips: "Sequence[Skip]") -> str:
    """Say why nothing could be judged."""
    reasons = list(dict.fromkeys(skip.reason for skip in skips))
    return reasons[0] if len(reasons) == 1 else f"{len(skips)} clips, each for a reason listed above"


def _write(delivery: "Delivery", targets: Sequence[Target], json_path: str | None) -> list[Path]:
    """Write every output; one that cannot be written does not keep the others from it."""
    from otio_shottag.formats import json_text

    written, problems = write_targets(delivery, [*targets, *((path, "json") for path in _json_file(json_path))])
    if json_path == "-":
        click.echo(json_text(delivery).encode("utf-8", errors="backslashreplace"), nl=False)
    if problems:
        raise joined(problems, written)
    return written
