"""``otio-shottag heatmaps PATH...``: pictures with what made the judge say their size over them, as PNG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from otio_shottag.cli.detecting import detection_options
from otio_shottag.cli.options import cut_options, find, judge_options, read_cut, split_names
from otio_shottag.errors import FormatError, MediaError, ShottagError

if TYPE_CHECKING:
    from otio_shottag.analyses.heat_maps import HeatMapper
    from otio_shottag.cuts import Detection
    from otio_shottag.media_paths import PathMap
    from otio_shottag.shots import Frames, Label, Media, Shot, Skip

_BATCH = 8
_OWN_SIZE = 2**20
"""Pixels of short side, more than any picture has: it is decoded at its own size."""
_LONGEST_NAME = 50
"""Letters; in UTF-8 a letter may take four of the 255 bytes that a name has."""
_NO_FILE_NAME = '<>:"/\\|?*'
"""What Windows does not allow in a name, and no other system minds to miss."""


@dataclass(frozen=True, slots=True)
class _Picture:
    """One picture to look at and where its map goes."""

    media: "Media"
    moments: tuple[Fraction, ...]
    """When, the best first: the next one counts where one shows nothing."""
    name: str
    target: Path


def _label_of(ctx: click.Context, param: click.Parameter, value: str | None) -> "Label | None":
    from otio_shottag.vocabulary import SHOT_TYPES

    by_code = {label.code: label for label in SHOT_TYPES}
    if value is not None and value.upper() not in by_code:
        raise click.BadParameter(f"{value!r} is no size; one of {', '.join(by_code)}", ctx, param)
    return None if value is None else by_code[value.upper()]


@click.command(name="heatmaps")
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="PATH...")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    default=Path("heatmaps"),
    show_default=True,
    help="Write the PNGs into DIR, which is made.",
)
@click.option(
    "--size",
    "label",
    callback=_label_of,
    metavar="CODE",
    help="Show what speaks for this size: EWS to ECU. Default: for the one that each picture is judged to be.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1),
    metavar="0..1",
    default=0.6,
    show_default=True,
    help="How much of the picture the hottest places cover.",
)
@click.option("--force", is_flag=True, help="Replace PNGs that are there already.")
@cut_options
@detection_options
@judge_options
def command(
    paths: tuple[Path, ...],
    folder: Path,
    label: "Label | None",
    alpha: float,
    force: bool,
    media_roots: tuple[Path, ...],
    maps: "tuple[PathMap, ...]",
    rate: Fraction | None,
    sequence: str | None,
    tracks: str | None,
    include_disabled: bool,
    detection: "Detection",
    model: Path | None,
    device: str,
) -> None:
    """Lay over pictures what in them speaks for their size: class activation maps, by HiResCAM.

    PATH is a picture, a folder with everything below it, or a cut or movie, of which each shot's middle picture is
    taken. Each map becomes a PNG of the picture's own size in DIR. Bars around a picture stay as they are.
    """
    from otio_shottag.analyses.heat_maps import load_heat_mapper
    from otio_shottag.cli.output import note, progress, show_skips, show_table

    options: dict[str, Any] = {"media_roots": media_roots, "maps": maps, "include_disabled": include_disabled}
    ending = ".heat.png" if label is None else f".heat-{label.code}.png"
    pictures: list[_Picture] = []
    skips: list[Skip] = []
    for path in paths:
        if _is_cut(path):
            cut = read_cut(path, rate=rate, sequence=sequence, detection=detection)
            shots, missed = find(cut, tracks=split_names(tracks), **options)
            skips.extend(missed)
            pictures.extend(_pictures_of_cut(cut, shots, folder / path.stem, ending))
        else:
            pictures.extend(_stills(path, folder, ending))
    pictures = _apart(pictures)
    if not pictures:
        show_skips(skips)
        raise MediaError("there is no picture to draw a heat map over")
    _check(pictures, paths, folder, force=force)
    mapper = load_heat_mapper(model=model, device=device)
    rows: list[tuple[str, ...]] = []
    failed: list[str] = []
    with progress(len(pictures), "pictures", doing="mapping") as bar:
        for row in _write(pictures, mapper, label, alpha):
            failed.append(row) if isinstance(row, str) else rows.append(row)
            bar.advance(bar.task_ids[0])
    show_table(("picture", "size", "confidence", "written"), rows, right=("confidence",))
    show_skips(skips)
    for line in failed:
        note(line)
    note(
        f"{len(rows)} heat maps by {mapper.model} on {mapper.device}"
        + (f", {len(failed)} pictures gave none" if failed else "")
    )
    if not rows:
        raise MediaError("no heat map could be made")


def _is_cut(path: Path) -> bool:
    """Tell a cut or movie from stills, by its ending, else by what is in it."""
    from otio_shottag.cli.stills import PICTURES
    from otio_shottag.decode import probe
    from otio_shottag.timeline import KINDS

    ending = path.suffix.lower()
    if ending in KINDS or ending in PICTURES or path.is_dir() or not path.exists():
        return ending in KINDS
    try:
        return not probe(path).is_still
    except MediaError:
        return True  # neither: read_cut says so in its words


def _stills(path: Path, folder: Path, ending: str) -> Iterator[_Picture]:
    """Give the pictures that a path names; maps of a folder's lie in ``folder`` as the pictures lie in theirs."""
    from otio_shottag.cli.stills import find_pictures

    for one in find_pictures([path]):
        if path.is_dir() and one.resolve().is_relative_to(folder.resolve()):
            continue  # a map that we wrote in an earlier run
        place = one.relative_to(path).parent if path.is_dir() else Path()
        yield _Picture(one, (Fraction(0),), str(one), folder / place / f"{one.name}{ending}")


def _pictures_of_cut(cut: Any, shots: "Sequence[Shot]", folder: Path, ending: str) -> Iterator[_Picture]:
    """Give each shot's middle picture; files are numbered in playing order, so that no two are called alike."""
    from otio_shottag.formats.delivery import record_frames, record_timecode
    from otio_shottag.sampling import spread

    digits = max(3, len(str(len(shots))))
    for number, shot in enumerate(shots, start=1):
        clear = range(len(shot.clear))
        # Where the middle is black, as at a flash, others are tried.
        positions = dict.fromkeys([*spread(clear, 1), *spread(clear, 4)])
        moments = tuple(shot.seconds(shot.frames[shot.clear[position]]) for position in positions)
        timecode = record_timecode(record_frames(shot.record, cut)[0], cut)
        words = f"{number:0{digits}d} {shot.track} {timecode.replace(':', '-').replace(';', '-')} {shot.name}"
        yield _Picture(
            shot.media, moments, f"{shot.track} {timecode} {shot.name}", folder / f"{_file_name(words)}{ending}"
        )


def _file_name(text: str) -> str:
    """Make of a name one that every system takes for a file."""
    plain = "".join("_" if letter in _NO_FILE_NAME or not letter.isprintable() else letter for letter in text)
    return plain[:_LONGEST_NAME].strip(" .")


def _apart(pictures: Sequence[_Picture]) -> list[_Picture]:
    """Number the targets that would be the same file, also where letters' case does not count."""
    taken: set[str] = set()
    apart = []
    for picture in pictures:
        target, count = picture.target, 1
        while str(target).casefold() in taken:
            count += 1
            target = picture.target.with_name(f"{count} {picture.target.name}")
        taken.add(str(target).casefold())
        apart.append(replace(picture, target=target))
    return apart


def _check(pictures: Sequence[_Picture], paths: Sequence[Path], folder: Path, *, force: bool) -> None:
    """Raise FormatError for a map that would replace something, before any is drawn."""
    if folder.exists() and not folder.is_dir():
        raise FormatError(f"{folder}: is a file; name a folder with -o")
    inputs = {Path(one).resolve() for one in (*paths, *(p.media for p in pictures if isinstance(p.media, Path)))}
    for picture in pictures:
        if picture.target.resolve() in inputs:
            raise FormatError(
                f"{picture.target}: is an input, which is never written over; name another folder with -o"
            )
        if (picture.target.exists() or picture.target.is_symlink()) and not force:
            raise FormatError(f"{picture.target}: is there already; --force replaces it, -o names another folder")


def _write(
    pictures: Sequence[_Picture], mapper: "HeatMapper", label: "Label | None", alpha: float
) -> Iterator[tuple[str, ...] | str]:
    """Draw and write the maps in their order; one that cannot be drawn gives its reason."""
    from otio_shottag.decode import decode_frames
    from otio_shottag.formats.files import write_bytes
    from otio_shottag.marks import percent
    from otio_shottag.overlay import lay_over, png

    for start in range(0, len(pictures), _BATCH):
        some = pictures[start : start + _BATCH]
        looks = [_decoded(picture, mapper.short_side) for picture in some]
        frames = [look[0] for look in looks if not isinstance(look, str)]
        heats = iter(mapper.look(frames, [label] * len(frames)))
        for picture, look in zip(some, looks, strict=True):
            if isinstance(look, str):
                yield look
                continue
            heat = next(heats)
            try:
                large = decode_frames(picture.media, [look[1]], _OWN_SIZE).data[0]
                picture.target.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(picture.target, png(lay_over(large, heat.data[0], alpha)))
            except OSError as error:
                raise FormatError(f"{picture.target}: cannot be written: {error.strerror or error}") from error
            except MediaError as error:
                yield _one_line(picture, error)
                continue
            yield picture.name, heat.labels[0].code, percent(heat.confidences[0]), str(picture.target)


def _decoded(picture: _Picture, short_side: int) -> "tuple[Frames, Fraction] | str":
    """Decode the first of a picture's moments that shows something, and say which; the reason where none does."""
    from otio_shottag.blank import drop_blank
    from otio_shottag.decode import decode_frames

    problem = ""
    for moment in picture.moments:
        try:
            return drop_blank(decode_frames(picture.media, [moment], short_side)), moment
        except MediaError as error:
            problem = problem or _one_line(picture, error)
    return problem


def _one_line(picture: _Picture, error: ShottagError) -> str:
    text = " ".join(str(error).split())
    return text if text.startswith(str(picture.media)) else f"{picture.name}: {text}"
