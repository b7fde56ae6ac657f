"""How a mapper is set up: its class instrumented, its table's columns mapped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.schema import Column, Table

from .._core.collections import ReadOnlyColumns
from .._core.selectables import is_omitted
from .._core.warnings import warn, warn_deprecated
from .._speedups import state as kernel
from ..instrument import events as instance_events
from ..instrument.attribute_events import inherit_listeners
from ..instrument.entity import Entity, default_constructor
from ..instrument.manager import MANAGER_KEY, ClassManager, manager_of_class
from ..instrument.state import AdoptedInstanceState
from . import configure
from . import events as mapper_events
from .inheritance import ConcreteInheritedProperty, RefusingAttribute
from .interfaces import MapperProperty
from .polymorphic import PolymorphicMapper
from .properties import ColumnProperty
from .queryable import InstrumentedAttribute, QueryableAttribute
from .validators import find_reconstructor


class MapperSetUp(PolymorphicMapper):
    """The part of a mapper that instruments its class and makes its properties."""

    class_: type
    registry: Any
    column_prefix: str
    include_properties: set[Any] | None
    exclude_properties: set[Any] | None
    configured: bool
    version_id_prop: Any
    _init_properties: dict[str, Any]
    _primary_key_argument: Iterable[Any] | None
    get_property_by_column: Callable[[Any], Any]

    _MEMOS: tuple[str, ...] = ()
    _properties_begun = False
    _properties_made = False

    def _forget_memos(self) -> None:
        """Let go of what was worked out from the properties."""
        for name in self._MEMOS:
            self.__dict__.pop(name, None)
        if (layout := self.__dict__.get("layout")) is not None:
            layout.save_plan = None

    def _set_version(self, column: Any, generator: Any) -> None:
        """The version counter, and what makes the next version of one."""
        self.version_id_col: Any = column
        if generator is None or generator is True:
            generator = _next_number
        self.version_id_generator: Any = generator

    def _set_table(
        self, local_table: Any, inherit_condition: Any, inherit_foreign_keys: Any
    ) -> None:
        if local_table is None and self.inherits is not None:
            local_table = self.inherits.local_table
        if local_table is None:
            raise sa_exc.ArgumentError(
                f"Mapper[{self.class_.__name__}(None)] has None for a primary table "
                "argument and does not specify 'inherits'"
            )
        self.local_table = coercions.expect(
            roles.FromClauseRole,
            local_table,
            argname="local_table",
            disable_inspection=True,
        )
        self._set_hierarchy_tables(inherit_condition, inherit_foreign_keys)
        # a name, which is no column, is refused by the first flush
        version = self.version_id_col
        if version is not None and not isinstance(version, str):
            own = self.persist_selectable.corresponding_column(version)
            self.version_id_col = version if own is None else own
        self._columntoproperty: dict[Any, MapperProperty] = {}
        self._props: dict[str, MapperProperty] = {}

    def _configure_class_instrumentation(self) -> None:
        existing = manager_of_class(self.class_)
        if existing is not None and existing.is_mapped:
            raise sa_exc.ArgumentError(
                f"Class '{self.class_!r}' already has a primary mapper defined. "
            )
        embedded = issubclass(self.class_, Entity)
        shares = self.inherits is not None and self._identity_class is not self.class_
        self.layout = kernel.Layout(
            self.class_,
            [],
            [],
            [],
            base=self.inherits.layout.base if shares else None,
            embedded=embedded,
            mapper=self,
        )
        if not embedded:
            self.layout.state_factory = AdoptedInstanceState
        self.class_manager = ClassManager(self.class_, self.layout)
        self.class_manager.mapper = self
        self.class_manager.registry = self.registry
        self._keep_and_set(MANAGER_KEY, self.class_manager)
        mapper_events.adopt_listeners(self)
        self.dispatch.instrument_class(self, self.class_)
        init: Any = self.class_.__init__  # type: ignore[misc]  # compared, not called
        if init is object.__init__:
            constructor = getattr(self.registry, "constructor", default_constructor)
            self._keep_and_set("__init__", constructor)
        elif not embedded:
            instance_events.make_states(self.class_manager)
        elif init not in (
            default_constructor,
            getattr(self.registry, "constructor", None),
        ):
            instance_events.configure_at_first(self.class_manager)
        kernel.quicken_init(self.class_, default_constructor)
        instance_events.adopt_listeners(self.class_manager)
        reconstruct = find_reconstructor(self.class_)
        if reconstruct is not None:
            instance_events.reconstruct_with(self.class_manager, reconstruct)
        instance_events.class_instrumented(self.class_)

    def _keep_and_set(self, name: str, value: Any) -> None:
        kept = self.__dict__.setdefault("_replaced", {})
        kept.setdefault(name, self.class_.__dict__.get(name, _ABSENT))
        type.__setattr__(self.class_, name, value)

    def _goes_with_mapping(self, name: str) -> None:
        """A name of the class was made for the mapping, and is removed with it."""
        if name in self.class_.__dict__:
            self.__dict__.setdefault("_replaced", {})[name] = _ABSENT

    def _uninstrument(self) -> None:
        """Give the class back as it was before it was mapped."""
        kernel.unregister_layout(self.class_)
        for name, value in self.__dict__.pop("_replaced", {}).items():
            if name not in self.class_.__dict__:
                continue
            if value is _ABSENT or isinstance(value, ClassManager):
                type.__delattr__(self.class_, name)
            elif name in self.class_manager:
                type.__delattr__(self.class_, name)
            else:
                type.__setattr__(self.class_, name, value)
        self.class_manager.clear()

    def column_slot(self, key: str) -> int:
        """The layout's slot of a column attribute, appended when it is new."""
        found: int | None = self.layout.index.get(key)
        return int(self.layout.add_column(key)) if found is None else found

    def related_slot(self, key: str) -> int:
        """The layout's slot of a relationship, appended when it is new."""
        found: int | None = self.layout.index.get(key)
        return int(self.layout.add_related(key)) if found is None else found

    def install_attribute(self, key: str, attr: Any) -> None:
        """Put an instrumented attribute on the class."""
        self.class_manager[key] = attr
        self.layout.attributes[key] = attr
        self._keep_and_set(key, attr)
        inherit_listeners(attr, self.class_manager)
        instance_events.attribute_instrumented(self.class_, key, attr)

    def _configure_properties(self) -> None:
        self._properties_begun = True
        self.columns = self.c = ReadOnlyColumns()
        by_column: dict[Any, tuple[str, Any]] = {}
        by_key: dict[str, Any] = {}
        for key, given in self._init_properties.items():
            prop = self._as_column_property(key, given)
            column = prop.columns[0] if prop is not None else None
            if column is not None and self.local_table.c.contains_column(column):
                by_column.setdefault(column, (key, given))
                if by_column[column][0] == key:
                    by_key[key] = column
                    continue
            self._configure_property(key, given)
        if self.inherits is not None:
            self._inherit_properties(by_column, by_key)
        for column in self.persist_selectable.columns:
            explicit = by_column.pop(column, None)
            if explicit is not None:
                self._configure_property(*explicit)
                continue
            if column in self._columntoproperty:
                continue
            self._map_column(column)
        for key, given in by_column.values():
            self._configure_property(key, given)
        if self.version_id_col is not None:
            self.version_id_prop = self._columntoproperty.get(self.version_id_col)

    def _inherit_properties(
        self, by_column: dict[Any, tuple[str, Any]], by_key: dict[str, Any]
    ) -> None:
        """The parent's attributes, each in its place; the class's own go before them."""
        assert self.inherits is not None
        for key, prop in self.inherits._props.items():
            if self._should_exclude(key, key, None, local=False):
                continue
            if key in by_key:
                self._configure_property(*by_column.pop(by_key[key]))
            elif key not in self._props and not self._has_own_column(key):
                self._adapt_inherited_property(key, prop)

    def _has_own_column(self, key: str) -> bool:
        """Whether a concrete class has a column in place of a parent's attribute."""
        if not self.concrete:
            return False
        column = self.local_table.c.get(key.removeprefix(self.column_prefix))
        return column is not None and not self._should_exclude(column.key, key, column)

    def _map_column(self, column: Any) -> None:
        """Map a column of the table under its own name, or the parent's name for it."""
        key = self.column_prefix + column.key
        local = bool(self.local_table.c.contains_column(column))
        if self._should_exclude(column.key, key, column, local):
            return
        for mapper in self.iterate_to_root():
            known = mapper._columntoproperty.get(column)
            if known is not None:
                key = known.key
        self._refuse_to_combine(key, column)
        self._configure_property(key, column)

    def _refuse_to_combine(self, key: str, column: Any) -> None:
        """A column does not become part of another attribute by its name alone.

        Raises:
            InvalidRequestError: the attribute is a column of another table.
            ArgumentError: the attribute is no column.
        """
        existing = self._props.get(key)
        if existing is None or isinstance(existing, ConcreteInheritedProperty):
            return
        if not isinstance(existing, ColumnProperty):
            raise sa_exc.ArgumentError(
                f"WARNING: when configuring property '{key}' on {self}, column "
                f"'{column.key}' conflicts with property '{existing!r}'. To resolve this, "
                "map the column to the class under a different name in the "
                "'properties' dictionary.  Or, to remove all awareness of the column "
                "entirely (including its availability as a foreign key), use the "
                "'include_properties' or 'exclude_properties' mapper arguments to "
                "control specifically which table columns get mapped."
            )
        if existing.columns[0] is column:
            return
        if existing.parent is not self:
            return  # an attribute of the parent, which gets one more column
        first, second = existing.columns[0], column
        if self._is_of_parent(column):
            first, second = second, first  # what was there first is named first
        raise sa_exc.InvalidRequestError(
            f"Implicitly combining column {first} with column {second} "
            f"under attribute '{key}'.  Please configure one or more attributes for "
            "these same-named columns explicitly."
        )

    def _is_of_parent(self, column: Any) -> bool:
        """Whether a column is of a table that the mapper does not add itself."""
        return self.inherits is not None and not self.local_table.c.contains_column(
            column
        )

    def _is_given_column(self, key: str, column: Any) -> bool:
        """Whether a column was given to be mapped under a name."""
        prop = self._as_column_property(key, self._init_properties.get(key))
        return prop is not None and column in prop.columns

    def _as_column_property(self, key: str, given: Any) -> ColumnProperty | None:
        if isinstance(given, ColumnProperty):
            return given
        if isinstance(given, (Column, list, tuple)):
            columns = sa_util.to_list(given)
            if columns and isinstance(columns[0], Column):
                return ColumnProperty(*columns)
        return None

    def _should_exclude(
        self, name: str, assigned: str, column: Any, local: bool = True
    ) -> bool:
        """Whether a column, or an attribute of the parent, is not mapped."""
        if column is not None and is_omitted(column):
            return True
        held = self._class_attribute(assigned, local)
        if held is not None and self._is_of_user(assigned, held):
            return True
        include, exclude = self.include_properties, self.exclude_properties
        if include is not None and name not in include and not _holds(include, column):
            return True
        return exclude is not None and (name in exclude or _holds(exclude, column))

    def _is_of_user(self, name: str, value: Any) -> bool:
        """Whether a class attribute is the user's own and must stay.

        The default of a dataclass's field is none of those: the field may be mapped.
        """
        return _is_userland(value) and name not in getattr(
            self.class_, "__dataclass_fields__", ()
        )

    def _class_attribute(self, name: str, local: bool) -> Any:
        """What the class, or any class that it derives from, has under a name."""
        if local:
            return self.class_.__dict__.get(name)
        for cls in self.class_.__mro__:
            if name in cls.__dict__:
                return cls.__dict__[name]
        return None

    def _user_descriptor(self, key: str) -> Any:
        """The user's own descriptor that the class has, or inherits, under a name."""
        found = getattr(self.class_, key, None)
        return found if hasattr(found, "__get__") and _is_userland(found) else None

    def add_property(self, key: str, prop: Any) -> None:
        """Map one more attribute; see ``Mapper.add_property``."""
        self._init_properties[key] = prop
        if self._properties_begun:
            self._configure_property(key, prop, init=self.configured)
            self._forget_memos()

    def add_properties(self, properties: dict[str, Any]) -> None:
        """Map more attributes."""
        for key, prop in properties.items():
            self.add_property(key, prop)

    def _configure_property(
        self, key: str, given: Any, init: bool = False, inherited: bool = False
    ) -> Any:
        """Map one attribute, here and in the mappers that inherit from this one.

        Args:
            inherited: it is the parent's own property.
        """
        prop = given
        if not isinstance(prop, MapperProperty):
            prop = self._property_from_columns(key, given)
            self._refuse_foreign_columns(key, prop)
        if not inherited:
            prop.key = key
        if isinstance(prop, ColumnProperty):
            self._adopt_columns(key, prop, inherited)
        existing = self._props.get(key)
        if self._properties_made and not inherited:
            self._warn_replaced(key, prop)
        self._props[key] = prop
        if not inherited:
            prop.set_parent(self)
        prop.instrument_class(self)
        for mapper in self._inheriting_mappers:
            if mapper._props.get(key) in (None, existing):
                mapper._adapt_inherited_property(key, prop)
        if inherited:
            if prop._configure_finished:
                prop.instrumented_late(self)
        elif self.configured or init:
            prop.init()
            self._forget_hierarchy()
            configure.extend(self)
        return prop

    def _warn_replaced(self, key: str, prop: Any) -> None:
        """Warn of an attribute that takes the place of another one of the class."""
        held = self.class_.__dict__.get(key)
        if held is None or not (prop._is_column or prop._is_relationship):
            return
        if isinstance(held, InstrumentedAttribute):
            replaced = "ORM-mapped attribute."
        elif isinstance(held, (QueryableAttribute, RefusingAttribute)):
            return
        else:
            replaced = "class-bound attribute of the same name."
        warn_deprecated(
            f"User-placed attribute {self.class_.__name__}.{key} on {self} is replacing "
            f"an existing {replaced}  Behavior is not fully defined in this case.  This "
            "use is deprecated and will raise an error in a future release",
            "2.1",
        )

    def _property_from_columns(self, key: str, given: Any) -> ColumnProperty:
        columns = sa_util.to_list(given)
        first = columns[0]
        if not hasattr(first, "type") or not hasattr(first, "_annotations"):
            raise sa_exc.ArgumentError(
                f"Mapper '{self}' could not assemble property {key!r}: expected a "
                f"Column, SQL expression or MapperProperty, got {given!r}"
            )
        if len(columns) == 1:
            combined = self._inherited_copy(key, first)
            if combined is not None:
                return combined
        return ColumnProperty(*columns)

    def _refuse_foreign_columns(self, key: str, prop: ColumnProperty) -> None:
        """Columns alone, which are written as well, must be of the mapped table.

        Raises:
            ArgumentError: a column is not.
        """
        for column in prop.columns:
            if self.local_table.c.contains_column(column):
                continue  # the join of a hierarchy may be older than the column
            if self.persist_selectable.corresponding_column(column) is None:
                raise sa_exc.ArgumentError(
                    f"When configuring property '{key}' on {self}, column '{column}' "
                    "is not represented in the mapper's table. Use the "
                    "`column_property()` function to force this column to be mapped "
                    "as a read-only attribute."
                )

    def _adopt_columns(self, key: str, prop: ColumnProperty, inherited: bool) -> None:
        table = self.persist_selectable
        for index, column in enumerate(prop.columns):
            mapped = table.corresponding_column(column)
            if mapped is not None and mapped is not column and not inherited:
                prop.columns[index] = column = mapped
            if not self.columns.contains_key(key) or index == 0:
                self.columns.add(column, key)
            for proxied in column.proxy_set:
                self._columntoproperty[proxied] = prop

    def _configure_primary_key(self) -> None:
        given = self._primary_key_argument
        if self._inherits_primary_key():
            assert self.inherits is not None
            columns = list(self.inherits.primary_key)
            self._warn_without_key()
        elif given is not None:
            columns = [self._primary_key_column(c) for c in sa_util.to_list(given)]
        else:
            columns = list(self.persist_selectable.primary_key or ())
        mapped = [c for c in columns if c in self._columntoproperty]
        if not mapped or (columns and len(mapped) != len(columns) and not mapped):
            raise sa_exc.ArgumentError(
                f"Mapper {self} could not assemble any primary key columns for "
                f"mapped table '{getattr(self.local_table, 'description', None)}'"
            )
        self.primary_key: tuple[Any, ...] = tuple(mapped)
        keys = [self._columntoproperty[c].key for c in mapped]
        self._pk_keys = tuple(keys)
        self.layout.pk_slots = tuple(self.layout.index[k] for k in keys)

    def _warn_without_key(self) -> None:
        """Warn of a table whose rows a flush cannot tell from each other."""
        table = self.local_table
        if isinstance(table, Table) and not table.primary_key:
            warn(
                "Could not assemble any primary keys for locally mapped table "
                f"'{table.description}' - no rows will be persisted in this Table."
            )

    def _primary_key_column(self, given: Any) -> Any:
        """A column of the primary key that was named in the mapping.

        Raises:
            ArgumentError: no attribute has that name.
            UnmappedColumnError: the column is not mapped.
        """
        if not isinstance(given, str):
            self.get_property_by_column(given)
            return given
        prop = self._props.get(given)
        if not isinstance(prop, ColumnProperty):
            raise sa_exc.ArgumentError(
                f"Can't determine primary_key column {given!r} - no attribute is "
                "mapped to this name."
            )
        return prop.columns[0]


def _holds(names: Any, column: Any) -> bool:
    """Whether a column itself is among names and columns."""
    return column is not None and column in names


class _Absent:
    """Marks a name that the class did not have."""


_ABSENT = _Absent()


def _next_number(version: Any) -> Any:
    """The version after one; 1 is the first."""
    return (version or 0) + 1


def _is_userland(value: Any) -> bool:
    """Whether a class attribute is no part of any mapping."""
    if isinstance(value, (ClauseElement, MapperProperty, RefusingAttribute)):
        return False
    return not hasattr(value, "is_attribute") and not hasattr(
        value, "__clause_element__"
    )
