"""The nodes of a Ray cluster: which there are, which of them can work, and what runs on each.

A node is asked for its versions before it gets work, and again when it comes back. One that has another version of
ours or of the decoder, or none, is left out and named: it would give other tags.
"""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from otio_shottag.errors import FarmError, MediaError
from otio_shottag.farm import errands, nodes
from otio_shottag.farm.errands import Hello

_ERRANDS_PER_CPU = 2
"""One at work and one that waits, so that no core is idle while the next is on its way."""


_RETRIES = 2
"""Of a question whose node, or process, died."""
_KNOCK_SECONDS = 10.0
_GREETING_SECONDS = 120.0
"""For a node to say its versions: it may have to read Python and torch from a share first."""
_TURN_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0
"""For a node to come where none works: after a power cut, or where a cluster starts them on demand."""


@dataclass(eq=False)
class Node:
    """One machine of the cluster, or one of several nodes on it."""

    id: str
    name: str
    num_cpus: int
    num_gpus: int
    is_ready: bool = False
    is_alive: bool = True
    num_out: int = 0
    """Errands that it has not reported on."""
    num_asked: int = 0
    """Questions that it has not answered."""
    greeted: float = field(default_factory=time.monotonic)
    """When it was last asked for its versions."""
    judges: list[Any] = field(default_factory=list)
    """One actor for each card."""

    @property
    def has_room(self) -> bool:
        """Whether it should get another errand."""
        return self.is_ready and self.is_alive and self.num_out < _ERRANDS_PER_CPU * self.num_cpus

    @property
    def only_here(self) -> NodeAffinitySchedulingStrategy:
        """Give Ray's word for: on this node and no other, which may be one that was left out."""
        return NodeAffinitySchedulingStrategy(self.id, soft=False)


def connect(address: str, *, num_cpus: int | None) -> None:
    """Join the cluster at an address, or start one on this machine for ``local``. Raises FarmError."""
    cores = {"num_cpus": num_cpus, "include_dashboard": False} if address == "local" else {}
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **cores)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise FarmError(
            f"--ray {address}: cannot join it ({reason}); should be the HOST:PORT that 'ray start --head' printed, "
            f"auto for the cluster that this machine is in, or local{_hint()}"
        ) from error


def _hint() -> str:
    # "ray start" (2.60) makes a cluster want a token where one is in the home folder, as "ray.init" leaves it there
    # for a local cluster; to bring it, "ray.init" has to be told: https://docs.ray.io/en/latest/ray-security/token-auth.html
    has_token = (Path.home() / ".ray" / "auth_token").is_file() or "RAY_AUTH_TOKEN" in os.environ
    is_told = "RAY_AUTH_MODE" in os.environ
    return "" if is_told or not has_token else "; if it wants the token that is here, set RAY_AUTH_MODE=token"


def _knock(address: str) -> None:
    """Raise OSError where nobody listens: Ray itself would wait for minutes and then end the process."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_SECONDS):
            pass
    elif address not in ("auto", "local"):
        raise ValueError("no port in it")


class Cluster:
    """The nodes, as last seen."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._nodes: dict[str, Node] = {}
        self._greeted: dict[Any, Node] = {}
        self._own = errands.hello()
        self._hello = ray.remote(num_cpus=0, max_retries=0)(errands.hello)
        self._judge = ray.remote(num_cpus=0, num_gpus=1, max_restarts=0)(nodes.Judge)
        self._hopeless_since: float | None = None
        self.problem: BaseException | None = None
        """What ended the farm's thread; nobody needs to wait for a node after that."""
        self.left_out: dict[str, str] = {}
        """Nodes that get no work, by name, and why."""

    @property
    def _all(self) -> list[Node]:
        return list(self._nodes.values())  # in one go: the farm's thread may find a new one meanwhile

    @property
    def ready(self) -> list[Node]:
        """Nodes that work."""
        return [node for node in self._all if node.is_ready and node.is_alive]

    @property
    def num_cpus(self) -> int:
        """Cores of the nodes that work, or are about to."""
        return sum(node.num_cpus for node in self._all if node.is_alive)

    @property
    def words(self) -> str:
        """Say what it has."""
        nodes = [node for node in self._all if node.is_alive]
        num_cpus, num_gpus = sum(node.num_cpus for node in nodes), sum(node.num_gpus for node in nodes)
        counts = [(len(nodes), "node"), (num_cpus, "core"), (num_gpus, "graphics card")]
        on, cores, cards = (f"{count} {word}{'s' * (count != 1)}" for count, word in counts)
        return f"a cluster of {on} with {cores}" + (f" and {cards}" if num_gpus else "")

    def check_hope(self) -> None:
        """Raise FarmError where no node works, and none is about to, for some time."""
        now = time.monotonic()
        if self.ready or any(now - node.greeted < _GREETING_SECONDS for node in list(self._greeted.values())):
            self._hopeless_since = None
            return
        if self._hopeless_since is None:
            self._hopeless_since = now
            self._note("no node of the cluster works; waiting for one")
        silent = dict.fromkeys((node.name for node in self._greeted.values()), "does not answer")
        reasons = "; ".join(f"{name} {reason}" for name, reason in {**silent, **self.left_out}.items())
        if now - self._hopeless_since > _PATIENCE_SECONDS:
            raise FarmError(f"no node of the cluster can work{': ' + reasons if reasons else ''}")

    def ask(self, function: Callable[..., Any], *arguments: Any, num_cpus: int = 0) -> Callable[[], Any]:
        """Have a function run on a node that works; give what waits for it.

        That raises what the function raises, MediaError where it brought down all who were asked, and FarmError
        where nobody is left who could be.
        """
        remote = ray.remote(num_cpus=num_cpus, max_retries=0)(function)
        first = self._begin(remote, arguments)

        def answer() -> Any:
            node, ref = first
            for asked in range(_RETRIES + 1):
                if asked:
                    node, ref = self._begin(remote, arguments)
                try:
                    # Where only a node's network is gone, Ray itself would wait for minutes.
                    while not ray.wait([ref], timeout=_TURN_SECONDS)[0] and node.is_alive:
                        self._check_problem()
                    if node.is_alive:
                        return ray.get(ref)
                except ray.exceptions.RayTaskError as error:
                    raise error.cause or error from None
                except ray.exceptions.RayError:
                    continue
                finally:
                    node.num_asked -= 1
            about = " ".join(map(str, arguments[:1]))
            raise MediaError(f"{about}: {_RETRIES + 1} nodes that were to look at it did not answer, or died of it")

        return answer

    def _begin(self, remote: Any, arguments: tuple[Any, ...]) -> tuple[Node, Any]:
        """Ask the node that has least to answer; waits for one that works."""
        self._check_problem()
        while not self.ready:
            time.sleep(0.05)
            self._check_problem()
        node = min(self.ready, key=lambda node: node.num_asked / node.num_cpus)
        node.num_asked += 1
        return node, remote.options(scheduling_strategy=node.only_here).remote(*arguments)

    def _check_problem(self) -> None:
        if self.problem is not None:
            raise self.problem

    def survey(self) -> None:
        """Look which nodes are there, and greet the new ones."""
        seen = {row["NodeID"]: row for row in ray.nodes()}
        for node_id, row in seen.items():
            node = self._nodes.get(node_id)
            resources = row.get("Resources", {})
            if node is None and row["Alive"] and resources.get("CPU", 0) >= 1:
                name = f"{row.get('NodeName') or row['NodeManagerAddress']}"
                node = Node(node_id, name, int(resources["CPU"]), int(resources.get("GPU", 0)))
                self._nodes[node_id] = node
                self.greet(node)
            elif node is not None and node.is_alive and not row["Alive"]:
                self.bury(node)

    def bury(self, node: Node) -> None:
        """Note that a node is gone."""
        if node.is_alive:
            node.is_alive = False
            node.judges.clear()
            self._note(f"node {node.name} is lost; what it was looking at goes to the others")

    def greet(self, node: Node) -> Any:
        """Ask a node for its versions; ``listen`` hears the answer."""
        ref = self._hello.options(scheduling_strategy=node.only_here).remote()
        self._greeted[ref] = node
        node.greeted = time.monotonic()
        return ref

    @property
    def greetings(self) -> list[Any]:
        """References to answers that are awaited."""
        return list(self._greeted)

    def listen(self, ref: Any) -> None:
        """Hear what a node answered."""
        node = self._greeted.pop(ref)
        try:
            hello: Hello = ray.get(ref)
        except ray.exceptions.RayTaskError as error:
            reason = str(error).strip().splitlines()[-1]
            self.leave_out(node, f"otio-shottag does not run there ({reason})")
        except ray.exceptions.RayError:
            self.bury(node)
        else:
            self._judge_versions(node, hello)

    def _judge_versions(self, node: Node, hello: Hello) -> None:
        for what, theirs, ours in (
            ("otio-shottag", hello.version, self._own.version),
            ("PyAV", hello.decoder, self._own.decoder),
            ("weights", hello.weights[:12], self._own.weights[:12]),
        ):
            if theirs != ours:
                self.leave_out(node, f"has {what} {theirs}, this machine {ours}: install the same")
                return
        if node.is_ready:  # it was asked whether it lives
            return
        node.is_ready = True
        for _ in range(node.num_gpus):
            node.judges.append(self._judge.options(scheduling_strategy=node.only_here).remote())

    def leave_out(self, node: Node, reason: str) -> None:
        """Give a node no more work."""
        if not node.is_alive:  # several errands were out on it, and each comes back for this reason
            return
        node.is_alive = False
        self.left_out[node.name] = reason
        self._note(f"node {node.name} is left out: {reason}")

    def replace_judge(self, judge: Any) -> None:
        """Start an actor anew that died while its node lives."""
        for node in self.ready:
            if judge in node.judges:
                node.judges.remove(judge)
                node.judges.append(self._judge.options(scheduling_strategy=node.only_here).remote())
