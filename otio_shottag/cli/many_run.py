"""The road of many cuts: one judge, one cache, media opened once; each cut is written as soon as its shots are judged.

A cut that fails costs only itself. What was done is noted in a journal, from which ``--resume`` goes on. In what
order the shots are judged, ``windows`` says; where outputs go and may be written, ``many_outputs``.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cache as remembered
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otio_shottag.cli.analyses import num_shots
from otio_shottag.cli.many_outputs import Gate, Order
from otio_shottag.cli.many_words import Tally
from otio_shottag.cli.output import note
from otio_shottag.cli.pages import show_unmatched
from otio_shottag.cli.scouts import Scouts, is_movie
from otio_shottag.cli.targets import joined, write_targets
from otio_shottag.cli.windows import Judging, Work
from otio_shottag.cli.workforce import Workforce
from otio_shottag.corrections import Correction, correct
from otio_shottag.decode import probe
from otio_shottag.errors import FarmError, FormatError, MediaError, ShottagError, TimelineError
from otio_shottag.finding import find_shots
from otio_shottag.formats import RunFacts, deliver
from otio_shottag.formats.routes import doubts
from otio_shottag.journal import Done, what_it_rests_on
from otio_shottag.marks import Place, is_unsure
from otio_shottag.media_paths import PathMap
from otio_shottag.settings import Settings
from otio_shottag.shots import ImageSequence, Shot, Skip
from otio_shottag.timeline import Cut, read_timeline

if TYPE_CHECKING:
    from otio_shottag.analyses import Analysis
    from otio_shottag.cache import Cache
    from otio_shottag.cache.identity import Stamp
    from otio_shottag.cuts import Detection, MovieShots


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of every cut."""

    settings: Settings
    corrections: Sequence[Correction]
    markers: Place
    analyses: Sequence[str]
    media_roots: tuple[Path, ...]
    maps: tuple[PathMap, ...]
    rate: Fraction | None
    sequence: str | None
    tracks: tuple[str, ...] | None
    include_disabled: bool
    detection: "Detection"
    frames_per_shot: int | None
    model: Path | None
    device: str

    def in_words(self, place: Callable[[Path], str]) -> str:
        """Say all that the outputs depend on besides cut and media, with paths as ``place`` names them."""
        facts: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        # What decodes and judges is as little a part of the result here as it is for the cache.
        del facts["device"], facts["model"]
        facts["media_roots"] = [place(path) for path in self.media_roots]
        facts["maps"] = [(one.source, place(Path(one.target))) for one in self.maps]
        return f"{version('otio-shottag')} {_model_digest(self.model)} {facts}"


@dataclass(frozen=True, slots=True)
class _Taken:
    """A cut that was taken up, as it was then."""

    order: Order
    rests_on: str
    media: "Mapping[Path, Stamp | None]"
    before: Done | None
    """What an earlier run made of it, where nothing has changed but that skipped clips may be found now."""


class Run:
    """One run over all cuts."""

    def __init__(
        self,
        asked: Asked,
        orders: Sequence[Order],
        gate: Gate,
        tally: Tally,
        analyses: "Sequence[Analysis]",
        cache: "Cache | None",
        workforce: "Workforce",
        *,
        resume: bool,
    ) -> None:
        self._asked = asked
        self._orders = orders
        self._gate = gate
        self._tally = tally
        self._analyses = analyses
        self._cache = cache
        self._resume = resume
        self._workforce = workforce
        self._seconds: dict[str, float] = {}
        self._finder = workforce.finder()
        look = lru_cache(maxsize=10_000)(probe) if cache is None else cache.probing(probe)
        self._probe = workforce.probing(look)
        self._scouts = Scouts(self._begin_cuts, asked.detection, most=workforce.num_movies)
        self._unmatched = list(asked.corrections)
        # All cuts of one journal have the same options in the same words.
        self._options_in_words = remembered(lambda root: asked.in_words(gate.journal_of(root).place))

    def go(self) -> bool:
        """Judge and write everything; tell whether Ctrl-C ended it."""
        judging = Judging(self._works(), self._analyses)
        started = time.perf_counter()
        results = self._workforce.judge_each(judging.wanted(), cache=self._cache, seconds=self._seconds)
        try:
            for result in results:
                work, is_last = judging.take(result)
                self._tally.judged(len(work.shots) * len(self._analyses), is_last=is_last)
                if is_last:
                    self._attempt(self._finish, work, work.order.order)
        except KeyboardInterrupt:
            return True
        finally:
            results.close()
            self._seconds["total"] = time.perf_counter() - started
        return False

    def speed(self) -> str | None:
        """Say how fast it was and what judged; None where there was nothing to judge."""
        known = self._cache.hits if self._cache is not None else 0
        return self._tally.speed(self._seconds["total"], num_known=known, device=self._facts().device)

    def show_corrections(self) -> None:
        """Say how many corrections were applied, and which fit no shot, where every cut was looked at."""
        num_given = len(self._asked.corrections)
        if not num_given or not self._tally.num_written:
            return
        is_all = self._tally.num_written == self._tally.num_cuts
        where = "" if is_all else " in the cuts that were written now"
        note(f"{num_given - len(self._unmatched)} of {num_given} corrections applied{where}")
        if is_all:
            show_unmatched(self._unmatched)

    def _facts(self) -> RunFacts:
        devices = dict.fromkeys(filter(None, (analysis.device for analysis in self._analyses)))
        return RunFacts(device=", ".join(devices) or None, decoder=self._workforce.decoder, remembered=None)

    def _attempt(self, step: "Callable[[Any], Work | None]", subject: Any, order: Order) -> Work | None:
        """Do a step with one cut; what the user can mend costs that cut only."""
        try:
            return step(subject)
        except FarmError:  # no cut can be done
            raise
        except ShottagError as error:
            says_which = str(error).startswith((str(order.cut), *map(str, order.outputs)))
            self._tally.failed(str(error) if says_which else f"{order.cut}: {error}")
            return None

    def _works(self) -> Iterator[Work]:
        for order in self._scouts.ahead_of(self._orders, self._movie_to_look_at):
            work = self._attempt(self._take_up, order, order)
            if work is not None:
                yield work

    def _before(self, order: Order) -> tuple[str, Done | None]:
        """Say what a cut rests on, and what an earlier run made of it, if that still holds. Raises TimelineError."""
        words = f"{self._options_in_words(order.root)} {[(path.name, name) for path, name in order.targets]}"
        rests_on = what_it_rests_on(order.cut, words)
        journal = self._gate.journal_of(order.root)
        return rests_on, journal.unchanged(order.cut, rests_on, order.outputs) if self._resume else None

    def _begin_cuts(self, movie: Path, detection: "Detection") -> "Callable[[], MovieShots]":
        def watch(seen: int, of: int | None) -> None:
            if seen % 100 == 0:
                self._tally.doing(f"finding cuts in {movie.name}, {seen} of {of or 'its'} frames")

        return self._workforce.begin_cuts(movie, replace(detection, progress=watch))

    def _movie_to_look_at(self, order: Order) -> Path | None:
        """Give a cut that is a movie, if its cuts have to be found."""
        if not is_movie(order.cut):
            return None
        try:
            is_done = self._before(order)[1] is not None
            self._gate.check(order)
        except ShottagError:  # it is said when its turn comes
            return None
        return None if is_done else order.cut

    def _take_up(self, order: Order) -> Work | None:
        """Read a cut and find its shots; None where it is done already."""
        asked = self._asked
        rests_on, before = self._before(order)
        # A clip without footage may have it by now. What is skipped of a movie stays so as long as the file does.
        if before is not None and (is_movie(order.cut) or not before.skips):
            self._tally.done_already(before.skips)
            return None
        self._gate.check(order)
        detection = self._scouts.detection(order.cut)
        cut = read_timeline(order.cut, rate=asked.rate, sequence=asked.sequence, detection=detection)
        shots, skips = find_shots(
            cut,
            finder=self._finder.beside(cut.media_folder),
            tracks=asked.tracks,
            include_disabled=asked.include_disabled,
            probe=self._probe,
        )
        if not shots:
            self._tally.skipped(order.cut, skips)
            raise TimelineError(f"{order.cut}: no shot can be judged: {_usual_reason(skips)}")
        return Work(_Taken(order, rests_on, self._media(cut, shots), before), cut, shots, skips)

    def _media(self, cut: Cut, shots: Sequence[Shot]) -> "dict[Path, Stamp | None]":
        """Give the files that shots are judged by, as they are now; none that came out of the cut's own archive."""
        from otio_shottag.cache.identity import files_of, stamp_of

        files: dict[Path, None] = {}
        for shot in shots:
            if isinstance(shot.media, ImageSequence):
                files[shot.media.picture(0)] = None
                for analysis in self._analyses:
                    try:
                        files.update(dict.fromkeys(files_of(shot.media, analysis.moments(shot))))
                    except MediaError:  # too short for it, whatever the pictures are
                        continue
            else:
                files[shot.media] = None
        inside = cut.media_folder if cut.holds is not None else None
        return {path: stamp_of(path) for path in files if inside is None or not path.is_relative_to(inside)}

    def _finish(self, work: Work) -> None:
        """Write what is asked for of a cut."""
        taken: _Taken = work.order
        order, asked, journal = taken.order, self._asked, self._gate.journal_of(taken.order.root)
        tags, skips = work.merged(self._analyses)
        self._tally.skipped(order.cut, skips)
        if not tags:
            raise FormatError(
                f"{order.cut}: nothing was written: of none of its {len(work.shots)} shots a frame could be decoded"
            )
        tags, unmatched = correct(tags, asked.corrections)
        still = {id(one) for one in unmatched}
        self._unmatched = [one for one in self._unmatched if id(one) in still]
        result = _digest((tags, skips), work.cut)
        if taken.before is not None and taken.before.result == result:
            self._tally.done_already()
            return
        delivery = deliver(
            work.cut, tags, skips=skips, settings=asked.settings, markers=asked.markers, tracks=asked.tracks,
            run=self._facts(),
        )  # fmt: skip
        self._gate.prepare(order)
        journal.begin(order.cut, order.outputs)
        written, problems = write_targets(delivery, order.targets)
        if problems:
            journal.fail(order.cut, written)
            raise joined(problems, written)
        journal.finish(order.cut, written, rests_on=taken.rests_on, media=taken.media, skips=len(skips), result=result)
        for doubt in doubts(work.cut):
            self._tally.say(f"{order.cut}: {doubt}")
        unsure = {tag.shot.address for tag in tags if is_unsure(tag, asked.settings)}
        self._tally.written(order.cut, written, num_shots=num_shots(tags), num_unsure=len(unsure), num_skips=len(skips))


def _digest(results: Any, cut: Cut) -> str:
    """Tell what was found in a cut from what else could be."""
    # An archive is unpacked to another folder each time.
    words = repr(results).replace(str(cut.media_folder), "") if cut.holds is not None else repr(results)
    return blake2b(words.encode(errors="surrogateescape"), digest_size=20).hexdigest()


def _usual_reason(skips: Sequence[Skip]) -> str:
    """Say why most of the clips gave no shot."""
    if not skips:
        return "it shows no clips"
    (reason, count), *others = Counter(skip.reason for skip in skips).most_common()
    return f"{reason} (so {count} of {len(skips)} clips)" if others else reason


@remembered
def _model_digest(model: Path | None) -> str:
    """Tell a checkpoint from others by its bytes, and by the labels that may stand beside it."""
    from otio_shottag.model.header import SHIPPED, file_digest

    path = model or SHIPPED
    labels = path.with_suffix(".labels.txt")
    return file_digest(path) + (file_digest(labels) if labels.is_file() else "")
