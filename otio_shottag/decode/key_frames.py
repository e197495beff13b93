"""Where a file's key frames are, as far as its own list says; reads nothing."""

from fractions import Fraction
from math import floor

from av.video.stream import VideoStream

_BEFORE_ALL = -(2**63)
"""FFmpeg's smallest timestamp."""


class KeyFrameList:
    """The key frames that a file's index names; some have none, others grow with reading.

    Times are roughly right: some lists hold the time of decoding, a few frames before that of showing.
    """

    def __init__(self, stream: VideoStream, time_base: Fraction) -> None:
        """Make it for a file that has just been opened."""
        self._stream = stream
        self._time_base = time_base
        self._known_from_the_start = self._last_known()

    def before(self, seconds: Fraction) -> Fraction | None:
        """Say where a seek to this moment would land; None where the file has no list of that."""
        moment = floor(seconds / self._time_base)
        # Matroska's list holds the beginning only until the first seek, others grow with reading.
        return self._found(moment, backward=True) if moment <= self._last_known() else None

    def near(self, seconds: Fraction) -> list[Fraction]:
        """Give the key frames next to a moment, the one before and the one after, nearest first.

        None where the list was not there when the file was opened: the answer does not depend on
        what was read since.
        """
        moment = floor(seconds / self._time_base)
        if moment > self._known_from_the_start:
            return []
        found = {self._found(moment, backward=True), self._found(moment, backward=False)}
        return sorted((when for when in found if when is not None), key=lambda when: abs(when - seconds))

    def _last_known(self) -> int:
        entries = self._stream.index_entries
        return entries[-1].timestamp if len(entries) else _BEFORE_ALL

    def _found(self, moment: int, *, backward: bool) -> Fraction | None:
        entries = self._stream.index_entries
        found = entries.search_timestamp(moment, backward=backward)
        return entries[found].timestamp * self._time_base if found >= 0 else None
