"""Starts the installed ``otio-shottag`` as a process of its own, shows how far it is, reads its answer."""

import json
import os
import re
import subprocess
from collections import namedtuple

from shottag_resolve.console import Console, Failure

SCHEMA = 1
"""Of the JSON that this understands (``otio_shottag/formats/json_report.py``)."""

Shot = namedtuple("Shot", "analysis track first end name nested label unsure marker note")
"""What was judged of one shot: ``V1``, its frames counted from the timeline's first, whether it lies in
a compound clip, ``MCU``, and the words for a marker."""

_PROGRESS = re.compile(r"\d+/\d+ shots$")
_NO_WINDOW = 0x08000000 if os.name == "nt" else 0  # subprocess.CREATE_NO_WINDOW, which Python 3.6 lacks


def judge(install: dict, cut: str, tracks: list, options: list, console: Console) -> dict:
    """Let otio-shottag judge an exported cut; give its report."""
    answer = os.path.join(os.path.dirname(cut), "shots.json")
    arguments = [*install["command"], "tag", cut, "--json", answer, "--progress", "lines"]
    arguments += ["--tracks", ",".join(tracks)] if tracks else []
    arguments += options
    console.note("starting " + repr(arguments))
    lines = _run(arguments, os.path.dirname(cut), console)
    if lines is not None:
        raise Failure("otio-shottag says: " + _reason(lines))
    try:
        with open(answer, encoding="utf-8") as file:
            report = json.load(file)
    except (OSError, ValueError) as error:
        raise Failure(f"otio-shottag ended without an answer ({error}).") from error
    schema = report["otio_shottag"]["schema"]
    if schema != SCHEMA:
        raise Failure(f"otio-shottag answers in schema {schema}, this script reads {SCHEMA}: {again()}")
    return report


def _run(arguments: list, folder: str, console: Console):
    """Run to the end; give None where it went well, else the lines it said."""
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=folder,
            encoding="utf-8",
            errors="replace",
            creationflags=_NO_WINDOW,
        )
    except OSError as error:
        raise Failure(f"otio-shottag cannot be started ({error}): {again()}") from error
    lines = []
    try:
        for line in process.stderr:
            line = line.rstrip()
            if _PROGRESS.match(line):
                console.say("  " + line)
            elif line:
                console.note("  " + line)
                lines.append(line)
        ended = process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stderr.close()
    console.note(f"it ended with {ended}")
    return None if ended == 0 else lines or [f"nothing, and ended with {ended}"]


def again() -> str:
    """Say how the scripts and the command are brought together again."""
    return "open a terminal and run: otio-shottag install-resolve"


def _reason(lines: list) -> str:
    for start in ("otio-shottag: ", "Error: "):
        said = [line[len(start) :] for line in lines if line.startswith(start)]
        if said:
            return said[-1]
    return lines[-1]


def shots_of(report: dict) -> list:
    """Read what was judged, in the order of the report."""
    start = report["cut"]["start_frame"]
    return [
        Shot(
            analysis=shot["analysis"],
            track=shot["track"],
            first=shot["record"]["first_frame"] - start,
            end=shot["record"]["end_frame"] - start,
            name=shot["name"],
            nested=len(shot["address"]) > 2,
            label=shot["label"],
            unsure=shot["unsure"],
            marker=shot["marker"]["name"],
            note=shot["marker"]["comment"],
        )
        for shot in report["shots"]
    ]


def skipped(report: dict, *, most: int = 5) -> list:
    """Say which clips could not be judged and why, those with one reason together."""
    by_reason = {}
    for skip in report["skips"]:
        by_reason.setdefault(skip["reason"], []).append("{} on {}".format(skip["name"] or "(unnamed)", skip["track"]))
    lines = []
    for reason, names in list(by_reason.items())[:most]:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        lines.append(f"  not judged: {', '.join(names[:3])}{more}: {reason}")
    if len(by_reason) > most:
        lines.append(f"  and for {len(by_reason) - most} more reasons; the log has them all")
    return lines
