"""One marker a shot, on the timeline or on its clips; ours are told from others by their custom data."""

from shottag_resolve.command import Shot
from shottag_resolve.console import Console
from shottag_resolve.resolve_api import call, clip_marker_frame, item_at

OURS = "otio-shottag:shot_type:"
CUSTOM_DATA = OURS + "1"
"""1 is the layout's version: a later one still finds these by how they begin."""


def remove_markers(timeline, items: list) -> tuple:
    """Take our markers off the timeline and its clips; give how many went, and how many would not."""
    counts = [_remove_from(thing) for thing in [timeline] + [item.handle for item in items]]
    return sum(gone for gone, _ in counts), sum(left for _, left in counts)


def _remove_from(thing) -> tuple:
    gone = 0
    ours = _ours(thing)
    while ours:
        # Resolve deletes only the first marker that has this custom data: once for each, then look again.
        for data in ours:
            call(thing, "DeleteMarkerByCustomData", data)
        remaining = _ours(thing)
        if len(remaining) >= len(ours):
            return gone, len(remaining)
        gone += len(ours) - len(remaining)
        ours = remaining
    return gone, 0


def _ours(thing) -> list:
    markers = call(thing, "GetMarkers") or {}
    found = [str(marker.get("customData", "")) for marker in markers.values()]
    return [data for data in found if data.startswith(OURS)]


def add_markers(timeline, items: list, shots: list, settings: dict, console: Console) -> int:
    """Put a marker on each shot; give how many. Says which could not stand on their first frame."""
    placed = 0
    moved, lost = [], []
    taken = {}
    for shot in shots:
        thing, frames = _place(timeline, items, shot, settings["markers"])
        color = settings["marker_color"]["unsure" if shot.unsure else shot.label]
        frame = _add(thing, frames, shot, color, taken) if thing is not None else None
        where = f"{shot.marker} ({shot.name or 'unnamed'} on {shot.track}, frame {shot.first})"
        if frame is None:
            lost.append(where)
        else:
            placed += 1
            if frame != frames[0]:
                moved.append(f"{where}, {frame - frames[0]} later")
    _tell(moved, "moved to the next free frame, because a marker stands on its first", console)
    _tell(lost, "not marked: no frame of theirs is free, or Resolve has no clip there", console)
    return placed


def _tell(which: list, what: str, console: Console) -> None:
    if which:
        console.say(f"  {len(which)} {what}: {'; '.join(which[:3])}{'; ...' if len(which) > 3 else ''}")
        for one in which[3:]:
            console.note("    " + one)


def _place(timeline, items: list, shot: Shot, where: str) -> tuple:
    """Give the object that takes a shot's marker, and the frames it may stand on, in its own count."""
    if where == "timeline":
        return timeline, range(shot.first, shot.end)
    item = item_at(items, shot.track, shot.first, shot.name)
    first = clip_marker_frame(item, shot.first) if item is not None else None
    if first is None:
        return None, range(0)
    return item.handle, range(first, first + min(shot.end, item.end) - shot.first)


def _add(thing, frames: range, shot: Shot, color: str, taken: dict):
    """Add on the first free frame; None where there is none."""
    # Two shots can share a clip (a compound) or the timeline, so what is taken is kept by object.
    key = call(thing, "GetUniqueId") or id(thing)
    if key not in taken:
        taken[key] = {int(frame) for frame in call(thing, "GetMarkers") or {}}
    refused = 0
    for frame in frames:
        if frame not in taken[key]:
            taken[key].add(frame)
            if call(thing, "AddMarker", frame, color, shot.marker, shot.note, 1, CUSTOM_DATA):
                return frame
            refused += 1
            if refused == 3:  # not an occupied frame, then, but something that Resolve refuses altogether
                return None
    return None
