"""What the README shows, runs; what it says of options and files is true."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from otio_shottag.cli import _VERBS, cli
from otio_shottag.settings import Settings, read_settings
from otio_shottag.timeline import KINDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order; the empty one is commands."""
    found: list[str] = []
    inside: str | None = None
    for line in README.splitlines(keepends=True):
        if line.startswith("```"):
            inside = line[3:].strip() if inside is None else None
            if inside == language:
                found.append("")
        elif inside == language:
            found[-1] += line
    return found


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A folder with the example in it, as in a checkout."""
    # Not what the first command has left behind in a checkout that is in use.
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("*.tagged.*"))
    return tmp_path


def test_the_first_command_tags_the_example(checkout):
    """The command under Start prints the table that the README shows, and writes what it says."""
    command = next(block for block in blocks("") if "examples/cut.otio" in block)
    assert command.rstrip().endswith(".venv/bin/otio-shottag examples/cut.otio")
    ended = subprocess.run(
        [sys.executable, "-m", "otio_shottag", "examples/cut.otio"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (checkout / "examples" / "cut.tagged.otio").exists()
    # Percentages may differ by one between processors.
    shown = re.sub(r"\d+%", "%", blocks("text")[0])
    assert re.sub(r"\d+%", "%", ended.stdout).split() == shown.split()


def test_the_test_command_is_what_ci_runs():
    """CI runs the README's own command."""
    command = next(block for block in blocks("") if "tests/run.py" in block).strip()
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_python_snippet_runs(checkout):
    """Each Python block runs as it stands, where the example is."""
    snippets = blocks("python")
    assert len(snippets) >= 2
    for snippet in snippets:
        subprocess.run([sys.executable, "-c", snippet], cwd=checkout, check=True, capture_output=True)
    assert (checkout / "tagged.otio").exists()
    assert "|M:" in (checkout / "markers.edl").read_text(encoding="utf-8")


def test_the_settings_it_shows_are_the_defaults(tmp_path):
    """The settings file in the README is read, and says what holds without it."""
    (tmp_path / "shottag.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    assert read_settings(tmp_path / "shottag.yaml") == Settings()


def test_every_option_it_names_exists():
    """Each --option in the README is one of a verb's."""
    helps = "".join(CliRunner().invoke(cli, [verb, "--help"]).output for verb in _VERBS)
    ours = re.sub(r"(?m)\bray [a-z][^\n`]*", "", README)  # not Ray's own, as in "ray start --head"
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours)) - {"--quiet"}:
        assert re.search(rf"{option}\b", helps), option


@pytest.mark.parametrize("verb", list(_VERBS))
def test_every_verb_has_help(verb):
    """Each verb that the README lists explains itself and each of its options."""
    assert verb in README
    answer = CliRunner().invoke(cli, [verb, "--help"])
    assert answer.exit_code == 0
    assert len(answer.output) > 100


def test_the_formats_table_names_all_that_is_read():
    """Every ending that is read stands in the formats table."""
    for ending in KINDS:
        assert f"`{ending}`" in README, ending


def test_no_picture_or_file_it_names_is_missing():
    """Each file that the README links or names is there."""
    for name in re.findall(r"\]\(([^)#]+)\)", README) + re.findall(
        r"`((?:examples|otio_shottag|tests)/[\w./]+)`", README
    ):
        assert (ROOT / name).exists() or name == "examples/cut.tagged.otio", name
