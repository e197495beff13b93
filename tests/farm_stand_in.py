"""The stand-in judge as a node of a farm gets it: by import, so that no node needs weights."""

import os
import signal
import time
from dataclasses import dataclass

from otio_shottag.farm.errands import Place
from tests.media import read_number
from tests.stand_in import StandIn


class FarmStandIn(StandIn):
    """Judges by bar code, as slowly as it is told, and dies of pictures that show a certain number."""

    side_by_side = True

    def __init__(self, slow_seconds: float = 0, deadly: int = -1, is_buggy: bool = False) -> None:
        super().__init__()
        self._slow_seconds = slow_seconds
        self._deadly = deadly
        self._is_buggy = is_buggy

    def predict(self, batch):
        time.sleep(self._slow_seconds * len(batch))
        if self._is_buggy:
            raise KeyError("a bug")
        if any(read_number(picture) == self._deadly for frames in batch for picture in frames.data):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().predict(batch)


@dataclass(frozen=True)
class StandInRecipe:
    """How a node gets it."""

    slow_seconds: float = 0
    deadly: int = -1
    is_buggy: bool = False
    wants_card: bool = False

    @property
    def key(self) -> str:
        return f"stand-in {self.slow_seconds} {self.deadly} {self.is_buggy}"

    def load(self) -> FarmStandIn:
        return FarmStandIn(self.slow_seconds, self.deadly, self.is_buggy)


@dataclass(frozen=True)
class DeadlyPlace(Place):
    """A file that kills the process that is to look at it, before anything else happens."""

    def __reduce__(self):
        return _die, ()


def _die():
    os.kill(os.getpid(), signal.SIGKILL)
