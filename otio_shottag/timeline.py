"""In: the file of a cut -> a Cut.

Reads what editors export (OTIO, EDL, Final Cut 7 and X XML, AAF, ALE) through ``readers`` and
OTIO's adapters, or a movie through ``cuts``, picks the sequence, and works out the record clock.
What its clips show is found in ``finding``.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from otio_shottag.cuts import Detection, find_cuts
from otio_shottag.errors import MediaError, TimelineError
from otio_shottag.items import details_of
from otio_shottag.rates import exact_rate, seconds_of
from otio_shottag.readers import NO_HOOK
from otio_shottag.readers.archives import CONTENT, read_archive
from otio_shottag.readers.bare_items import as_timeline
from otio_shottag.readers.edl import read_edl
from otio_shottag.readers.fcp7 import read_fcp7
from otio_shottag.readers.fcpxml import read_fcpxml
from otio_shottag.readers.movie import movie_timeline
from otio_shottag.readers.text import decode_text, read_bytes, read_text

KINDS = {
    ".otio": "otio",
    ".json": "otio",
    ".otioz": "otioz",
    ".otiod": "otiod",
    ".edl": "edl",
    ".xml": "fcp7",
    ".fcpxml": "fcpxml",
    ".fcpxmld": "fcpxml",
    ".aaf": "aaf",
    ".ale": "ale",
}
"""What a file's ending says it is; with any other it has to be a movie."""

_EXPORT_INSTEAD = {
    ".drp": "a DaVinci Resolve project",
    ".dra": "a DaVinci Resolve archive",
    ".prproj": "a Premiere project",
    ".fcpbundle": "a Final Cut library",
    ".avb": "an Avid bin",
}
_USUAL_RATE = Fraction(24)
_HIGHEST_RATE = 1000
_INFINITE = re.compile(r"(?<=[\s:,\[-])Inf(?=[\s,\]}])")
_AAF_SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")
"""AAF is kept in Microsoft's Compound File format, which begins like this."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A timeline and what is known of where it came from."""

    timeline: otio.schema.Timeline
    """As read; nobody changes it."""
    rate: Fraction
    """Frames per second of the record timecode, exact."""
    start: RationalTime
    """Record time of the first frame, at ``rate``; a whole number of frames."""
    drop_frame: bool
    """Whether record timecode skips numbers (29.97 and 59.94 only)."""
    path: Path | None = None
    """The file it was read from."""
    format: str = "otio"
    """What that was: otio otioz otiod edl fcp7 fcpxml aaf ale movie."""
    media_folder: Path | None = None
    """Where relative media references start."""
    from_resolve: bool = False
    """Whether DaVinci Resolve exported it."""
    holds: Any = field(default=None, repr=False)
    """What must live as long as the cut does: the folder that an archive was unpacked to."""

    @classmethod
    def of(cls, timeline: otio.schema.Timeline, *, media_folder: Path | None = None) -> "Cut":
        """Take a timeline that is already in memory."""
        return _cut(timeline, media_folder=media_folder)


def read_timeline(
    path: str | Path,
    *,
    rate: Fraction | None = None,
    sequence: str | None = None,
    detection: Detection | None = None,
) -> Cut:
    """Read a cut, or a movie, whose cuts are found by looking at it.

    ``rate`` is for EDLs and ALEs, which do not say theirs; without it, the lowest usual one that
    fits. ``sequence`` names the timeline where the file holds several, ``detection`` says how a
    movie's cuts are found. Raises TimelineError.
    """
    path = Path(path)
    kind = KINDS.get(path.suffix.lower(), "movie")
    if kind == "movie":
        hint = _EXPORT_INSTEAD.get(path.suffix.lower())
        if hint:
            raise TimelineError(f"{path}: {hint}; export the timeline from it as .otio, .xml or .edl")
        if not path.exists():
            raise TimelineError(f"{path}: no such file")
        if path.is_dir():
            raise TimelineError(f"{path}: is a folder; name a timeline file in it")
    try:
        if kind == "movie":
            return _read_movie(path, detection or Detection())
        return _read(path, kind, rate=rate, sequence=sequence)
    except RecursionError as error:
        raise TimelineError(f"{path}: nested too deep to follow") from error
    except TimelineError as error:
        text = " ".join(str(error).split())
        raise TimelineError(text if text.startswith(str(path)) else f"{path}: {text}") from error


def _read(path: Path, kind: str, *, rate: Fraction | None, sequence: str | None) -> Cut:
    # Unlike Path.resolve, realpath takes links in a circle.
    whole = Path(os.path.realpath(path))
    facts: dict[str, Any] = {"path": path, "format": kind, "media_folder": whole.parent}
    if kind == "edl":
        timeline, edl_rate, drop_frame = read_edl(read_text(path), rate=rate)
        return _cut(timeline, rate=edl_rate, drop_frame=drop_frame, **facts)
    if kind == "otio":
        content = _from_json(read_text(path))
    elif kind == "otiod":
        facts["media_folder"] = whole
        content = _from_json(read_text(path / CONTENT))
    elif kind == "otioz":
        if not path.is_file():
            read_bytes(path)  # says what is wrong: no such file, a folder, a pipe
        text, facts["holds"] = read_archive(path)
        facts["media_folder"] = facts["holds"].folder
        content = _from_json(text)
    elif kind == "fcp7":
        content = _from_xml(path)
        if isinstance(content, list):
            facts["format"] = "fcpxml"
    elif kind == "fcpxml":
        inner = path / "Info.fcpxml" if path.is_dir() else path
        content = read_fcpxml(read_bytes(inner))
    elif kind == "ale":
        content = _from_adapter(read_text(path), "ale", fps=float(rate or _USUAL_RATE))
    else:
        if not read_bytes(path).startswith(_AAF_SIGNATURE):
            raise TimelineError("not an AAF; it does not begin as one")
        content = _from_adapter(path, "AAF")
    return _cut(_pick(content, sequence), rate=rate if kind == "ale" else None, **facts)


def _read_movie(path: Path, detection: Detection) -> Cut:
    try:
        found = (detection.look or find_cuts)(path, detection)
    except MediaError as error:
        reason = str(error).removeprefix(f"{path}: ")
        kind = f"{path.suffix or 'no ending'!r} is no timeline; one of {', '.join(sorted(KINDS))}"
        raise TimelineError(f"{kind}, or a movie; as a movie it {reason}") from error
    timeline = movie_timeline(path, found.shots, rate=found.rate, first_frame=found.first_frame)
    return _cut(
        timeline,
        rate=found.rate,
        drop_frame=found.drop_frame,
        path=path,
        format="movie",
        media_folder=Path(os.path.realpath(path)).parent,
    )


def _from_json(text: str) -> Any:
    try:
        # OTIO's own parser crashes on some broken JSON, brackets nested 100,000 deep for one; it
        # takes "Inf", which Python's calls "Infinity".
        json.loads(_INFINITE.sub("Infinity", text))
        return otio.adapters.read_from_string(text, "otio_json", hook_function_argument_map=NO_HOOK)
    except Exception as error:  # OTIO raises ValueError, its own errors, and what hooks raise
        raise TimelineError(f"not an OpenTimelineIO file that can be read: {error}") from error


def _from_xml(path: Path) -> Any:
    """Read an ``.xml``, which is Final Cut 7's by custom but may hold FCPXML."""
    data = read_bytes(path)
    return read_fcpxml(data) if "<fcpxml" in decode_text(data[:4096]) else read_fcp7(data)


def _from_adapter(source: str | Path, adapter: str, **options: Any) -> Any:
    try:
        if isinstance(source, Path):
            return otio.adapters.read_from_file(str(source), adapter, hook_function_argument_map=NO_HOOK, **options)
        return otio.adapters.read_from_string(source, adapter, hook_function_argument_map=NO_HOOK, **options)
    except Exception as error:  # adapters raise anything: ValueError, KeyError, struct.error ...
        raise TimelineError(f"the {adapter.upper()} adapter cannot read it: {error!r}") from error


def _pick(content: Any, sequence: str | None) -> otio.schema.Timeline:
    """Give the timeline that is meant, out of whatever a file can hold."""
    timelines = list(_timelines(content))
    if not timelines:
        single = as_timeline(content)
        if single is None:
            raise TimelineError(f"holds no timeline but {_described(content)}")
        timelines = [single]
    names = [timeline.name or "(unnamed)" for timeline in timelines]
    if sequence is not None:
        for timeline, name in zip(timelines, names, strict=True):
            if sequence in (timeline.name, name):
                return timeline
        raise TimelineError(f"holds no sequence {sequence!r}; it has {', '.join(map(repr, names))}")
    if len(timelines) > 1:
        raise TimelineError(
            f"holds {len(timelines)} sequences; name one with --sequence: {', '.join(map(repr, names))}"
        )
    return timelines[0]


def _timelines(content: Any) -> list[otio.schema.Timeline]:
    if isinstance(content, otio.schema.Timeline):
        return [content]
    if isinstance(content, list | otio.schema.SerializableCollection):
        return [timeline for child in content for timeline in _timelines(child)]
    return []


def _described(content: Any) -> str:
    if isinstance(content, list):
        return "an empty project" if not content else "empty projects"
    if isinstance(content, otio.schema.SerializableCollection):
        return "an empty collection" if len(content) == 0 else "a collection without clips"
    return f"a {type(content).__name__}"


def _cut(
    timeline: otio.schema.Timeline, *, rate: Fraction | None = None, drop_frame: bool | None = None, **facts: Any
) -> Cut:
    """Work out the record clock of a timeline."""
    if timeline.tracks is None:
        raise TimelineError("a timeline without tracks")
    edit_rate = rate or _edit_rate(timeline)
    start = timeline.global_start_time
    seconds = Fraction(0) if start is None else seconds_of(start)
    return Cut(
        timeline,
        rate=edit_rate,
        start=RationalTime(round(seconds * edit_rate), float(edit_rate)),
        drop_frame=_counts_drop_frame(timeline, edit_rate) if drop_frame is None else drop_frame,
        from_resolve=_is_from_resolve(timeline),
        **facts,
    )


def _edit_rate(timeline: otio.schema.Timeline) -> Fraction:
    """Give the rate of the record timecode: the start's, else that most video items count in.

    A start of zero often carries a made-up rate, so it is asked last.
    """
    start = timeline.global_start_time
    if start is not None and start.value and 1 < start.rate < _HIGHEST_RATE:
        return exact_rate(start.rate)
    rates: dict[float, int] = {}
    tracks = [track for track in timeline.tracks if getattr(track, "kind", "") != otio.schema.TrackKind.Audio]
    for track in tracks:
        for item in track if isinstance(track, otio.core.Composition) else [track]:
            span: TimeRange | None = getattr(item, "source_range", None)
            if span is not None and 1 < span.duration.rate < _HIGHEST_RATE:
                rates[span.duration.rate] = rates.get(span.duration.rate, 0) + 1
    if rates:
        return exact_rate(max(rates, key=lambda one: rates[one]))
    return exact_rate(start.rate) if start is not None and 1 < start.rate < _HIGHEST_RATE else _USUAL_RATE


def _counts_drop_frame(timeline: otio.schema.Timeline, rate: Fraction) -> bool:
    """Say whether record timecode is drop-frame: as the file says, else as is usual at the rate."""
    if rate not in (Fraction(30000, 1001), Fraction(60000, 1001)):
        return False
    timecode = details_of(timeline, "fcp_xml").get("timecode")
    said = details_of(timeline, "fcpxml").get("tcFormat") or (
        timecode.get("displayformat") if isinstance(timecode, Mapping) else None
    )
    return said != "NDF"


def _is_from_resolve(timeline: otio.schema.Timeline) -> bool:
    # A clip that was kept by itself, as AYON does, says it on its own; of a timeline one clip will do.
    holders = [timeline, *timeline.tracks, *timeline.find_clips()[:1]]
    return any("Resolve_OTIO" in holder.metadata for holder in holders)
