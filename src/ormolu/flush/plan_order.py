"""The order of a flush's steps, mappers as wholes and objects within cycles."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from .order import in_cycles, levels
from .steps import Barrier, DeleteAll, Edges, SaveAll, Step

ORDER = attrgetter("order")
KEPT = 100
"""Orders that are kept for a mapper."""


def run_steps(uow: Any, mappers: list[Any], active: list[Any]) -> None:
    """Do everything that a flush has to do, in order.

    Args:
        mappers: the base mappers of the objects.
        active: the relationships that may have something to do.
    """
    memo: dict[Any, Any] = mappers[0]._plans.setdefault("orders", {})
    key = (tuple(mappers), tuple(active))
    planned = memo.get(key)
    if planned is None:
        planned = _planned(mappers, active)
        if len(memo) >= KEPT:
            memo.clear()
        memo[key] = planned
    steps, edges, cycles, ordered = planned
    if not cycles:
        for step in ordered:
            step.run(uow, [])
        return
    _run_by_object(uow, steps, edges, cycles, active)


def _planned(mappers: list[Any], active: list[Any]) -> Any:
    steps: dict[Step, Step] = {}
    edges: Edges = set()

    def add(first: Step, second: Step) -> None:
        first = steps.setdefault(first, first)
        edges.add((first, steps.setdefault(second, second)))

    for mapper in mappers:
        add(SaveAll(mapper), DeleteAll(mapper))
    for dependency in active:
        dependency.order_all(add)
    nodes = sorted(steps, key=ORDER)
    cycles = in_cycles(nodes, edges)
    ordered = (
        () if cycles else tuple(s for level in levels(nodes, edges) for s in level)
    )
    return nodes, edges, cycles, ordered


def _run_by_object(
    uow: Any, steps: list[Step], edges: Edges, cycles: set[Step], active: list[Any]
) -> None:
    """The steps of cycles are taken apart into steps for single objects."""
    parts = {step: step.parts(uow) for step in cycles}
    replaced = {step for d in active for step in d.taken_apart(cycles)}
    nodes = {s: s for s in steps if s not in cycles and s not in replaced}
    for found in parts.values():
        nodes.update((step, step) for step in found)
    barriers: set[Step] = set()
    finer: Edges = set()
    for first, second in edges:
        if first in replaced or second in replaced:
            continue  # the relationships themselves put their objects into order
        if first in cycles and second in cycles:
            if isinstance(first, SaveAll) and isinstance(second, DeleteAll):
                barrier = Barrier(first.mapper)
                barriers.add(barrier)
                finer.update((step, barrier) for step in parts[first])
                finer.update((barrier, step) for step in parts[second])
            continue
        for one in parts.get(first, (first,)):
            for other in parts.get(second, (second,)):
                finer.add((one, other))

    def add(first: Step, second: Step) -> None:
        first = nodes.setdefault(first, first)
        finer.add((first, nodes.setdefault(second, second)))

    for dependency in active:
        for step in dependency.order_each(uow, cycles, add):
            nodes.setdefault(step, step)
    ordered = [*barriers, *sorted(nodes, key=ORDER)]
    for level in levels(ordered, finer, barriers):
        _run_level(uow, level)


def _run_level(uow: Any, level: list[Step]) -> None:
    groups: dict[Any, list[Step]] = {}
    for step in level:
        group = step.group
        groups.setdefault(step if group is None else group, []).append(step)
    for first, *others in groups.values():
        first.run(uow, others)
