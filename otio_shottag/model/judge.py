"""Pictures of shots -> probabilities: a checkpoint's network, made ready for one device.

On a CPU each shot goes through the network by itself, on one thread: several shots are judged side
by side, each on a core of its own, which wastes nothing on waiting for the slowest part of a layer. What a
shot's answer is then cannot depend on what else is judged with it. Graphics cards want many
pictures at once.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from otio_shottag.errors import ModelError
from otio_shottag.model.checkpoint import Checkpoint
from otio_shottag.model.device import describe_device, fastest_dtype
from otio_shottag.model.network import fused
from otio_shottag.model.pictures import fit, normalize, without_bars

ROWS = NDArray[np.float64]
"""Probabilities, one row for each picture: (N, labels)."""

_CPU_BATCH = 16
"""Pictures of one shot that go through together on a CPU; more gains nothing and takes memory."""
_FIRST_BATCH = 128
"""Pictures that a card is given at first; halved where its memory is too small."""


class Judge:
    """One checkpoint on one device; on a CPU several threads may ask at once.

    On a CPU it sets torch to one thread for the whole process, and leaves it so.
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        dtype = fastest_dtype(device)
        self.device = describe_device(device, dtype)
        self.side_by_side = device.type == "cpu"
        self.header = checkpoint.header
        self._checkpoint = checkpoint
        self._device = device
        self._dtype = dtype
        network = fused(checkpoint.network).to(device=device, dtype=dtype)
        self._network = network.to(memory_format=torch.channels_last)
        self._batch = _FIRST_BATCH
        self._copies = _stream(device) if device.type == "cuda" else None
        if self.side_by_side:
            torch.set_num_threads(1)

    def probabilities(self, shots: Sequence[NDArray[np.uint8]]) -> list[ROWS]:
        """Give calibrated probabilities for the pictures of each shot, uint8 RGB (N, H, W, 3).

        Raises ModelError where the device's memory does not even hold one picture.
        """
        fitted = [self._fitted(shot) for shot in shots]
        if self.side_by_side:
            return [self._calibrated(self._on_cpu(pictures)) for pictures in fitted]
        if not fitted:
            return []
        rows = self._calibrated(self._on_card(torch.cat(fitted)))
        ends = np.cumsum([len(pictures) for pictures in fitted])
        return np.split(rows, ends[:-1])

    def _fitted(self, shot: NDArray[np.uint8]) -> Tensor:
        return fit(without_bars(torch.from_numpy(shot).permute(0, 3, 1, 2)), self._checkpoint.geometry)

    def _calibrated(self, scores: Tensor) -> ROWS:
        rows: ROWS = torch.softmax(scores.double() / self._checkpoint.temperature, dim=1).numpy()
        return rows

    @torch.inference_mode()
    def _on_cpu(self, pictures: Tensor) -> Tensor:
        return torch.cat([self._judged(some) for some in torch.split(pictures, _CPU_BATCH)])

    @torch.inference_mode()
    def _on_card(self, pictures: Tensor) -> Tensor:
        """Judge many pictures; where the card's memory runs out, in smaller batches from there on."""
        scores: list[Tensor] = []
        done = 0
        while done < len(pictures):
            try:
                for some in self._uploaded(pictures[done:]):
                    scores.append(self._judged(some))
                    done += len(some)
            except torch.OutOfMemoryError as error:
                if self._batch == 1:
                    raise ModelError(
                        f"{self.device}: its memory does not hold one picture; try --device cpu"
                    ) from error
                self._batch //= 2
                if self._copies is not None:
                    torch.cuda.empty_cache()
        return torch.cat(scores)

    def _uploaded(self, pictures: Tensor) -> Iterator[Tensor]:
        """Give batches on the device; each is copied there while the one before is judged."""
        batches = torch.split(pictures, self._batch)
        if self._copies is None:
            yield from (some.to(self._device) for some in batches)
            return
        ahead = self._copied(batches[0])
        for number in range(1, len(batches) + 1):
            torch.cuda.current_stream(self._device).wait_stream(self._copies)
            ahead.record_stream(torch.cuda.current_stream(self._device))
            here = ahead
            if number < len(batches):
                ahead = self._copied(batches[number])
            yield here

    def _copied(self, some: Tensor) -> Tensor:
        with torch.cuda.stream(self._copies):
            return some.pin_memory().to(self._device, non_blocking=True)

    def _judged(self, pictures: Tensor) -> Tensor:
        numbers = normalize(pictures, self._checkpoint.normalization)
        scores: Tensor = self._network(numbers.to(self._dtype)).float().cpu()
        return scores


def _stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch leaves its type out
