"""What the three menu scripts share: everything that happens inside DaVinci Resolve.

Runs in Resolve's own Python: standard library only, Python 3.6 and newer, no import of
``otio_shottag``, which is started as a separate process. What is known of Resolve's API stands in
``resolve_api``, so that what turns out otherwise is mended in one place.
"""
