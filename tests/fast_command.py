"""``otio-shottag`` with a stand-in for the network: reads, finds, decodes and writes for real, judges by bar code.

``STAND_IN_SECONDS`` in the environment is what each batch takes longer, for tests that stop it half way.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import otio_shottag.analyses as analyses
from otio_shottag.cli import main
from otio_shottag.shots import Frames, Prediction
from tests.stand_in import StandIn


class Slow(StandIn):
    """A stand-in that takes its time."""

    def predict(self, batch: Sequence[Frames]) -> list[Prediction]:
        time.sleep(float(os.environ.get("STAND_IN_SECONDS", "0")))
        return super().predict(batch)


analyses.load_analysis = lambda name, **options: Slow(options.get("frames_per_shot") or 3)
main()
