"""Settings, read from a ``shottag.yaml``; the only file that imports yaml.

A settings file comes from strangers: it is read with ``yaml.safe_load``, every key and value is
checked, and what is wrong is named together with what would be right.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from otio_shottag.errors import SettingsError
from otio_shottag.vocabulary import CAMERA_MOVEMENTS, MARKER_COLORS, SHOT_TYPES, UNSURE_COLOR

_LABELS = (*SHOT_TYPES, *CAMERA_MOVEMENTS)

PLACEHOLDERS = ("sizes", "name", "confidence", "runner_up", "runner_up_confidence", "model")
"""What a marker text may hold in braces."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How tags are worded and coloured; the defaults are what we would choose."""

    marker_name: str = "{sizes} {confidence}"
    """Text of a marker: ``MCU 92%``."""
    unsure_name: str = "{sizes}? {confidence}"
    """Its text when the confidence is below ``min_confidence``: ``MS? 41%``."""
    marker_comment: str = "{name}; next likely {runner_up} {runner_up_confidence}; {model}"
    min_confidence: float = 0.5
    """Below it (0..1) a tag is unsure: the label stays, the marker says so."""
    unsure_color: str = UNSURE_COLOR
    colors: Mapping[str, str] = field(default_factory=lambda: {label.code: label.color for label in _LABELS})
    """Marker colour by the code of a size or camera movement."""
    names: Mapping[str, str] = field(default_factory=lambda: {label.code: label.name for label in _LABELS})
    """What a size or camera movement is called in words, by code."""
    join_markers: bool = True
    """Whether several tags of one shot share a marker: ``MCU 92% · push in``."""


def read_settings(path: Path) -> Settings:
    """Read a settings file; what it leaves out keeps its default.

    Raises SettingsError, with the line where YAML itself is broken.
    """
    import yaml  # here, because a run without a settings file does not need it

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot read the settings: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not a UTF-8 text file; save it as UTF-8") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{path}{place}: not valid YAML: {getattr(error, 'problem', None) or error}") from error
    if content is None:
        return Settings()
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: holds {type(content).__name__}; it should hold 'key: value' lines")
    return replace(Settings(), **{str(key): _checked(path, str(key), value) for key, value in content.items()})


def _checked(path: Path, key: str, value: Any) -> Any:
    """Check one entry and give it in the type that Settings holds."""
    match key:
        case "marker_name" | "unsure_name" | "marker_comment":
            return _checked_text(path, key, value)
        case "min_confidence":
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise SettingsError(f"{path}: {key}: {value!r}; should be a number from 0 to 1")
            return float(value)
        case "join_markers":
            if not isinstance(value, bool):
                raise SettingsError(f"{path}: {key}: {value!r}; should be true or false")
            return value
        case "unsure_color":
            return _checked_color(path, key, value)
        case "colors" | "names":
            defaults: dict[str, str] = dict(getattr(Settings(), key))
            if not isinstance(value, dict):
                raise SettingsError(f"{path}: {key}: {value!r}; should be lines like '  MCU: ...'")
            for code, word in value.items():
                if code not in defaults:
                    raise SettingsError(
                        f"{path}: {key}: unknown size or movement {code!r}; one of {', '.join(defaults)}"
                    )
                place = f"{key}: {code}"
                defaults[code] = _checked_color(path, place, word) if key == "colors" else _line(path, place, word)
            return defaults
    allowed = ", ".join(entry.name for entry in fields(Settings))
    raise SettingsError(f"{path}: unknown setting {key!r}; one of {allowed}")


def _line(path: Path, key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or any(ord(letter) < 32 for letter in value):
        raise SettingsError(f"{path}: {key}: {value!r}; should be one line of text")
    return value


def _checked_color(path: Path, key: str, value: Any) -> str:
    if not isinstance(value, str) or value.upper() not in MARKER_COLORS:
        raise SettingsError(f"{path}: {key}: {value!r}; one of {', '.join(MARKER_COLORS)}")
    return value.upper()


def _checked_text(path: Path, key: str, value: Any) -> str:
    text = _line(path, key, value)
    allowed = ", ".join("{" + name + "}" for name in PLACEHOLDERS)
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise SettingsError(f"{path}: {key}: {text!r}: {error}; braces hold one of {allowed}") from error
    for _, name, format_spec, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or format_spec or conversion):
            raise SettingsError(f"{path}: {key}: unknown placeholder {'{' + name + '}'}; one of {allowed}")
    return text
