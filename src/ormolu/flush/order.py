"""Topological orders of mappers and of objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def components(
    nodes: Sequence[Any], edges: Iterable[tuple[Any, Any]]
) -> list[list[Any]]:
    """Strongly connected components, each after those that it depends on.

    Args:
        nodes: in the order that decides where the edges do not.
        edges: (before, after); ends that are no nodes are left out.
    """
    position = {node: i for i, node in enumerate(nodes)}
    before: dict[Any, list[Any]] = {node: [] for node in nodes}
    for first, second in edges:
        if first in position and second in position and first is not second:
            before[second].append(first)
    for parents in before.values():
        parents.sort(key=position.__getitem__)
    return _tarjan(nodes, before)


def _tarjan(nodes: Sequence[Any], before: dict[Any, list[Any]]) -> list[list[Any]]:
    index: dict[Any, int] = {}
    low: dict[Any, int] = {}
    on_stack: set[Any] = set()
    stack: list[Any] = []
    found: list[list[Any]] = []

    def visit(root: Any) -> None:
        work = [(root, iter(before[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, parents = work[-1]
            for parent in parents:
                if parent not in index:
                    index[parent] = low[parent] = len(index)
                    stack.append(parent)
                    on_stack.add(parent)
                    work.append((parent, iter(before[parent])))
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
        if member is node:
            component.reverse()
            return component


def levels(objects: Sequence[Any], edges: Iterable[tuple[Any, Any]]) -> list[list[Any]]:
    """Objects in levels: each after all that it depends on, by identity.

    Raises:
        CircularDependency: when objects depend on each other in a circle.
    """
    from_id = {id(o): o for o in objects}
    waiting = dict.fromkeys(from_id, 0)
    after: dict[int, list[int]] = {}
    for first, second in {(id(a), id(b)) for a, b in edges}:
        if first != second:
            waiting[second] += 1
            after.setdefault(first, []).append(second)
    current = [key for key, count in waiting.items() if not count]
    found: list[list[Any]] = []
    done = 0
    while current:
        found.append([from_id[key] for key in current])
        done += len(current)
        ready: set[int] = set()
        for key in current:
            for other in after.get(key, ()):
                waiting[other] -= 1
                if not waiting[other]:
                    ready.add(other)
        current = [key for key in from_id if key in ready]
    if done != len(from_id):
        raise CircularDependency([from_id[k] for k, n in waiting.items() if n])
    return found


class CircularDependency(Exception):
    """Objects that depend on each other in a circle; ``objects`` lists them."""

    def __init__(self, objects: list[Any]) -> None:
        super().__init__("Objects depend on each other in a circle")
        self.objects = objects
