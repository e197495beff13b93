"""What several writers ask of a clip or nested sequence: its speed, the name of its file."""

from fractions import Fraction
from typing import Any

from opentimelineio.schema import Clip, FreezeFrame, GeneratorReference, LinearTimeWarp, TimeEffect

from otio_shottag.errors import MediaError
from otio_shottag.media_paths import spellings


def speed_of(item: Any) -> Fraction:
    """Multiply an item's constant speeds; 1 where it has none."""
    speed = Fraction(1)
    for effect in item.effects:
        if isinstance(effect, LinearTimeWarp):
            speed *= Fraction(effect.time_scalar).limit_denominator(1_000_000)
    return speed


def ramps_of(item: Any) -> list[str]:
    """Name the speed changes of an item that an EDL has no word for."""
    return [
        effect.effect_name or effect.name or "speed ramp"
        for effect in item.effects
        if isinstance(effect, TimeEffect) and not isinstance(effect, LinearTimeWarp | FreezeFrame)
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
