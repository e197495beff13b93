"""Several marks of one shot -> one: ``MCU 92% · push in``.

Editors want one marker a shot, and most formats keep one a frame. The first tag of a shot gives
the marker its words and colour; the others add theirs. That a camera stands still is no news: it
is in the comment and the metadata, not in the name.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from otio_shottag.marks import SIGNATURE, Mark, is_unsure, percent
from otio_shottag.settings import Settings
from otio_shottag.vocabulary import STATIC

_SEPARATOR = " · "


def join_marks(marks: Sequence[Mark], settings: Settings) -> list[Mark]:
    """Join marks of one shot that stand beside each other, unless the settings keep them apart."""
    if not settings.join_markers:
        return list(marks)
    return [_joined(list(group), settings) for _, group in groupby(marks, key=lambda mark: mark.tag.shot.address)]


def _joined(marks: Sequence[Mark], settings: Settings) -> Mark:
    first, *others = marks
    name, comment = first.name, first.comment.removesuffix(SIGNATURE).rstrip()
    for mark in others:
        prediction = mark.tag.prediction
        words = " → ".join(settings.names.get(label.code, label.name) for label in prediction.path)
        doubt = "?" if is_unsure(mark.tag, settings) else ""
        if prediction.label != STATIC:
            name += f"{_SEPARATOR}{words}{doubt}"
        comment += f"; {words}{doubt} {percent(prediction.confidence)}"
    return (
        replace(first, name=name, comment=f"{comment} {SIGNATURE}", also=tuple(mark.tag for mark in others))
        if others
        else first
    )
