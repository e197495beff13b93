"""Writes the stand-in's timeline as Resolve exports OTIO, after real exports (19 and 20) of others.

``Clip.2`` with a ``media_references`` map, bare paths, ``available_range`` at the file's own rate from
its own timecode, ``source_range`` absolute at the timeline's rate, floats throughout, "Video 1".
"""

from typing import Any


def exported(state: dict) -> dict:
    """Give the open timeline as OTIO's JSON."""
    timeline = state["timeline"]
    rate = timeline["rate"]
    tracks = [_track(state, track["items"], track, rate, timeline["start"]) for track in timeline["tracks"]]
    audio = _schema(
        "Track.1", kind="Audio", name="Audio 1", children=[], **_item({"Audio Type": "Stereo", "Locked": False})
    )
    return _schema(
        "Timeline.1",
        metadata={"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}},
        name=timeline["name"],
        global_start_time=_time(timeline["start"], rate),
        tracks=_schema("Stack.1", name="", children=[*tracks, audio], **_item({})),
    )


def _track(state: dict, items: list, track: dict, rate: float, start: int) -> dict:
    children: list[dict] = []
    at = start
    for item in items:
        if item["kind"] == "transition":
            half = item["duration"] / 2
            children.append(
                _schema(
                    "Transition.1",
                    metadata={"Resolve_OTIO": {"Effects": {"Name": "Cross Dissolve"}}},
                    name="",
                    in_offset=_time(half, rate),
                    out_offset=_time(half, rate),
                    transition_type="SMPTE_Dissolve",
                )
            )
            continue
        if item["start"] > at:
            children.append(_schema("Gap.1", name="", **_item({}, _range(0, item["start"] - at, rate))))
        children.append(_child(state, item, rate))
        at = item["start"] + item["duration"]
    made = _schema("Track.1", kind="Video", name=track["name"], children=children, **_item({"Locked": False}))
    return {**made, "enabled": track["enabled"]}


def _child(state: dict, item: dict, rate: float) -> dict:
    if item["kind"] == "compound":
        inner = {"name": "Video 1", "enabled": True}
        tracks = [_track(state, item["inner"], inner, rate, 0)]
        shown = _range(item["source"], item["duration"], rate)
        return _schema(
            "Stack.1", name=item["name"], children=tracks, **_item({"Sequence Type": "Compound Clip"}, shown)
        )
    pool = state["pool"].get(item["pool"] or "")
    start = round(pool["start_seconds"] * rate) if pool else 0
    clip = _schema(
        "Clip.2",
        name=item["name"],
        media_references={"DEFAULT_MEDIA": _reference(pool, item)},
        active_media_reference_key="DEFAULT_MEDIA",
        **_item({"Link Group ID": 1}, _range(start + item["source"], item["duration"], rate)),
    )
    clip["enabled"] = item["enabled"]
    if item["speed"] != 1:
        clip["effects"].append(
            _schema("LinearTimeWarp.1", metadata={}, name="", effect_name="", time_scalar=float(item["speed"]))
        )
    return clip


def _reference(pool: dict | None, item: dict) -> dict:
    base: dict[str, Any] = {"available_image_bounds": None}
    if pool is None:
        return _schema("MissingReference.1", metadata={}, name=item["name"], available_range=None, **base)
    available = _range(round(pool["start_seconds"] * pool["rate"]), pool["frames"], pool["rate"])
    if pool["offline"]:
        facts = {"Resolve_OTIO": {"Media Url": pool["path"]}}
        return _schema("MissingReference.1", metadata=facts, name=pool["name"], available_range=available, **base)
    return _schema(
        "ExternalReference.1",
        metadata={},
        name=pool["name"],
        available_range=available,
        target_url=pool["path"],
        **base,
    )


def _item(facts: dict, source: dict | None = None) -> dict:
    return {"metadata": {"Resolve_OTIO": facts}, "source_range": source, "effects": [], "markers": [], "enabled": True}


def _schema(schema: str, **fields: Any) -> dict:
    return {"OTIO_SCHEMA": schema, **fields}


def _time(value: float, rate: float) -> dict:
    return _schema("RationalTime.1", rate=float(rate), value=float(value))


def _range(start: float, duration: float, rate: float) -> dict:
    return _schema("TimeRange.1", duration=_time(duration, rate), start_time=_time(start, rate))
