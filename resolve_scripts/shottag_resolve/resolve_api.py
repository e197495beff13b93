"""What is known of Resolve's scripting API, and how sure a call is to be there.

After the API's README of July 2026 and what users of it report; none of it could be tried in
Resolve where this was written. Frames here count from the timeline's first, which is 0.
"""

import os
from collections import namedtuple

from shottag_resolve.console import Failure

MARKER_COLORS = (
    "Blue", "Cyan", "Green", "Yellow", "Red", "Pink", "Purple", "Fuchsia",
    "Rose", "Lavender", "Sky", "Mint", "Lemon", "Sand", "Cocoa", "Cream",
)  # fmt: skip
CLIP_COLORS = (
    "Orange", "Apricot", "Yellow", "Lime", "Olive", "Green", "Teal", "Navy",
    "Blue", "Purple", "Violet", "Pink", "Tan", "Beige", "Brown", "Chocolate",
)  # fmt: skip

Item = namedtuple("Item", "track first end name pool_id handle pool")
"""One item of a video track: ``V1``, its first frame and the first after it, its name, the id of its
media pool item (empty for titles, generators and transitions), and Resolve's two objects."""


def call(thing, method: str, *arguments):
    """Call a method where this Resolve has it, else give None: ``hasattr`` is always true there."""
    function = getattr(thing, method, None)
    return function(*arguments) if callable(function) else None


def connect(resolve, bmd):
    """Give Resolve's own object: handed over, or asked for."""
    found = resolve if resolve is not None else call(bmd, "scriptapp", "Resolve")
    if found is None:
        raise Failure("this is no Python that Resolve started; start it from Workspace > Scripts in Resolve.")
    return found


def current_timeline(resolve):
    """Give the timeline that is open."""
    project = call(call(resolve, "GetProjectManager"), "GetCurrentProject")
    if not project:
        raise Failure("no project is open; open one, then its timeline, and start this again.")
    timeline = call(project, "GetCurrentTimeline")
    if not timeline:
        raise Failure("no timeline is open; double-click one in the media pool and start this again.")
    return timeline


def export_otio(resolve, timeline, path: str) -> None:
    """Write the timeline as OTIO."""
    kind, subtype = getattr(resolve, "EXPORT_OTIO", None), getattr(resolve, "EXPORT_NONE", None)
    if kind is None or callable(kind):
        raise Failure("this Resolve cannot export OTIO; it takes version 18.5 or newer.")
    done = call(timeline, "Export", path, kind, subtype)
    if not done or not os.path.isfile(path) or os.path.getsize(path) == 0:
        raise Failure(
            "Resolve did not export the timeline. Try File > Export > Timeline with OTIO by hand: where that works, "
            "run otio-shottag on that file and import the .tagged.otio it writes."
        )


def video_items(timeline) -> list:
    """List the items of all video tracks, titles and transitions among them, from the bottom up."""
    origin = timeline.GetStartFrame()
    items = []
    for number in range(1, int(timeline.GetTrackCount("video") or 0) + 1):
        for handle in timeline.GetItemListInTrack("video", number) or []:
            pool = call(handle, "GetMediaPoolItem") or None
            items.append(
                Item(
                    track=f"V{number}",
                    first=int(handle.GetStart() - origin),
                    end=int(handle.GetEnd() - origin),
                    name=call(handle, "GetName") or "",
                    pool_id=_pool_id(pool),
                    handle=handle,
                    pool=pool,
                )
            )
    return items


def _pool_id(pool) -> str:
    # Each call gives a new object for the same clip, so they are told apart by their ids.
    if pool is None:
        return ""
    return str(call(pool, "GetUniqueId") or call(pool, "GetMediaId") or call(pool, "GetName") or "")


def item_at(items: list, track: str, frame: int, name: str):
    """Find the clip on a track that shows a frame; None where there is none.

    A dissolve covers the frame too: it has no media, as a clip without media has none, which is
    then known by its name.
    """
    there = [item for item in items if item.track == track and item.first <= frame < item.end]
    clips = [item for item in there if item.pool_id] or [item for item in there if item.name == name]
    return clips[0] if clips else None


def clip_marker_frame(item, frame: int):
    """Say where a clip's own markers count a frame of the timeline; None where Resolve does not say.

    They count from the media's first frame, of a retimed clip in its stretched length; GetLeftOffset
    is how much of that is cut off in front, so that frames of the timeline can be added to it.
    """
    left = call(item.handle, "GetLeftOffset")
    return None if left is None else int(left) + frame - item.first


def wanted_tracks(timeline, items: list) -> tuple:
    """Name the tracks that are being worked on, and why these: the API knows no selected track.

    The tracks of the selected clips, where Resolve says them (21.0.4, reported); else that of the
    clip under the playhead.
    """
    selected = [_track_of(handle, items) for handle in call(timeline, "GetSelectedClips") or []]
    tracks = sorted({track for track in selected if track})
    if tracks:
        return tracks, "where the selected clips are"
    under = call(timeline, "GetCurrentVideoItem")
    track = _track_of(under, items) if under else ""
    if not track:
        raise Failure(
            "no track can be told: select a clip of it, or park the playhead on one, or write it into the settings "
            'as "track": "V2".'
        )
    return [track], "where the clip under the playhead is"


def _track_of(handle, items: list) -> str:
    place = call(handle, "GetTrackTypeAndIndex")  # Resolve 19
    if isinstance(place, (list, tuple)) and len(place) == 2:
        return f"V{int(place[1])}" if place[0] == "video" else ""
    own = call(handle, "GetUniqueId")
    return next((item.track for item in items if own and call(item.handle, "GetUniqueId") == own), "")
