"""The house stands as ARCHITECTURE.md draws it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import otio_shottag
from otio_shottag.cli import _VERBS

PACKAGE = Path(otio_shottag.__file__).parent

LAYERS = [
    ["__main__"],
    ["cli", "__init__", "otio_hook", "otio_resolve_markers"],
    ["report", "resolve_install"],
    ["formats", "tagging", "training", "farm"],
    ["finding", "statistics", "corrections", "looking", "journal"],
    ["placing", "references", "marks", "analyses", "cache"],
    ["timeline"],
    ["cuts"],
    ["readers", "decode", "bars", "blank", "model", "media_paths", "settings", "overlay", "item_times"],
    ["items"],
    ["timecode", "rates", "sampling", "vocabulary"],
    ["shots", "errors"],
]
"""Top to bottom; a room may use what is below it, and itself."""

ONLY_IN = {
    "av": ["decode"],
    "cv2": ["analyses"],
    "torch": ["model", "analyses", "training"],
    "torchvision": ["model", "analyses", "training"],
    "safetensors": ["model", "training"],
    "onnx": ["model"],
    "onnxruntime": ["model"],
    "PIL": ["training", "report", "overlay"],
    "jinja2": ["report"],
    "markupsafe": ["report"],
    "matplotlib": ["training"],
    "sqlite3": ["cache"],
    "platformdirs": ["cache"],
    "scenedetect": ["cuts"],
    "ray": ["farm"],
    "yaml": ["settings"],
    "click": ["cli"],
    "rich": ["cli"],
}
"""Libraries that live in one room."""


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def level(name: str) -> int:
    for index, names in enumerate(LAYERS):
        if name in names:
            return index
    raise AssertionError(f"{name} is in no layer; give it a place in ARCHITECTURE.md and here")


def imports(path: Path, *, top_only: bool = False) -> set[str]:
    """The modules that a file imports; with ``top_only`` not those inside functions or for types."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_only else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {
                f"{node.module}.{alias.name}" for alias in node.names if node.module == "otio_shottag"
            }
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down_only(path):
    """A file imports nothing from its own layer's neighbours or from above."""
    own = room(path)
    for module in imports(path):
        if not module.startswith("otio_shottag."):
            continue
        other = module.split(".")[1]
        if (PACKAGE / other).is_dir() or (PACKAGE / f"{other}.py").is_file():
            allowed = other == own or level(other) > level(own)
            assert allowed or own == "__init__", f"{own} may not use {other}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_library_has_its_room(path):
    """av, cv2, torch, yaml, click and rich are imported in their rooms and nowhere else."""
    for module in imports(path):
        library = module.split(".")[0]
        if library in ONLY_IN:
            assert room(path) in ONLY_IN[library], f"{library} belongs in {', '.join(ONLY_IN[library])}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_has_one_job(path):
    """No file is longer than 300 lines, and each begins by saying what it is for."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(ast.parse(text))


def modules_after(code: str) -> set[str]:
    """The modules that are loaded after running code in a fresh Python."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(ended.stdout.splitlines()[-1].split())  # what the code itself printed stands above


def test_importing_the_package_loads_nothing_heavy():
    """OTIO imports the package in every tool on the machine: it loads neither torch nor av nor click."""
    loaded = modules_after("import otio_shottag")
    assert not loaded & {"torch", "av", "cv2", "numpy", "click", "rich", "yaml", "opentimelineio"}


@pytest.mark.parametrize("arguments", [["--help"], *([verb, "--help"] for verb in _VERBS)], ids=" ".join)
def test_help_loads_nothing_heavy(arguments):
    """Asking for help waits neither for torch nor for av nor for OTIO."""
    code = f"from otio_shottag.cli import cli\ntry: cli({arguments!r})\nexcept SystemExit: pass"
    assert not modules_after(code) & {"torch", "av", "cv2", "opentimelineio"}


def test_all_is_sorted_and_there():
    """Every public name exists, and __all__ holds each once."""
    assert len(set(otio_shottag.__all__)) == len(otio_shottag.__all__)
    for name in otio_shottag.__all__:
        assert getattr(otio_shottag, name) is not None
    assert dir(otio_shottag) == sorted(otio_shottag.__all__)
    with pytest.raises(AttributeError):
        _ = otio_shottag.no_such_name
