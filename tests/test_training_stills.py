"""Stills: read from folders and lists, spread over readings, split by film."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from otio_shottag.errors import ModelError
from otio_shottag.training.stills import Still, film_disjoint_folds, read_folder, read_list, soft_target
from otio_shottag.vocabulary import SHOT_TYPES


def picture(path: Path, color: tuple[int, int, int] = (90, 60, 30)) -> Path:
    """Write a small picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 18), color).save(path)
    return path


def table(folder: Path, *lines: str, columns: str = "file,label,second_label,alternative,group,faces") -> Path:
    """Write a list of stills, and the pictures it names."""
    for line in lines:
        picture(folder / line.partition(",")[0])
    path = folder / "labels.csv"
    path.write_text("\n".join([columns, *lines]), encoding="utf-8")
    return path


def still(group: str, label: int, source: str = "a") -> Still:
    """Make a still that has no picture."""
    return Still(Path(f"{group}.jpg"), label, soft_target(label, [], 8), group, source)


def test_a_list_gives_labels_groups_and_faces(tmp_path: Path) -> None:
    """Each line of a list becomes one still, with what its columns say."""
    path = table(tmp_path, "a.png,MCU,MS,CU,film:1,0.1 0.2 0.3 0.6 0.9;0 0 1 1 0.5", "b.png,EWS,EWS,,film:2,")
    first, second = read_list(path, SHOT_TYPES)
    assert (first.label, first.group, first.source) == (5, "film:1", "film")
    assert first.faces[0].height == pytest.approx(0.4)
    assert len(first.faces) == 2
    assert second.label == 0
    assert second.faces == ()


def test_readings_share_the_target() -> None:
    """The label keeps the most, other readings get their part, neighbours a little, the rest nothing."""
    target = soft_target(5, [4, 6], 8)
    assert target.sum() == pytest.approx(1)
    assert target.argmax() == 5
    assert target[4] > target[3] > 0
    assert target[0] == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a.png,XL,,,,", "line 2: label is 'XL'; one of EWS"),
        ("a.png,CU,Close,,,", "line 2: second_label is 'Close'"),
        ("a.png,CU,,,,1 2 3", "line 2: faces are '1 2 3'"),
        ("a.png,CU,,,,a b c d e", "line 2: faces are"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    """What is wrong in a list is said with its line and what would be right."""
    path = table(tmp_path, line)
    with pytest.raises(ModelError, match=said):
        read_list(path, SHOT_TYPES)


def test_a_list_without_its_columns_or_pictures_is_refused(tmp_path: Path) -> None:
    """A list needs the columns file and label, a line at least, and the pictures it names."""
    with pytest.raises(ModelError, match="should have file and label"):
        read_list(table(tmp_path, "a.png,CU", columns="picture,size"), SHOT_TYPES)
    with pytest.raises(ModelError, match="lists no stills"):
        read_list(table(tmp_path), SHOT_TYPES)
    path = table(tmp_path, "a.png,CU,,,,")
    (tmp_path / "a.png").unlink()
    with pytest.raises(ModelError, match="no such picture"):
        read_list(path, SHOT_TYPES)


def test_class_folders_are_found_by_code_and_by_name(tmp_path: Path) -> None:
    """Folders may be called after a size's code or its name; a folder inside is a film."""
    picture(tmp_path / "train" / "MCU" / "1.png")
    picture(tmp_path / "train" / "Extreme_Close-up" / "2.png")
    picture(tmp_path / "valid" / "ls" / "Some Film" / "3.png")
    picture(tmp_path / "other" / "4.png")
    stills = read_folder(tmp_path, SHOT_TYPES)
    assert [(entry.path.name, SHOT_TYPES[entry.label].code) for entry in stills] == [
        ("2.png", "ECU"),
        ("1.png", "MCU"),
        ("3.png", "LS"),
    ]
    assert stills[2].group == "Some Film"


def test_a_folder_without_sizes_is_refused(tmp_path: Path) -> None:
    """A folder that holds no folder named after a size is a ModelError."""
    picture(tmp_path / "holiday" / "1.png")
    with pytest.raises(ModelError, match="no pictures in folders named after a size"):
        read_folder(tmp_path, SHOT_TYPES)


def test_no_film_is_in_two_folds() -> None:
    """Folds are disjoint by group, nearly of one size, and the same every time."""
    draw = np.random.default_rng(3)
    stills = [
        still(f"film {film}", int(draw.integers(8))) for film in range(60) for _ in range(int(draw.integers(1, 20)))
    ]
    folds = film_disjoint_folds(stills)
    for film in {entry.group for entry in stills}:
        assert len({int(fold) for fold, entry in zip(folds, stills, strict=True) if entry.group == film}) == 1
    sizes = np.bincount(folds, minlength=5)
    assert sizes.min() > 0.7 * sizes.max()
    assert (film_disjoint_folds(stills) == folds).all()
