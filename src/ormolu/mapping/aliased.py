"""``aliased()``: a mapped class under another name in a statement."""

from __future__ import annotations

import types
import weakref
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.schema import Column
from sqlalchemy.sql.selectable import FromClause, Join, SelectBase, TableSample
from sqlalchemy.sql.util import ColumnAdapter

from .._core.names import PLUGIN
from .._core.selectables import is_anonymous
from .._core.warnings import warn
from .queryable import InspectionAttr, QueryableAttribute, inspect_entity


class AliasedClass:
    """Stands for a mapped class, selected from an alias of its table.

    Made by `aliased`; its attributes are those of the class, adapted to the alias.
    """

    def __init__(
        self,
        mapped_class_or_ac: Any,
        alias: FromClause | None = None,
        name: str | None = None,
        flat: bool = False,
        adapt_on_names: bool = False,
        *,
        with_polymorphic_mappers: Any = None,
        polymorphic_on: Any = None,
        base: AliasedInsp | None = None,
        is_outer: bool = False,
    ) -> None:
        insp = inspect_entity(mapped_class_or_ac)
        mapper = insp.mapper
        mapper._check_configure()
        nested = False
        if alias is None:
            alias = _new_alias(insp, name, flat)
            adapt_on_names = adapt_on_names or _by_names(insp)
        else:
            nested = insp.is_aliased_class
        self._aliased_insp = AliasedInsp(
            self,
            insp,
            alias,
            name,
            adapt_on_names,
            nested,
            with_polymorphic_mappers,
            polymorphic_on,
            base,
        )
        self._aliased_insp.represents_outer_join = is_outer
        self.__name__ = mapper.class_.__name__
        self._aliased_insp._show_descendants(self)

    def __getattr__(self, key: str) -> Any:
        try:
            insp = self.__dict__["_aliased_insp"]
        except KeyError:
            raise AttributeError(key) from None
        target = insp.target_class
        attr = getattr(target, key)
        if isinstance(attr, QueryableAttribute) or hasattr(attr, "adapt_to_entity"):
            insp.mapper._check_configure()
            attr = attr.adapt_to_entity(insp)
            self.__dict__[key] = attr
            return attr
        if isinstance(attr, types.MethodType):
            return types.MethodType(attr.__func__, self)
        if hasattr(attr, "func_code") or hasattr(attr, "__get__"):
            if not isinstance(
                attr, (types.FunctionType, type, types.BuiltinFunctionType)
            ):
                return attr.__get__(None, self)
        return attr

    def __repr__(self) -> str:
        insp = self._aliased_insp
        return f"<AliasedClass at 0x{id(self):x}; {insp.target_class.__name__}>"

    def __str__(self) -> str:
        return str(self._aliased_insp)


class AliasedInsp(InspectionAttr, HasCacheKey):
    """What ``inspect()`` says of an alias: its mapper and its selectable.

    Attributes:
        with_polymorphic_mappers: the descendants whose columns it brings along.
        polymorphic_on: what tells the class of a row; None for the mapper's own.
        base: the alias that this one is a descendant's part of, None for none.
    """

    is_aliased_class = True
    inherit_cache = True

    def __init__(
        self,
        entity: AliasedClass,
        inspected: Any,
        selectable: Any,
        name: str | None,
        adapt_on_names: bool,
        nested: bool,
        with_polymorphic_mappers: Any,
        polymorphic_on: Any,
        base: AliasedInsp | None,
    ) -> None:
        self._entity = weakref.ref(entity)
        self.mapper = inspected.mapper
        self.selectable = selectable
        self.name = name
        self.represents_outer_join = False
        self.base = base
        if with_polymorphic_mappers is None and base is None:
            with_polymorphic_mappers = self.mapper._with_polymorphic_mappers
        self.with_polymorphic_mappers: Any = list(with_polymorphic_mappers or ())
        self.polymorphic_on: Any = polymorphic_on
        self._use_mapper_path = False
        self._nested_under = inspected if nested else None
        self.target_class = self.mapper.class_
        adapter = ColumnAdapter(
            selectable,
            equivalents=self.mapper._equivalent_columns,
            adapt_on_names=adapt_on_names,
            anonymize_labels=True,
            adapt_from_selectables=(
                {self.mapper.selectable}
                | {m.selectable for m in self.with_polymorphic_mappers}
                | ({inspected.selectable} if nested else set())
            ),
        )
        self._adapter = _chained(inspected._adapter, adapter) if nested else adapter
        self._adapt_on_names = adapt_on_names
        self._descendants: dict[Any, AliasedInsp] = {}

    def _show_descendants(self, entity: AliasedClass) -> None:
        """Give the alias of each descendant as an attribute, by the class's name."""
        for mapper in self.with_polymorphic_mappers:
            if mapper is self.mapper:
                continue
            insp = self._descendants.get(mapper)
            if insp is None:
                part = AliasedClass(
                    mapper,
                    self.selectable,
                    adapt_on_names=self._adapt_on_names,
                    base=self,
                )
                self._descendants[mapper] = insp = part._aliased_insp
                insp.represents_outer_join = self.represents_outer_join
            else:
                part = insp.entity
            entity.__dict__[mapper.class_.__name__] = part

    @property
    def entity(self) -> Any:
        """The ``AliasedClass``; made anew when nobody keeps it any more."""
        found = self._entity()
        if found is None:
            found = AliasedClass.__new__(AliasedClass)
            found.__dict__["_aliased_insp"] = self
            found.__dict__["__name__"] = self.target_class.__name__
            self._entity = weakref.ref(found)
            self._show_descendants(found)
        return found

    @sa_util.memoized_property
    def _polymorphic_properties(self) -> list[Any]:
        found: list[Any] = self.mapper._properties_with(self.with_polymorphic_mappers)
        return found

    @property
    def class_(self) -> type:
        return self.mapper.class_  # type: ignore[no-any-return]

    @property
    def entity_namespace(self) -> Any:
        return self.entity

    @property
    def local_table(self) -> Any:
        return self.selectable

    @property
    def persist_selectable(self) -> Any:
        return self.selectable

    @property
    def _with_polymorphic_selectable(self) -> Any:
        return self.selectable

    @property
    def _post_inspect(self) -> None:
        self.mapper._check_configure()

    def entity_attribute(self, key: str) -> Any:
        """The alias's attribute of a name."""
        return getattr(self.entity, key)

    @sa_util.memoized_property
    def _clause_element(self) -> Any:
        annotations = {
            "parentmapper": self.mapper,
            "parententity": self,
            "entity_namespace": self,
        }
        return self.selectable._annotate(annotations)._set_propagate_attrs(
            {"compile_state_plugin": PLUGIN, "plugin_subject": self}
        )

    def __clause_element__(self) -> Any:
        return self._clause_element

    def _gen_cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        selectable = self.selectable._gen_cache_key(anon_map, bindparams)
        which = (self.name, self._adapt_on_names, tuple(self.with_polymorphic_mappers))
        on = self.polymorphic_on
        if on is not None:
            on = on._gen_cache_key(anon_map, bindparams)
        return ("alias", self.mapper, *which, on, selectable)

    def _adapt_element(self, element: Any, key: str | None = None) -> Any:
        adapted = self._adapter.traverse(element)
        if adapted is element and key and isinstance(element, Column):
            if not self._has_column(element):
                self._warn_unmatched(key)
        annotations: dict[str, Any] = {
            "parententity": self,
            "parentmapper": self.mapper,
        }
        if key:
            annotations["proxy_key"] = key
        return adapted._annotate(annotations)._set_propagate_attrs(
            {"compile_state_plugin": PLUGIN, "plugin_subject": self}
        )

    def _has_column(self, column: Any) -> bool:
        """Whether a column is selected as it is: not every alias has other columns."""
        found = self.selectable
        return isinstance(found, FromClause) and found.c.contains_column(column)

    def _warn_unmatched(self, key: str) -> None:
        selectable = self.selectable
        if isinstance(selectable, FromClause) and (
            selectable._is_subquery
            or not selectable.is_derived_from(self.mapper.persist_selectable)
        ):
            advice = (
                "ensure name is correct in expression"
                if self._adapt_on_names
                else "to match by name, use the adapt_on_names parameter"
            )
            warn(
                "Did not locate an expression in selectable for attribute "
                f"{key!r}; {advice}"
            )

    def __str__(self) -> str:
        if len(self.with_polymorphic_mappers) > 1:
            names = ", ".join(
                m.class_.__name__
                for m in self.with_polymorphic_mappers
                if m is not self.mapper
            )
            return f"with_polymorphic({self.target_class.__name__}, [{names}])"
        return f"aliased({self.target_class.__name__})"

    def __repr__(self) -> str:
        return f"<AliasedInsp at 0x{id(self):x}; {self.class_.__name__}>"


def _chained(inner: Any, outer: ColumnAdapter) -> ColumnAdapter:
    """What adapts columns to an inner alias first, then to an outer one."""
    follow = inner._wrap
    found: ColumnAdapter = inner.wrap(
        outer if follow is None else _chained(follow, outer)
    )
    return found


def _new_alias(insp: Any, name: str | None, flat: bool) -> Any:
    """An alias of what an entity is selected from."""
    selectable = insp.selectable
    table = insp.mapper._with_polymorphic_selectable
    if not insp.is_aliased_class or getattr(selectable, "element", None) is table:
        if not isinstance(selectable, TableSample):
            return table._anonymous_fromclause(name=name, flat=flat)
    if flat and isinstance(selectable, Join) and _has_anonymous_part(selectable):
        name = None  # the parts have no names that the given one could extend
    return selectable._anonymous_fromclause(name=name, flat=flat)


def _has_anonymous_part(selectable: Any) -> bool:
    if isinstance(selectable, Join):
        return _has_anonymous_part(selectable.left) or _has_anonymous_part(
            selectable.right
        )
    return is_anonymous(selectable.name)


def _by_names(insp: Any) -> bool:
    return bool(insp.is_aliased_class and insp._adapt_on_names)


def aliased(
    element: Any,
    alias: FromClause | None = None,
    name: str | None = None,
    flat: bool = False,
    adapt_on_names: bool = False,
) -> Any:
    """An alias of a mapped class (or of a FROM element) for use in statements.

    Args:
        element: a mapped class, an alias of one, or a FROM element.
        alias: the selectable that the class is selected from.
        name: the name of the alias; an anonymous one when not given.
        flat: alias the members of a join instead of wrapping it.
        adapt_on_names: match columns of ``alias`` by name.

    Source: ``sqlalchemy.orm.aliased``.
    """
    if isinstance(element, (FromClause, SelectBase)):
        if adapt_on_names:
            raise sa_exc.ArgumentError("adapt_on_names only applies to ORM elements")
        source: Any = coercions.expect(roles.FromClauseRole, element)
        return source._anonymous_fromclause(name=name, flat=flat)
    return AliasedClass(element, alias, name, flat, adapt_on_names)
