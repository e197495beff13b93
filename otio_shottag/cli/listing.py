"""``otio-shottag list CUT``: the shots that would be looked at, and the skips; nothing is judged."""

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from otio_shottag.cli.detecting import detection_options
from otio_shottag.cli.options import cut_options, find, read_cut, split_names

if TYPE_CHECKING:
    from otio_shottag.cuts import Detection
    from otio_shottag.media_paths import PathMap
    from otio_shottag.shots import Shot, Skip
    from otio_shottag.timeline import Cut


@click.command(name="list")
@click.argument("cut", type=click.Path(path_type=Path))
@cut_options
@detection_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--strict", is_flag=True, help="Exit with 3 where clips were skipped.")
def command(
    cut: Path,
    media_roots: tuple[Path, ...],
    maps: "tuple[PathMap, ...]",
    rate: Fraction | None,
    sequence: str | None,
    tracks: str | None,
    include_disabled: bool,
    detection: "Detection",
    as_json: bool,
    strict: bool,
) -> None:
    """List the shots of CUT: where each is in the cut, and which frames of which file it shows.

    Source frames are counted from 0, the first of the file; the last one counts. No model is loaded.
    """
    from otio_shottag.cli.output import note, show_skips, show_table

    content = read_cut(cut, rate=rate, sequence=sequence, detection=detection)
    shots, skips = find(
        content, media_roots=media_roots, maps=maps, tracks=split_names(tracks), include_disabled=include_disabled
    )
    if as_json:
        click.echo(json.dumps(_document(content, shots, skips), indent=2, ensure_ascii=False))
    else:
        columns = ("track", "record in", "record out", "shot", "media", "source in", "frames", "speed")
        show_table(columns, [_row(content, shot) for shot in shots])
        show_skips(skips)
        note(f"{len(shots)} shots, {len(skips)} skipped, {float(content.rate):g} frames per second")
    if strict and skips:
        sys.exit(3)


def _row(cut: "Cut", shot: "Shot") -> tuple[str, ...]:
    from otio_shottag.formats.delivery import record_frames, record_timecode
    from otio_shottag.formats.source_times import source_times

    record = record_frames(shot.record, cut)
    source = source_times(shot, cut)
    speed = source.speed
    return (
        shot.track,
        record_timecode(record[0], cut),
        record_timecode(record[-1] + 1, cut),
        shot.name,
        str(shot.media),
        source.timecode_in,
        f"{shot.frames[0]}-{shot.frames[-1]}",
        "" if speed == 1 else "freeze" if speed == 0 else f"{speed:.4g}x",
    )


def _document(cut: "Cut", shots: "list[Shot]", skips: "list[Skip]") -> dict[str, Any]:
    from otio_shottag.formats.delivery import record_frames, record_timecode
    from otio_shottag.formats.source_times import source_times

    def record(span: Any) -> dict[str, Any]:
        frames = record_frames(span, cut)
        return {
            "in": record_timecode(frames[0], cut),
            "out": record_timecode(frames[-1] + 1, cut),
            "start_frame": frames[0],
            "end_frame": frames[-1] + 1,
        }

    return {
        "cut": {"path": str(cut.path), "rate": str(cut.rate), "drop_frame": cut.drop_frame, "format": cut.format},
        "shots": [
            {
                "address": list(shot.address),
                "name": shot.name,
                "track": shot.track,
                "media": str(shot.media),
                "source": {
                    "first_frame": shot.frames[0],
                    "last_frame": shot.frames[-1],
                    "rate": str(shot.rate),
                    "speed": source_times(shot, cut).speed,
                    "in": source_times(shot, cut).timecode_in,
                    "out": source_times(shot, cut).timecode_out,
                },
                "record": record(shot.record),
            }
            for shot in shots
        ],
        "skips": [
            {
                "address": list(skip.address),
                "name": skip.name,
                "track": skip.track,
                "record": record(skip.record),
                "reason": skip.reason,
            }
            for skip in skips
        ],
    }
