"""Puts the scripts of ``resolve_scripts`` into DaVinci Resolve's menu, checks them there, takes them off.

Beside them goes COMMAND_FILE, which says how this installation is started and where the modules
lie that the scripts share; those stay where they are, so that they are always of the command's
own version. Folders are those of Resolve's scripting README. Prints nothing.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path
from typing import Any

from otio_shottag.errors import InstallError
from otio_shottag.formats.files import write_bytes

SCRIPTS = (
    "Tag Shots.py", "Tag Selected Track.py", "Remove Shot Tags.py",
    "Tag Shots.lua", "Tag Selected Track.lua", "Remove Shot Tags.lua",
)  # fmt: skip
COMMAND_FILE = "otio-shottag.json"
SETTINGS_FILE = "otio-shottag-settings.json"

_SLOWEST_START = 120
"""Seconds that a command may take to say its version: a cold disk and a virus scanner."""


def shipped_scripts() -> Path:
    """Give the folder the scripts were shipped in: the checkout's, or where the wheel put its data.

    Raises InstallError where an installation has lost them.
    """
    beside = Path(__file__).parent.parent / "resolve_scripts"
    if (beside / SCRIPTS[0]).is_file():
        return beside
    try:
        installed = files("otio-shottag") or []
    except PackageNotFoundError:
        installed = []
    for one in installed:
        if one.name == SCRIPTS[0]:
            return Path(os.path.abspath(one.locate())).parent
    raise InstallError(
        "the scripts for Resolve are not in this installation; pip install --force-reinstall otio-shottag"
    )


def script_folder(
    *, everyone: bool = False, platform: str = sys.platform, environment: Mapping[str, str] = os.environ
) -> Path:
    """Give Resolve's script folder on this system, the user's own or that of everyone."""
    if platform == "win32":
        root = environment.get("PROGRAMDATA" if everyone else "APPDATA")
        if not root:
            raise InstallError("Windows does not say where programs keep their data; name Resolve's folder with --into")
        middle = ("Fusion",) if everyone else ("Support", "Fusion")
        return Path(root, "Blackmagic Design", "DaVinci Resolve", *middle, "Scripts", "Utility")
    if platform == "darwin":
        root = "/Library" if everyone else str(Path(environment.get("HOME", "~")).expanduser() / "Library")
        return Path(root, "Application Support", "Blackmagic Design", "DaVinci Resolve", "Fusion", "Scripts", "Utility")
    if everyone:
        return Path("/opt/resolve/Fusion/Scripts/Utility")
    home = Path(environment.get("HOME", "~")).expanduser()
    return home / ".local" / "share" / "DaVinciResolve" / "Fusion" / "Scripts" / "Utility"


def find_resolve(*, platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Give the place of Resolve itself, where its installer puts it; None where it is not there."""
    if platform == "win32":
        programs = environment.get("PROGRAMFILES", r"C:\Program Files")
        place = Path(programs, "Blackmagic Design", "DaVinci Resolve", "Resolve.exe")
    elif platform == "darwin":
        place = Path("/Applications/DaVinci Resolve/DaVinci Resolve.app")
    else:
        place = Path("/opt/resolve/bin/resolve")
    return place if place.exists() else None


def own_command() -> list[str]:
    """Give the words that start this installation, whatever Python and encoding Resolve's processes have."""
    if not sys.executable:
        raise InstallError("this Python does not say where it is; run otio-shottag from its own environment")
    # -E: Resolve may set PYTHONHOME for its own Python. -X utf8: clips have names in any script.
    return [sys.executable, "-E", "-X", "utf8", "-m", "otio_shottag"]


def install(folder: Path) -> list[Path]:
    """Copy the scripts into a folder, new settings where there are none, and the file that names the command.

    Gives what was written. Raises InstallError where a script of that name is somebody else's.
    """
    source = shipped_scripts()
    wanted = {name: (source / name).read_bytes() for name in SCRIPTS}
    recorded = _record(folder).get("files", {})
    for name, data in wanted.items():
        there = folder / name
        if there.exists() and _sum(there) not in (hashlib.sha256(data).hexdigest(), recorded.get(name)):
            raise InstallError(f"{there}: is not ours, or somebody changed it; move it away first")
    settings = (source / SETTINGS_FILE).read_bytes()
    if not (folder / SETTINGS_FILE).exists():
        wanted[SETTINGS_FILE] = settings
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in {**wanted, SETTINGS_FILE: settings}.items()}
    facts = {
        "otio_shottag": version("otio-shottag"),
        "command": own_command(),
        "scripts": source.as_posix(),
        "files": sums,
    }
    wanted[COMMAND_FILE] = (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InstallError(f"{folder}: cannot be made: {error.strerror}; name another with --into") from error
    for name, data in wanted.items():
        write_bytes(folder / name, data)
    return [folder / name for name in wanted]


def uninstall(folder: Path) -> tuple[list[Path], list[Path]]:
    """Take off what ``install`` wrote there and nobody changed; give what went, and what was left.

    Raises InstallError where nothing of ours is there.
    """
    recorded = _record(folder).get("files", {})
    if not recorded:
        raise InstallError(f"{folder}: nothing of otio-shottag is installed there; --into names another folder")
    there = [folder / name for name in (*SCRIPTS, SETTINGS_FILE) if (folder / name).is_file()]
    ours = [path for path in there if _sum(path) == recorded.get(path.name)]
    gone = [*ours, folder / COMMAND_FILE]
    try:
        for path in gone:
            path.unlink()
    except OSError as error:
        raise InstallError(f"{error.filename}: cannot be removed: {error.strerror}") from error
    return gone, [path for path in there if path not in ours]


def is_installed(folder: Path) -> bool:
    """Say whether anything of ours is in a folder."""
    return any((folder / name).exists() for name in (*SCRIPTS, COMMAND_FILE))


def faults(folder: Path) -> list[str]:
    """Say what keeps the scripts in a folder from working; nothing where they are fine."""
    again = "run otio-shottag install-resolve again"
    record = _record(folder)
    if not record:
        return [f"{folder / COMMAND_FILE} is missing or broken; {again}"]
    found = []
    source = shipped_scripts()
    old = [name for name in SCRIPTS if not _is_same(folder / name, source / name)]
    if old:
        found.append(f"{', '.join(old)} in {folder}: missing, or not of this version; {again}")
    if record.get("scripts") != source.as_posix() or record.get("otio_shottag") != version("otio-shottag"):
        found.append(f"{folder / COMMAND_FILE} names another installation, {record.get('scripts')}; {again}")
    said = said_version(record.get("command"))
    if version("otio-shottag") not in said.split():
        found.append(f"the command that {folder / COMMAND_FILE} names does not answer ({said}); {again}")
    return found


def said_version(command: Any) -> str:
    """Ask a command for its version; give what it says, or why it says nothing."""
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command) or not command:
        return "it names none"
    try:
        answer = subprocess.run(
            [*command, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SLOWEST_START,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = (answer.stdout or answer.stderr).strip().splitlines()
    return lines[-1] if lines else f"it ended with {answer.returncode}"


def _record(folder: Path) -> dict[str, Any]:
    """Read what ``install`` wrote down; empty where it is missing or broken."""
    try:
        record = json.loads((folder / COMMAND_FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) and isinstance(record.get("files"), dict) else {}


def _sum(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InstallError(f"{path}: cannot be read: {error.strerror}") from error


def _is_same(path: Path, other: Path) -> bool:
    return path.is_file() and _sum(path) == _sum(other)
