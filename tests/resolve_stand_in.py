"""A stand-in for DaVinci Resolve, after public documentation of its scripting API and reports of its pitfalls.

It is built from those, not from what our scripts call, and holds a project as plain data, so that a
script can run against it as Resolve runs one: in a process of its own (``python -m tests.resolve_stand_in
STATE SCRIPT resolve``, which writes the project back) or from Lua (``lua_bridge``). Frames of a timeline
count from ``start``; a clip's ``source`` is its lowest frame of the file, 0 = the file's first.

What it keeps to: one marker a frame and object, else AddMarker gives False, as it does for an empty
name, a length below 1 and an unknown colour; timeline markers count from the timeline's first frame,
a clip's from its file's first, of a retimed clip in its stretched length; GetMarkers has float keys;
DeleteMarkerByCustomData deletes the first match only; every call gives new objects; any name is an
attribute, that of no method being None; SetMetadata of several keys sets all or none; titles,
generators and transitions are items without media; an import that is refused gives None.
"""

import json
import os
import sys
from collections.abc import Callable
from math import floor
from pathlib import Path
from typing import Any

from tests.resolve_export import exported

MARKER_COLORS = {
    "Blue", "Cyan", "Green", "Yellow", "Red", "Pink", "Purple", "Fuchsia",
    "Rose", "Lavender", "Sky", "Mint", "Lemon", "Sand", "Cocoa", "Cream",
}  # fmt: skip
CLIP_COLORS = {
    "Orange", "Apricot", "Yellow", "Lime", "Olive", "Green", "Teal", "Navy",
    "Blue", "Purple", "Violet", "Pink", "Tan", "Beige", "Brown", "Chocolate",
}  # fmt: skip
FIELDS = {"Shot", "Scene", "Take", "Angle", "Move", "Keywords", "Comments", "Description", "Shot Type"}


class Object:
    """An object of the API: hands out its class's public methods; every other name is None."""

    def __init__(self, state: dict, data: dict) -> None:
        self._state = state
        self._data = data

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_"):
            return object.__getattribute__(self, name)
        state = object.__getattribute__(self, "_state")
        try:
            found = object.__getattribute__(self, name)
        except AttributeError:
            return None
        if name in state["missing"]:  # a method that an older Resolve has not
            return None
        if not callable(found):
            return found
        return _logged(state, name, found)


def _logged(state: dict, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        state["calls"].append(name)
        answer = False if name in state["refuses"] else method(*arguments)
        if name == state["edited_after"]:  # somebody trims a clip while the script is busy
            state["timeline"]["tracks"][0]["items"][0]["duration"] -= 1
        return answer

    return call


class Marked(Object):
    """What can carry markers."""

    def AddMarker(self, frame, color, name, note, duration, custom="") -> bool:
        markers = self._data["markers"]
        key = str(int(frame))
        if key in markers or not name or duration < 1 or color not in MARKER_COLORS or int(frame) < 0:
            return False
        markers[key] = {"color": color, "duration": duration, "note": note, "name": name, "customData": custom}
        return True

    def GetMarkers(self) -> dict:
        return {float(frame): dict(marker) for frame, marker in self._data["markers"].items()}

    def DeleteMarkerByCustomData(self, custom) -> bool:
        for frame in sorted(self._data["markers"], key=int):
            if self._data["markers"][frame]["customData"] == custom:
                del self._data["markers"][frame]
                return True
        return False

    def DeleteMarkerAtFrame(self, frame) -> bool:
        return self._data["markers"].pop(str(int(frame)), None) is not None

    def UpdateMarkerCustomData(self, frame, custom) -> bool:
        marker = self._data["markers"].get(str(int(frame)))
        if marker is not None:
            marker["customData"] = custom
        return marker is not None

    def GetUniqueId(self) -> str:
        return self._data["id"]

    def GetName(self) -> str:
        return self._data["name"]


class MediaPoolItem(Marked):
    def GetMetadata(self, key=None):
        return self._data["metadata"].get(key, "") if key else dict(self._data["metadata"])

    def SetMetadata(self, what, value=None) -> bool:
        given = what if isinstance(what, dict) else {what: value}
        if not set(given) <= FIELDS:
            return False
        self._data["metadata"].update(given)
        return True

    def GetThirdPartyMetadata(self, key=None):
        return self._data["third_party"].get(key, "") if key else dict(self._data["third_party"])

    def SetThirdPartyMetadata(self, what, value=None) -> bool:
        self._data["third_party"].update(what if isinstance(what, dict) else {what: value})
        return True

    def GetClipProperty(self, key=None):
        properties = {"File Path": self._data["path"], "FPS": self._data["rate"], "Frames": str(self._data["frames"])}
        return properties.get(key, "") if key else properties

    def GetMediaId(self) -> str:
        return self._data["id"]


class TimelineItem(Marked):
    def GetStart(self) -> float:
        return self._data["start"]

    def GetEnd(self) -> float:
        return self._data["start"] + self._data["duration"]

    def GetDuration(self) -> float:
        return self._data["duration"]

    def GetLeftOffset(self) -> float:
        item, speed = self._data, self._data["speed"]
        if item["kind"] != "clip" or speed in (0, 1):
            return item["source"]
        used = item["duration"] * abs(speed)
        before = item["source"] if speed > 0 else self._pool()["frames"] - item["source"] - used
        return floor(before / abs(speed))

    def GetSourceStartFrame(self) -> int:
        return self._data["source"]

    def GetSourceEndFrame(self) -> int:
        return floor(self._data["source"] + self._data["duration"] * abs(self._data["speed"]))

    def GetMediaPoolItem(self):
        return MediaPoolItem(self._state, self._pool()) if self._data["pool"] else None

    def GetTrackTypeAndIndex(self) -> list:
        tracks = self._state["timeline"]["tracks"]
        return next(
            ["video", number]
            for number, track in enumerate(tracks, start=1)
            for item in track["items"]
            if item["id"] == self._data["id"]
        )

    def GetClipEnabled(self) -> bool:
        return self._data["enabled"]

    def GetClipColor(self) -> str:
        return self._data["color"]

    def SetClipColor(self, color) -> bool:
        if color not in CLIP_COLORS:
            return False
        self._data["color"] = color
        return True

    def ClearClipColor(self) -> bool:
        self._data["color"] = ""
        return True

    def _pool(self) -> dict:
        return self._state["pool"][self._data["pool"]]


class Timeline(Marked):
    def GetStartFrame(self) -> int:
        return self._data["start"]

    def GetEndFrame(self) -> int:
        return max(
            (i["start"] + i["duration"] for t in self._data["tracks"] for i in t["items"]), default=self._data["start"]
        )

    def GetSetting(self, name=None):
        return {"timelineFrameRate": self._data["rate"]}.get(name, "")

    def GetTrackCount(self, kind) -> int:
        return len(self._data["tracks"]) if kind == "video" else 1 if kind == "audio" else 0

    def GetIsTrackEnabled(self, kind, number) -> bool:
        return self._data["tracks"][number - 1]["enabled"] if kind == "video" else True

    def GetItemListInTrack(self, kind, number) -> list:
        if kind != "video" or not 1 <= number <= len(self._data["tracks"]):
            return []
        return [TimelineItem(self._state, item) for item in self._data["tracks"][int(number) - 1]["items"]]

    def GetCurrentVideoItem(self):
        found = [self._item(self._data["under_playhead"])] if self._data["under_playhead"] else [None]
        return found[0]

    def GetSelectedClips(self) -> list:
        return [self._item(one) for one in self._data["selected"]]

    def Export(self, path, kind, subtype) -> bool:
        # Live values of the resolve object, not strings of that name.
        if kind != Resolve.EXPORT_OTIO or subtype != Resolve.EXPORT_NONE:
            return False
        Path(path).write_text(json.dumps(exported(self._state), indent=4), encoding="utf-8")
        return True

    def SetCurrentTimecode(self, timecode) -> bool:
        self._data["playhead"] = timecode
        return True

    def SetMarkInOut(self, first, last, kind="all") -> bool:
        self._data["in_out"] = [first, last]
        return True

    def ClearMarkInOut(self, kind="all") -> bool:
        self._data["in_out"] = None
        return True

    def _item(self, wanted: str) -> TimelineItem:
        items = [item for track in self._data["tracks"] for item in track["items"]]
        return TimelineItem(self._state, next(item for item in items if item["id"] == wanted))


class MediaPool(Object):
    def ImportTimelineFromFile(self, path, options=None):
        taken = (options or {}).get("timelineName") == self._state["timeline"]["name"]
        if taken or self._state["project"] == "Untitled Project" or not os.path.isfile(path):
            return None
        return Timeline(self._state, self._state["timeline"])


class Project(Object):
    def GetName(self) -> str:
        return self._state["project"]

    def GetCurrentTimeline(self):
        return Timeline(self._state, self._state["timeline"]) if self._state["timeline"] else None

    def GetMediaPool(self) -> MediaPool:
        return MediaPool(self._state, {})


class ProjectManager(Object):
    def GetCurrentProject(self):
        return Project(self._state, {}) if self._state["project"] else None


class Resolve(Object):
    EXPORT_NONE = 0.0
    EXPORT_OTIO = 12.0

    def GetProjectManager(self) -> ProjectManager:
        return ProjectManager(self._state, {})

    def GetCurrentPage(self) -> str:
        return self._state["page"]

    def OpenPage(self, page) -> bool:
        self._state["page"] = page
        return True


class Bmd:
    """What a script asks for ``resolve`` where it was not handed one."""

    def __init__(self, resolve: Resolve) -> None:
        self.scriptapp = lambda name: resolve if name == "Resolve" else None


def main(state_path: str, script: str, hands: str) -> None:
    """Run a script as Resolve does, handing it ``resolve``, ``bmd`` or ``nothing``; write the project back."""
    state = json.loads(Path(state_path).read_text(encoding="utf-8"))
    resolve = Resolve(state, {"id": "resolve", "markers": {}})
    names: dict[str, Any] = {"__name__": "__main__"}
    if hands == "resolve":
        names.update(resolve=resolve, __file__=script)
    elif hands == "bmd":  # nor does every Resolve set __file__
        names.update(bmd=Bmd(resolve))
    exec(compile(Path(script).read_text(encoding="utf-8"), script, "exec"), names)
    Path(state_path).write_text(json.dumps(state), encoding="utf-8")
    if any(name.partition(".")[0] in ("otio_shottag", "opentimelineio", "torch") for name in sys.modules):
        sys.exit("the script loaded what Resolve's Python does not have")


if __name__ == "__main__":
    main(*sys.argv[1:])
