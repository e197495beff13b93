"""What XML asks of a clip's media: its URL, the rate it counts in, its times in seconds."""

from fractions import Fraction
from typing import Any
from urllib.parse import quote

from opentimelineio.opentime import RationalTime
from opentimelineio.schema import Clip

from otio_shottag.errors import MediaError
from otio_shottag.formats.delivery import own_frames
from otio_shottag.formats.item_facts import file_name
from otio_shottag.formats.plain_text import one_line
from otio_shottag.media_paths import is_windows, spellings
from otio_shottag.rates import exact_rate, seconds_of
from otio_shottag.timeline import Cut


def media_rate(clip: Clip, cut: Cut) -> Fraction:
    """Give the rate that a clip's file counts in, as far as the cut says it."""
    available = clip.media_reference.available_range if clip.media_reference else None
    span = available or clip.source_range
    rate = span.start_time.rate if span is not None else 0
    return exact_rate(rate) if rate > 1 else cut.rate


def media_seconds(time: RationalTime, rate: Fraction) -> Fraction:
    """Give a time on a file's clock; rates of one nominal name its frames by the same numbers."""
    if time.rate > 0 and round(time.rate) == round(rate):
        return own_frames(time) / rate
    return seconds_of(time)


def media_url(clip: Clip, cut: Cut) -> str:
    """Give the file URL of a clip's media; where the cut names none, one of the clip's name."""
    reference: Any = clip.media_reference
    url = getattr(reference, "target_url", "") or ""
    base = getattr(reference, "target_url_base", "") or ""
    if base or getattr(reference, "name_prefix", ""):
        url = f"{base.rstrip('/')}/{file_name(clip)}"
    try:
        paths = spellings(url)
    except MediaError:  # not a file but http: or the like, and a URL already
        return one_line(url)
    path = paths[0] if paths else f"/{one_line(clip.name)}"
    if not path.startswith("/") and not is_windows(path) and cut.media_folder is not None and cut.format != "otioz":
        path = (cut.media_folder / path).as_posix()
    if path.startswith("//"):
        return "file:" + quote(path)
    return "file://" + quote(path if path.startswith("/") else f"/{path}", safe="/:")
