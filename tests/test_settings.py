"""A settings file changes what it names; what is wrong in it is said with what would be right."""

import pytest

from otio_shottag.errors import SettingsError
from otio_shottag.settings import Settings, read_settings


def read(tmp_path, text: str) -> Settings:
    path = tmp_path / "shottag.yaml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def test_what_is_left_out_keeps_its_default(tmp_path):
    """A file with two entries changes just these two."""
    settings = read(tmp_path, "min_confidence: 0.7\ncolors:\n  MCU: green\n")
    assert (settings.min_confidence, settings.colors["MCU"]) == (0.7, "GREEN")
    assert settings.colors["CU"] == Settings().colors["CU"]
    assert settings.marker_name == Settings().marker_name


def test_an_empty_file_is_all_defaults(tmp_path):
    """A file with nothing but comments changes nothing."""
    assert read(tmp_path, "# nothing yet\n") == Settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("marker_nam: x", r"unknown setting 'marker_nam'; one of marker_name, unsure_name"),
        ("min_confidence: 80", r"min_confidence: 80; should be a number from 0 to 1"),
        ("min_confidence: true", r"min_confidence: True; should be a number"),
        ("colors: {MCU: mint}", r"colors: MCU: 'mint'; one of PINK, RED"),
        ("colors: {XCU: RED}", r"colors: unknown size or movement 'XCU'; one of EWS, WS"),
        ("colors: [RED]", r"should be lines like"),
        ("names: {MCU: 3}", r"names: MCU: 3; should be one line of text"),
        ("marker_name: '{size}'", r"unknown placeholder \{size\}; one of \{sizes\}"),
        ("marker_name: '{sizes.__class__}'", r"unknown placeholder"),
        ("marker_name: '{sizes!r}'", r"unknown placeholder"),
        ("marker_name: '{sizes'", r"braces hold one of"),
        ("marker_name: \"two\\nlines\"", r"should be one line of text"),
        ("join_markers: maybe", r"join_markers: 'maybe'; should be true or false"),
        ("- a list", r"holds list; it should hold 'key: value' lines"),
        ("a: [1\nb: 2", r"line 2: not valid YAML"),
        ("!!python/object/apply:os.system ['true']", r"not valid YAML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, text, message):
    """Every mistake gives one line with the key, the value and what would be right."""
    with pytest.raises(SettingsError, match=message) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said(tmp_path):
    """A settings file that is not there is named."""
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: cannot read the settings"):
        read_settings(tmp_path / "nowhere.yaml")
