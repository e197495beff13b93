"""Builds projects for the stand-in of Resolve, and runs the menu scripts in them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from otio_shottag.resolve_install import COMMAND_FILE, SETTINGS_FILE, install

TESTS = Path(__file__).parent
FAST = [sys.executable, "-X", "utf8", str(TESTS / "fast_command.py")]
HOUR = 86400
"""Frames of 24 that an hour has: where timelines and files of the tests begin."""

_IDS = count(1)


def pool_item(path: Path, *, frames: int = 100, start_seconds: int = 3600, offline: bool = False) -> dict:
    return {
        "id": f"pool-{path.name}", "name": path.name, "path": str(path), "frames": frames, "rate": 24.0,
        "start_seconds": start_seconds, "offline": offline, "metadata": {}, "third_party": {}, "markers": {},
    }  # fmt: skip


def item(
    at: int, duration: int, pool: dict | None = None, *, source: int = 0, speed: float = 1, name: str = "", **more: Any
) -> dict:
    """An item ``at`` frames from the timeline's first; without ``pool`` it has no media."""
    return {
        "id": f"item-{next(_IDS)}", "kind": "clip", "name": name or (pool["name"] if pool else "no media"),
        "start": HOUR + at, "duration": duration, "source": source, "speed": speed,
        "pool": pool["id"] if pool else None, "markers": {}, "color": "", "enabled": True, **more,
    }  # fmt: skip


def marker(name: str, custom: str = "") -> dict:
    """Somebody's marker."""
    return {"color": "Blue", "duration": 1, "note": "theirs", "name": name, "customData": custom}


def project(*tracks: list, pool: list, name: str = "Reel 1", **more: Any) -> dict:
    """A project with its timeline open, that begins at 01:00:00:00 and counts 24 frames a second."""
    timeline = {
        "id": "timeline-1", "name": name, "rate": 24.0, "start": HOUR, "markers": {}, "selected": [],
        "under_playhead": None, "playhead": "01:00:03:00", "in_out": [10, 20],
        "tracks": [
            {"name": f"Video {number}", "enabled": True, "items": items} for number, items in enumerate(tracks, start=1)
        ],
    }  # fmt: skip
    return {
        "project": "Film", "page": "color", "timeline": timeline, "pool": {one["id"]: one for one in pool},
        "calls": [], "missing": [], "refuses": [], "edited_after": "", **more,
    }  # fmt: skip


@dataclass
class Ended:
    """What a script left behind."""

    state: dict
    output: str
    log: str
    files: list = field(default_factory=list)
    """What lies in the folder for temporary files."""

    def markers(self) -> dict[int, dict]:
        """The timeline's markers by frame."""
        return {int(frame): one for frame, one in self.state["timeline"]["markers"].items()}

    def items(self) -> list[dict]:
        return [item for track in self.state["timeline"]["tracks"] for item in track["items"]]


class Menu:
    """Resolve's script menu, installed into a folder of its own, with a home and a folder for temporary files."""

    def __init__(self, folder: Path, *, command: list[str]) -> None:
        self.scripts = folder / "Fusion" / "Scripts" / "Utility"
        self.home = folder / "home"
        self.temporary = folder / "temp"
        self.state = folder / "state.json"
        for made in (self.home, self.temporary):
            made.mkdir(parents=True, exist_ok=True)
        install(self.scripts)
        self.name_command(command)

    def name_command(self, command: list[str]) -> None:
        """Change the command that the scripts start."""
        path = self.scripts / COMMAND_FILE
        path.write_text(
            json.dumps({**json.loads(path.read_text(encoding="utf-8")), "command": command}), encoding="utf-8"
        )

    def settings(self, **given: Any) -> None:
        (self.scripts / SETTINGS_FILE).write_text(json.dumps(given), encoding="utf-8")

    def environment(self) -> dict[str, str]:
        # Resolve's processes may carry a PYTHONHOME of Resolve's own; the real command must not mind.
        own = {"HOME": str(self.home), "USERPROFILE": str(self.home), "TMPDIR": str(self.temporary)}
        return {**os.environ, **own, "TEMP": str(self.temporary)}

    def click(self, entry: str, state: dict, *, hands: str = "resolve", **environment: str) -> Ended:
        """Start an entry with a project open; a traceback on the console fails the test."""
        self.state.write_text(json.dumps(state), encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-X", "utf8", "-m", "tests.resolve_stand_in", str(self.state),
             str(self.scripts / f"{entry}.py"), hands],
            env={**self.environment(), **environment}, cwd=TESTS.parent, capture_output=True, encoding="utf-8",
            check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "Traceback" not in ended.stdout + ended.stderr
        return self.ended(json.loads(self.state.read_text(encoding="utf-8")), ended.stdout)

    def ended(self, state: dict, output: str) -> Ended:
        log = self.home / "otio-shottag-resolve.log"
        text = log.read_text(encoding="utf-8") if log.exists() else ""
        return Ended(state, output, text, sorted(path.name for path in self.temporary.iterdir()))
