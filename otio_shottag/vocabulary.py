"""The words we may write.

The eight shot sizes follow Rahul Somani's article "AI for Filmmaking" (2019), widest first: the
order is a scale, and neighbours are the likeliest to be mistaken for each other. Colours are
OTIO's marker colours, cold for wide and warm for close.
"""

from otio_shottag.shots import Label

SHOT_TYPES: tuple[Label, ...] = (
    Label("EWS", "extreme wide shot", "PURPLE"),
    Label("WS", "wide shot", "BLUE"),
    Label("LS", "long shot", "CYAN"),
    Label("MLS", "medium long shot", "GREEN"),
    Label("MS", "medium shot", "YELLOW"),
    Label("MCU", "medium close-up", "ORANGE"),
    Label("CU", "close-up", "RED"),
    Label("ECU", "extreme close-up", "PINK"),
)

UNSURE_COLOR = "WHITE"
"""The colour of a marker whose confidence is below what the user asked for."""

MARKER_COLORS = (
    "PINK", "RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "BLACK", "WHITE",
)  # fmt: skip
"""OTIO's marker colours (``opentimelineio.schema.MarkerColor``)."""
