"""Errands to nodes and back: who gets what, and what becomes of an errand whose node or process died.

A file's errands go to one node as long as that node keeps up; a node that has nothing of its own to do takes over
from the longest queue. Each node has two errands a core at most: the rest waits here, which bounds what lies in the
cluster's memory. An errand that was lost with its node goes out again. One whose process died on a node that lives is
the file's fault: the second time that happens, the file is given up.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import ray

from otio_shottag.errors import ShottagError
from otio_shottag.farm import nodes
from otio_shottag.farm.cluster import Cluster, Node
from otio_shottag.farm.errands import Errand, Recipe, Report
from otio_shottag.looking import Looked

_TRIES = 2
"""Processes that one file may kill."""
_MOST_LOSSES = 10
"""Nodes and judges that may die under one errand, whose fault that need not be."""
_MOST_REST_SECONDS = 10.0
"""Before a lost errand is sent again, the longest wait; the first is a fifth of a second."""
_SURVEY_SECONDS = 2.0
_TURN_SECONDS = 0.2


@dataclass(eq=False)
class _Job:
    """An errand on its way."""

    file: str
    errand: Errand
    short_side: int
    recipe: Recipe
    boxed: list[Any]
    future: "Future[Looked]"
    node: Node | None = None
    judge: Any = None
    """The actor that judges it, where a card does."""
    judge_node: Node | None = None
    num_lost: int = 0

    @property
    def is_cut_off(self) -> bool:
        """Whether a node that works on it is gone."""
        return any(node is not None and not node.is_alive for node in (self.node, self.judge_node))


class Dispatch:
    """Sends errands to a cluster, from a thread of its own."""

    def __init__(self, take: Callable[[str, Report], Looked], note: Callable[[str], None]) -> None:
        """``take`` is given every report with its recipe's key; ``note`` what the user should know of nodes."""
        self._take = take
        self.cluster = Cluster(note)
        self._waiting: dict[str, deque[_Job]] = {}
        self._homes: dict[str, Node] = {}
        self._out: dict[Any, _Job] = {}
        self._doubtful: dict[Any, _Job] = {}
        """Jobs whose process died, by a greeting to their node: whether it answers tells whose fault it was."""
        self._open: set[_Job] = set()
        """All that are not done: what an error in the farm's thread has to reach, wherever it struck."""
        self._resting: list[tuple[float, _Job]] = []
        """Jobs that are to be sent again, and when."""
        self._deaths: Counter[str] = Counter()
        self._boxes: dict[str, list[Any]] = {}
        self._look = ray.remote(num_cpus=1, max_retries=0)(nodes.see_and_judge)
        self._see = ray.remote(num_cpus=1, max_retries=0)(nodes.see)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_closing = False
        self.cluster.survey()
        self._thread = threading.Thread(target=self._run, name="farm", daemon=True)
        self._thread.start()

    def submit(self, file: str, errand: Errand, short_side: int, recipe: Recipe) -> "Future[Looked]":
        """Have an errand done; errands of one ``file`` go together."""
        if recipe.key not in self._boxes:
            self._boxes[recipe.key] = [ray.put(recipe)]
        job = _Job(file, errand, short_side, recipe, self._boxes[recipe.key], Future())
        with self._lock:
            if self.cluster.problem is not None:
                job.future.set_exception(self.cluster.problem)
                return job.future
            self._open.add(job)
            self._waiting.setdefault(file, deque()).append(job)
        job.future.add_done_callback(lambda _: self._open.discard(job))
        self._wake.set()
        return job.future

    def close(self) -> None:
        """Stop sending; what is out is forgotten."""
        self._is_closing = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        surveyed = time.monotonic()
        while not self._is_closing:
            try:
                if time.monotonic() - surveyed > _SURVEY_SECONDS:
                    surveyed = time.monotonic()
                    self.cluster.survey()
                    self._call_back()
                self._wake_rested()
                self._send_out()
                self._gather()
            except BaseException as error:  # it must come out where the results are awaited
                self._fail_all(error)
                return

    def _gather(self) -> None:
        """Wait a moment for answers, and hear all that are there."""
        refs = [*self._out, *self.cluster.greetings]  # the doubtful are among the latter
        if not refs:
            self._wake.wait(_TURN_SECONDS)
            self._wake.clear()
            return
        ready, _ = ray.wait(refs, timeout=_TURN_SECONDS)
        if ready:
            ready, _ = ray.wait(refs, num_returns=len(refs), timeout=0)
        for ref in ready:
            if ref in self._doubtful:
                self._decide(ref)
            elif ref in self._out:
                self._finish(ref)
            else:
                self.cluster.listen(ref)

    def _send_out(self) -> None:
        self.cluster.check_hope()
        while True:
            free = [node for node in self.cluster.ready if node.has_room]
            if not free:
                return
            node = min(free, key=lambda node: node.num_out / node.num_cpus)
            with self._lock:
                job = self._next_for(node)
            if job is None:
                return
            self._send(job, node)

    def _next_for(self, node: Node) -> _Job | None:
        """Take the next job for a node: of a file of its own, of a new one, or of the longest queue."""
        if not self._waiting:
            return None
        own = next((file for file in self._waiting if self._homes.get(file) is node), None)
        homeless = (file for file in self._waiting if not self._has_home(file))
        file = own or next(homeless, None) or max(self._waiting, key=lambda file: len(self._waiting[file]))
        if not self._has_home(file):
            self._homes[file] = node
        jobs = self._waiting[file]
        job = jobs.popleft()
        if not jobs:
            del self._waiting[file]
        return job

    def _has_home(self, file: str) -> bool:
        return file in self._homes and self._homes[file].is_alive

    def _send(self, job: _Job, node: Node) -> None:
        if self._deaths[job.file] >= _TRIES:
            self._give_up(job)
            return
        if not job.future.running() and not job.future.set_running_or_notify_cancel():
            return
        job.judge = job.judge_node = None
        judges = [(judge, one) for one in self.cluster.ready for judge in one.judges] if job.recipe.wants_card else []
        where = node.only_here
        if judges:
            load = Counter(other.judge for other in self._out.values())
            job.judge, job.judge_node = min(judges, key=lambda pair: load[pair[0]])
            sight = self._see.options(scheduling_strategy=where, name=f"decode {_shown(job.file)}").remote(
                job.errand, job.short_side
            )
            ref = job.judge.judge.remote(job.recipe.key, job.boxed, sight)
        else:
            ref = self._look.options(scheduling_strategy=where, name=f"judge {_shown(job.file)}").remote(
                job.recipe.key, job.boxed, job.errand
            )
        job.node = node
        node.num_out += 1
        self._out[ref] = job

    def _finish(self, ref: Any) -> None:
        """Hand in what came of a job, or see what to do about it."""
        job = self._out.pop(ref)
        assert job.node is not None
        job.node.num_out -= 1
        try:
            report: Report = ray.get(ref)
        except ray.exceptions.RayTaskError as error:
            self._react(job, job.node, error.cause or error)
        except ray.exceptions.RayError as error:
            self._react(job, job.node, error)
        else:
            self._forget_home(job.file)
            job.future.set_result(self._take(job.recipe.key, report))

    def _react(self, job: _Job, node: Node, error: BaseException) -> None:
        """Tell what is the fault of a node, of a file, and of us."""
        if isinstance(error, ray.exceptions.RayActorError):
            self.cluster.replace_judge(job.judge)
            self._send_again(job)
        elif isinstance(error, ray.exceptions.NodeDiedError):
            self.cluster.bury(node)
            self._send_again(job)
        elif isinstance(error, ray.exceptions.OwnerDiedError):
            # What it fetches is this process', which lives.
            reason = "cannot reach this machine: for a firewall, or a Ray token that only one of them was told to use"
            self.cluster.leave_out(node, reason)
            self._send_again(job)
        elif isinstance(error, ray.exceptions.ObjectLostError | ray.exceptions.TaskUnschedulableError):
            self._send_again(job)
        elif isinstance(error, ray.exceptions.RayTaskError):
            job.future.set_exception(error)
        elif isinstance(error, ray.exceptions.RayError):
            # WorkerCrashedError, OutOfMemoryError: the file's fault, if the node still answers.
            self._doubtful[self.cluster.greet(node)] = job
        elif isinstance(error, ShottagError | ImportError | OSError):
            self.cluster.leave_out(node, " ".join(str(error).split()))
            self._send_again(job)
        else:
            job.future.set_exception(error)

    def _decide(self, ref: Any) -> None:
        """Blame the file for a dead process, or the node."""
        job = self._doubtful.pop(ref)
        assert job.node is not None
        self.cluster.listen(ref)
        if job.node.is_alive:
            self._deaths[job.file] += 1
        if self._deaths[job.file] >= _TRIES:
            self._give_up(job)
        else:
            self._send_again(job)

    def _send_again(self, job: _Job) -> None:
        job.num_lost += 1
        if job.num_lost > _MOST_LOSSES:
            self._give_up(job, f"lost {job.num_lost} nodes or processes that looked at it")
            return
        # What was wrong may pass: a network that was out, a node whose end is not known yet.
        self._resting.append((time.monotonic() + min(_MOST_REST_SECONDS, 0.1 * 2**job.num_lost), job))

    def _call_back(self) -> None:
        """Send again what is out on nodes that are gone; where only the network is, Ray waits for minutes."""
        for jobs in (self._out, self._doubtful):
            for ref in [ref for ref, job in jobs.items() if job.is_cut_off]:
                job = jobs.pop(ref)
                if job.node is not None and jobs is self._out:
                    job.node.num_out -= 1
                self._send_again(job)

    def _wake_rested(self) -> None:
        due = [job for when, job in self._resting if when <= time.monotonic()]
        self._resting = [(when, job) for when, job in self._resting if job not in due]
        with self._lock:
            for job in due:
                # First of all: its shots are those that the cut waits for.
                self._waiting = {job.file: deque([job, *self._waiting.pop(job.file, ())]), **self._waiting}

    def _give_up(self, job: _Job, why: str = f"brought the process that looked at it down {_TRIES} times") -> None:
        reason = f"{job.file}: {why}" + (f" (the last time on {job.node.name})" if job.node is not None else "")
        num_shots = len(job.errand.wishes)
        looked = Looked((reason,) * num_shots, (False,) * num_shots, 0.0, 0.0)
        if job.future.running() or job.future.set_running_or_notify_cancel():
            job.future.set_result(looked)

    def _forget_home(self, file: str) -> None:
        with self._lock:
            if file not in self._waiting and all(job.file != file for job in self._out.values()):
                self._homes.pop(file, None)

    def _fail_all(self, error: BaseException) -> None:
        with self._lock:
            self.cluster.problem = error
            jobs = list(self._open)
        for job in jobs:
            if job.future.running() or job.future.set_running_or_notify_cancel():
                job.future.set_exception(error)


def _shown(file: str) -> str:
    # A name that is no UTF-8 on disk has surrogates, which Ray cannot show.
    return file.encode(errors="backslashreplace").decode()
