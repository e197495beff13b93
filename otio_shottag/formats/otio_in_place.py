"""The JSON of a timeline that Resolve exported: its own text, with our markers and metadata in it.

OTIO itself writes what it reads with fields that only newer versions have, and drops the last
digit of some numbers in metadata (0.18.1 makes ``...644836`` out of ``...6448364``). So only
our own markers go through OTIO here, and numbers stay the text that they were.
"""

import json
import re
from typing import Any

from opentimelineio.schema import Timeline

from otio_shottag.marks import METADATA_KEY, is_ours

_NUMBER = re.compile(r'"\\u0000(-?[0-9][0-9.eE+-]*)"')
"""A number while it is text: no name begins with a NUL, where OTIO's strings end."""


def mark_otio(text: str, before: Timeline, marked: Timeline) -> str | None:
    """Give a timeline's JSON with our marks exchanged; None where the text is no single timeline.

    ``before`` is what was read from the text, ``marked`` a copy of it with the new marks.
    """
    try:
        document = _read(text)
    except ValueError:  # OTIO also takes numbers that are none, such as "Inf"
        return None
    if not isinstance(document, dict) or not str(document.get("OTIO_SCHEMA")).startswith("Timeline."):
        return None
    _exchange(document["tracks"], before.tracks, marked.tracks)
    written = json.dumps(document, indent=4, ensure_ascii=text.isascii())
    return _NUMBER.sub(r"\1", written) + ("\n" if text.endswith("\n") else "")


def _read(text: str) -> Any:
    return json.loads(text, parse_float=lambda number: f"\0{number}", parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _exchange(element: dict[str, Any], before: Any, marked: Any) -> None:
    """Exchange the marks of an item, and of all that is in it."""
    old, new = list(getattr(before, "markers", ())), list(getattr(marked, "markers", ()))
    if old or new:
        stated = element.get("markers") or []
        theirs = [one for one, marker in zip(stated, old, strict=True) if not is_ours(marker)]
        element["markers"] = theirs + [_read(one.to_json_string()) for one in new if is_ours(one)]
    metadata = element.get("metadata") or {}
    is_sorted = list(metadata) == sorted(metadata)
    metadata.pop(METADATA_KEY, None)
    if METADATA_KEY in marked.metadata:
        metadata[METADATA_KEY] = _read(marked.to_json_string())["metadata"][METADATA_KEY]
        element["metadata"] = dict(sorted(metadata.items())) if is_sorted else metadata
    for index, child in enumerate(element.get("children") or ()):
        _exchange(child, before[index], marked[index])
