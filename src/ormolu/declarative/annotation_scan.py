"""Noting the annotations of the attributes that are to be mapped."""

from __future__ import annotations

from typing import Any

from ..mapping.interfaces import MapperProperty
from ..mapping.mapped import ORMDescriptor
from ..mapping.queryable import InspectionAttr
from .annotations import (
    Annotation,
    interpret,
    is_class_var,
    wrong_annotation,
)
from .declared_attr import declared_attr
from .mapped_column import MappedColumn
from .plan import ClassPlan

MAPPED = (MapperProperty, MappedColumn)


def collect_return_annotation(
    plan: ClassPlan, name: str, value: Any, origin: type
) -> None:
    """Note what a declared attribute's function says that it returns."""
    if not isinstance(value, declared_attr):
        return
    raw = value.return_annotation()
    if raw is not None:
        collect_annotation(plan, name, raw, origin, True, value)


def collect_annotation(
    plan: ClassPlan,
    name: str,
    raw: Any,
    origin: type,
    expected: bool | None,
    value: Any,
) -> Annotation | None:
    """Interpret the annotation of an attribute and note it.

    Args:
        raw: the annotation, None when there is none.
        origin: the class in whose body it stands.
        expected: whether it has to be ``Mapped``; None to find out.
        value: what the attribute was set to.

    Raises:
        MappedAnnotationError: it had to be ``Mapped`` and is not.
    """
    if name in plan.annotations:
        return plan.annotations[name]
    if raw is None:
        return None
    if expected is None:
        expected = (
            not plan.allow_unmapped
            and not plan.was_dataclass
            and not (plan.is_dataclass and value is None)
            and (value is None or isinstance(value, MAPPED))
        )
    container, inner = interpret(raw, plan.cls, origin.__module__)
    if container is None:
        if is_class_var(inner):
            return None
        if expected and not _is_other_descriptor(inner):
            raise wrong_annotation(plan.cls, name)
        return None
    note = Annotation(raw, container, inner, origin.__module__, origin)
    plan.annotations[name] = note
    return note


def _is_other_descriptor(annotation: Any) -> bool:
    """Whether an annotation is that of an attribute which another tool maps."""
    origin = getattr(annotation, "__origin__", annotation)
    return isinstance(origin, type) and issubclass(
        origin, (InspectionAttr, ORMDescriptor)
    )
