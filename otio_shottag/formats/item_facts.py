"""What several writers ask of a clip or nested sequence: its speed, the name of its file."""

from fractions import Fraction
from typing import Any

from opentimelineio.schema import Clip, GeneratorReference, LinearTimeWarp, TimeEffect

from otio_shottag.errors import MediaError
from otio_shottag.items import details_of, own_speed
from otio_shottag.media_paths import spellings


def speed_of(item: Any) -> Fraction:
    """Give an item's constant speed; 1 where it has none, and for a ramp. Raises TimelineError for what is none."""
    return Fraction(1) if ramps_of(item) else own_speed(item)


def ramps_of(item: Any) -> list[str]:
    """Name the speed changes of an item that have no one speed."""
    return [
        effect.effect_name or effect.name or "speed ramp"
        for effect in item.effects
        if (isinstance(effect, TimeEffect) and not isinstance(effect, LinearTimeWarp))
        or (not isinstance(effect, TimeEffect) and details_of(effect, "fcp_xml").get("effectid") == "timeremap")
    ]


def file_name(item: Any) -> str:
    """Give the name of the file that an item plays; blank where the cut names none."""
    reference: Any = item.media_reference if isinstance(item, Clip) else None
    url = getattr(reference, "target_url", "") or ""
    prefix, suffix = getattr(reference, "name_prefix", ""), getattr(reference, "name_suffix", "")
    if prefix or suffix:
        return f"{prefix}{'#' * max(1, reference.frame_zero_padding)}{suffix}"
    try:
        paths = spellings(url)
    except MediaError:  # an http: URL names a file as well
        paths = [url]
    return paths[0].rstrip("/").rpartition("/")[2] if paths else ""


def is_generator(item: Any) -> bool:
    """Say whether an item is a generator or title, which has no file."""
    return isinstance(item, Clip) and isinstance(item.media_reference, GeneratorReference)
