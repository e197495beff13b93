"""Decoding on a graphics card: asked for by name, with the CPU where that cannot be.

For samples that lie far apart a card is often slower than a CPU, and no card was there to
measure it on: ``auto`` decodes on the CPU.
"""

from typing import TYPE_CHECKING

from otio_shottag.errors import MediaError

if TYPE_CHECKING:
    from av.codec.hwaccel import HWAccel

KINDS = ("auto", "none", "cuda", "videotoolbox", "d3d11va")
"""What may be asked for; ``auto`` chooses."""


class Hardware:
    """What was asked for, and what came of it."""

    def __init__(self, wish: str = "none") -> None:
        """Raises MediaError for a kind that nobody knows."""
        if wish not in KINDS:
            raise MediaError(f"unknown hardware decoding {wish!r}; one of {', '.join(KINDS)}")
        self.wish = wish
        self._kind = None if wish in ("auto", "none") else wish
        self._num_used = 0
        self._num_not_used = 0

    def accelerator(self) -> "HWAccel | None":
        """Give PyAV's handle for one more file; None where the CPU decodes it."""
        if self._kind is None:
            return None
        from av.codec.hwaccel import HWAccel, hwdevices_available

        if self._kind not in hwdevices_available():
            return None
        return HWAccel(device_type=self._kind, allow_software_fallback=True)

    def note(self, *, is_used: bool) -> None:
        """Note whether one more file is decoded on it."""
        if is_used:
            self._num_used += 1
        else:
            self._num_not_used += 1

    def take(self) -> tuple[int, int]:
        """Give, and forget, how many files were decoded on it and how many not; for ``add`` elsewhere."""
        counts, self._num_used, self._num_not_used = (self._num_used, self._num_not_used), 0, 0
        return counts

    def add(self, counts: tuple[int, int]) -> None:
        """Count what another process took."""
        self._num_used += counts[0]
        self._num_not_used += counts[1]

    @property
    def words(self) -> str:
        """Say what decoded: ``"cpu"``, ``"cuda"``, or that what was asked for could not be had."""
        if self._kind is None or not (self._num_used or self._num_not_used):
            return "cpu" if self._kind is None else f"{self._kind}, nothing decoded"
        if not self._num_used:
            return f"cpu; {self._kind} was asked for and could not be used"
        others = f"; cpu for {self._num_not_used} of {self._num_used + self._num_not_used} files opened"
        return self._kind + (others if self._num_not_used else "")
