"""The clips' native fields in the media pool: "Shot Type", "Move" and "Keywords"; and clip colours.

A field belongs to the file, not to its use in the timeline, and people write there too. So it is
written only where most uses of the file say the same, never over what is not ours, and what we
wrote last is remembered in the clip's third-party metadata.
"""

from collections import Counter

from shottag_resolve.console import Console
from shottag_resolve.resolve_api import call, item_at

FIELDS = {"shot_type": "Shot Type", "camera_movement": "Move"}
KEYWORDS = "Keywords"
_MEMORY = "otio-shottag "


def write_fields(items: list, shots: list, settings: dict, console: Console) -> None:
    """Write the fields of every file that the shots use."""
    files = {item.pool_id: item.pool for item in reversed(items) if item.pool_id}
    uses = Counter(item.pool_id for item in items if item.pool_id)
    labels = _labels_by_file(items, shots)
    judged = {shot.analysis for shot in shots}
    fields = [(analysis, field) for analysis, field in FIELDS.items() if analysis in judged]
    found = {"written": [], "same": [], "kept": [], "refused": []}
    notes = []
    for pool_id, pool in files.items():
        name = call(pool, "GetName") or "a clip"
        for analysis, field in fields if settings["shot_type_field"] else []:
            value, note = _agreed(labels.get((pool_id, analysis), []), uses[pool_id])
            done = _write_own(pool, field, value)
            found[done].append(f"{name}: {field}")
            if note and done in ("written", "same"):
                notes.append(f"{name}: {field} {value} ({note})")
        if settings["keywords"]:
            keywords = list(dict.fromkeys(labels.get((pool_id, "shot_type"), [])))
            found[_write_keywords(pool, keywords)].append(f"{name}: {KEYWORDS}")
    console.say(f"  fields written in the media pool: {len(found['written'])}")
    for what, which in (
        ("by the majority of their uses", notes),
        ("left as somebody wrote them", found["kept"]),
        ("not accepted by Resolve", found["refused"]),
    ):
        if which:
            console.say(f"  {what}: {'; '.join(which[:3])}{f' and {len(which) - 3} more' if len(which) > 3 else ''}")
            console.note(f"  {what}: {'; '.join(which)}")


def remove_fields(items: list) -> int:
    """Take back what we wrote into the fields and nobody has changed since; give how many files had some."""
    files = {item.pool_id: item.pool for item in items if item.pool_id}
    changed = 0
    for pool in files.values():
        done = [_write_own(pool, field, "") for field in FIELDS.values()] + [_write_keywords(pool, [])]
        changed += "written" in done
    return changed


def _labels_by_file(items: list, shots: list) -> dict:
    """Give what the sure shots of each file were judged as; what lies in a compound is not its file's."""
    labels = {}
    for shot in shots:
        if not shot.unsure and not shot.nested:
            item = item_at(items, shot.track, shot.first, shot.name)
            if item is not None and item.pool_id:
                labels.setdefault((item.pool_id, shot.analysis), []).append(shot.label)
    return labels


def _agreed(labels: list, uses: int) -> tuple:
    """Give what more than half of the uses say, and a note where not all do; empty where none does."""
    label, count = Counter(labels).most_common(1)[0] if labels else ("", 0)
    if 2 * count <= uses:
        return "", ""
    return label, "" if count == uses else f"{count} of {uses} uses"


def _read(pool, method: str, key: str) -> str:
    value = call(pool, method, key)
    return value if isinstance(value, str) else ""  # an empty field comes as {} or None


def _remember(pool, key: str, value: str) -> None:
    if _read(pool, "GetThirdPartyMetadata", _MEMORY + key) != value:
        call(pool, "SetThirdPartyMetadata", _MEMORY + key, value)


def _write_own(pool, field: str, value: str) -> str:
    """Set a field that is empty or ours: "written", "same", "kept" (a person's) or "refused"."""
    now = _read(pool, "GetMetadata", field)
    if now and now != _read(pool, "GetThirdPartyMetadata", _MEMORY + field):
        return "same" if now == value else "kept" if value else "same"
    if now == value:
        return "same"
    # One key a call: of several Resolve sets all or none.
    if not call(pool, "SetMetadata", field, value):
        return "refused"
    _remember(pool, field, value)
    return "written"


def _write_keywords(pool, keywords: list) -> str:
    """Exchange the keywords that we added last for these; everybody else's stay, in their order."""
    now = _split(_read(pool, "GetMetadata", KEYWORDS))
    ours = _split(_read(pool, "GetThirdPartyMetadata", _MEMORY + KEYWORDS))
    others = [word for word in now if word not in ours]
    new = [word for word in keywords if word not in others]
    if now == others + new:
        return "same"
    if not call(pool, "SetMetadata", KEYWORDS, ", ".join(others + new)):
        return "refused"
    _remember(pool, KEYWORDS, ", ".join(new))
    return "written"


def _split(text: str) -> list:
    return [word.strip() for word in text.split(",") if word.strip()]


def color_clips(items: list, shots: list, settings: dict, console: Console) -> None:
    """Give clips the colour of their size, but for those that somebody coloured."""
    colored, kept = 0, 0
    for shot in shots:
        item = item_at(items, shot.track, shot.first, shot.name)
        if item is None or item.pool is None or shot.nested or shot.analysis != "shot_type":
            continue
        color = settings["clip_color"]["unsure" if shot.unsure else shot.label]
        if not _is_own_color(item):
            kept += 1
        elif call(item.handle, "SetClipColor", color):
            _remember(item.pool, _color_key(item), color)
            colored += 1
    console.say(f"  {colored} clips coloured" + (f", {kept} left in the colour somebody gave them." if kept else "."))


def remove_colors(items: list) -> int:
    """Clear the clip colours that we gave and nobody has changed since; give how many."""
    cleared = 0
    for item in items:
        if item.pool is not None and _read(item.pool, "GetThirdPartyMetadata", _MEMORY + _color_key(item)):
            if _is_own_color(item):
                call(item.handle, "ClearClipColor")
                cleared += 1
            _remember(item.pool, _color_key(item), "")
    return cleared


def _is_own_color(item) -> bool:
    now = call(item.handle, "GetClipColor")
    return not now or now == _read(item.pool, "GetThirdPartyMetadata", _MEMORY + _color_key(item))


def _color_key(item) -> str:
    return "Clip Color {}".format(call(item.handle, "GetUniqueId") or item.first)
