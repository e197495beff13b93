"""Corrections -> stills to train with: the frames that were looked at, under the sizes that people set.

The frames are decoded from the footage that the corrections name and kept as pictures in a folder, laid out as
the stills of a training are: a folder for each size.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from PIL import Image

from otio_shottag.corrections import Correction, read_corrections
from otio_shottag.decode import decode_frames
from otio_shottag.errors import CorrectionsError, MediaError
from otio_shottag.shots import ImageSequence, Media
from otio_shottag.training.recipe import NUM_FOLDS
from otio_shottag.training.still_sets import StillSet, read_set
from otio_shottag.training.stills import soft_target
from otio_shottag.vocabulary import SHOT_TYPES

SHORT_SIDE = 720
"""Pixels; more than any network here looks at, so that its views may cut into the picture."""
_SEQUENCE = re.compile(r"(?P<prefix>[^/\\]*)\[(?P<first>\d+)-(?P<last>\d+)\](?P<suffix>[^/\\]*)")


def read_corrected(
    files: Sequence[Path], folder: Path, *, progress: Callable[[str, int, int], None] = lambda what, done, total: None
) -> StillSet:
    """Read files of corrections, put their stills into ``folder``, and choose those that stay unseen.

    All eight sizes stay in the vocabulary, also those that nothing was corrected to. Stills of one media file
    stay together, or where there are fewer than five files those of one shot. Raises CorrectionsError
    where the footage of none is there, ModelError where there are too few.
    """
    corrections = list(dict.fromkeys(one for path in files for one in read_corrections(path)))
    by_file = len({one.media for one in corrections}) >= NUM_FOLDS
    groups: dict[object, int] = {}
    problem = "they hold none"
    num_stills = 0
    for done, one in enumerate(corrections):
        progress("decoding the corrected shots", done, len(corrections))
        try:
            frames = decode_frames(
                media_of(one), [(frame + Fraction(1, 2)) / one.rate for frame in one.frames], SHORT_SIDE
            )
        except MediaError as error:
            problem = str(error)
            continue
        group = groups.setdefault(one.media if by_file else (one.media, one.first_frame), len(groups))
        for picture in frames.data:
            path = folder / one.label.code / str(group) / f"{num_stills}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path)
            num_stills += 1
    if not num_stills:
        raise CorrectionsError(f"{', '.join(map(str, files))}: no still of any correction could be made: {problem}")
    found = read_set(folder)
    stills = []
    for still in found.stills:
        label = SHOT_TYPES.index(found.labels[still.label])
        stills.append(replace(still, label=label, target=soft_target(label, [], len(SHOT_TYPES))))
    return replace(found, labels=SHOT_TYPES, stills=tuple(stills))


def media_of(correction: Correction) -> Media:
    """Give the file that a correction is about, or the numbered pictures: ``shot.[0001-0100].exr``."""
    path = Path(correction.media)
    found = _SEQUENCE.fullmatch(path.name)
    if found is None or path.exists():
        return path
    first, last = found["first"], found["last"]
    padding = len(first) if first.startswith("0") or len(first) == len(last) else 0
    return ImageSequence(
        path.parent, found["prefix"], found["suffix"], padding, int(first), int(last), 1, correction.rate
    )
