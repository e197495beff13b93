"""Bytes of a text file -> str, whatever the exporter thought text is."""

import codecs
import stat
from pathlib import Path

from otio_shottag.errors import TimelineError

LARGEST = 1 << 30
"""Bytes; the longest features come to a few hundred MB of timeline."""


def read_bytes(path: Path) -> bytes:
    """Read a whole regular file. Raises TimelineError for anything else, without waiting on it."""
    try:
        facts = path.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise TimelineError(f"{path}: is a folder; name a timeline file in it")
        if not stat.S_ISREG(facts.st_mode):
            raise TimelineError(f"{path}: is not a regular file")
        if facts.st_size == 0:
            raise TimelineError(f"{path}: is empty")
        if facts.st_size > LARGEST:
            raise TimelineError(f"{path}: {facts.st_size / LARGEST:.1f} GiB; no timeline is larger than 1 GiB")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise TimelineError(f"{path}: no such file") from error
    except OSError as error:
        raise TimelineError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL in the path
        raise TimelineError(f"{str(path)!r}: not a path") from error


def decode_text(data: bytes) -> str:
    """Decode UTF-8 or UTF-16 with or without BOM, else Windows' or ISO's latin-1, which never fails."""
    for bom, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(bom):
            return data.decode(encoding, errors="replace")
    # UTF-16 without a BOM: every other byte of Latin text is zero, which no other text has.
    head = data[:512]
    if len(head) > 3 and head[1::2].count(0) > len(head) // 4:
        return data.decode("utf-16-le", errors="replace")
    if len(head) > 3 and head[0::2].count(0) > len(head) // 4:
        return data.decode("utf-16-be", errors="replace")
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def read_text(path: Path) -> str:
    """Read a text file. Raises TimelineError."""
    return decode_text(read_bytes(path))
