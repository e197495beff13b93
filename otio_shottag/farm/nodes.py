"""What Ray (https://docs.ray.io) runs on the nodes: thin shells around the errands."""

from typing import Any

import ray

from otio_shottag.analyses import Analysis
from otio_shottag.farm import errands
from otio_shottag.farm.errands import Errand, Report, Sight

Boxed = list[Any]
"""A reference to a recipe, in a list: a checkpoint is fetched once a process, not with every errand."""


def _analysis(key: str, boxed: Boxed) -> Analysis:
    return errands.analysis_of(key, lambda: ray.get(boxed[0]))


def _node() -> str:
    return str(ray.get_runtime_context().get_node_id())


def see_and_judge(key: str, boxed: Boxed, errand: Errand) -> Report:
    """Do a whole errand in one process: where the CPU judges."""
    analysis = _analysis(key, boxed)
    return errands.judge(analysis, errands.see(errand, analysis.short_side), node=_node())


def see(errand: Errand, short_side: int) -> Sight:
    """Do an errand's first half, for a judge elsewhere."""
    return errands.see(errand, short_side)


class Judge:
    """Holds the networks on one card, and judges what other processes decoded."""

    def judge(self, key: str, boxed: Boxed, sight: Sight) -> Report:
        """Judge an errand's pictures."""
        return errands.judge(_analysis(key, boxed), sight, node=_node())
