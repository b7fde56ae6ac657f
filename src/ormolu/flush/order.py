"""Topological orders."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy.exc import CircularDependencyError

T = TypeVar("T")


def in_cycles(nodes: Iterable[T], edges: Iterable[tuple[T, T]]) -> set[T]:
    """The nodes that come before themselves."""
    before = _predecessors(nodes, edges)
    found: set[T] = set()
    for component in _components(list(before), before):
        if len(component) > 1 or component[0] in before[component[0]]:
            found.update(component)
    return found


def levels(
    nodes: Sequence[T], edges: Iterable[tuple[T, T]], passed: Collection[T] = ()
) -> Iterator[list[T]]:
    """Nodes in levels: each after all that must come before it.

    The levels before a circle come out before it is found.

    Args:
        nodes: in the order that each level keeps.
        edges: (before, after); ends that are no nodes are left out.
        passed: nodes that take no level of their own: they only stand for the edges
            between all before them and all after them.

    Raises:
        CircularDependencyError: when nodes depend on each other in a circle.
    """
    waiting = dict.fromkeys(nodes, 0)
    after: dict[T, list[T]] = {}
    pairs = {(a, b) for a, b in edges if a in waiting and b in waiting}
    for first, second in pairs:
        waiting[second] += 1
        after.setdefault(first, []).append(second)

    def freed_by(done: list[T]) -> set[T]:
        ready: set[T] = set()
        while done:
            for node in after.get(done.pop(), ()):
                waiting[node] -= 1
                if waiting[node]:
                    continue
                if node in passed:
                    done.append(node)
                else:
                    ready.add(node)
        return ready

    at_once = [n for n in nodes if not waiting[n]]
    ready = {n for n in at_once if n not in passed}
    ready |= freed_by([n for n in at_once if n in passed])
    while ready:
        level = [n for n in nodes if n in ready]
        yield level
        ready = freed_by(list(level))
    if any(waiting.values()):
        left = {n for n in waiting if waiting[n]}
        raise CircularDependencyError(
            "Circular dependency detected.",
            in_cycles(left, pairs),
            {(a, b) for a, b in pairs if a in left and b in left},
        )


def _predecessors(nodes: Iterable[T], edges: Iterable[tuple[T, T]]) -> dict[T, list[T]]:
    before: dict[T, list[T]] = {node: [] for node in nodes}
    for first, second in edges:
        if first in before and second in before:
            before[second].append(first)
    return before


def _components(nodes: Sequence[Any], before: dict[Any, list[Any]]) -> list[list[Any]]:
    """Strongly connected components (Tarjan's algorithm, without recursion)."""
    index: dict[Any, int] = {}
    low: dict[Any, int] = {}
    on_stack: set[Any] = set()
    stack: list[Any] = []
    found: list[list[Any]] = []

    def enter(node: Any) -> tuple[Any, Any]:
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        return node, iter(before[node])

    def visit(root: Any) -> None:
        work = [enter(root)]
        while work:
            node, parents = work[-1]
            for parent in parents:
                if parent not in index:
                    work.append(enter(parent))
                    break
                if parent in on_stack:
                    low[node] = min(low[node], index[parent])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    found.append(_pop_component(node, stack, on_stack))

    for node in nodes:
        if node not in index:
            visit(node)
    return found


def _pop_component(node: Any, stack: list[Any], on_stack: set[Any]) -> list[Any]:
    component = []
    while True:
        member = stack.pop()
        on_stack.discard(member)
        component.append(member)
        if member == node:
            return component
