"""A contact sheet: small pictures in rows, each with two lines of text below it, as one PNG."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from otio_shottag.errors import ModelError

PICTURE = (288, 162)
"""Pixels, width and height, that a picture is fitted into."""
GAP = 16
LINE = 20
"""Height of a line of text, pixels."""
TEXT_SIZE = 15
PAPER, INK, QUIET = (24, 24, 26), (240, 240, 240), (160, 160, 166)


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture and what stands below it."""

    path: Path
    title: str
    detail: str


def contact_sheet(cells: Sequence[Cell], *, columns: int = 5) -> bytes:
    """Draw cells from left to right, top to bottom; gives a PNG.

    Raises ModelError for a picture that cannot be read.
    """
    width, height = PICTURE[0] + GAP, PICTURE[1] + 2 * LINE + GAP
    columns = max(1, min(columns, len(cells)))
    rows = -(-len(cells) // columns)
    sheet = Image.new("RGB", (columns * width + GAP, max(1, rows) * height + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(TEXT_SIZE)
    for number, cell in enumerate(cells):
        left, top = GAP + number % columns * width, GAP + number // columns * height
        picture = _opened(cell.path)
        # At the foot of its field, so that the text stands right below pictures of every shape.
        sheet.paste(picture, (left + (PICTURE[0] - picture.width) // 2, top + PICTURE[1] - picture.height))
        for line, (text, color) in enumerate(((cell.title, INK), (cell.detail, QUIET))):
            place = (left, top + PICTURE[1] + 3 + line * LINE)
            draw.text(place, _shortened(text, font), fill=color, font=font)
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


def _opened(path: Path) -> Image.Image:
    try:
        with Image.open(path) as file:
            return ImageOps.contain(file.convert("RGB"), PICTURE)
    except OSError as error:
        raise ModelError(f"{path}: cannot read the picture: {error}") from error


def _shortened(text: str, font: "ImageFont.FreeTypeFont | ImageFont.ImageFont") -> str:
    """Cut a text at its front until it fits below a picture: the end of a path says most."""
    if font.getlength(text) <= PICTURE[0]:
        return text
    while text and font.getlength(f"…{text}") > PICTURE[0]:
        text = text[1:]
    return f"…{text}"
