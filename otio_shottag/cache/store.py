"""The cache's file: an SQLite database (https://www.sqlite.org) that several runs may use at once.

It is a convenience and never in the way: what is broken or of another layout is made anew, and
where it cannot work it stays out of use, each with a word to the user.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

_LAYOUT = 1
"""``user_version`` of the database; goes up with its tables."""
_OURS = 0x53_48_4F_54
"""``application_id`` of the database: tells our file from any other, which is not touched."""
_TABLES = (
    "CREATE TABLE files (path BLOB PRIMARY KEY, size INTEGER, changed INTEGER, identity BLOB, info TEXT) WITHOUT ROWID",
    "CREATE TABLE answers (key BLOB NOT NULL UNIQUE, answer TEXT NOT NULL, used INTEGER NOT NULL)",
    "CREATE INDEX answers_used ON answers (used)",
)
_WAIT_SECONDS = 10.0
"""How long another process may keep us waiting."""
_NETWORK_FILE_SYSTEMS = (
    *("nfs", "cifs", "smb", "afp", "ncpfs", "9p", "lustre", "gpfs", "beegfs", "ceph", "davfs", "vboxsf"),
    *("fuse.sshfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs"),
)
_KEYS_AT_ONCE = 500
"""SQLite takes 999 at least."""

T = TypeVar("T")


class Store:
    """One database file, open or out of use."""

    def __init__(self, path: Path, *, most_bytes: int, is_ours: bool = False) -> None:
        """Open a file; one that is none of ours stays as it is, unless ``is_ours`` says that its place is."""
        self.path = path
        self._is_ours = is_ours
        self._was_made_anew = False
        self.words: list[str] = []
        """What the user should know, a sentence each."""
        self._most_bytes = most_bytes
        self._database: sqlite3.Connection | None = None
        share = network_share_of(os.path.realpath(path), _mounts())
        if share is not None:
            where = f"{path} is on a network share ({share}); --cache FILE puts it on a local disk"
            self.words.append(f"the cache is off: {where}")
            return
        try:
            self._open()
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    @property
    def is_open(self) -> bool:
        """Whether it is in use."""
        return self._database is not None

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self._is_ours and not _may_be_ours(self.path):
            raise OSError("is no cache of otio-shottag; name another file, or a new one")
        try:
            self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            # "file is not a database", "disk image is malformed"
            self._make_anew(f"was broken ({error})")

    def _connect(self) -> None:
        database = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA auto_vacuum = INCREMENTAL")
            if database.execute("PRAGMA application_id").fetchone() != (_OURS,):
                # First of all, so that no other process sees the file without it.
                database.execute(f"PRAGMA application_id = {_OURS}")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("BEGIN IMMEDIATE")
            (layout,) = database.execute("PRAGMA user_version").fetchone()
            is_empty = not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if is_empty:
                for table in _TABLES:
                    database.execute(table)
                database.execute(f"PRAGMA user_version = {_LAYOUT}")
            database.execute("COMMIT")
        except BaseException:
            database.close()
            raise
        if not is_empty and layout != _LAYOUT:
            database.close()
            if layout > _LAYOUT:
                raise OSError(f"a newer otio-shottag made it (layout {layout}; this one reads {_LAYOUT})")
            self._make_anew("was made by an older otio-shottag")
            return
        self._database = database

    def _make_anew(self, why: str) -> None:
        """Replace the file by an empty one, once in a run; of several processes that want to, one does."""
        if self._was_made_anew:
            raise OSError(why)
        self._was_made_anew = True
        turn = Path(f"{self.path}-anew")
        try:
            turn.touch(exist_ok=False)
        except FileExistsError:
            raise OSError(f"{why}, and another process is making it anew; delete {turn} if none is") from None
        try:
            if not self._is_mended():
                for ending in ("", "-wal", "-shm"):
                    Path(f"{self.path}{ending}").unlink(missing_ok=True)
                self._connect()
                self.words.append(f"the cache {self.path} {why} and is made anew")
        finally:
            turn.unlink(missing_ok=True)

    def _is_mended(self) -> bool:
        """Open the file again, if another process has made it anew meanwhile."""
        try:
            self._connect()
            if self._database is not None:
                self._database.execute("SELECT 1 FROM files, answers LIMIT 1")
                if self._database.execute("PRAGMA quick_check").fetchone() == ("ok",):
                    return True
        except (OSError, sqlite3.Error):
            pass  # still broken, or still of another layout
        if self._database is not None:
            self._database.close()
            self._database = None
        return False

    def _give_up(self, error: Exception) -> None:
        self.words.append(f"the cache is off: {self.path}: {error}")
        if self._database is not None:
            database, self._database = self._database, None
            database.close()

    def _try(self, action: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        if self._database is None:
            return otherwise
        try:
            return action(self._database)
        except sqlite3.DatabaseError as error:
            is_in_the_way = isinstance(error, sqlite3.OperationalError) and "no such table" not in str(error)
            if is_in_the_way:
                self._give_up(error)
            else:
                self._replace(error)
        except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
            self._give_up(error)
        return otherwise

    def _replace(self, error: Exception) -> None:
        """Make a file anew that turned out broken while it was used."""
        if self._database is not None:
            database, self._database = self._database, None
            database.close()
        try:
            self._make_anew(f"was broken ({error})")
        except (OSError, sqlite3.Error) as problem:
            self._give_up(problem)

    def find_file(self, path: bytes) -> tuple[int, int, bytes, str | None] | None:
        """Give what is known of a file: length, time of change, identity, what its header said."""
        query = "SELECT size, changed, identity, info FROM files WHERE path = ?"
        row: tuple[int, int, bytes, str | None] | None = self._try(
            lambda database: database.execute(query, (path,)).fetchone(), None
        )
        return row

    def find_answers(self, keys: Sequence[bytes]) -> dict[bytes, tuple[str, int]]:
        """Give the answers that are there, with the hour at which each was last used."""

        def find(database: sqlite3.Connection) -> dict[bytes, tuple[str, int]]:
            found: dict[bytes, tuple[str, int]] = {}
            for first in range(0, len(keys), _KEYS_AT_ONCE):
                some = keys[first : first + _KEYS_AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, answer, used FROM answers WHERE key IN ({marks})"
                found.update((key, (answer, used)) for key, answer, used in database.execute(query, list(some)))
            return found

        return self._try(find, {})

    def write(
        self,
        files: Iterable[tuple[bytes, int, int, bytes, str | None]],
        answers: Iterable[tuple[bytes, str]],
        used: Iterable[bytes],
    ) -> None:
        """Write in one go; where that makes the database too large, what was unused longest goes."""
        now = hour()

        def put(database: sqlite3.Connection) -> None:
            database.execute("BEGIN IMMEDIATE")
            try:
                database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", files)
                database.executemany(
                    "INSERT OR REPLACE INTO answers (key, answer, used) VALUES (?, ?, ?)",
                    ((key, answer, now) for key, answer in answers),
                )
                database.executemany("UPDATE answers SET used = ? WHERE key = ?", ((now, key) for key in used))
                self._shrink(database)
                database.execute("COMMIT")
            except BaseException:
                database.rollback()
                raise
            database.execute("PRAGMA incremental_vacuum").fetchall()

        self._try(put, None)

    def _shrink(self, database: sqlite3.Connection) -> None:
        if _bytes_in_use(database) <= self._most_bytes:
            return
        (count,) = database.execute("SELECT count(*) FROM answers").fetchone()
        database.execute(
            "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers ORDER BY used, rowid LIMIT ?)",
            (count // 4 + 1,),
        )
        database.execute("DELETE FROM files WHERE (SELECT count(*) FROM files) > 100000")

    def facts(self) -> dict[str, Any]:
        """Count what is in it: ``answers``, ``files``, ``bytes``."""

        def count(database: sqlite3.Connection) -> dict[str, Any]:
            (answers,) = database.execute("SELECT count(*) FROM answers").fetchone()
            (files,) = database.execute("SELECT count(*) FROM files").fetchone()
            return {"answers": answers, "files": files, "bytes": _bytes_in_use(database)}

        return self._try(count, {"answers": 0, "files": 0, "bytes": 0})

    def clear(self) -> None:
        """Take everything out."""

        def empty(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM answers")
            database.execute("DELETE FROM files")
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

        self._try(empty, None)

    def close(self) -> None:
        """Let go of the file."""
        if self._database is not None:
            self._database.close()
            self._database = None


def _may_be_ours(path: Path) -> bool:
    """Tell whether a file is a cache of ours or none yet, soon perhaps; opens nothing that SQLite would change."""
    if not path.exists():
        return True
    for seconds in (0, 0.05, 0.1, 0.2):  # where another process is making it, our mark comes after the first bytes
        time.sleep(seconds)
        with path.open("rb") as file:
            head = file.read(100)
        # https://www.sqlite.org/fileformat.html, 1.3: the application's id is at byte 68.
        if not head or (head.startswith(b"SQLite format 3\0") and int.from_bytes(head[68:72], "big") == _OURS):
            return True
    return False


def hour() -> int:
    """Give the time in hours, as fine as ``used`` is kept."""
    return int(time.time() // 3600)


def _bytes_in_use(database: sqlite3.Connection) -> int:
    (size,) = database.execute("PRAGMA page_size").fetchone()
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    (free,) = database.execute("PRAGMA freelist_count").fetchone()
    return int(size * (pages - free))


def network_share_of(where: str, mounts: str) -> str | None:
    """Tell what kind of network share a path is on, whose locks SQLite cannot trust; None for a local disk.

    ``mounts`` is Linux's list of them (``/proc/mounts``); Windows' shares are known by their names.
    """
    if where.startswith(("\\\\", "//")):
        return "a Windows share"
    innermost, kind = "", ""
    for line in mounts.splitlines():
        _, point, file_system, *_ = [*line.split(" "), "", "", ""]
        point = point.replace("\\040", " ")
        if f"{where}/".startswith(f"{point.rstrip('/')}/") and len(point) >= len(innermost):
            innermost, kind = point, file_system
    return kind if kind.startswith(_NETWORK_FILE_SYSTEMS) else None


def _mounts() -> str:
    try:
        return Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
