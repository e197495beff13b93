"""``otio-shottag stills PATH...``: the sizes of pictures, one line each."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from otio_shottag.cli.options import judge_options
from otio_shottag.errors import MediaError

if TYPE_CHECKING:
    from otio_shottag.analyses import Analysis
    from otio_shottag.shots import Prediction

PICTURES = (
    ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".exr", ".dpx", ".tga", ".gif", ".ppm", ".jp2", ".avif",
    ".heic",
)  # fmt: skip


@click.command(name="stills")
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="PATH...")
@judge_options
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), metavar="FILE", help="Write the table as CSV too.")
@click.option("--json", "json_path", metavar="FILE", help="Write it as JSON too; - is stdout.")
@click.option("--force", is_flag=True, help="Replace a FILE that is there already.")
def command(
    paths: tuple[Path, ...],
    model: Path | None,
    device: str,
    csv_path: Path | None,
    json_path: str | None,
    force: bool,
) -> None:
    """Judge the shot size of pictures: files, or folders with everything below them."""
    from otio_shottag.analyses import load_analysis
    from otio_shottag.cli.output import note, progress, show_table
    from otio_shottag.formats.files import write_bytes
    from otio_shottag.marks import percent

    targets = [path for path in (csv_path, Path(json_path) if json_path and json_path != "-" else None) if path]
    for path in targets:
        if path.exists() and not force:
            raise MediaError(f"{path}: is there already; --force replaces it")
    pictures = list(find_pictures(paths))
    analysis = load_analysis("shot_type", model=model, device=device)
    judged: list[tuple[Path, Prediction]] = []
    failed: list[str] = []
    with progress(len(pictures), "pictures") as bar:
        for path, answer in _judge(pictures, analysis):
            failed.append(answer) if isinstance(answer, str) else judged.append((path, answer))
            bar.advance(bar.task_ids[0])
    rows = [_row(path, prediction) for path, prediction in judged]
    if csv_path is not None:
        write_bytes(csv_path, _csv(rows).encode())
    if json_path is not None:
        text = (
            json.dumps(
                {"model": analysis.model, "device": analysis.device, "stills": rows}, indent=2, ensure_ascii=False
            )
            + "\n"
        )
        click.echo(text, nl=False) if json_path == "-" else write_bytes(Path(json_path), text.encode())
    if json_path != "-":
        shown = [(row["file"], row["size"], percent(row["confidence"]), row["runner_up"], row["name"]) for row in rows]
        show_table(("file", "size", "confidence", "next likely", "name"), shown, right=("confidence",))
    for line in failed:
        note(line)
    note(
        f"{len(judged)} pictures judged on {analysis.device}" + (f", {len(failed)} could not be read" if failed else "")
    )
    if not judged:
        raise MediaError("no picture could be judged")


def find_pictures(paths: Iterable[Path]) -> Iterator[Path]:
    """Give every picture that the paths name, folders gone through in order of name.

    Raises MediaError for a path that is not there, and for a folder without a picture.
    """
    for path in paths:
        if path.is_dir():
            below = sorted(one for one in path.rglob("*") if one.suffix.lower() in PICTURES and one.is_file())
            if not below:
                raise MediaError(f"{path}: holds no pictures; known endings are {' '.join(PICTURES)}")
            yield from below
        elif path.exists():
            yield path
        else:
            raise MediaError(f"{path}: no such file or folder")


def _judge(pictures: Sequence[Path], analysis: "Analysis") -> "Iterator[tuple[Path, Prediction | str]]":
    """Judge pictures in their order, each as a shot of one frame; one that cannot be read gives its reason."""
    from opentimelineio.opentime import RationalTime, TimeRange

    from otio_shottag.shots import PlayedFrames, Shot, Tag
    from otio_shottag.tagging import judge

    shots = (
        Shot(
            address=(number,),
            name=path.name,
            track="",
            media=path,
            frames=PlayedFrames(Fraction(0), Fraction(0), 1),
            rate=Fraction(1),
            record=TimeRange(RationalTime(number, 1), RationalTime(1, 1)),
            clear=range(1),
            media_start=Fraction(0),
        )
        for number, path in enumerate(pictures)
    )
    for path, result in zip(pictures, judge(shots, analysis), strict=True):
        if isinstance(result, Tag):
            yield path, result.prediction
        else:
            yield path, result.reason if result.reason.startswith(str(path)) else f"{path}: {result.reason}"


def _row(path: Path, prediction: "Prediction") -> dict[str, Any]:
    ranked = sorted(prediction.scores, key=lambda score: score[1], reverse=True)
    return {
        "file": str(path),
        "size": prediction.label.code,
        "name": prediction.label.name,
        "confidence": round(prediction.confidence, 4),
        "runner_up": ranked[1][0].code,
        "scores": {label.code: round(score, 4) for label, score in prediction.scores},
    }


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    codes = list(rows[0]["scores"]) if rows else []
    writer.writerow(["file", "size", "name", "confidence", "runner_up", *codes])
    for row in rows:
        # A file name that begins like a formula must not become one in a spreadsheet.
        file = f"'{row['file']}" if row["file"][:1] in "=+-@\t\r" else row["file"]
        writer.writerow([file, row["size"], row["name"], row["confidence"], row["runner_up"], *row["scores"].values()])
    return out.getvalue()
