"""Corrections become stills to learn from: the very frames that were looked at, under the sizes people set."""

import json
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from otio_shottag.cli import main
from otio_shottag.corrections import SCHEMA, SCHEMA_KEY
from otio_shottag.errors import CorrectionsError, ModelError
from otio_shottag.model.checkpoint import load_checkpoint
from otio_shottag.shots import ImageSequence
from otio_shottag.training.corrected import media_of, read_corrected
from otio_shottag.vocabulary import SHOT_TYPES
from tests.media import read_number, write_sequence
from tests.test_cli_training import start  # noqa: F401  (a fixture: small weights to start from)


def save(path: Path, *entries: tuple[str, list[int], str], rate: str = "24") -> Path:
    """Save corrections: file, frames that were looked at, the size it is."""
    corrections = [
        {
            "address": [0, number], "track": "V1", "name": "", "record_first_frame": number, "media": media,
            "rate": rate, "first_frame": min(frames), "last_frame": max(frames), "frames": frames, "from": "CU",
            "to": code,
        }
        for number, (media, frames, code) in enumerate(entries)
    ]  # fmt: skip
    path.write_text(json.dumps({SCHEMA_KEY: SCHEMA, "corrections": corrections}), encoding="utf-8")
    return path


def twelve(clips: Path) -> list[tuple[str, list[int], str]]:
    """Twelve shots of two clips, in two sizes."""
    files = [str(clips / "plain24.mp4"), str(clips / "tc24.mov")]
    return [(files[number % 2], [8 * number, 8 * number + 3], "MS" if number % 3 else "WS") for number in range(12)]


def test_the_frames_that_were_looked_at_become_stills(clips, tmp_path):
    """Each frame is a still of the size that it was corrected to, and all eight sizes stay known."""
    made = read_corrected([save(tmp_path / "c.json", *twelve(clips))], tmp_path / "stills")
    found = {}
    for still in made.stills:
        with Image.open(still.path) as picture:
            found[(read_number(np.asarray(picture)), made.labels[still.label].code)] = still
    wanted = {(frame, code) for _, frames, code in twelve(clips) for frame in frames}
    assert set(found) == wanted
    assert made.labels == SHOT_TYPES
    assert all(still.target.shape == (8,) and still.target.argmax() == still.label for still in made.stills)


def test_stills_of_one_shot_stay_together(clips, tmp_path):
    """No shot has stills on both sides; with five files or more no file has."""
    made = read_corrected([save(tmp_path / "c.json", *twelve(clips))], tmp_path / "stills")
    sides: dict[str, set[bool]] = {}
    for still, learned in zip(made.stills, made.learned, strict=True):
        sides.setdefault(still.group, set()).add(bool(learned))
    assert len(sides) == 12
    assert all(len(side) == 1 for side in sides.values())
    copies = []
    for number in range(6):
        copy = tmp_path / f"{number}.mp4"
        copy.write_bytes((clips / "plain24.mp4").read_bytes())
        copies += [(str(copy), [frame], "MS" if frame < 40 else "WS") for frame in (10, 30, 50)]
    made = read_corrected([save(tmp_path / "d.json", *copies)], tmp_path / "more")
    assert len({still.group for still in made.stills}) == 6


def test_numbered_pictures_are_found_again(tmp_path):
    """A picture sequence, as the page names it, gives its frames."""
    sequence = write_sequence(tmp_path, "png", "rgb24", ".png", numbers=range(1, 41), rate=Fraction(24))
    assert str(sequence).endswith("shot.[0001-0040].png")
    entries = [(str(sequence), [frame], "MS" if frame % 2 else "WS") for frame in range(0, 40, 3)]
    made = read_corrected([save(tmp_path / "c.json", *entries)], tmp_path / "stills")
    assert len(made.stills) == 14
    (first,) = (still for still in made.stills if still.path.name == "0.png")
    with Image.open(first.path) as picture:
        assert read_number(np.asarray(picture)) == 0


def test_a_name_with_brackets_that_is_a_file_is_that_file(tmp_path):
    """Brackets in the name of a file that is there mean nothing."""
    from otio_shottag.corrections import read_corrections

    odd = tmp_path / "take [1-2].mov"
    (one,) = read_corrections(save(tmp_path / "c.json", (str(odd), [1], "MS")))
    assert isinstance(media_of(one), ImageSequence)
    odd.touch()
    assert media_of(one) == odd


def test_footage_that_is_gone_is_left_out_and_said(clips, tmp_path):
    """Shots whose footage is missing cost themselves only; where none is left that is said."""
    gone = str(tmp_path / "gone.mov")
    made = read_corrected([save(tmp_path / "c.json", *twelve(clips), (gone, [1], "CU"))], tmp_path / "stills")
    assert len(made.stills) == 24
    with pytest.raises(CorrectionsError, match=r"c\.json: no still of any correction could be made: .*gone\.mov"):
        read_corrected([save(tmp_path / "c.json", (gone, [1], "CU"))], tmp_path / "none")
    with pytest.raises(ModelError, match="2 stills; should be 10 at least"):
        read_corrected([save(tmp_path / "c.json", *twelve(clips)[:1])], tmp_path / "few")


def test_train_learns_from_corrections(clips, tmp_path, start, monkeypatch, capsys):  # noqa: F811
    """train --from corrections FILE FILE writes a checkpoint of all eight sizes, and leaves no stills behind."""
    monkeypatch.setattr("otio_shottag.model.checkpoint.SHIPPED", start)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    entries = twelve(clips)
    files = [save(tmp_path / "1.json", *entries[:6]), save(tmp_path / "2.json", *entries[6:])]
    output = tmp_path / "mine.safetensors"
    arguments = ["train", "--from", "corrections", *files, "-o", output, "--epochs", 1, "--device", "cpu"]
    monkeypatch.setattr(sys, "argv", ["otio-shottag", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert not ended.value.code, err
    assert "stills of 8 sizes learned" in out
    made = load_checkpoint(output)
    assert made.labels == SHOT_TYPES
    assert made.record["started from"] == "start 1"
    assert list((tmp_path / "temporary").iterdir()) == []
