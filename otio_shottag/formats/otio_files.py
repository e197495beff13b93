"""``.otio`` and ``.otioz``: the input as it was, but for our markers and metadata.

- A file that holds several timelines keeps the others.
- References of an ``.otiod`` are relative to its folder; in an ``.otio`` written from one they
  lead there from the new file. Media inside an ``.otioz`` cannot be referred to from outside: an
  ``.otio`` written from one keeps the references as they are, and needs ``--media-root``.
- An ``.otioz`` written from an ``.otioz`` is a copy of it, member by member, with a new
  ``content.otio``. From anything else it is made here, because OTIO's own bundler (0.18.1) looks
  for relative media in the current folder, refuses two files of one name, and misreads Windows
  paths: media that is found goes in, what is not found becomes a missing reference that keeps
  the path under ``original_target_url``.
"""

import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from opentimelineio.core import SerializableObject, deserialize_json_from_string, serialize_json_to_string
from opentimelineio.schema import Clip, ExternalReference, MissingReference, SerializableCollection, Timeline

from otio_shottag.errors import FormatError, MediaError
from otio_shottag.formats.delivery import Delivery
from otio_shottag.formats.files import whole_file, write_bytes
from otio_shottag.marks import item_at, items_of, mark_timeline
from otio_shottag.media_paths import MediaFinder, is_windows
from otio_shottag.readers.archives import CONTENT
from otio_shottag.readers.text import decode_text, read_text
from otio_shottag.timeline import Cut

_VERSION_FILE, _VERSION = "version.txt", "1.0.0"
"""Of the ``.otioz`` layout (OTIO, ``file_bundle_utils``)."""

_MEMBER_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip file can name: the same run writes the same file."""


def write_otio(delivery: Delivery, path: Path) -> None:
    """Write an ``.otio``."""
    marked = marked_timeline(delivery)
    if delivery.cut.format == "otiod" and delivery.cut.media_folder is not None:
        _lead_from(path.absolute().parent, marked, delivery.cut.media_folder)
    write_bytes(path, serialized(_document(delivery.cut, marked)))


def write_otioz(delivery: Delivery, path: Path) -> None:
    """Write an ``.otioz``."""
    marked = marked_timeline(delivery)
    if delivery.cut.format == "otioz" and delivery.cut.path is not None:
        _replace_content(delivery.cut.path, path, serialized(_document(delivery.cut, marked)))
        return
    media = _bundled(marked, delivery)
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, data in ((_VERSION_FILE, _VERSION.encode()), (CONTENT, serialized(marked))):
            member = zipfile.ZipInfo(name, _MEMBER_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
        for source, name in media.items():
            member = zipfile.ZipInfo(name, _MEMBER_TIME)
            with source.open("rb") as file, archive.open(member, "w", force_zip64=True) as out:
                shutil.copyfileobj(file, out, 1 << 20)


def marked_timeline(delivery: Delivery) -> Timeline:
    """Give a copy of the cut that carries the marks."""
    cut = delivery.cut
    return mark_timeline(
        cut.timeline, delivery.marks, place=delivery.place, start=cut.start, from_resolve=cut.from_resolve
    )


def serialized(content: SerializableObject) -> bytes:
    # The same call and indent as OTIO's own adapter, less its hooks: one of them may be ours.
    return cast(str, serialize_json_to_string(content, {}, 4)).encode()


def _document(cut: Cut, marked: Timeline) -> SerializableObject:
    """Give what the input file holds, with the marked timeline in place of the one that was read."""
    if cut.path is None or cut.format not in ("otio", "otiod", "otioz"):
        return marked
    try:
        content = deserialize_json_from_string(stored_text(cut))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:  # ValueError: OTIO's, and the decoder's
        raise FormatError(f"{cut.path}: is not what was read; has it changed since? ({error})") from error
    for collection in _collections(content):
        for index, child in enumerate(collection):
            if isinstance(child, Timeline) and child.is_equivalent_to(cut.timeline):
                collection[index] = marked
                return cast(SerializableObject, content)
    return marked


def stored_text(cut: Cut) -> str:
    """Read the JSON that a cut came from once more; it has a path and is some kind of OTIO."""
    assert cut.path is not None
    if cut.format != "otioz":
        return read_text(cut.path / CONTENT if cut.format == "otiod" else cut.path)
    with zipfile.ZipFile(cut.path) as archive:
        return decode_text(archive.read(CONTENT))


def _collections(content: Any) -> Iterator[Any]:
    if isinstance(content, SerializableCollection):
        yield content
        for child in content:
            yield from _collections(child)


def _lead_from(folder: Path, timeline: Timeline, media_folder: Path) -> None:
    """Make relative references lead from ``folder`` to what they name below ``media_folder``."""
    for reference in _external_references(timeline):
        url = reference.target_url
        if url and "://" not in url and not url.startswith(("/", "\\")) and not is_windows(url.replace("\\", "/")):
            try:
                reference.target_url = Path(os.path.relpath(media_folder / url, folder)).as_posix()
            except ValueError:  # another drive than the output's: only an absolute path leads there
                reference.target_url = (media_folder / url).as_posix()


def _external_references(timeline: Timeline) -> Iterator[ExternalReference]:
    for item in items_of(timeline):
        if isinstance(item, Clip):
            yield from (one for one in item.media_references().values() if isinstance(one, ExternalReference))


def _replace_content(source: Path, path: Path, content: bytes) -> None:
    """Copy an archive member by member, its ``content.otio`` exchanged."""
    try:
        with whole_file(path) as temporary, zipfile.ZipFile(source) as old, zipfile.ZipFile(temporary, "w") as new:
            for member in old.infolist():
                copy = zipfile.ZipInfo(member.filename, member.date_time)
                copy.compress_type, copy.external_attr = member.compress_type, member.external_attr
                if member.filename == CONTENT:
                    new.writestr(copy, content)
                    continue
                with old.open(member) as data, new.open(copy, "w", force_zip64=member.file_size > 1 << 30) as out:
                    shutil.copyfileobj(data, out, 1 << 20)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise FormatError(f"{source}: its members cannot be copied: {error}") from error


def _bundled(timeline: Timeline, delivery: Delivery) -> dict[Path, str]:
    """Point references into the archive; give the files to put there and their names in it."""
    finder = MediaFinder(folder=delivery.cut.media_folder)
    # What was judged may have been found elsewhere than the reference says: --media-root, --map.
    judged = {
        item_at(timeline, tag.shot.address).media_reference: tag.shot.media
        for tag in delivery.tags
        if isinstance(tag.shot.media, Path)
    }
    names: dict[Path, str] = {}
    for item in items_of(timeline):
        if not isinstance(item, Clip):
            continue
        for key, reference in item.media_references().items():
            if isinstance(reference, ExternalReference):
                source = judged.get(reference) or _found(finder, reference.target_url)
                if source is not None and source.is_file():
                    reference.target_url = quote(names.setdefault(source, _free_name(source, names)))
                elif key == item.active_media_reference_key:
                    item.media_reference = _missing(reference)
    return names


def _found(finder: MediaFinder, url: str) -> Path | None:
    try:
        return finder.find(url)
    except MediaError:
        return None


def _missing(reference: ExternalReference) -> MissingReference:
    missing = MissingReference(name=reference.name, available_range=reference.available_range)
    missing.metadata.update(reference.metadata)
    missing.metadata["original_target_url"] = reference.target_url
    missing.available_image_bounds = reference.available_image_bounds
    return missing


def _free_name(source: Path, names: Mapping[Path, str]) -> str:
    """Name a file in the archive; two files of one name do not overwrite each other."""
    taken = set(names.values())
    numbered = (f"{source.stem}-{number}{source.suffix}" for number in count(2))
    return next(name for one in chain([source.name], numbered) if (name := f"media/{one}") not in taken)
