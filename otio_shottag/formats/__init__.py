"""Out: tags -> the file an editor's program reads. The ending of the path picks the writer.

A new format is a file here with one ``Writer``, an entry in ``WRITERS`` and a golden file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from otio_shottag.errors import FormatError
from otio_shottag.formats.avid import write_avid
from otio_shottag.formats.csv_table import write_csv
from otio_shottag.formats.delivery import Delivery, RunFacts, Writer
from otio_shottag.formats.edl import write_edl
from otio_shottag.formats.fcp7 import write_fcp7
from otio_shottag.formats.fcpxml import write_fcpxml, write_fcpxmld
from otio_shottag.formats.joining import join_marks
from otio_shottag.formats.json_report import json_text, write_json
from otio_shottag.formats.otio_files import write_otio, write_otioz
from otio_shottag.formats.premiere_script import write_premiere_script
from otio_shottag.formats.resolve_markers import write_resolve_markers
from otio_shottag.formats.resolve_otio import write_resolve_otio
from otio_shottag.formats.scholars import write_cinemetrics, write_salt
from otio_shottag.marks import Place, marks_of
from otio_shottag.settings import Settings
from otio_shottag.shots import Skip, Tag
from otio_shottag.timeline import Cut

__all__ = ["WRITERS", "Delivery", "Format", "RunFacts", "Writer", "deliver", "format_of", "json_text", "strip", "write"]


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write."""

    write: Writer
    endings: tuple[str, ...]
    """What a path ends in that asks for it; where two formats share one, the first is meant."""
    is_cut: bool
    """Whether it holds the cut itself, and not only what we say of it."""


WRITERS: dict[str, Format] = {
    "otio": Format(write_otio, (".otio",), is_cut=True),
    "otioz": Format(write_otioz, (".otioz",), is_cut=True),
    "cmx": Format(write_edl, (".edl",), is_cut=True),
    "resolve-markers": Format(write_resolve_markers, (".edl",), is_cut=False),
    "resolve-otio": Format(write_resolve_otio, (".otio",), is_cut=True),
    "fcp7": Format(write_fcp7, (".xml",), is_cut=True),
    "premiere-script": Format(write_premiere_script, (".jsx",), is_cut=False),
    "fcpxml": Format(write_fcpxml, (".fcpxml",), is_cut=True),
    "fcpxmld": Format(write_fcpxmld, (".fcpxmld",), is_cut=True),
    "avid": Format(write_avid, (".txt",), is_cut=False),
    "csv": Format(write_csv, (".csv",), is_cut=False),
    "cinemetrics": Format(write_cinemetrics, (".csv",), is_cut=False),
    "salt": Format(write_salt, (".csv",), is_cut=False),
    "json": Format(write_json, (".json",), is_cut=False),
}


def deliver(
    cut: Cut,
    tags: Sequence[Tag],
    *,
    skips: Sequence[Skip] = (),
    settings: Settings | None = None,
    markers: Place = "clip",
    tracks: Sequence[str] | None = None,
    run: RunFacts | None = None,
) -> Delivery:
    """Put together what every writer needs; see ``write`` for the words."""
    settings = settings or Settings()
    return Delivery(
        cut=cut,
        tags=tuple(tags),
        marks=tuple(join_marks(marks_of(tags, settings), settings)),
        skips=tuple(skips),
        place=markers,
        settings=settings,
        tracks=tuple(tracks) if tracks is not None else None,
        run=run or RunFacts(),
    )


def write(
    cut: Cut,
    tags: Sequence[Tag],
    path: str | Path,
    *,
    format: str | None = None,
    skips: Sequence[Skip] = (),
    settings: Settings | None = None,
    markers: Place = "clip",
    tracks: Sequence[str] | None = None,
    run: RunFacts | None = None,
) -> None:
    """Write a cut and what was found in it; the path's ending says how, unless ``format`` does.

    ``markers`` puts them on the clips or on the timeline, where a format has both. ``tracks``
    are those that the tags are of, for formats with room for one. Marks that we made before are
    replaced. The file appears whole or not at all, and ``cut`` stays as it is. Raises FormatError.
    """
    delivery = deliver(cut, tags, skips=skips, settings=settings, markers=markers, tracks=tracks, run=run)
    try:
        WRITERS[format_of(Path(path), format)].write(delivery, Path(path))
    except RecursionError as error:
        raise FormatError(f"{path}: compound clips are nested too deep to write") from error


def strip(cut: Cut, path: str | Path, *, format: str | None = None) -> None:
    """Write a cut without any mark of ours. Raises FormatError."""
    path = Path(path)
    name = format_of(path, format)
    if not WRITERS[name].is_cut:
        cuts = ", ".join(dict.fromkeys(ending for one in WRITERS.values() if one.is_cut for ending in one.endings))
        raise FormatError(f"{path}: {name} holds marks but no cut; to strip one, write one of {cuts}")
    write(cut, (), path, format=name)


def format_of(path: Path, format: str | None = None) -> str:
    """Name the format that a path is written in. Raises FormatError for an unknown ending or name."""
    if format is not None:
        if format not in WRITERS:
            raise FormatError(f"unknown format {format!r}; one of {', '.join(WRITERS)}")
        return format
    for name, writer in WRITERS.items():
        if path.suffix.lower() in writer.endings:
            return name
    known = ", ".join(dict.fromkeys(ending for writer in WRITERS.values() for ending in writer.endings))
    raise FormatError(f"{path}: cannot write {path.suffix!r}; one of {known}")
