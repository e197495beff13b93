"""Makes the picture in the README: one frame of every shot of the example, with the size found.

    pip install pillow && python examples/make_picture.py

It runs the tool on the example and lays the judged frames out in rows.
"""

from fractions import Fraction
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import otio_shottag as shottag
from otio_shottag.decode import decode_frames

HERE = Path(__file__).parent
WIDTH, HEIGHT, LINE, GAP, COLUMNS = 240, 135, 30, 8, 5
BACKGROUND, TEXT = (24, 24, 27), (240, 240, 240)
COLORS = {
    "PURPLE": (168, 85, 247), "BLUE": (59, 130, 246), "CYAN": (34, 211, 238), "GREEN": (34, 197, 94),
    "YELLOW": (250, 204, 21), "ORANGE": (249, 115, 22), "RED": (239, 68, 68), "PINK": (244, 114, 182),
    "WHITE": (255, 255, 255),
}  # fmt: skip


def main() -> None:
    cut = shottag.read_timeline(HERE / "cut.otio")
    shots, _ = shottag.find_shots(cut)
    tags, _ = shottag.tag_shots(shots, shottag.load_analysis())
    marks = shottag.marks_of(tags, shottag.Settings())
    rows = -(-len(marks) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (WIDTH + GAP) + GAP, rows * (HEIGHT + LINE + GAP) + GAP), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(15)
    for index, mark in enumerate(marks):
        left = GAP + index % COLUMNS * (WIDTH + GAP)
        top = GAP + index // COLUMNS * (HEIGHT + LINE + GAP)
        shot = mark.tag.shot
        middle = mark.tag.prediction.frames[len(mark.tag.prediction.frames) // 2].seconds
        frames = decode_frames(shot.media, [middle + Fraction(1, 2) / shot.rate], 360)
        sheet.paste(Image.fromarray(frames.data[0]).resize((WIDTH, HEIGHT)), (left, top))
        draw.rectangle((left, top + HEIGHT, left + 5, top + HEIGHT + LINE - 2), fill=COLORS[mark.color])
        name = mark.name.replace("→", " to ")  # which the built-in font lacks
        draw.text((left + 12, top + HEIGHT + 5), name, font=font, fill=TEXT)
        draw.text((left + WIDTH, top + HEIGHT + 5), shot.name, font=font, fill=(150, 150, 155), anchor="ra")
    sheet.save(HERE / "example.jpg", quality=88)


if __name__ == "__main__":
    main()
