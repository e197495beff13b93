"""Tags every shot of an editor's cut with its size.

    import otio_shottag as shottag

    cut = shottag.read_timeline("cut.otio")
    shots, skips = shottag.find_shots(cut)
    tags, more_skips = shottag.tag_shots(shots, shottag.load_analysis("shot_type"))
    shottag.write(cut, tags, "cut.tagged.otio")

Every OTIO tool on the machine imports this package, to find its plugins: names are loaded when
they are first used, and importing costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otio_shottag.analyses import Analysis, load_analysis
    from otio_shottag.cuts import Detection
    from otio_shottag.errors import FormatError, MediaError, ModelError, SettingsError, ShottagError, TimelineError
    from otio_shottag.finding import find_shots
    from otio_shottag.formats import write
    from otio_shottag.marks import mark_timeline, marks_of, strip_marks
    from otio_shottag.media_paths import MediaFinder, PathMap
    from otio_shottag.settings import Settings, read_settings
    from otio_shottag.shots import Frames, ImageSequence, Label, PlayedFrames, Prediction, Shot, Skip, Tag
    from otio_shottag.tagging import tag_shots
    from otio_shottag.timeline import Cut, read_timeline
    from otio_shottag.vocabulary import CAMERA_MOVEMENTS, SHOT_TYPES

_HOMES = {
    "analyses": ("Analysis", "load_analysis"),
    "cuts": ("Detection",),
    "errors": ("FormatError", "MediaError", "ModelError", "SettingsError", "ShottagError", "TimelineError"),
    "finding": ("find_shots",),
    "formats": ("write",),
    "marks": ("mark_timeline", "marks_of", "strip_marks"),
    "media_paths": ("MediaFinder", "PathMap"),
    "settings": ("Settings", "read_settings"),
    "shots": ("Frames", "ImageSequence", "Label", "PlayedFrames", "Prediction", "Shot", "Skip", "Tag"),
    "tagging": ("tag_shots",),
    "timeline": ("Cut", "read_timeline"),
    "vocabulary": ("CAMERA_MOVEMENTS", "SHOT_TYPES"),
}

__all__ = [
    "CAMERA_MOVEMENTS",
    "SHOT_TYPES",
    "Analysis",
    "Cut",
    "Detection",
    "FormatError",
    "Frames",
    "ImageSequence",
    "Label",
    "MediaError",
    "MediaFinder",
    "ModelError",
    "PathMap",
    "PlayedFrames",
    "Prediction",
    "Settings",
    "SettingsError",
    "Shot",
    "ShottagError",
    "Skip",
    "Tag",
    "TimelineError",
    "find_shots",
    "load_analysis",
    "mark_timeline",
    "marks_of",
    "read_settings",
    "read_timeline",
    "strip_marks",
    "tag_shots",
    "write",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
