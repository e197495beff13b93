"""The words we may write.

The eight shot sizes follow Rahul Somani's article "AI for Filmmaking" (2019), widest first: the
order is a scale, and neighbours are the likeliest to be mistaken for each other. Colours are
OTIO's marker colours, cold for wide and warm for close.

A camera movement's code is its name: short enough, and what editors write into Resolve's "Move".
"""

from otio_shottag.shots import Label

SIZES = "shot_type"
"""The analysis that judges sizes, as ``Tag.analysis`` says it."""

HUMAN = "human"
"""What ``Tag.model`` says where a person set the size."""

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

CAMERA_MOVEMENTS: tuple[Label, ...] = (
    Label("static", "static", "BLACK"),
    Label("pan left", "pan left", "CYAN"),
    Label("pan right", "pan right", "BLUE"),
    Label("tilt up", "tilt up", "GREEN"),
    Label("tilt down", "tilt down", "YELLOW"),
    Label("push in", "push in", "RED"),
    Label("pull out", "pull out", "PURPLE"),
    Label("handheld", "handheld", "ORANGE"),
    Label("mixed", "mixed", "MAGENTA"),
)
"""How the camera moves, as the viewer sees it: ``pan right`` turns to the right, what is seen goes left."""

STATIC = CAMERA_MOVEMENTS[0]

UNSURE_COLOR = "WHITE"
"""The colour of a marker whose confidence is below what the user asked for."""

MARKER_COLORS = (
    "PINK", "RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "BLACK", "WHITE",
)  # fmt: skip
"""OTIO's marker colours (``opentimelineio.schema.MarkerColor``)."""
