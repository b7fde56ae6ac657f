"""Topological orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def levels(nodes: Sequence[T], edges: Iterable[tuple[T, T]]) -> list[list[T]]:
    """Nodes in levels: each after all that must come before it.

    Args:
        nodes: in the order that each level keeps.
        edges: (before, after); ends that are no nodes are left out.

    Raises:
        CircularDependencyError: when nodes depend on each other in a circle.
    """
    waiting = dict.fromkeys(nodes, 0)
    after: dict[T, list[T]] = {}
    pairs = {(a, b) for a, b in edges if a in waiting and b in waiting}
    for first, second in pairs:
        waiting[second] += 1
        after.setdefault(first, []).append(second)
    current = [n for n in nodes if not waiting[n]]
    found: list[list[T]] = []
    done = 0
    while current:
        found.append(current)
        done += len(current)
        ready: set[T] = set()
        for node in current:
            for other in after.get(node, ()):
                waiting[other] -= 1
                if not waiting[other]:
                    ready.add(other)
        current = [n for n in nodes if n in ready] if ready else []
    if done != len(waiting):
        left = {n for n in waiting if waiting[n]}
        raise CircularDependencyError(
            "Circular dependency detected.",
            in_cycles(left, pairs),
            {(a, b) for a, b in pairs if a in left and b in left},
        )
    return found


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
