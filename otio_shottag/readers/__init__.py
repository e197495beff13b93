"""Files of other people -> OTIO timelines: what each format needs before or after OTIO's adapter."""

NO_HOOK = {"otio_shottag": "0"}
"""Arguments for OTIO's adapters: our own hook, which the environment may ask for, is not for us."""
