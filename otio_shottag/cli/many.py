"""Many cuts in one run: what is asked of them, and what it comes to. The work itself is in ``many_run``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from otio_shottag.cli.analyses import check_options, with_separate_markers
from otio_shottag.cli.cache import opened
from otio_shottag.cli.cuts_given import find_cuts_given
from otio_shottag.cli.many_outputs import Gate, check_folder, orders_for
from otio_shottag.cli.many_run import Asked, Run
from otio_shottag.cli.many_words import Tally, show_steps
from otio_shottag.cli.options import split_names
from otio_shottag.cli.output import note
from otio_shottag.cli.pages import read_corrections_of
from otio_shottag.cli.tag import chosen_settings
from otio_shottag.cli.workforce import at_work
from otio_shottag.errors import FarmError, TimelineError


def tag_many(
    names: Sequence[Path],
    *,
    folder: Path | None,
    formats: Sequence[str],
    editors: Sequence[str],
    force: bool,
    resume: bool,
    strict: bool,
    progress_style: str,
    cache_path: Path | None,
    no_cache: bool,
    settings_path: Path | None,
    min_confidence: float | None,
    separate_markers: bool,
    corrections_path: Path | None,
    tracks: str | None,
    jobs: int | None,
    ray_address: str | None,
    hwaccel: str,
    **options: Any,
) -> None:
    """Tag the cuts that are meant; ``options`` are the fields of ``Asked`` that are as they were given."""
    settings = with_separate_markers(chosen_settings(settings_path, min_confidence), separate_markers)
    corrections = read_corrections_of(corrections_path)
    asked = Asked(settings=settings, corrections=corrections, tracks=split_names(tracks), **options)
    check_options(asked.analyses, asked.model, asked.frames_per_shot)
    found = find_cuts_given(names, outputs=folder)
    orders = orders_for(found.cuts, folder, formats, editors)
    if not orders:
        raise TimelineError("; ".join(found.problems))
    if folder is not None:
        check_folder(folder)
    if found.num_ours:
        note(f"left out, as otio-shottag wrote them: {found.num_ours} of the files there")
    tally = Tally(len(orders) + len(found.problems), num_analyses=len(asked.analyses), progress_style=progress_style)
    gate = Gate(orders, force=force, resume=resume)
    own: dict[str, dict[str, Any]] = {
        "shot_type": {"model": asked.model, "frames_per_shot": asked.frames_per_shot},
    }
    workers = at_work(
        jobs=jobs, ray_address=ray_address, hwaccel=hwaccel, media_roots=asked.media_roots, maps=asked.maps
    )
    with opened(cache_path, no_cache=no_cache) as cache, workers as workforce, tally.shown():
        analyses = [workforce.load_analysis(name, device=asked.device, **own.get(name, {})) for name in asked.analyses]
        for problem in found.problems:
            tally.failed(problem)
        run = Run(asked, orders, gate, tally, analyses, cache, workforce, resume=resume)
        lost: FarmError | None = None
        try:
            was_stopped = run.go()
        except FarmError as error:
            was_stopped, lost = True, error
    run.show_corrections()
    tally.show_end(run.speed())
    if tally.num_written:
        show_steps(editors)
    if was_stopped:
        note(f"stopped after {tally.num_finished} of {tally.num_cuts} cuts; --resume goes on with the others")
        if lost is not None:
            raise lost
        sys.exit(130)
    if gate.left_by_us:
        note("outputs of an earlier run are there: --resume leaves out what is done, --force writes it again")
    if tally.failures:
        sys.exit(1)
    if strict and tally.num_skips:
        sys.exit(3)
