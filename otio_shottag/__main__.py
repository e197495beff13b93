"""``python -m otio_shottag``: the command line."""

from otio_shottag.cli import main

main()
