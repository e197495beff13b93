"""Where the outputs of many cuts go, and whether they may be written there."""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click

from otio_shottag.cli.cuts_given import Given
from otio_shottag.cli.targets import check_targets
from otio_shottag.errors import FormatError
from otio_shottag.formats.files import remove_part
from otio_shottag.journal import Journal


@dataclass(frozen=True, slots=True)
class Order:
    """A cut and what is to be written of it."""

    cut: Path
    folder: Path
    """Where the outputs go."""
    root: Path
    """The folder whose journal says what was done."""
    targets: tuple[tuple[Path, str], ...]
    """The outputs, each with its format."""

    @property
    def outputs(self) -> list[Path]:
        """The files alone."""
        return [path for path, _ in self.targets]


def orders_for(
    cuts: Sequence[Given], folder: Path | None, formats: Sequence[str], editors: Sequence[str]
) -> list[Order]:
    """Say what is written of each cut: below ``folder``, or beside the cut where there is none.

    Cuts that would be called alike keep their ending in the name. Raises a usage error where that is not
    enough, or where two formats have one name.
    """
    places = [folder / cut.below if folder is not None else cut.path.parent for cut in cuts]
    count = Counter(_key(place / cut.path.stem) for place, cut in zip(places, cuts, strict=True))
    orders = []
    owner: dict[str, Path] = {}
    for place, cut in zip(places, cuts, strict=True):
        is_alone = count[_key(place / cut.path.stem)] == 1
        targets = _targets(cut.path, cut.path.stem if is_alone else cut.path.name, place, formats, editors)
        for path, _ in targets:
            other = owner.setdefault(os.path.abspath(path), cut.path)
            if other != cut.path:
                raise click.UsageError(
                    f"{other} and {cut.path} would both be written to {path}; name the folder that holds both, whose "
                    "inside is kept, or give each run a folder of its own"
                )
        orders.append(Order(cut.path, place, folder if folder is not None else place, targets))
    return orders


def _targets(
    cut: Path, name: str, folder: Path, formats: Sequence[str], editors: Sequence[str]
) -> tuple[tuple[Path, str], ...]:
    from otio_shottag.formats.routes import ENDINGS, ROUTES, set_of_files

    named = {folder / f"{name}{ENDINGS[one]}": one for one in formats or (() if editors else ("otio",))}
    for editor in editors:
        for path, one in set_of_files(ROUTES[editor], cut.with_name(f"{name}{cut.suffix}"), folder):
            if named.setdefault(path, one) != one:
                raise click.UsageError(
                    f"--for {editor} writes {path.name} as {one}, --format as {named[path]}; "
                    "ask for one of them, or give each run a folder of its own"
                )
    return tuple(named.items())


def check_folder(folder: Path) -> None:
    """Raise FormatError where a folder is not there and cannot be made."""
    there = next(one for one in (folder, *folder.absolute().parents) if os.path.lexists(one))
    if not there.is_dir():
        raise FormatError(f"{folder}: cannot be made: {there} is no folder; name another -o")
    if not os.access(there, os.W_OK):
        raise FormatError(f"{folder}: the folder {there} cannot be written to; name another -o")


def _key(path: Path) -> str:
    # Disks of Macs and Windows take two such names for one.
    return unicodedata.normalize("NFC", os.path.abspath(path)).casefold()


class Gate:
    """Lets outputs be written that nobody would miss; keeps the journals."""

    def __init__(self, orders: Iterable[Order], *, force: bool, resume: bool) -> None:
        self._inputs = {os.path.realpath(order.cut) for order in orders}
        self._force = force
        self._resume = resume
        self.journal_of = cache(Journal)
        self.left_by_us = 0
        """Outputs refused that an earlier run of ours had written."""

    def check(self, order: Order) -> None:
        """Raise FormatError where an output may not be written."""
        journal: Journal = self.journal_of(order.root)
        ours = [path for path in order.outputs if journal.is_ours(path)]
        for path in order.outputs:
            if os.path.realpath(path) in self._inputs:
                raise FormatError(f"{path}: is one of the cuts, which are never written over; name another -o")
        if not order.folder.is_dir():
            check_folder(order.folder)
        if not order.cut.exists() or not order.folder.is_dir():
            return
        may = ours if self._resume else []
        check_targets(order.cut, may, force=True)
        try:
            check_targets(order.cut, [path for path in order.outputs if path not in may], force=self._force)
        except FormatError:
            self.left_by_us += any(path.exists() for path in ours)
            raise
        journal.check()

    def prepare(self, order: Order) -> None:
        """Make the folder of the outputs, and take away what a run that was killed left half written in it.

        Raises FormatError where an output may not be written.
        """
        try:
            order.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FormatError(f"{order.folder}: cannot be made: {error.strerror or error}") from error
        self.check(order)
        dead = self.journal_of(order.root).dead_writer(order.cut) if self._resume else None
        if dead is not None:
            for path in order.outputs:
                remove_part(path, dead)
