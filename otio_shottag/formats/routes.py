"""``--for X``: which files an editor takes, in which of our formats, and how they get in there."""

from dataclasses import dataclass
from pathlib import Path

from opentimelineio.schema import Clip

from otio_shottag.items import own_speed
from otio_shottag.marks import items_of
from otio_shottag.timeline import Cut


@dataclass(frozen=True, slots=True)
class Route:
    """The way into one editor."""

    editor: str
    """What it is called."""
    files: tuple[tuple[str, str], ...]
    """What the name of each file ends in, after the cut's own, and its format's name in ``WRITERS``."""
    steps: tuple[str, str]
    """How the files get in; ``{0}`` and ``{1}`` are their names."""


ROUTES: dict[str, Route] = {
    "resolve": Route(
        "Resolve",
        ((".tagged.otio", "resolve-otio"), (".markers.edl", "resolve-markers")),
        (
            "for a new timeline, File > Import > Timeline, {0}",
            "for the one you have, right-click it in the media pool, Timelines > Import > Timeline Markers from EDL, "
            "{1}",
        ),
    ),
    "premiere": Route(
        "Premiere",
        ((".tagged.xml", "fcp7"), (".markers.jsx", "premiere-script")),
        (
            "for a new sequence, File > Import, {0}",
            "for the one you have, open it and run {1}, for instance from VS Code with Adobe's ExtendScript Debugger",
        ),
    ),
    "fcp": Route(
        "Final Cut",
        ((".tagged.fcpxml", "fcpxml"),),
        (
            "for a new project, File > Import > XML, {0}",
            "the sizes are keywords and shot types of the clips, their markers are in the timeline index under Tags",
        ),
    ),
    "avid": Route(
        "Media Composer",
        ((".markers.txt", "avid"), (".tagged.edl", "cmx")),
        (
            "for the sequence you have, Tools > Markers, Import Markers in that window's menu, {0}",
            "for who conforms from a list, {1} says the same in LOC lines",
        ),
    ),
}


ENDINGS = {
    "otio": ".tagged.otio",
    "otioz": ".tagged.otioz",
    "cmx": ".tagged.edl",
    "resolve-markers": ".markers.edl",
    "resolve-otio": ".resolve.tagged.otio",
    "fcp7": ".tagged.xml",
    "premiere-script": ".markers.jsx",
    "fcpxml": ".tagged.fcpxml",
    "fcpxmld": ".tagged.fcpxmld",
    "avid": ".markers.txt",
    "csv": ".tagged.csv",
    "cinemetrics": ".cinemetrics.csv",
    "salt": ".salt.csv",
    "json": ".tagged.json",
}
"""What a file of each format is called after its cut, where nobody names it; no two are called the same."""


def set_of_files(route: Route, cut: Path, folder: Path) -> list[tuple[Path, str]]:
    """Name the files that a route writes for a cut, with their formats; a bundle becomes a bundle."""
    files = []
    for ending, name in route.files:
        if name == "fcpxml" and cut.suffix.lower() == ".fcpxmld":
            ending, name = ".tagged.fcpxmld", "fcpxmld"
        files.append((folder / f"{cut.stem}{ending}", name))
    return files


def doubts(cut: Cut) -> list[str]:
    """Say what of a cut may be read otherwise than it was meant, a sentence each.

    Premiere's own OTIO is said to count a retimed clip's length before the speed, where OTIO and
    Resolve count it after (a third party's word, with no file of Premiere's at hand to try it
    on). Taking it so on that word alone would move every later clip if it is wrong: such a cut is
    read as OTIO defines it, and the editor is told.
    """
    if not _is_from_premiere(cut):
        return []
    retimed = [item for item in items_of(cut.timeline) if isinstance(item, Clip) and own_speed(item) not in (0, 1)]
    if not retimed:
        return []
    count = f"{len(retimed)} clips are" if len(retimed) > 1 else "1 clip is"
    return [
        f"{count} retimed in this OTIO of Premiere's, which is said to count their length before the speed; it was "
        "read as OTIO defines it, after the speed: if later markers are off, export Final Cut Pro XML instead"
    ]


def _is_from_premiere(cut: Cut) -> bool:
    timeline = cut.timeline
    if any("PremierePro_OTIO" in holder.metadata for holder in (timeline, *items_of(timeline))):
        return True
    effects = (effect for item in items_of(timeline) for effect in getattr(item, "effects", ()))
    return any("PremierePro_OTIO" in effect.metadata for effect in effects)
