"""What runs over many cuts have done, so that another run can go on: JSON lines in the folder of the outputs.

One line before a cut's outputs are written, one after::

    {"otio_shottag_journal": 1, "cut": "../cuts/ep1.otio", "writing": ["ep1.tagged.otio"], "host": "a", "process": 47}
    {"otio_shottag_journal": 1, "cut": "../cuts/ep1.otio", "wrote": {"ep1.tagged.otio": [48213, 1764000000000000000]},
     "rests_on": "9f...", "media": {"../footage/A001.mov": [73211, 1763000000000000000]}, "skips": 0, "result": "c1..."}

``rests_on`` is missing where the cut failed. Paths start at the journal's folder where they can, so that a run goes
on where a share is mounted elsewhere. What it says is believed only as far as the disk agrees, and it never says where
to write. A line that is torn, of another layout or makes no sense is passed over.
"""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from otio_shottag.cache.identity import Stamp, stamp_of
from otio_shottag.errors import FormatError

NAME = ".otio-shottag.jsonl"
LAYOUT_KEY = "otio_shottag_journal"
LAYOUT = 1
_WHOLE_BYTES = 2**26
"""A cut up to this size is told from others by all its bytes, a larger one (media in an archive) by its stamp."""
_SAME_TIME_NANOSECONDS = 2 * 10**9
"""What one file's time of change may differ by between two ways to mount a share; FAT knows every other second."""


@dataclass(frozen=True, slots=True)
class Done:
    """What is known of a cut whose outputs were written."""

    rests_on: str
    """Digest of the cut and the options."""
    media: Mapping[str, Stamp | None]
    """The files that were looked at, as they were then."""
    outputs: Mapping[str, Stamp | None]
    skips: int
    """Clips without a tag."""
    result: str
    """Digest of all tags and skips."""


class Journal:
    """The journal of one folder; read when it is made, added to as cuts are done."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._root = os.path.abspath(folder)
        self._done: dict[str, Done] = {}
        self._outputs: dict[str, Stamp | None] = {}
        """How outputs were left; None for one that was being written."""
        self._writing: dict[str, tuple[list[str], int]] = {}
        """Outputs of cuts that were not finished, and the process that wrote them, where that was on this machine."""
        for line in self._lines():
            self._take(line)

    def place(self, path: Path) -> str:
        """Name a path from here, with forward slashes; one that shares no folder with us stays absolute."""
        whole = os.path.abspath(path)
        try:
            shared = os.path.commonpath([whole, self._root])
        except ValueError:  # another drive of Windows
            return Path(whole).as_posix()
        is_near = os.path.dirname(shared) != shared  # more than the root of all
        return Path(os.path.relpath(whole, self._root) if is_near else whole).as_posix()

    def unchanged(self, cut: Path, rests_on: str, outputs: Sequence[Path]) -> Done | None:
        """Give what was done of a cut, if that still is what would come out; None if it has to be done again."""
        done = self._done.get(self.place(cut))
        if done is None or done.rests_on != rests_on or {*done.outputs} != {self.place(path) for path in outputs}:
            return None
        stamps = {**done.media, **done.outputs}
        is_all_there = all(stamp is not None for stamp in done.outputs.values())
        is_same = is_all_there and all(_is_same(stamp, self._stamp(place)) for place, stamp in stamps.items())
        return done if is_same else None

    def is_ours(self, output: Path) -> bool:
        """Say whether an output is as an earlier run left it, or was being written when that ended."""
        place = self.place(output)
        left = self._outputs.get(place)
        return place in self._outputs and (left is None or _is_same(left, self._stamp(place)))

    def dead_writer(self, cut: Path) -> int | None:
        """Give the process that ended while it wrote a cut's outputs, where that is sure: on this machine, and gone."""
        _, process = self._writing.get(self.place(cut), ([], 0))
        return process if process > 0 and not _runs(process) else None

    def begin(self, cut: Path, outputs: Sequence[Path]) -> None:
        """Note that a cut's outputs are going to be written. Raises FormatError where that cannot be noted."""
        self._add(
            cut,
            writing=[self.place(path) for path in outputs],
            host=platform.node(),
            process=os.getpid(),
        )

    def finish(
        self,
        cut: Path,
        outputs: Sequence[Path],
        *,
        rests_on: str,
        media: Mapping[Path, Stamp | None],
        skips: int,
        result: str,
    ) -> None:
        """Note that all outputs of a cut are written."""
        stamps = {self.place(path): stamp for path, stamp in media.items()}
        wrote = {place: self._stamp(place) for place in map(self.place, outputs)}
        self._add(cut, wrote=wrote, rests_on=rests_on, media=stamps, skips=skips, result=result)

    def fail(self, cut: Path, outputs: Sequence[Path]) -> None:
        """Note that of a cut's outputs only these were written."""
        self._add(cut, wrote={place: self._stamp(place) for place in map(self.place, outputs)})

    def check(self) -> None:
        """Raise FormatError where the journal cannot be written."""
        if os.path.lexists(self.path) and (self.path.is_symlink() or not self.path.is_file()):
            raise FormatError(f"{self.path}: should be a plain file, for notes of what is done; take it away")
        if self.path.exists() and not os.access(self.path, os.W_OK):
            raise FormatError(f"{self.path}: cannot be written, and what is done is noted there; allow it")

    def _add(self, cut: Path, **facts: Any) -> None:
        line = {LAYOUT_KEY: LAYOUT, "cut": self.place(cut), **facts}
        # ASCII only: a name that is no Unicode comes back as it was.
        self._append(json.dumps(line, separators=(",", ":")).encode() + b"\n")
        self._take(json.loads(json.dumps(line)))

    def _append(self, line: bytes) -> None:
        self.check()
        try:
            with self.path.open("a+b", buffering=0) as file:
                if file.seek(0, os.SEEK_END):
                    file.seek(-1, os.SEEK_END)
                    # A run that was killed may have left half a line.
                    line = line if file.read(1) == b"\n" else b"\n" + line
                file.write(line)
        except OSError as error:
            raise FormatError(f"{self.path}: cannot be written: {error.strerror or error}") from error

    def _lines(self) -> Iterable[Any]:
        if self.path.is_symlink() or not self.path.is_file():
            return
        try:
            with self.path.open("rb") as file:
                for line in file:
                    try:
                        yield json.loads(line)
                    except (ValueError, RecursionError):
                        continue
        except OSError as error:
            raise FormatError(f"{self.path}: cannot be read: {error.strerror or error}") from error

    def _take(self, line: Any) -> None:
        """Take in one line; nothing of it is believed that is not of the right kind."""
        if not isinstance(line, dict) or line.get(LAYOUT_KEY) != LAYOUT or not isinstance(cut := line.get("cut"), str):
            return
        writing, wrote, media = line.get("writing"), _stamps(line.get("wrote")), _stamps(line.get("media"))
        if isinstance(writing, list) and all(isinstance(place, str) for place in writing):
            is_here = line.get("host") == platform.node() and type(line.get("process")) is int
            self._writing[cut] = (writing, line["process"] if is_here else 0)
            self._done.pop(cut, None)
            self._outputs.update(dict.fromkeys(writing))
        elif wrote is not None:
            for place in self._writing.pop(cut, ([], 0))[0]:
                self._outputs.pop(place, None)
            self._outputs.update(wrote)
            rests_on, skips, result = line.get("rests_on"), line.get("skips"), line.get("result")
            if isinstance(rests_on, str) and isinstance(result, str) and type(skips) is int and media is not None:
                self._done[cut] = Done(rests_on, media, wrote, skips, result)

    def _stamp(self, place: str) -> Stamp | None:
        return whole_stamp(Path(os.path.normpath(os.path.join(self._root, place))))


def what_it_rests_on(cut: Path, options: str) -> str:
    """Give a digest of a cut as it is now, and of the options in words."""
    digest = blake2b(options.encode(errors="surrogateescape"), digest_size=20)
    for path in files_in(cut):
        stamp = stamp_of(path)
        digest.update(f"\n{os.path.relpath(path, cut)} {stamp}\n".encode(errors="surrogateescape"))
    stamp = stamp_of(cut)
    if stamp is not None and stamp[0] <= _WHOLE_BYTES:
        try:
            digest.update(cut.read_bytes())
        except OSError:
            digest.update(b"unreadable")
    else:
        digest.update(str(stamp).encode())
    return digest.hexdigest()


def whole_stamp(path: Path) -> Stamp | None:
    """Give the stamp of a file, or of a bundle: all its bytes and the latest change; None where there is none."""
    try:
        if not path.is_dir():
            return stamp_of(path)
    except (OSError, ValueError):
        return None
    stamps = [stamp for one in files_in(path) if (stamp := stamp_of(one)) is not None]
    return (sum(size for size, _ in stamps), max(changed for _, changed in stamps)) if stamps else None


def files_in(bundle: Path) -> list[Path]:
    """List the files of a bundle, sorted; none where it is a file."""
    return sorted(Path(folder, name) for folder, _, names in os.walk(bundle) for name in names)


def _is_same(was: Stamp | None, now: Stamp | None) -> bool:
    if was is None or now is None:
        return was is now
    return was[0] == now[0] and abs(was[1] - now[1]) <= _SAME_TIME_NANOSECONDS


def _stamps(value: Any) -> dict[str, Stamp | None] | None:
    """Check stamps by place, as JSON has them; None where they are none."""
    if not isinstance(value, dict):
        return None
    stamps: dict[str, Stamp | None] = {}
    for place, pair in value.items():
        if pair is None:
            stamps[place] = None
        elif isinstance(pair, list | tuple) and len(pair) == 2 and all(type(number) is int for number in pair):
            stamps[place] = (pair[0], pair[1])
        else:
            return None
    return stamps


def _runs(process: int) -> bool:
    """Say whether a process may still be there; where that cannot be asked without harm, it may."""
    if os.name == "nt":
        return True  # there os.kill(process, 0) would stop it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
