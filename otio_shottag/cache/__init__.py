"""What was judged before: same file, same moments, same model -> same answer, and nothing is opened.

``identity`` tells files apart, ``store`` is the database. What an answer depends on goes into its
key; a file that is changed, moved shots, another model or other rules give another key, so nothing here
is ever out of date.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple
from fractions import Fraction
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from otio_shottag.cache.identity import Stamp, content_identity, files_of, stamp_of
from otio_shottag.cache.store import Store, hour
from otio_shottag.decode import MediaInfo, probe
from otio_shottag.shots import FrameScores, ImageSequence, Label, Media, Moment, Prediction, Scores

__all__ = ["Cache", "open_cache"]

MOST_BYTES = 2**29
"""Half a gigabyte, some half a million shots; then what was unused longest goes."""

_KEYS = "otio-shottag answers 1"
"""Of what a key holds and how pictures are decoded; goes up when the same moment may give another picture."""
_HEADERS = "header 1"
"""Of what is kept of a header; goes up when it is read otherwise."""
_FLUSH_SECONDS = 2.0
"""What is judged is written down at least so often, for runs that are killed."""
_FRESH_HOURS = 24
"""A use is noted again after so long: reading need not write each time."""

Answer = Prediction | str


class Judged(Protocol):
    """What a key must know of an analysis."""

    @property
    def name(self) -> str: ...
    @property
    def short_side(self) -> int: ...


def open_cache(path: Path | None = None) -> "Cache":
    """Open the cache in a file, by default in the platform's folder for such things.

    Always gives one: where it cannot work it remembers nothing, and says so in ``words``.
    """
    is_ours = path is None
    if path is None:
        from platformdirs import user_cache_path

        path = user_cache_path("otio-shottag", appauthor=False) / "answers.sqlite"
    return Cache(Store(path, most_bytes=MOST_BYTES, is_ours=is_ours))


class Cache:
    """Answers of earlier runs, and what the headers of media files said."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stamps: dict[Path, Stamp | None] = {}
        self._identities: dict[Path, bytes | None] = {}
        self._headers: dict[Path, str | None] = {}
        self._new_files: dict[Path, tuple[bytes, int, int, bytes, str | None]] = {}
        self._new_answers: dict[bytes, str] = {}
        self._used: set[bytes] = set()
        self._last_flush = time.monotonic()
        self._decoder = f"PyAV {version('av')}"
        self.hits = 0
        """Answers that were there."""

    @property
    def words(self) -> list[str]:
        """What the user should know of the cache, a sentence each."""
        return self._store.words

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._store.path

    def key(self, media: Media, moments: Sequence[Moment], analysis: Judged) -> bytes | None:
        """Give what an answer depends on; None where it cannot be kept.

        That is where a file cannot be read, and for an analysis without a ``fingerprint``.
        """
        fingerprint = getattr(analysis, "fingerprint", None)
        if fingerprint is None or not self._store.is_open:
            return None
        identities = [self._identity(path) for path in files_of(media, moments)]
        if None in identities:
            return None
        content = (
            _KEYS,
            analysis.name,
            fingerprint,
            str(analysis.short_side),
            self._decoder,
            _row_of(media),
            *(identity.hex() for identity in identities if identity is not None),
            *(
                str(moment) if isinstance(moment, Fraction) else " ".join(map(str, astuple(moment)))
                for moment in moments
            ),
        )
        return blake2b("\n".join(content).encode(errors="surrogateescape"), digest_size=20).digest()

    def answers(self, keys: Sequence[bytes]) -> dict[bytes, Answer]:
        """Look up answers; what is not there is left out."""
        if self._new_answers:
            self.flush()
        found = self._store.find_answers(keys) if keys else {}
        now = hour()
        self._used.update(key for key, (_, used) in found.items() if used < now - _FRESH_HOURS)
        read = {key: _read(text) for key, (text, _) in found.items()}
        answers = {key: _answer(plain) for key, plain in read.items() if plain is not None}
        self.hits += len(answers)
        return answers

    def keep(self, key: bytes, answer: Answer) -> None:
        """Remember an answer; it is written to disk a little later, or with ``flush``."""
        if not self._store.is_open:
            return
        self._new_answers[key] = json.dumps(_plain(answer), ensure_ascii=False, separators=(",", ":"))
        if time.monotonic() - self._last_flush > _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write down what is new."""
        self._last_flush = time.monotonic()
        if self._new_files or self._new_answers or self._used:
            self._store.write(self._new_files.values(), self._new_answers.items(), self._used)
        self._new_files.clear()
        self._new_answers.clear()
        self._used.clear()

    def close(self) -> None:
        """Write down what is new and let go of the file."""
        self.flush()
        self._store.close()

    def facts(self) -> dict[str, Any]:
        """Count what is in it: ``answers``, ``files``, ``bytes``."""
        return self._store.facts()

    def clear(self) -> None:
        """Take everything out."""
        self._store.clear()

    def probing(self, look: Callable[[Media], MediaInfo] = probe) -> Callable[[Media], MediaInfo]:
        """Give a ``probe`` that remembers; it opens only files that it does not know."""

        def remembering(media: Media) -> MediaInfo:
            path = media.picture(0) if isinstance(media, ImageSequence) else media
            if not self._store.is_open or self._identity(path) is None:
                return look(media)
            # What a row of pictures is counted at comes from the cut, so that counts, too.
            name = f"{_HEADERS} {_row_of(media)}"
            known = _read(self._headers.get(path) or "{}") or {}
            if name in known:
                return _info(known[name])
            info = look(media)
            self._headers[path] = json.dumps({**known, name: _plain_info(info)})
            self._note_file(path)
            return info

        return remembering

    def _identity(self, path: Path) -> bytes | None:
        """Give a file's identity, from what is known of it where it has not changed since."""
        stamp = stamp_of(path)
        if path in self._identities and self._stamps[path] == stamp:
            return self._identities[path]
        identity: bytes | None = None
        self._headers.pop(path, None)
        if stamp is not None:
            known = self._store.find_file(os.fsencode(path))
            if known is not None and known[:2] == stamp:
                identity, self._headers[path] = known[2], known[3]
            else:
                identity = content_identity(path, stamp)
        self._stamps[path] = stamp
        self._identities[path] = identity
        if identity is not None and path not in self._headers:
            self._note_file(path)
        return identity

    def _note_file(self, path: Path) -> None:
        stamp, identity = self._stamps[path], self._identities[path]
        if stamp is not None and identity is not None:
            self._new_files[path] = (os.fsencode(path), *stamp, identity, self._headers.get(path))


def _row_of(media: Media) -> str:
    """Say how numbered pictures are counted; nothing of a single file, whose name may change."""
    return f"{media} {media.rate} {media.step}" if isinstance(media, ImageSequence) else ""


def _read(text: str) -> dict[str, Any] | None:
    """Read what was kept as JSON; None where it cannot be read any more."""
    try:
        plain = json.loads(text)
    except ValueError:
        return None
    return plain if isinstance(plain, dict) else None


def _plain(answer: Answer) -> dict[str, Any]:
    """Give an answer as JSON has it; numbers come back as they were, to the last bit."""
    if isinstance(answer, str):
        return {"skip": answer}
    labels = list(dict.fromkeys([answer.label, *answer.path, *(label for label, _ in answer.scores)]))
    return {
        "labels": [[label.code, label.name, label.color] for label in labels],
        "label": labels.index(answer.label),
        "confidence": answer.confidence,
        "scores": _plain_scores(answer.scores, labels),
        "frames": [[str(frame.seconds), _plain_scores(frame.scores, labels)] for frame in answer.frames],
        "path": [labels.index(label) for label in answer.path],
        "failures": answer.failures,
    }


def _plain_scores(scores: Scores, labels: Sequence[Label]) -> list[list[float]]:
    return [[labels.index(label), score] for label, score in scores]


def _answer(plain: dict[str, Any]) -> Answer:
    if "skip" in plain:
        return str(plain["skip"])
    labels = [Label(*fields) for fields in plain["labels"]]

    def scores(rows: Sequence[tuple[int, float]]) -> Scores:
        return tuple((labels[index], score) for index, score in rows)

    return Prediction(
        label=labels[plain["label"]],
        confidence=plain["confidence"],
        scores=scores(plain["scores"]),
        frames=tuple(FrameScores(Fraction(when), scores(rows)) for when, rows in plain["frames"]),
        path=tuple(labels[index] for index in plain["path"]),
        failures=plain["failures"],
    )


def _plain_info(info: MediaInfo) -> list[Any]:
    return [str(info.rate), info.start_timecode, info.num_frames, info.width, info.height, info.is_still]


def _info(plain: Sequence[Any]) -> MediaInfo:
    rate, *others = plain
    return MediaInfo(Fraction(rate), *others)
