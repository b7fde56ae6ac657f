"""A chain of joins under construction: inner joins nest where an outer one is above.

``a LEFT OUTER JOIN (b JOIN c ON ...) ON ...``: what is joined to ``b`` by an inner join
goes into the right side of the outer join that ``b`` stands in, so that an ``a`` without
any ``b`` is still found.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql.selectable import Join


class Link:
    """One join of a chain, whose right side may grow by inner joins.

    Args:
        element: what is joined to.
        onclause: on which condition.
        isouter: whether it is an outer join.
    """

    __slots__ = ("element", "isouter", "nested", "onclause")

    def __init__(self, element: Any, onclause: Any, isouter: bool) -> None:
        self.element = element
        self.onclause = onclause
        self.isouter = isouter
        self.nested: list[tuple[Any, Any]] = []

    def splice(self, after: Any, joins: list[tuple[Any, Any]]) -> None:
        """Join inside the right side, next to the element that is joined from."""
        place = 0
        for index, (element, _) in enumerate(self.nested):
            if element is after:
                place = index + 1
        self.nested[place:place] = joins

    def right(self) -> Any:
        """The right side of the join."""
        right = self.element
        for element, onclause in self.nested:
            right = Join(right, element, onclause)
        return right


class JoinChain:
    """The joins to one FROM element, in order."""

    def __init__(self, base: Any) -> None:
        self.base = base
        self.links: list[Link] = []

    def add(
        self,
        joins: list[tuple[Any, Any]],
        *,
        inner: bool,
        within: Link | None,
        after: Any,
    ) -> Link | None:
        """Join an element, by way of its association table if it has one.

        Args:
            joins: (element, condition); the association table comes first.
            inner: whether rows without a counterpart may be lost.
            within: the outer join whose right side an inner join belongs into.
            after: the element that is joined from.

        Returns:
            the outer join that has the element in its right side, if any.
        """
        if not inner:
            link = Link(*joins[0], isouter=True)
            link.nested.extend(joins[1:])
            self.links.append(link)
            return link
        if within is not None:
            within.splice(after, joins)
            return within
        self.links.extend(Link(*join, isouter=False) for join in joins)
        return None

    def build(self) -> Any:
        """The FROM element with everything joined to it."""
        left = self.base
        for link in self.links:
            left = Join(left, link.right(), link.onclause, isouter=link.isouter)
        return left
