"""Cuts and their pictures -> the page: one HTML file that needs nothing beside it.

The layout is ``page.html``, a Jinja template that escapes all it is given; its style and its script are
``page.css`` and ``page.js``, put into the page as they are. A content security policy in the page
keeps it from any network and from every script but its own.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from otio_shottag.marks import percent
from otio_shottag.report import charts
from otio_shottag.report.views import CutView, clock, length, moment
from otio_shottag.settings import Settings
from otio_shottag.statistics import Figures
from otio_shottag.vocabulary import SHOT_TYPES

_HERE = Path(__file__).parent
_LAST_TICK = 0.97
"""The part of an axis up to which its words are written; beyond, they would reach over its end."""


def render(
    cuts: Sequence[CutView],
    pictures: Mapping[str, Markup],
    heat_maps: Mapping[str, Markup],
    *,
    settings: Settings,
    version: str,
) -> str:
    """Give the page; pictures and heat maps are data URIs by the id of their card."""
    script = _text("page.js")
    bars = max(sum(len(lane) for _, lane in cut.lanes) // max(1, len(cut.lanes)) for cut in cuts)
    per_row = charts.row_seconds(max(cut.seconds for cut in cuts), bars)
    return _template().render(
        title=" and ".join(cut.name for cut in cuts),
        cuts=[_laid_out(cut, pictures, heat_maps, per_row, settings) for cut in cuts],
        sizes=_sizes(cuts, settings),
        size_words=[{"code": label.code, "name": settings.names.get(label.code, label.name)} for label in SHOT_TYPES],
        tracks=list(dict.fromkeys(track for cut in cuts for track in cut.tracks)),
        has_skips=any(cut.skips for cut in cuts),
        has_heat=bool(heat_maps),
        min_confidence=percent(settings.min_confidence).replace("%", " %"),
        version=version,
        style=Markup(_text("page.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    ).strip() + "\n"  # fmt: skip


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _sizes(cuts: Sequence[CutView], settings: Settings) -> list[dict[str, Any]]:
    return [
        {
            "index": index,
            "code": label.code,
            "name": settings.names.get(label.code, label.name),
            "color": settings.colors.get(label.code, label.color),
            "total": sum(card.size == label.code for cut in cuts for card in cut.cards),
        }
        for index, label in enumerate(SHOT_TYPES)
    ]


def _laid_out(
    cut: CutView,
    pictures: Mapping[str, Markup],
    heat_maps: Mapping[str, Markup],
    per_row: float,
    settings: Settings,
) -> dict[str, Any]:
    figures = cut.statistics.picture
    shades = charts.shades(figures.transitions)
    return {
        "id": cut.id,
        "key": cut.key,
        "name": cut.name,
        "facts": cut.facts,
        "headline": cut.headline,
        "extremes": cut.extremes,
        "average": length(figures.average),
        "rows": [
            {
                "lanes": row.lanes,
                "share": row.share,
                "ticks": [
                    (moment(row.start + at), 100 * at / (row.share * per_row))
                    for at in charts.ticks(per_row)
                    if at <= _LAST_TICK * row.share * per_row
                ],
            }
            for row in charts.strip(cut.lanes, cut.seconds, per_row)
        ],
        "sizes": _shares(figures, settings),
        "matrix": [list(zip(*one, strict=True)) for one in zip(figures.transitions, shades, strict=True)],
        "rhythm": _rhythm(figures, cut),
        "parts": _parts(cut),
        "cards": [(card, pictures.get(card.id), heat_maps.get(card.id)) for card in cut.cards],
        "skips": cut.skips,
        "corrections": cut.corrections,
    }


def _shares(figures: Figures, settings: Settings) -> list[dict[str, Any]]:
    most_shots = max(share.shots for share in figures.sizes) or 1
    most_seconds = max(share.seconds for share in figures.sizes) or 1
    colors = {label.code: settings.colors.get(label.code, label.color) for label in SHOT_TYPES}
    return [
        {
            "shots": share.shots,
            "by_count": charts.meter(share.shots / most_shots, colors[share.label.code]),
            "per_500": round(share.per_500) if share.shots else "",
            "time": clock(float(share.seconds)) if share.shots else "",
            "by_time": charts.meter(float(share.seconds / most_seconds), colors[share.label.code]),
        }
        for share in figures.sizes
    ]


def _rhythm(figures: Figures, cut: CutView) -> dict[str, Any]:
    lengths = [(float(piece.frames.start / piece.rate) - cut.start, float(piece.seconds)) for piece in figures.pieces]
    top = max((long for _, long in lengths), default=0.0)
    average = [(float(when), mean) for when, mean in figures.rhythm]
    return {
        "drawing": charts.rhythm(lengths, average, cut.seconds, top),
        "top": length(top),
        "ticks": [
            (moment(at), 100 * at / cut.seconds) for at in charts.ticks(cut.seconds) if at <= _LAST_TICK * cut.seconds
        ],
        "window": figures.rhythm_window,
    }


def _parts(cut: CutView) -> list[tuple[str, str, list[list[str]]]]:
    """Give the tables by track and by sequence, where there is more than one."""
    tables = []
    for title, first, parts in (
        ("By track", "track", cut.statistics.tracks),
        ("By sequence", "sequence", cut.statistics.sequences),
    ):
        if len(parts) > 1:
            tables.append((title, first, [_part(name, figures) for name, figures in parts.items()]))
    return tables


def _part(name: str, figures: Figures) -> list[str]:
    return [
        name,
        str(len(figures.pieces)),
        clock(float(figures.seconds)),
        f"{length(figures.average)} s",
        f"{length(figures.median)} s",
        *(str(share.shots or "") for share in figures.sizes),
    ]
