"""What ``Mapped[...]`` annotations say, however they are written.

An annotation may be an object or text (``from __future__ import annotations``,
quotes), and text may use names that exist for type checkers alone.  What is inside
``Mapped[]`` therefore keeps simple names as forward references; whoever needs the
type (a column does, a relationship only needs the name) resolves them.
"""

from __future__ import annotations

import ast
import inspect
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import typing_extensions

from .._core.declarative import (
    de_stringify_annotation,
    eval_expression,
    eval_name_only,
    fixup_container_fwd_refs,
    is_fwd_ref,
)
from ..exc import MappedAnnotationError
from ..mapping.mapped import MappedBase

_LITERALS = {Literal, typing_extensions.Literal}
_ANNOTATED = {typing.Annotated, typing_extensions.Annotated}


@dataclass(slots=True, frozen=True)
class Annotation:
    """The annotation of one attribute.

    Args:
        raw: as the class has it.
        container: ``Mapped`` or a class like it; None for any other annotation.
        inner: what is inside of the container, names in it still unresolved.
        module: name of the module where the names are to be looked up.
        origin: the class in whose body the annotation stands.
    """

    raw: Any
    container: type | None
    inner: Any
    module: str
    origin: type


class Unreadable(Exception):
    """A part of an annotation that has to be known now cannot be evaluated."""


def interpret(raw: Any, cls: type, module: str) -> tuple[type | None, Any]:
    """The container and the inside of an annotation.

    Returns:
        ``(None, annotation)`` when it is not a ``Mapped`` one; an annotation
        that cannot be evaluated and isn't needed is returned as text.
    """
    text = raw.__forward_arg__ if is_fwd_ref(raw) else raw
    names = _Names(cls, module)
    if not isinstance(text, str):
        container, inner = _interpret_object(raw)
        return container, names.open(inner) if container is not None else inner
    try:
        return _interpret_text(text, names)
    except Unreadable as problem:
        raise MappedAnnotationError(
            f"Could not interpret annotation {text}.  Check that it uses names that "
            "are correctly imported at the module level. See chained stack trace for "
            "more hints."
        ) from (problem.__cause__ or problem)


def is_container(obj: Any) -> bool:
    """Whether ``obj[...]`` declares an attribute."""
    return isinstance(obj, type) and issubclass(obj, MappedBase)


def _interpret_object(raw: Any) -> tuple[type | None, Any]:
    origin = get_origin(raw)
    if not is_container(origin):
        return None, raw
    arguments = get_args(raw)
    if len(arguments) != 1:
        raise MappedAnnotationError("Expected sub-type for Mapped[] annotation")
    return origin, fixup_container_fwd_refs(arguments[0])


def _interpret_text(text: str, names: _Names) -> tuple[type | None, Any]:
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None, text
    if not isinstance(node, ast.Subscript):
        found = names.find(node, default=None)
        if not isinstance(found, type) and get_origin(found) is not None:
            return _interpret_object(found)
        return None, found or text
    container = names.need(node.value)
    if not is_container(container):
        return None, _other(node, container, names, text)
    if isinstance(node.slice, ast.Call | ast.Tuple):
        raise Unreadable(text)
    inner = fixup_container_fwd_refs(names.build(node.slice))
    return container, names.open(inner)


def _other(node: ast.Subscript, container: Any, names: _Names, text: str) -> Any:
    """An annotation that is not ``Mapped``; a text where that can't be evaluated."""
    if container is typing.ClassVar:
        return typing.ClassVar
    try:
        return names.need(node)
    except Unreadable:
        if "Mapped[" in text:
            raise
        # the caller needs to know only what it is not
        return container


class _Names:
    """Evaluates parts of an annotation's text in its module and class."""

    def __init__(self, cls: type, module: str) -> None:
        self.cls = cls
        self.module = module

    def need(self, node: ast.expr) -> Any:
        text = ast.unparse(node)
        try:
            if isinstance(node, ast.Name):
                return eval_name_only(text, self.module)
            return eval_expression(text, self.module, in_class=self.cls)
        except NameError as error:
            raise Unreadable(text) from error

    def find(self, node: ast.expr, default: Any) -> Any:
        try:
            return self.need(node)
        except Unreadable:
            return default

    def open(self, annotation: Any) -> Any:
        """A quoted annotation as an object, its simple names kept as text."""
        if not is_fwd_ref(annotation):
            return annotation
        try:
            node = ast.parse(annotation.__forward_arg__.strip(), mode="eval").body
            return self.build(node)
        except (SyntaxError, Unreadable):
            return annotation

    def build(self, node: ast.expr) -> Any:
        """The typing object that a node means, its simple names kept as text."""
        match node:
            case ast.Constant(value=None):
                return None
            case ast.Constant(value=str(text)):
                return ForwardRef(text)
            case ast.Name() | ast.Attribute():
                return ForwardRef(ast.unparse(node))
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return Union[self.build(left), self.build(right)]  # noqa: UP007
            case ast.Subscript(value=value, slice=inside):
                return self._subscript(node, self.need(value), inside)
        return self.need(node)

    def _subscript(self, node: ast.Subscript, container: Any, inside: ast.expr) -> Any:
        if container in _LITERALS:
            return self.need(node)
        parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
        if container in _ANNOTATED:
            rest = [self.need(part) for part in parts[1:]]
            return container[(self.build(parts[0]), *rest)]
        if any(isinstance(part, ast.List) for part in parts):
            return self.need(node)
        arguments = tuple(self.build(part) for part in parts)
        try:
            return container[arguments if len(arguments) > 1 else arguments[0]]
        except TypeError as error:
            raise Unreadable(ast.unparse(node)) from error


def resolve(
    annotation: Any, cls: type, module: str, names: Mapping[str, Any] | None = None
) -> Any:
    """An annotation with every forward reference in it replaced by its target.

    Raises:
        NameError: one of them does not exist.
    """
    if not is_fwd_ref(annotation, check_generic=True, check_for_plain_string=True):
        return annotation
    return de_stringify_annotation(
        cls, annotation, module, names or {}, include_generic=True
    )


def resolved_name(name: str, module: str) -> Any:
    """What a name of an annotation means in a module, the name itself if nothing."""
    try:
        return eval_name_only(name, module)
    except NameError:
        return name


def is_class_var(annotation: Any) -> bool:
    """Whether an annotation declares a variable of the class."""
    return annotation is typing.ClassVar or get_origin(annotation) is typing.ClassVar


def is_abstract(collection: Any) -> bool:
    """Whether a collection type of an annotation cannot be instantiated."""
    return inspect.isabstract(collection)


def wrong_annotation(cls: type, key: str) -> MappedAnnotationError:
    """The error for an attribute that is annotated without ``Mapped[]``."""
    return MappedAnnotationError(
        f'Type annotation for "{cls.__name__}.{key}" can\'t be correctly interpreted '
        "for Annotated Declarative Table form.  ORM annotations should normally make "
        "use of the ``Mapped[]`` generic type, or other ORM-compatible generic type, "
        "as a container for the actual type, which indicates the intent that the "
        "attribute is mapped. Class variables that are not intended to be mapped by "
        "the ORM should use ClassVar[].  To allow Annotated Declarative to disregard "
        "legacy annotations which don't use Mapped[] to pass, set "
        '"__allow_unmapped__ = True" on the class or a superclass this class.',
        code="zlpr",
    )
