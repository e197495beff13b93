"""An analysis of one's own: how bright each shot is, through the same road as shot sizes.

    python examples/own_analysis.py examples/cut.otio

An Analysis says which moments of a shot it wants to see, gets them decoded, and gives one answer
for each shot.
"""

import sys
from collections.abc import Sequence
from fractions import Fraction

import otio_shottag as shottag
from otio_shottag.sampling import spread

DARK = shottag.Label("DARK", "low key", "BLUE")
LIGHT = shottag.Label("LIGHT", "high key", "YELLOW")


class Brightness:
    """Low key or high key, by the mean level of three frames."""

    name = "brightness"
    model = "mean level 1"
    device = "cpu"
    short_side = 90

    def moments(self, shot: shottag.Shot) -> Sequence[Fraction]:
        return [shot.seconds(frame) for frame in spread(shot.frames, 3)]

    def predict(self, batch: Sequence[shottag.Frames]) -> list[shottag.Prediction]:
        return [self._judge(frames) for frames in batch]

    def _judge(self, frames: shottag.Frames) -> shottag.Prediction:
        light = float(frames.data.mean()) / 255
        scores = ((DARK, 1 - light), (LIGHT, light))
        label, confidence = max(scores, key=lambda score: score[1])
        return shottag.Prediction(label, confidence, scores, frames=(), path=(label,))


def main() -> None:
    shots, skips = shottag.find_shots(shottag.read_timeline(sys.argv[1]))
    tags, more_skips = shottag.tag_shots(shots, Brightness())
    for tag in tags:
        print(f"{tag.shot.name:15} {tag.prediction.label.name:9} {tag.prediction.confidence:.0%}")
    for skip in [*skips, *more_skips]:
        print(f"{skip.name:15} skipped: {skip.reason}")


if __name__ == "__main__":
    main()
