"""Strings that name classes, tables and expressions, evaluated when configured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy
from sqlalchemy import exc as sa_exc
from sqlalchemy.schema import MetaData

from .._core.warnings import warn_deprecated
from ..instrument.manager import manager_of_class
from ..mapping.annotations import foreign, remote
from .clsregistry import MODULES, ClassRegistry, ModuleNames, MultipleClasses

_DOTTED = re.compile(r"^[\w.]+$")
_GENERIC = re.compile(r"^(.+?)\[(.+)\]$")

_FUNCTIONS: Mapping[str, Any] = {"foreign": foreign, "remote": remote}


class ColumnsOf:
    """A class in an expression: shows its mapped attributes and nothing else."""

    __slots__ = ("cls",)

    def __init__(self, cls: type) -> None:
        self.cls = cls

    def __getattr__(self, key: str) -> Any:
        manager = manager_of_class(self.cls)
        mapper = None if manager is None else manager.mapper
        if mapper is None:
            return getattr(self.cls, key)
        if key not in manager and key not in mapper.all_orm_descriptors:  # type: ignore[operator]
            raise AttributeError(
                f"Class {self.cls!r} does not have a mapped column named {key!r}"
            )
        prop = mapper._props.get(key)
        while (
            prop is not None and hasattr(prop, "name") and hasattr(prop, "map_column")
        ):
            key = prop.name
            prop = mapper._props.get(key)
        if prop is not None and not prop._is_column:
            raise sa_exc.InvalidRequestError(
                f"Property {key!r} is not an instance of ColumnProperty (i.e. does not "
                "correspond directly to a Column)."
            )
        return getattr(self.cls, key)


class TablesOf:
    """A schema in an expression: shows its tables."""

    __slots__ = ("_metadata", "_schema")

    def __init__(self, schema: str, metadata: MetaData) -> None:
        self._schema = schema
        self._metadata = metadata

    def __getattr__(self, key: str) -> Any:
        return self._metadata.tables[f"{self._schema}.{key}"]


class ClassesOf:
    """A module in an expression: shows its mapped classes and submodules."""

    __slots__ = ("_module",)

    def __init__(self, module: ModuleNames) -> None:
        self._module = module

    def __getattr__(self, key: str) -> Any:
        module = self._module
        found = module.contents.get(key)
        if isinstance(found, ModuleNames):
            return ClassesOf(found)
        if isinstance(found, MultipleClasses):
            return ColumnsOf(found.attempt_get(module.path, key))
        raise NameError(
            f"Module {module.name!r} has no mapped classes registered under the name "
            f"{key!r}"
        )


class Names(dict[str, Any]):
    """What the names of an expression mean, looked up as they are met.

    Args:
        classes: the class registry.
        metadata: the tables.
    """

    def __init__(self, classes: ClassRegistry, metadata: MetaData) -> None:
        super().__init__()
        self.classes = classes
        self.metadata = metadata

    def __missing__(self, key: str) -> Any:
        for search in (
            self._class,
            self._table,
            self._schema,
            self._module,
            self._function,
        ):
            found = search(key)
            if found is not None:
                return found
        raise NameError(key)

    def table_or_class(self, name: str) -> Any:
        """The table of a name, with its schema or without; else the class.

        Raises:
            NameError: there is neither.
        """
        for search in (self._table, self._class):
            found = search(name)
            if found is not None:
                return found
        raise NameError(name)

    def _class(self, key: str) -> Any:
        found = self.classes.get(key)
        if isinstance(found, MultipleClasses):
            if not any(cls is not None for cls in found):
                return None
            found = found.attempt_get([], key)
        return None if found is None or key == MODULES else ColumnsOf(found)

    def _table(self, key: str) -> Any:
        tables = self.metadata.tables
        schema = self.metadata.schema
        if schema is not None:
            found = tables.get(f"{schema}.{key}")
            if found is not None:
                return found
        found = tables.get(key)
        if found is not None and schema is not None and "." not in key:
            warn_deprecated(
                f"The string {key!r} was resolved to the non-schema-qualified table "
                f"{found.fullname!r}, however the MetaData object has a default schema "
                f"of {schema!r}. In a future version of SQLAlchemy, this unqualified "
                f"name will be resolved as '{schema}.{key}'. To reference a table "
                "without a schema, use the Table object directly.",
                "2.1",
            )
        return found

    def _schema(self, key: str) -> Any:
        if key in self.metadata._schemas:
            return TablesOf(key, self.metadata)
        return None

    def _module(self, key: str) -> Any:
        root = self.classes.get(MODULES)
        if root is not None and key in root:
            return ClassesOf(root).__getattr__(key)
        return None

    def _function(self, key: str) -> Any:
        found = _FUNCTIONS.get(key)
        return getattr(sqlalchemy, key, None) if found is None else found


class Resolver:
    """Evaluates a string that a class's mapping was given.

    Args:
        cls: the class that has it.
        classes: the class registry.
        metadata: the tables.
    """

    def __init__(self, cls: type, classes: ClassRegistry, metadata: MetaData) -> None:
        self.cls = cls
        self.classes = classes
        self.metadata = metadata

    def resolve(self, text: str, kind: str) -> Any:
        """The class, table or expression that a string means.

        Args:
            text: the string.
            kind: "argument" for a class, "table" for a table (a name, not an
                expression), "expression" for any other expression.

        Raises:
            InvalidRequestError: a name in it means nothing, or several classes.
        """
        names = Names(self.classes, self.metadata)
        try:
            if kind == "table":
                found = names.table_or_class(text)
            elif _DOTTED.match(text) and not text[0].isdigit():
                found = _walk(names, text)
            elif kind == "argument":
                raise NameError(text)
            else:
                found = eval(text, {}, names)
        except NameError as error:
            raise self._not_found(text, kind, error) from error
        return _unwrapped(found)

    def _not_found(self, text: str, kind: str, error: NameError) -> Exception:
        manager = manager_of_class(self.cls)
        mapper = None if manager is None else manager.mapper
        generic = _GENERIC.match(text) if kind == "argument" else None
        if generic is not None:
            inner = generic.group(2).strip("'\"")
            return sa_exc.InvalidRequestError(
                f'When initializing mapper {mapper}, expression "relationship('
                f'{text!r})" seems to be using a generic class as the argument to '
                "relationship(); please state the generic argument using an "
                f'annotation, e.g. "{_key_of(mapper, text)}: Mapped['
                f"{generic.group(1)}['{inner}']] = relationship()\""
            )
        name = error.args[0]
        if not isinstance(name, str) or getattr(error, "name", None):
            name = getattr(error, "name", None) or name
        return sa_exc.InvalidRequestError(
            f"When initializing mapper {mapper}, expression {text!r} failed to locate "
            f"a name ({name!r}). If this is a class name, consider adding this "
            f"relationship() to the {self.cls!r} class after both dependent classes "
            "have been defined."
        )


def _walk(names: Names, text: str) -> Any:
    """Follow a dotted name."""
    first, *rest = text.split(".")
    found = names[first]
    for token in rest:
        try:
            found = getattr(found, token)
        except KeyError:
            raise NameError(text) from None
    return found


def _unwrapped(found: Any) -> Any:
    if isinstance(found, ColumnsOf):
        return found.cls
    if isinstance(found, (list, tuple)):
        return type(found)(_unwrapped(item) for item in found)
    return found


def _key_of(mapper: Any, text: str) -> str:
    """The relationship of a mapper that has a string as its argument."""
    props: Iterable[Any] = () if mapper is None else mapper._props.values()
    for prop in props:
        if getattr(prop, "argument", None) == text:
            return str(prop.key)
    return "attribute"
