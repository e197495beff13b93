"""``otio-shottag`` with a stand-in for the network: reads, finds, decodes and writes for real, judges by bar code."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import otio_shottag.analyses as analyses
from otio_shottag.cli import main
from tests.stand_in import StandIn

analyses.load_analysis = lambda name, **options: StandIn(options.get("frames_per_shot") or 3)
main()
