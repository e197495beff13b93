"""The whole tool in four lines: ``python examples/four_lines.py examples/cut.otio tagged.otio``."""

import sys

import otio_shottag as shottag

cut = shottag.read_timeline(sys.argv[1])
shots, skips = shottag.find_shots(cut)
tags, more_skips = shottag.tag_shots(shots, shottag.load_analysis("shot_type"))
shottag.write(cut, tags, sys.argv[2], skips=[*skips, *more_skips])
