"""What was found in one or several cuts -> a page to look at: write_report().

views        the words and numbers of a cut
pictures     its frames, small and within a budget
charts       the strip and the other drawings, as SVG
page         all of it laid out, by page.html, page.css and page.js
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from markupsafe import Markup

from otio_shottag.decode import decode_frames
from otio_shottag.formats.delivery import Delivery
from otio_shottag.formats.files import write_bytes
from otio_shottag.formats.plain_text import one_line
from otio_shottag.report.page import render
from otio_shottag.report.pictures import Decode, Picture, data_uri, decode_pictures, encode, share_of
from otio_shottag.report.views import view
from otio_shottag.shots import Tag

HeatMapOf = Callable[[Tag, Picture], Picture | None]
"""A shot's tag and its picture -> the same picture with a heat map over it, or None where there is none."""

__all__ = ["HeatMapOf", "write_report"]


def write_report(
    deliveries: Sequence[Delivery],
    path: Path,
    *,
    heat_map_of: HeatMapOf | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    decode: Decode = decode_frames,
) -> None:
    """Write the page of one cut, or of several side by side, whole or not at all.

    The frames are decoded anew, in a pass of its own whose ``progress`` is told as (done, in all).
    Raises FormatError where the disk refuses.
    """
    names = _names(deliveries)
    cuts = [view(one, number, name=name) for number, (one, name) in enumerate(zip(deliveries, names, strict=True), 1)]
    pictures: dict[str, Markup] = {}
    heat_maps: dict[str, Markup] = {}
    total = sum(len(cut.cards) for cut in cuts)
    most_bytes = share_of(total if heat_map_of is None else 2 * total)
    done = 0
    for cut in cuts:
        with closing(decode_pictures(cut.tags, decode=decode)) as decoded:  # so that Ctrl-C stops its threads
            for index, picture in decoded:
                card = cut.cards[index].id
                if picture is not None:
                    pictures[card] = Markup(data_uri(encode(picture, most_bytes)))
                    heated = heat_map_of(cut.tags[index], picture) if heat_map_of is not None else None
                    if heated is not None:
                        heat_maps[card] = Markup(data_uri(encode(heated, most_bytes)))
                done += 1
                progress(done, total)
    settings, version = deliveries[0].settings, deliveries[0].run.version
    page = render(cuts, pictures, heat_maps, settings=settings, version=version)
    # A name that is no Unicode decodes to lone surrogates, which UTF-8 cannot hold.
    write_bytes(path, page.encode("utf-8", errors="replace"))


def _names(deliveries: Sequence[Delivery]) -> list[str]:
    """Name each cut by itself, by its file where two have one name."""
    names = [
        one_line(one.cut.timeline.name or "") or (one.cut.path.stem if one.cut.path is not None else "unnamed")
        for one in deliveries
    ]
    counts = Counter(names)
    return [
        str(one.cut.path) if counts[name] > 1 and one.cut.path is not None else name
        for one, name in zip(deliveries, names, strict=True)
    ]
