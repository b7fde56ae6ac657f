"""Mapped classes that are made dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import ArgumentError, InvalidRequestError

from .._core.declarative import NO_ARG, get_annotations
from ..mapping.interfaces import MapperProperty
from .attribute_options import DEFAULT_OPTIONS, PREFIX, given_options, options_of
from .dataclass_fields import field_for
from .dataclass_init import replace_init
from .mapped import Unmapped
from .mapped_column import MappedColumn
from .plan import ClassPlan

DataclassOptions = dict[str, Any]

ARGUMENTS = (
    "init",
    "repr",
    "eq",
    "order",
    "unsafe_hash",
    "match_args",
    "kw_only",
    "dataclass_callable",
)
OPTIONS = "_sa_apply_dc_transforms"


# -- options -----------------------------------------------------------------


def options_for(cls: Any) -> DataclassOptions | None:
    """The options of the dataclass that a class is to become, None if it isn't."""
    found: DataclassOptions | None = getattr(cls, OPTIONS, None)
    return found


def mark_dataclass(cls: Any, options: DataclassOptions) -> None:
    """Note that a decorated class is to become a dataclass.

    Raises:
        InvalidRequestError: a base class makes it one already.
    """
    if _marked_by_base(cls):
        raise InvalidRequestError(
            f"Class {cls!r} is already a dataclass; ensure that base classes / "
            "decorator styles of establishing dataclasses are not being mixed. This "
            "can happen if a class that inherits from 'MappedAsDataclass', even "
            "indirectly, is been mapped with '@registry.mapped_as_dataclass'"
        )
    type.__setattr__(cls, OPTIONS, options)


def _marked_by_base(cls: Any) -> bool:
    return any(vars(base).get("_sa_mapped_as_dataclass") for base in cls.__mro__)


def merge_options(inherited: DataclassOptions | None, own: DataclassOptions) -> Any:
    """Options of a subclass: its own where given, else the inherited ones."""
    if inherited is None:
        return own
    merged = dict(inherited)
    merged.update({k: v for k, v in own.items() if v is not NO_ARG})
    return merged


# -- mapped classes ------------------------------------------------------------


def setup_dataclass(plan: ClassPlan) -> None:
    """Make the class a dataclass, when it is to be one."""
    cls = plan.cls
    if plan.dataclass_options is None:
        _refuse_field_arguments(plan)
        return
    if "__table__" in vars(cls):
        raise InvalidRequestError(
            f"Class {cls!r} already defines a '__table__'. ORM Annotated Dataclasses "
            "do not support a pre-existing '__table__' element"
        )
    _check_origins(plan)
    fields: dict[str, Any] = {}
    annotations: dict[str, Any] = {}
    for name, value in plan.collected.items():
        note = plan.annotations.get(name)
        if note is None or _is_unmapped(note.container):
            continue
        annotations[name] = note.raw
        fields[name] = field_for(name, value, plan)
    for name, note in plan.annotations.items():
        if _is_unmapped(note.container):
            annotations[name] = None
    make_dataclass(cls, fields, annotations, plan.dataclass_options)


def _is_unmapped(container: type | None) -> bool:
    return container is not None and issubclass(container, Unmapped)


def _refuse_field_arguments(plan: ClassPlan) -> None:
    """Dataclass arguments of attributes make sense only for dataclasses."""
    for name, value in plan.collected.items():
        options = options_of(value)
        if options == DEFAULT_OPTIONS or not isinstance(
            value, (MappedColumn, MapperProperty)
        ):
            continue
        given = [key.removeprefix(PREFIX) for key in given_options(options)]
        if isinstance(value, MappedColumn):
            given = [key for key in given if key != "default"]
        elif given == ["init"] and not options.dataclasses_init:
            # what column_property() says of itself
            continue
        if given:
            names = ", ".join(repr(key) for key in sorted(given))
            raise ArgumentError(
                f"Attribute '{name}' on class {plan.cls} includes dataclasses "
                f"argument(s): {names} but class does not specify SQLAlchemy native "
                "dataclass configuration."
            )


def _check_origins(plan: ClassPlan) -> None:
    """Attributes of a dataclass come from dataclasses."""
    origins: dict[type, list[str]] = {}
    for name in plan.collected:
        note = plan.annotations.get(name)
        if note is None or note.origin is plan.cls or _is_unmapped(note.container):
            continue
        if "__dataclass_fields__" not in vars(note.origin):
            origins.setdefault(note.origin, []).append(name)
    for origin, names in origins.items():
        listed = ", ".join(repr(name) for name in names)
        raise InvalidRequestError(
            f"When transforming {plan.cls} to a dataclass, attribute(s) {listed} "
            f"originates from superclass {origin}, which is not a dataclass.  When "
            "declaring SQLAlchemy Declarative Dataclasses, ensure that all mixin "
            "classes and other superclasses which include attributes are also a "
            "subclass of MappedAsDataclass or make use of the @unmapped_dataclass "
            "decorator.",
            code="dcmx",
        )


# -- unmapped classes ------------------------------------------------------------


def make_unmapped_dataclass(cls: Any, options: DataclassOptions) -> None:
    """Make a mixin, an abstract or a base class a dataclass.

    What it declares is mapped by its subclasses, so it stays on the class.
    """
    annotations = get_annotations(cls)
    fields: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    for name, raw in annotations.items():
        value = vars(cls).get(name)
        if _is_unmapped_annotation(raw):
            kept[name] = None
        elif isinstance(value, (MappedColumn, MapperProperty)):
            fields[name] = field_for(name, value, None)
    make_dataclass(cls, fields, kept, options)


def _is_unmapped_annotation(raw: Any) -> bool:
    origin = getattr(raw, "__origin__", None)
    if isinstance(raw, str):
        return raw.partition("[")[0].rpartition(".")[2] == "Unmapped"
    return isinstance(origin, type) and issubclass(origin, Unmapped)


# -- making one --------------------------------------------------------------------


def make_dataclass(
    cls: Any,
    fields: dict[str, Any],
    annotations: dict[str, Any],
    options: DataclassOptions,
) -> None:
    """Turn a class into a dataclass, leaving its attributes as they are.

    Args:
        cls: the class.
        fields: the fields that take the place of its mapped attributes.
        annotations: of those that are not its own; None for what is no field.
        options: arguments of ``dataclasses.dataclass``.
    """
    _check_options(options)
    given = {k: v for k, v in options.items() if v is not NO_ARG}
    factory: Callable[..., Any] = given.pop("dataclass_callable", dataclasses.dataclass)
    had_init = "__init__" in vars(cls)
    with _dressed(cls, fields, annotations):
        try:
            factory(cls, **given)
        except (TypeError, ValueError) as error:
            raise InvalidRequestError(
                "Python dataclasses error encountered when creating dataclass for "
                f"{cls.__name__!r}: {error!r}. Please refer to Python dataclasses "
                "documentation for additional information.",
                code="dcte",
            ) from error
    if not had_init and "__init__" in vars(cls):
        replace_init(cls)


def _check_options(options: DataclassOptions) -> None:
    unknown = sorted(set(options).difference(ARGUMENTS))
    if unknown:
        names = ", ".join(repr(name) for name in unknown)
        raise ArgumentError(f"Dataclass argument(s) {names} are not accepted")


_ABSENT: Any = object()


@contextmanager
def _dressed(
    cls: Any, fields: dict[str, Any], annotations: dict[str, Any]
) -> Iterator[None]:
    """The class as ``dataclasses`` is to see it, for as long as that takes."""
    own = get_annotations(cls)
    order = [name for name in vars(cls) if not name.startswith("__")]
    # what comes from mixins stands before what may follow a KW_ONLY mark
    seen = {k: v for k, v in annotations.items() if v is not None and k not in own}
    seen.update((k, v) for k, v in own.items() if annotations.get(k, v) is not None)
    values = {name: vars(cls).get(name, _ABSENT) for name in {**fields, **annotations}}
    for name, item in fields.items():
        _put(cls, name, item)
    had = vars(cls).get("__annotations__", _ABSENT)
    annotate = vars(cls).get("__annotate__", _ABSENT)
    type.__setattr__(cls, "__annotations__", seen)
    try:
        yield
    finally:
        _restore_annotations(cls, had, annotate)
        for name, value in values.items():
            _put(cls, name, value)
        _reorder(cls, order)


def _reorder(cls: Any, order: list[str]) -> None:
    """Give the attributes the order that they were declared in."""
    for name in order:
        if name in vars(cls):
            value = vars(cls)[name]
            type.__delattr__(cls, name)
            type.__setattr__(cls, name, value)


def _put(cls: Any, name: str, value: Any) -> None:
    if value is not _ABSENT:
        type.__setattr__(cls, name, value)
    elif name in vars(cls):
        type.__delattr__(cls, name)


def _restore_annotations(cls: Any, had: Any, annotate: Any) -> None:
    if annotate is not _ABSENT and annotate is not None:
        # Python 3.14 evaluates them when they are asked for
        type.__delattr__(cls, "__annotations__")
        cls.__annotate__ = annotate
    elif had is _ABSENT:
        type.__setattr__(cls, "__annotations__", {})
    else:
        type.__setattr__(cls, "__annotations__", had)
