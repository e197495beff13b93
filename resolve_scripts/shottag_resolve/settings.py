"""The options of the menu scripts: ``otio-shottag-settings.json`` beside them.

``otio-shottag install-resolve`` copies it there once and never again. What it leaves out keeps
the default, which is what it was shipped with; what it gets wrong is named together with what would be right.
"""

import json
import os

from shottag_resolve.console import Failure
from shottag_resolve.resolve_api import CLIP_COLORS, MARKER_COLORS

FILE_NAME = "otio-shottag-settings.json"

_SHIPPED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), FILE_NAME)
with open(_SHIPPED, encoding="utf-8") as _file:
    DEFAULTS = json.load(_file)
"""``markers``: ``timeline`` or ``clip``. ``track``: ``V2`` or ``V1,V2``; empty for all, and for
"Tag Selected Track" to find out. ``options``: more for the command, as ``["--media-root", "/mnt"]``."""


def read_settings(folder: str) -> dict:
    """Read the settings beside the scripts. Raises Failure for what is wrong in them."""
    path = os.path.join(folder, FILE_NAME)
    if not os.path.exists(path):
        return DEFAULTS
    try:
        with open(path, encoding="utf-8-sig") as file:
            given = json.load(file)
    except (OSError, ValueError) as error:
        raise Failure(f"the settings {path} cannot be read ({error}); mend them, or delete the file.") from error
    if not isinstance(given, dict):
        raise Failure(f"the settings {path} should be one {{...}}; mend them, or delete the file.")
    return dict(DEFAULTS, **{key: _checked(path, key, value) for key, value in given.items()})


def _checked(path: str, key: str, value):
    if key not in DEFAULTS:
        raise Failure(f"{path}: there is no setting {key!r}; one of {', '.join(DEFAULTS)}.")
    default = DEFAULTS[key]
    if key in ("marker_color", "clip_color"):
        allowed = MARKER_COLORS if key == "marker_color" else CLIP_COLORS
        if not isinstance(value, dict):
            raise Failure(f'{path}: {key} is {value!r}; should be like {{"CU": "Red"}}.')
        for size, color in value.items():
            if color not in allowed:
                raise Failure(f"{path}: {key}, {size}: {color!r} is no colour there; one of {', '.join(allowed)}.")
        return dict(default, **value)
    if key == "markers" and value not in ("timeline", "clip"):
        raise Failure(f"{path}: markers is {value!r}; should be 'timeline' or 'clip'.")
    if type(value) is not type(default):
        raise Failure(f"{path}: {key} is {value!r}; should be like {json.dumps(default)}.")
    if key == "options" and not all(isinstance(one, str) for one in value):
        raise Failure(f'{path}: options holds what is no text; should be like ["--device", "cpu"].')
    return value
