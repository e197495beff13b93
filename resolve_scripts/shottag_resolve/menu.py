"""What each menu entry does, from the open timeline to the last sentence on the console.

Reads from Resolve what it needs and writes markers, and, where the settings say so, fields and clip
colours. Nothing else is set: selection, in and out points, page and playhead stay as they are.
"""

import os
import shutil
import tempfile
import traceback

from shottag_resolve.command import judge, shots_of, skipped
from shottag_resolve.console import Console, Failure
from shottag_resolve.fields import color_clips, remove_colors, remove_fields, write_fields
from shottag_resolve.markers import add_markers, remove_markers
from shottag_resolve.resolve_api import connect, current_timeline, export_otio, video_items, wanted_tracks
from shottag_resolve.settings import read_settings


def run(entry: str, resolve, bmd, install: dict, folder: str) -> None:
    """Do what a menu entry says; whatever goes wrong ends in one sentence and a log."""
    console = Console(entry)
    try:
        resolve = connect(resolve, bmd)
        timeline = current_timeline(resolve)
        if entry == "Remove Shot Tags":
            _remove(timeline, console)
        else:
            _tag(entry, resolve, timeline, install, read_settings(folder), console)
    except Failure as failure:
        console.fail(str(failure))
    except Exception as error:
        # Whatever Resolve's objects raise, or a mistake of ours: the editor gets a sentence, the log the rest.
        console.note(traceback.format_exc())
        console.fail(f"stopped by something unexpected ({type(error).__name__}: {error}).")
    finally:
        console.close()


def _remove(timeline, console: Console) -> None:
    items = video_items(timeline)
    gone, left = remove_markers(timeline, items)
    colors, files = remove_colors(items), remove_fields(items)
    if left:
        raise Failure(f"Resolve took off {gone} markers and kept {left}; is the timeline locked?")
    console.say(f"Took off {gone} shot markers, {colors} clip colours, and our words in the fields of {files} files.")


def _tag(entry: str, resolve, timeline, install: dict, settings: dict, console: Console) -> None:
    items = video_items(timeline)
    if not items:
        raise Failure("the timeline has nothing on its video tracks.")
    tracks = [name.strip() for name in settings["track"].split(",") if name.strip()]
    why = "which the settings name"
    if entry == "Tag Selected Track" and not tracks:
        tracks, why = wanted_tracks(timeline, items)
    if tracks:
        console.say(f"{entry}: {', '.join(tracks)}, {why}.")
    folder = tempfile.mkdtemp(prefix="otio-shottag-")
    judged = applied = False
    try:
        cut = os.path.join(folder, "timeline.otio")
        export_otio(resolve, timeline, cut)
        console.say("Judging; the first shots take a little longer, until the network is loaded.")
        report = judge(install, cut, tracks, settings["options"], console)
        judged = True
        _apply(timeline, items, report, settings, console)
        applied = True
    finally:
        if judged and not applied:
            console.say(
                "What was judged is in {}: File > Import > Timeline brings it in as a timeline of its own.".format(
                    os.path.join(folder, "timeline.tagged.otio")
                )
            )
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _apply(timeline, items: list, report: dict, settings: dict, console: Console) -> None:
    """Put what was judged into the timeline."""
    now = video_items(timeline)
    if [item[:4] for item in now] != [item[:4] for item in items]:
        raise Failure("the timeline was edited meanwhile, so nothing was marked; start this again.")
    shots = shots_of(report)
    sizes = [shot for shot in shots if shot.analysis == "shot_type"]
    replaced, left = remove_markers(timeline, now)
    placed = add_markers(timeline, now, sizes, settings, console)
    if not placed:
        raise Failure("Resolve took none of the markers.")
    if settings["clip_colors"]:
        color_clips(now, shots, settings, console)
    if settings["shot_type_field"] or settings["keywords"]:
        write_fields(now, shots, settings, console)
    for line in skipped(report):
        console.say(line)
    for skip in report["skips"]:
        console.note("  not judged: {} on {}: {}".format(skip["name"], skip["track"], skip["reason"]))
    if left:
        console.say(f"  {left} older shot markers could not be taken off.")
    console.say(
        "{} of {} shots marked on the {}{}; {}.".format(
            placed,
            len(sizes),
            settings["markers"],
            f", {replaced} older markers replaced" if replaced else "",
            "judged on {}".format(report["device"]) if report["device"] else "all known from earlier runs",
        )
    )
