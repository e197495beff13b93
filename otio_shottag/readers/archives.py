""".otioz archives -> the timeline inside and a folder with its media.

An archive comes from strangers: a member that would land outside the folder, a link, or more
data than the disk holds refuses the whole archive.
"""

import shutil
import tempfile
import weakref
import zipfile
from pathlib import Path, PurePosixPath, PureWindowsPath

from otio_shottag.errors import TimelineError
from otio_shottag.readers.text import decode_text

CONTENT = "content.otio"


class Unpacked:
    """A folder that an archive was unpacked to; it goes when this object goes, or with Python."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="otio-shottag-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


def read_archive(path: Path) -> tuple[str, Unpacked]:
    """Give the timeline's text and its unpacked media.

    Raises TimelineError, without the file's name.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            for member in members:
                _check(member)
            if CONTENT not in archive.namelist():
                raise TimelineError(f"an archive without {CONTENT}")
            text = decode_text(archive.read(CONTENT))
            unpacked = Unpacked()
            media = [member for member in members if member.filename != CONTENT]
            needed, free = sum(member.file_size for member in media), shutil.disk_usage(unpacked.folder).free
            if needed > free:
                raise TimelineError(
                    f"holds {needed >> 20} MiB of media; {unpacked.folder} has room for {free >> 20} MiB"
                )
            for member in media:
                archive.extract(member, unpacked.folder)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        # RuntimeError: an encrypted member; NotImplementedError: a compression Python lacks
        raise TimelineError(f"not an archive that can be unpacked: {error}") from error
    return text, unpacked


def _check(member: zipfile.ZipInfo) -> None:
    name = member.filename
    for pure in (PurePosixPath(name), PureWindowsPath(name)):
        if pure.is_absolute() or pure.drive or ".." in pure.parts:
            raise TimelineError(f"its member {name!r} would be written outside the archive's folder")
    if (member.external_attr >> 16) & 0o170000 == 0o120000:
        raise TimelineError(f"its member {name!r} is a link")
