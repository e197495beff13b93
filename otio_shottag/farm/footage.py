"""Where the files of a cut are, on the machine that sends and on the nodes.

Shots are found here, from files that this machine sees. What it does not see, a node is asked for; it then
answers for the file's header, too.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from otio_shottag.cuts import Detection, MovieShots
from otio_shottag.decode import MediaInfo
from otio_shottag.errors import MediaError
from otio_shottag.farm import errands
from otio_shottag.farm.errands import Place, Storage
from otio_shottag.media_paths import MediaFinder
from otio_shottag.shots import ImageSequence, Media

Ask = Callable[..., Callable[[], Any]]
"""A function of ``errands`` and its arguments -> what waits for what it gives on some node."""


class Footage:
    """What is known of the places of files."""

    def __init__(self, storage: Storage, ask: Ask) -> None:
        self.storage = storage
        self._ask = ask
        self._named: dict[str, tuple[str, str]] = {}
        """For a file, or a folder of pictures: what the cut says, and where a relative name starts."""
        self._sizes: dict[str, int | None] = {}
        """Bytes of the files that only nodes see."""

    def place_of(self, media: Media) -> Place:
        """Say where a file is, so that a node can find it."""
        if isinstance(media, ImageSequence):
            url, folder = self._named.get(str(media.folder), ("", ""))
            return Place(str(media.folder), url, folder, None, media)
        url, folder = self._named.get(str(media), ("", ""))
        if str(media) in self._sizes:
            return Place(str(media), url, folder, self._sizes[str(media)])
        try:
            return Place(str(media), url, folder, os.stat(media).st_size)
        except OSError:
            return Place(str(media), url, folder)

    def note_place(self, path: Path, url: str, folder: Path | None) -> None:
        """Remember how a file was named where it was found; of numbered pictures their folder is what counts."""
        start = str(folder) if folder is not None else ""
        self._named[str(path)] = (url, start)
        base = url.replace("\\", "/").rpartition("/")[0]
        self._named.setdefault(str(path.parent), (base, start))

    def find_there(self, url: str, folder: Path | None) -> Path | None:
        """Ask a node where a file is; None where it does not find it either."""
        place = Place("", url, str(folder) if folder is not None else "")
        try:
            path, size = self._ask(errands.locate, place, self.storage)()
        except MediaError:
            return None
        self._sizes[path] = size
        return Path(path)

    def find_cuts(self, movie: Path, detection: Detection) -> Callable[[], MovieShots]:
        """Have a node find the shots of a movie; give what waits for them. Raises then what ``find_cuts`` raises."""
        plain = replace(detection, progress=None, look=None)
        return self._ask(errands.cuts_of, self.place_of(movie), self.storage, plain, num_cpus=1)

    def probing(self, look: Callable[[Media], MediaInfo]) -> Callable[[Media], MediaInfo]:
        """Give a ``probe`` that asks a node about files that only nodes see."""

        def probe(media: Media) -> MediaInfo:
            path = media.picture(0) if isinstance(media, ImageSequence) else media
            if str(path) not in self._sizes:
                return look(media)
            info: MediaInfo = self._ask(errands.probe_here, self.place_of(media), self.storage)()
            return info

        return probe


@dataclass
class FarmFinder(MediaFinder):
    """Finds footage as ``MediaFinder`` does, and asks the nodes for what this machine does not see."""

    footage: Footage = field(kw_only=True)

    def find(self, url: str) -> Path:
        """Give the file that a reference means here, or on a node. Raises MediaError."""
        try:
            path = super().find(url)
        except MediaError:
            there = self.footage.find_there(url, self.folder)
            if there is None:
                raise
            path = self._found[url] = there
        self.footage.note_place(path, url, self.folder)
        return path
