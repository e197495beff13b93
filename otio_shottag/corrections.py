"""Sizes that a person set: read from the JSON that the report saves, and put in the place of tags.

A correction says which frames of which file it is about, and where they stood in the cut. It
finds its shot again in a cut that was exported anew: by the file and its frames, and where those are
used twice, by the place in the cut. The file comes from strangers and is checked to its last value::

    {
      "otio_shottag_corrections": 1,
      "cut": "name", "rate": "24000/1001",
      "corrections": [{
        "address": [0, 3], "track": "V1", "name", "record_first_frame": 86400,
        "media": "/footage/A001.mov", "rate": "24", "first_frame": 20, "last_frame": 67,
        "frames": [28, 44, 60], "from": "CU", "to": "MCU"
      }]
    }

Frames count as in the JSON of a run: those of a file from its first, which is 0, at ``rate``, and the last
counts; ``frames`` are those that were looked at.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from otio_shottag.errors import CorrectionsError
from otio_shottag.rates import parse_rate, whole_frames
from otio_shottag.shots import Label, Prediction, Shot, Tag
from otio_shottag.timeline import Cut
from otio_shottag.vocabulary import HUMAN, SHOT_TYPES, SIZES

SCHEMA = 1
SCHEMA_KEY = "otio_shottag_corrections"
_LARGEST_FILE = 64_000_000
"""Bytes; a correction takes some 400, and a long film has 3,000 shots."""
_HIGHEST_FRAME = 10**12


@dataclass(frozen=True, slots=True)
class Correction:
    """One shot's size, as a person sees it."""

    address: tuple[int, ...]
    track: str
    name: str
    record_first_frame: int
    media: str
    rate: Fraction
    """Frames per second that the file's frames are counted at."""
    first_frame: int
    """The earliest frame of the file that the shot shows."""
    last_frame: int
    """The latest; it counts."""
    frames: tuple[int, ...]
    """Those that were looked at; one at least."""
    judged: str
    """The size that was judged."""
    label: Label
    """The size it is."""


def correction_facts(tag: Tag, cut: Cut) -> dict[str, Any]:
    """Give a correction's JSON for a shot, all but the size it is."""
    shot = tag.shot
    return {
        "address": list(shot.address),
        "track": shot.track,
        "name": shot.name,
        "record_first_frame": whole_frames(shot.record, cut.rate).start,
        "media": os.path.abspath(str(shot.media)),
        "rate": str(shot.rate),
        "first_frame": shot.frames.lowest,
        "last_frame": shot.frames.highest,
        "frames": frames_looked_at(tag),
        "from": tag.prediction.label.code,
    }


def frames_looked_at(tag: Tag) -> list[int]:
    """Number the frames of the file that a tag was judged by; the middle one where none was."""
    shot = tag.shot
    frames = [
        min(max(round(frame.seconds * shot.rate), shot.frames.lowest), shot.frames.highest)
        for frame in tag.prediction.frames
    ]
    return frames or [shot.frames[shot.clear[len(shot.clear) // 2]]]


def correct(tags: Sequence[Tag], corrections: Sequence[Correction]) -> tuple[list[Tag], list[Correction]]:
    """Put people's sizes in the place of judged ones; give the tags, and the corrections that fit no shot.

    A shot fits that shows the frames which were looked at, of the same file; where the file has moved it
    must show exactly the same frames. Of several that fit, the one at the same place in the cut is meant; where
    none is, all of them. A later correction of the same shot wins.
    """
    by_file: dict[str, list[int]] = {}
    for index, tag in enumerate(tags):
        if tag.analysis == SIZES:
            by_file.setdefault(_file_name(str(tag.shot.media)), []).append(index)
    corrected = list(tags)
    unmatched = []
    for correction in corrections:
        fits = {index: _fit(correction, tags[index].shot) for index in by_file.get(_file_name(correction.media), [])}
        best = max(fits.values(), default=0)
        if not best:
            unmatched.append(correction)
        for index, fit in fits.items():
            if best and fit == best:
                corrected[index] = _by_hand(tags[index], correction.label)
    return corrected, unmatched


def _fit(correction: Correction, shot: Shot) -> int:
    """Say how well a shot fits a correction: 0 not at all, and the more the better."""
    if shot.rate != correction.rate:
        return 0
    low, high = shot.frames.lowest, shot.frames.highest
    same_file = os.path.abspath(str(shot.media)) == correction.media
    same_frames = (low, high) == (correction.first_frame, correction.last_frame)
    shows_them = all(low <= frame <= high for frame in correction.frames)
    if not (same_frames or (same_file and shows_them)):
        return 0
    at_rate = Fraction(shot.record.start_time.rate).limit_denominator(1001)
    same_place = shot.address == correction.address
    same_time = whole_frames(shot.record, at_rate).start == correction.record_first_frame
    return 1 + 8 * same_frames + 4 * same_file + 2 * same_place + same_time


def _by_hand(tag: Tag, label: Label) -> Tag:
    scores = tuple((one, float(one.code == label.code)) for one in SHOT_TYPES)
    prediction = Prediction(label, 1.0, scores, frames=(), path=(label,), failures=tag.prediction.failures)
    return replace(tag, prediction=prediction, model=HUMAN)


def _file_name(media: str) -> str:
    # A path that was written on Windows has backslashes, which a POSIX name may also hold.
    return PureWindowsPath(media).name if "\\" in media else PurePosixPath(media).name


def read_corrections(path: Path) -> list[Correction]:
    """Read the file that a report saved. Raises CorrectionsError, which says what is wrong with it."""
    try:
        size = path.stat().st_size
        if size > _LARGEST_FILE:
            raise CorrectionsError(
                f"{path}: {size / 1e6:.0f} MB; corrections take {_LARGEST_FILE / 1e6:.0f} MB at most"
            )
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CorrectionsError(f"{path}: cannot read the corrections: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CorrectionsError(f"{path}: not UTF-8 text; should be the file that a report saved") from error
    except (ValueError, RecursionError) as error:
        raise CorrectionsError(f"{path}: not JSON ({error}); should be the file that a report saved") from error
    if not isinstance(content, dict) or SCHEMA_KEY not in content:
        raise CorrectionsError(f"{path}: holds no corrections; should be the file that a report saved")
    if content[SCHEMA_KEY] != SCHEMA:
        raise CorrectionsError(f"{path}: {SCHEMA_KEY} is {content[SCHEMA_KEY]!r}; this version reads {SCHEMA}")
    listed = content.get("corrections")
    if not isinstance(listed, list):
        raise CorrectionsError(f"{path}: corrections is {_shown(listed)}; should be a list")
    return [_checked(f"{path}: correction {number}", one) for number, one in enumerate(listed, start=1)]


def _checked(place: str, one: Any) -> Correction:
    if not isinstance(one, dict):
        raise CorrectionsError(f"{place}: is {_shown(one)}; should be an object")
    labels = {label.code: label for label in SHOT_TYPES}
    for key in ("from", "to"):
        if not isinstance(one.get(key), str) or one[key] not in labels:
            raise CorrectionsError(f"{place}: {key} is {_shown(one.get(key))}; one of {', '.join(labels)}")
    for key in ("media", "rate"):
        if not isinstance(one.get(key), str) or not one[key] or "\0" in one[key]:
            raise CorrectionsError(f"{place}: {key} is {_shown(one.get(key))}; should be text")
    try:
        rate = parse_rate(one["rate"])
    except ValueError as error:
        raise CorrectionsError(f"{place}: rate: {error}") from error
    frames = _numbers(place, "frames", one.get("frames"))
    return Correction(
        address=_numbers(place, "address", one.get("address")),
        track=str(one.get("track", "")),
        name=str(one.get("name", "")),
        record_first_frame=_numbers(place, "record_first_frame", [one.get("record_first_frame")])[0],
        media=one["media"],
        rate=rate,
        first_frame=_numbers(place, "first_frame", [one.get("first_frame")])[0],
        last_frame=_numbers(place, "last_frame", [one.get("last_frame")])[0],
        frames=frames,
        judged=one["from"],
        label=labels[one["to"]],
    )


def _numbers(place: str, key: str, value: Any) -> tuple[int, ...]:
    """Check a list of whole numbers, one at least."""
    is_list = isinstance(value, list) and value
    if not is_list or not all(type(one) is int and 0 <= one <= _HIGHEST_FRAME for one in value):
        raise CorrectionsError(f"{place}: {key} is {_shown(value)}; should be whole numbers from 0")
    return tuple(value)


def _shown(value: Any) -> str:
    """Show a value of the file, shortened; escapes keep it on one line."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
