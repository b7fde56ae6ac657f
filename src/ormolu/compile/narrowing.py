"""Options that narrow one relationship to several classes: all of these are loaded."""

from __future__ import annotations

from typing import Any

from ..mapping.with_polymorphic import with_polymorphic


def merged(existing: Any, step: Any) -> Any:
    """A step that narrows its relationship to what an earlier one does as well."""
    if existing is None or step.kind != "relationship":
        return step
    earlier, later = _classes(existing), _classes(step)
    if not earlier or later is None or set(earlier) <= set(later):
        return step
    classes = tuple(dict.fromkeys((*earlier, *later)))
    attr: Any = step.attr
    target = classes[0]
    if len(classes) > 1:
        base = attr.comparator.property.mapper
        target = with_polymorphic(base, classes, None, flat=True)
    return step.narrowed_to(attr.of_type(target), classes)


def _classes(step: Any) -> tuple[Any, ...] | None:
    """The mappers that a step narrows to; None where it names an alias."""
    narrowed: tuple[Any, ...] = step.narrowed
    if narrowed:
        return narrowed
    attr = step.attr
    given = attr._of_type
    if given is None or given is attr.comparator.property.mapper:
        return ()
    return None if given.is_aliased_class else (given,)
