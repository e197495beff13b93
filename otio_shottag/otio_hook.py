"""OTIO hook script: tags a timeline while OTIO reads or writes it, when asked to.

Off unless asked, since every OTIO tool on the machine runs it: through the argument
``otio_shottag`` of ``hook_function_argument_map`` (``otioconvert -H otio_shottag=1``) or the
environment variable ``OTIO_SHOTTAG=1``. A timeline that carries tags already is left alone, so
a hook that OTIO runs twice tags once. OTIO loads this file under a name of its own, which is why
nothing here is imported before it is needed and no import is relative.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_YES = ("1", "true", "yes", "on")


def hook_function(in_timeline: Any, argument_map: Mapping[str, Any] | None = None) -> Any:
    """Give the timeline with markers on its clips, or as it came where nobody asked for them.

    Arguments: ``otio_shottag`` (``1``), ``otio_shottag_media_root`` (a folder, also where relative
    references start), ``otio_shottag_device``, ``otio_shottag_model``. Raises ShottagError.
    """
    arguments = argument_map or {}
    wanted = str(arguments.get("otio_shottag", os.environ.get("OTIO_SHOTTAG", "")))
    if wanted.lower() not in _YES:
        return in_timeline
    import opentimelineio as otio

    if not isinstance(in_timeline, otio.schema.Timeline) or _is_tagged(in_timeline):
        return in_timeline
    import otio_shottag as shottag

    root = arguments.get("otio_shottag_media_root")
    written = arguments.get("_filepath")
    folder = Path(root) if root else Path(written).parent if written else Path.cwd()
    finder = shottag.MediaFinder(folder=folder, roots=(Path(root),) if root else ())
    shots, _ = shottag.find_shots(in_timeline, finder=finder)
    model = arguments.get("otio_shottag_model")
    analysis = shottag.load_analysis(
        "shot_type", model=Path(model) if model else None, device=str(arguments.get("otio_shottag_device", "auto"))
    )
    tags, _ = shottag.tag_shots(shots, analysis)
    return shottag.mark_timeline(in_timeline, shottag.marks_of(tags, shottag.Settings()))


def _is_tagged(timeline: Any) -> bool:
    return any("otio_shottag" in clip.metadata for clip in timeline.find_clips())
