"""What a node of a farm does: finds the file where the node has it, decodes, judges. Knows nothing of Ray.

An errand goes out as plain text and numbers, since a node may run another system than the machine that sends it.
What a process of a node has loaded and opened stays so for its next errand.
"""

import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from otio_shottag.analyses import Analysis, load_analysis
from otio_shottag.cuts import Detection, MovieShots, find_cuts
from otio_shottag.decode import Hardware, MediaInfo, OpenFiles, decode_frames, probe
from otio_shottag.errors import MediaError
from otio_shottag.looking import Answer, Looked, Seen, look
from otio_shottag.media_paths import FilesBelow, MediaFinder, PathMap
from otio_shottag.model.header import SHIPPED, file_digest
from otio_shottag.shots import ImageSequence, Media, Moment


@dataclass(frozen=True, slots=True)
class Storage:
    """Where footage may be, as the user said it; each node looks by itself."""

    maps: tuple[PathMap, ...] = ()
    roots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A file or a folder of numbered pictures, as it was named and as it was found."""

    path: str
    """Where it is on the machine that sends the errand, or where a node found it."""
    url: str = ""
    """What the cut says; empty where that is not known."""
    folder: str = ""
    """Where a relative ``url`` starts."""
    size: int | None = None
    """Bytes of the file there; None where it is not known."""
    numbered: ImageSequence | None = None
    """For pictures, how they are numbered; its own folder means nothing."""

    def __str__(self) -> str:
        return self.path or self.url


@dataclass(frozen=True, slots=True)
class Errand:
    """Shots of one file to look at."""

    place: Place
    storage: Storage
    wishes: tuple[tuple[Moment, ...], ...]
    """For each shot the moments it wants to see."""
    hwaccel: str


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What an errand decoded."""

    seen: tuple[Seen, ...]
    decode_seconds: float
    opened: tuple[int, int]
    """Files opened on a graphics card, and not."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an errand."""

    looked: Looked
    device: str | None
    """What judged, in words."""
    node: str
    """Ray's name of the node that judged."""
    opened: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Hello:
    """What a node says of itself."""

    name: str
    version: str
    """Of this package."""
    decoder: str
    """Version of PyAV."""
    weights: str
    """Digest of the judge that ships with it."""


class Recipe(Protocol):
    """How a node gets an analysis; goes there by pickle."""

    @property
    def key(self) -> str:
        """The same for the same analysis."""

    @property
    def wants_card(self) -> bool:
        """Whether a graphics card judges it where there is one."""

    def load(self) -> Analysis: ...


@dataclass(frozen=True, slots=True)
class AnalysisRecipe:
    """One of our own analyses, with the checkpoint where it is not the one that every node has."""

    key: str
    name: str
    device: str
    wants_card: bool
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    """The checkpoint, and what lies beside it: names and contents."""

    def load(self) -> Analysis:
        """Load it on this node. Raises ModelError."""
        if not self.files:
            return load_analysis(self.name, device=self.device)
        with tempfile.TemporaryDirectory(prefix="otio-shottag-", ignore_cleanup_errors=True) as folder:
            paths = [Path(folder, name) for name, _ in self.files]
            for path, (_, content) in zip(paths, self.files, strict=True):
                path.write_bytes(content)
            analysis = load_analysis(self.name, model=paths[0], device=self.device)
            getattr(analysis, "side_by_side", None)  # reads the network, which otherwise waits for the first picture
        return analysis


_analyses: dict[str, Analysis] = {}
_files: dict[str, OpenFiles] = {}
_hardware: dict[str, Hardware] = {}
_found: dict[tuple[Place, Storage], Media] = {}
_below: dict[tuple[str, ...], FilesBelow] = {}
"""What lies below the roots: to look through a share takes minutes."""


def hello() -> Hello:
    """Say what is installed here."""
    return Hello(platform.node(), version("otio-shottag"), version("av"), file_digest(SHIPPED))


def analysis_of(key: str, recipe: Callable[[], Recipe]) -> Analysis:
    """Give an analysis, loaded once a process; ``recipe`` is fetched only then. Raises ModelError."""
    if key not in _analyses:
        _analyses[key] = recipe().load()
    return _analyses[key]


def see(errand: Errand, short_side: int) -> Sight:
    """Decode what an errand asks for."""
    started = time.perf_counter()
    wish = errand.hwaccel
    hardware = _hardware.setdefault(wish, Hardware(wish))
    files = _files.setdefault(wish, OpenFiles(hardware=hardware))
    try:
        media = find_here(errand.place, errand.storage)
    except MediaError as error:
        seen = tuple(Seen(" ".join(str(error).split()), is_lasting=False) for _ in errand.wishes)
    else:
        seen = tuple(
            look(media, wish, short_side, lambda *asked: decode_frames(*asked, files=files)) for wish in errand.wishes
        )
    return Sight(seen, time.perf_counter() - started, hardware.take())


def judge(analysis: Analysis, sight: Sight, *, node: str) -> Report:
    """Judge what was decoded, each shot by itself as everywhere."""
    started = time.perf_counter()
    pictures = [seen.pictures for seen in sight.seen if not isinstance(seen.pictures, str)]
    if getattr(analysis, "side_by_side", False):
        predictions = [analysis.predict([frames])[0] for frames in pictures]
    else:
        predictions = analysis.predict(pictures) if pictures else []
    found = iter(
        replace(prediction, failures=frames.failures) for prediction, frames in zip(predictions, pictures, strict=True)
    )
    answers: Sequence[Answer] = [
        seen.pictures if isinstance(seen.pictures, str) else next(found) for seen in sight.seen
    ]
    looked = Looked(
        tuple(answers),
        tuple(seen.is_lasting for seen in sight.seen),
        decode_seconds=sight.decode_seconds,
        judge_seconds=time.perf_counter() - started,
    )
    return Report(looked, analysis.device, node, sight.opened)


def find_here(place: Place, storage: Storage) -> Media:
    """Find on this node what was found elsewhere: under the same path, else as the cut and the maps have it.

    Raises MediaError where it is not here, or where what is here has another length.
    """
    known = _found.get((place, storage))
    if known is not None:
        return known
    try:
        return _found.setdefault((place, storage), _look_for(place, storage))
    except OSError as error:  # a folder that may not be read, a share that went away: of this file, not of the node
        named = error.filename or place
        raise MediaError(f"{named} on {platform.node()}: cannot be read: {error.strerror or error}") from error


def _look_for(place: Place, storage: Storage) -> Media:
    roots = tuple(root for root in map(Path, storage.roots) if root.is_dir())
    finder = MediaFinder(
        folder=Path(place.folder) if place.folder else None,
        roots=roots,
        maps=storage.maps,
        below=_below.setdefault(storage.roots, FilesBelow(roots)),
    )
    problem: str | None = None
    for candidate in _candidates(place, finder):
        size = candidate.stat().st_size if candidate.is_file() else None
        if place.numbered is None and place.size is not None and size is not None and size != place.size:
            problem = problem or (
                f"{candidate} on {platform.node()} has {size} bytes, and {place.path}, which the cut was read "
                f"with, {place.size}: another file, or not copied whole"
            )
            continue
        return candidate if place.numbered is None else replace(place.numbered, folder=candidate)
    raise MediaError(
        problem or f"media not found on {platform.node()}: {place.url or place.path}; --map says where it is"
    )


def _candidates(place: Place, finder: MediaFinder) -> "list[Path]":
    found: list[Path] = []
    if place.path:
        same = Path(place.path)
        if same.is_file() if place.numbered is None else same.is_dir():
            found.append(same)
    for name in (place.url, place.path):
        try:
            found += (
                [finder.find(name) if place.numbered is None else _folder(finder, name, place.numbered)] if name else []
            )
        except MediaError:
            continue
    return list(dict.fromkeys(found))


def _folder(finder: MediaFinder, name: str, numbered: ImageSequence) -> Path:
    """Find the folder of numbered pictures by one of them."""
    for frame in dict.fromkeys((0, len(numbered) // 2, len(numbered) - 1)):
        try:
            return finder.find(f"{name.rstrip('/')}/{numbered.picture(frame).name}").parent
        except MediaError:
            continue
    raise MediaError(f"media not found: {name}")


def locate(place: Place, storage: Storage) -> tuple[str, int | None]:
    """Give where a file is on this node, and its length. Raises MediaError."""
    media = find_here(place, storage)
    assert isinstance(media, Path)
    return str(media), media.stat().st_size


def probe_here(place: Place, storage: Storage) -> MediaInfo:
    """Find a file and read its header. Raises MediaError."""
    return probe(find_here(place, storage))


def cuts_of(place: Place, storage: Storage, detection: Detection) -> MovieShots:
    """Find the shots of a movie. Raises MediaError, and TimelineError where PySceneDetect is not installed here."""
    movie = find_here(place, storage)
    assert isinstance(movie, Path)
    return find_cuts(movie, detection)
