"""``Mapper``: the mapping of one class to one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.schema import Column

from .._core.collections import ReadOnlyColumns, ReadOnlyProperties
from .._core.names import PLUGIN
from .._core.selectables import is_omitted, tables_of
from .._core.warnings import from_configuring, warn
from .._speedups import state as kernel
from ..exc import UnmappedClassError, UnmappedColumnError
from ..instrument import events as instance_events
from ..instrument.attribute_events import inherit_listeners
from ..instrument.entity import Entity, default_constructor
from ..instrument.manager import MANAGER_KEY, ClassManager, manager_of_class
from ..instrument.state import AdoptedInstanceState, instance_state
from . import configure
from . import events as mapper_events
from .composite import Composite
from .hooks import hooks
from .interfaces import MapperProperty
from .properties import ColumnProperty
from .queryable import InspectionAttr
from .relationships import Relationship, sync_targets
from .synonym import Synonym
from .validators import find_reconstructor, find_validators


class Mapper(mapper_events.MapperTarget, InspectionAttr, HasCacheKey):
    """Maps a class to a table; made by the registry, not by users.

    The arguments are those of `sqlalchemy.orm.Mapper`.

    Raises:
        ArgumentError: for a class that is mapped already, a table without a primary
            key, or a property that does not fit the table.
    """

    is_mapper = True
    is_selectable = False
    is_aliased_class = False
    inherit_cache = True

    def __init__(
        self,
        class_: type,
        local_table: Any = None,
        properties: Any = None,
        primary_key: Iterable[Any] | None = None,
        *,
        registry: Any = None,
        inherits: Any = None,
        inherit_condition: Any = None,
        inherit_foreign_keys: Any = None,
        always_refresh: bool = False,
        version_id_col: Any = None,
        version_id_generator: Any = None,
        polymorphic_on: Any = None,
        polymorphic_identity: Any = None,
        polymorphic_abstract: bool = False,
        polymorphic_load: Any = None,
        with_polymorphic: Any = None,
        concrete: bool = False,
        allow_partial_pks: bool = True,
        batch: bool = True,
        column_prefix: str | None = None,
        include_properties: Sequence[str] | None = None,
        exclude_properties: Sequence[str] | None = None,
        passive_updates: bool = True,
        passive_deletes: bool = False,
        confirm_deleted_rows: bool = True,
        eager_defaults: Any = "auto",
        legacy_is_orphan: bool = False,
        non_primary: bool = False,
        _compiled_cache_size: int = 100,
    ) -> None:
        if inherits is not None or polymorphic_on is not None or concrete:
            raise NotImplementedError(
                f"Mapping of {class_.__name__!r}: inheritance mappings "
                "(inherits, polymorphic_on, concrete) are not implemented yet."
            )
        if registry is None:
            raise sa_exc.InvalidRequestError(
                "The _mapper() function and Mapper() constructor may not be "
                "invoked directly outside of a declarative registry."
                " Please use the sqlalchemy.orm.registry.map_imperatively() "
                "function for a classical mapping."
            )
        self.class_ = class_
        self.registry = registry
        self.inherits: Mapper | None = None
        self.base_mapper = self
        self.concrete = False
        self.single = False
        self.polymorphic_on: Any = None
        self.polymorphic_identity = polymorphic_identity
        self.polymorphic_map: dict[Any, Mapper] = {}
        self.with_polymorphic: Any = None
        self._inheriting_mappers: list[Mapper] = []
        self.always_refresh = always_refresh
        self.version_id_prop: Any = None
        self._set_version(version_id_col, version_id_generator)
        self.allow_partial_pks = allow_partial_pks
        self.batch = batch
        self.column_prefix = column_prefix or ""
        self.include_properties = include_properties
        self.exclude_properties = exclude_properties
        self.passive_updates = passive_updates
        self.passive_deletes = passive_deletes
        self.confirm_deleted_rows = confirm_deleted_rows
        self.eager_defaults = eager_defaults
        self.legacy_is_orphan = legacy_is_orphan
        self._delete_orphans: list[tuple[str, type]] = []
        self._referring: list[Relationship] = []
        self.configured = False
        self._disposed = False
        self._configure_failed: Any = None
        self._init_properties: dict[str, Any] = dict(properties or {})
        self._primary_key_argument = primary_key
        self.validators = find_validators(class_)
        self._set_table(local_table)
        self._configure_class_instrumentation()
        try:
            self._configure_properties()
            self._configure_primary_key()
            configure.add_mapper(self)
            registry._add_mapper(self)
        except BaseException:
            self._uninstrument()
            raise
        self.dispatch.after_mapper_constructed(self, self.class_)

    # -- set-up ------------------------------------------------------------

    def _set_version(self, column: Any, generator: Any) -> None:
        """The version counter, and what makes the next version of one."""
        self.version_id_col: Any = column
        if isinstance(column, str):
            raise sa_exc.ArgumentError(
                f"Mapper of {self.class_.__name__!r}: version_id_col must be a column, "
                f"not the name {column!r}"
            )
        if generator is None or generator is True:
            generator = _next_number
        self.version_id_generator: Any = generator

    def _set_table(self, local_table: Any) -> None:
        if local_table is None:
            raise sa_exc.ArgumentError(
                f"Mapper[{self.class_.__name__}(None)] has None for a primary table "
                "argument; pass the Table that the class is mapped to"
            )
        table = coercions.expect(
            roles.FromClauseRole, local_table, disable_inspection=True
        )
        self.local_table = self.persist_selectable = table
        self.tables = tables_of(table)
        if self.version_id_col is not None:
            own = table.corresponding_column(self.version_id_col)
            self.version_id_col = self.version_id_col if own is None else own
        self._columntoproperty: dict[Any, MapperProperty] = {}
        self._props: dict[str, MapperProperty] = {}

    def _configure_class_instrumentation(self) -> None:
        existing = manager_of_class(self.class_)
        if existing is not None and existing.is_mapped:
            raise sa_exc.ArgumentError(
                f"Class '{self.class_!r}' already has a primary mapper defined. "
            )
        embedded = issubclass(self.class_, Entity)
        self.layout = kernel.Layout(
            self.class_, [], [], [], base=None, embedded=embedded, mapper=self
        )
        if not embedded:
            self.layout.state_factory = AdoptedInstanceState
        self.class_manager = ClassManager(self.class_, self.layout)
        self.class_manager.mapper = self
        self.class_manager.registry = self.registry
        self._keep_and_set(MANAGER_KEY, self.class_manager)
        mapper_events.adopt_listeners(self)
        self.dispatch.instrument_class(self, self.class_)
        if self.class_.__init__ is object.__init__:  # type: ignore[misc]
            constructor = getattr(self.registry, "constructor", default_constructor)
            self._keep_and_set("__init__", constructor)
        elif not embedded:
            instance_events.make_states(self.class_manager)
        elif self.class_.__init__ not in (  # type: ignore[misc]
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
        found = self.layout.index.get(key)
        return self.layout.add_column(key) if found is None else found

    def related_slot(self, key: str) -> int:
        """The layout's slot of a relationship, appended when it is new."""
        found = self.layout.index.get(key)
        return self.layout.add_related(key) if found is None else found

    def install_attribute(self, key: str, attr: Any) -> None:
        """Put an instrumented attribute on the class."""
        self.class_manager[key] = attr
        self.layout.attributes[key] = attr
        self._keep_and_set(key, attr)
        inherit_listeners(attr, self.class_manager)
        instance_events.attribute_instrumented(self.class_, key, attr)

    def _configure_properties(self) -> None:
        self.columns = self.c = ReadOnlyColumns()
        by_column: dict[Any, tuple[str, Any]] = {}
        for key, given in self._init_properties.items():
            prop = self._as_column_property(key, given)
            column = prop.columns[0] if prop is not None else None
            if column is not None and self.local_table.c.contains_column(column):
                by_column.setdefault(column, (key, given))
                if by_column[column][0] == key:
                    continue
            self._configure_property(key, given)
        for column in self.persist_selectable.columns:
            explicit = by_column.pop(column, None)
            if explicit is not None:
                self._configure_property(*explicit)
                continue
            if column in self._columntoproperty:
                continue
            key = self.column_prefix + column.key
            if self._should_exclude(column.key, key, column):
                continue
            self._refuse_to_combine(key, column)
            self._configure_property(key, column)
        for key, given in by_column.values():
            self._configure_property(key, given)
        if self.version_id_col is not None:
            self.version_id_prop = self._columntoproperty.get(self.version_id_col)

    def _refuse_to_combine(self, key: str, column: Any) -> None:
        """Columns of several tables do not become one attribute by their name."""
        existing = self._props.get(key)
        if not isinstance(existing, ColumnProperty) or existing.columns[0] is column:
            return
        raise sa_exc.InvalidRequestError(
            f"Implicitly combining column {existing.columns[0]} with column {column} "
            f"under attribute '{key}'.  Please configure one or more attributes for "
            "these same-named columns explicitly."
        )

    def _as_column_property(self, key: str, given: Any) -> ColumnProperty | None:
        if isinstance(given, ColumnProperty):
            return given
        if isinstance(given, (Column, list, tuple)):
            columns = sa_util.to_list(given)
            if columns and isinstance(columns[0], Column):
                return ColumnProperty(*columns)
        return None

    def _should_exclude(self, name: str, assigned: str, column: Any) -> bool:
        if is_omitted(column):
            return True
        held = self.class_.__dict__.get(assigned)
        if held is not None and _is_userland_descriptor(assigned, held):
            return True
        include, exclude = self.include_properties, self.exclude_properties
        if include is not None and name not in include and column not in include:
            return True
        return exclude is not None and (name in exclude or column in exclude)

    def add_property(self, key: str, prop: Any) -> None:
        """Map one more attribute; see ``Mapper.add_property``."""
        self._init_properties[key] = prop
        self._configure_property(key, prop, init=self.configured)
        self._forget_memos()

    def add_properties(self, properties: dict[str, Any]) -> None:
        """Map more attributes."""
        for key, prop in properties.items():
            self.add_property(key, prop)

    def _configure_property(self, key: str, given: Any, init: bool = False) -> Any:
        prop = given
        if not isinstance(prop, MapperProperty):
            prop = self._property_from_columns(key, given)
        prop.key = key
        if isinstance(prop, ColumnProperty):
            self._adopt_columns(key, prop)
        existing = self._props.get(key)
        if existing is not None and isinstance(existing, ColumnProperty):
            self._warn_replaced(key, existing, prop)
        self._props[key] = prop
        prop.set_parent(self)
        prop.instrument_class(self)
        if self.configured or init:
            prop.init()
            self._forget_memos()
            configure.extend(self)
        return prop

    def _warn_replaced(self, key: str, existing: Any, prop: Any) -> None:
        if isinstance(prop, ColumnProperty) and set(existing.columns) & set(
            prop.columns
        ):
            return
        warn(
            f"Property {prop} on {self} being replaced with new property {prop}; the "
            "old property will be discarded"
        )

    def _property_from_columns(self, key: str, given: Any) -> ColumnProperty:
        columns = sa_util.to_list(given)
        first = columns[0]
        if not hasattr(first, "type") or not hasattr(first, "_annotations"):
            raise sa_exc.ArgumentError(
                f"Mapper '{self}' could not assemble property {key!r}: expected a "
                f"Column, SQL expression or MapperProperty, got {given!r}"
            )
        return ColumnProperty(*columns)

    def _adopt_columns(self, key: str, prop: ColumnProperty) -> None:
        table = self.persist_selectable
        for index, column in enumerate(prop.columns):
            mapped = table.corresponding_column(column)
            if mapped is not None and mapped is not column:
                prop.columns[index] = column = mapped
            if not self.columns.contains_key(key) or index == 0:
                self.columns.add(column, key)
            for proxied in column.proxy_set:
                self._columntoproperty[proxied] = prop

    def _configure_primary_key(self) -> None:
        given = self._primary_key_argument
        if given:
            columns = [
                c if not isinstance(c, str) else self.persist_selectable.c[c]
                for c in given
            ]
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

    # -- names -------------------------------------------------------------

    @property
    def _sort_key(self) -> str:
        """What mappers are sorted by where nothing else orders them."""
        return f"{self.class_.__module__}.{self.class_.__name__}"

    @property
    def mapper(self) -> Mapper:
        return self

    @property
    def entity(self) -> type:
        return self.class_

    @property
    def _identity_class(self) -> type:
        return self.base_mapper.class_

    @property
    def entity_namespace(self) -> type:
        return self.class_

    @property
    def selectable(self) -> Any:
        return self.persist_selectable

    @property
    def mapped_table(self) -> Any:
        return self.persist_selectable

    @property
    def _with_polymorphic_selectable(self) -> Any:
        return self.persist_selectable

    @property
    def class_attribute_names(self) -> list[str]:
        return list(self._props)

    def entity_attribute(self, key: str) -> Any:
        """The class-bound attribute of a name."""
        found = self.class_manager.get(key)
        return getattr(self.class_, key) if found is None else found

    @sa_util.memoized_property
    def _clause_element(self) -> Any:
        return self.persist_selectable._annotate(
            {
                "entity_namespace": self,
                "parententity": self,
                "parentmapper": self,
                "compile_state_plugin": PLUGIN,
                "plugin_subject": self,
            }
        )._set_propagate_attrs({"compile_state_plugin": PLUGIN, "plugin_subject": self})

    def __clause_element__(self) -> Any:
        return self._clause_element

    def _gen_cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        return (self,)

    @property
    def _post_inspect(self) -> None:
        self._check_configure()

    @from_configuring
    def _check_configure(self) -> None:
        configure.ensure(self)

    def _adapt_element(self, element: Any, key: str | None = None) -> Any:
        return element

    # -- properties --------------------------------------------------------

    def has_property(self, key: str) -> bool:
        """Whether an attribute of that name is mapped."""
        return key in self._props

    def get_property(self, key: str, _configure_mappers: bool = False) -> Any:
        """The property of a name; InvalidRequestError when there is none."""
        if _configure_mappers:
            self._check_configure()
        try:
            return self._props[key]
        except KeyError:
            raise sa_exc.InvalidRequestError(
                f"Mapper '{self}' has no property '{key}'.  If this property was "
                "indicated from other mappers or configure events, ensure "
                "registry.configure() has been called."
            ) from None

    def get_property_by_column(self, column: Any) -> Any:
        """The property that a column is mapped to; UnmappedColumnError if none."""
        try:
            return self._columntoproperty[column]
        except KeyError:
            pass
        deannotated = getattr(column, "_deannotate", None)
        if deannotated is not None:
            plain = column._deannotate()
            if plain in self._columntoproperty:
                return self._columntoproperty[plain]
        raise UnmappedColumnError(
            f"No column {column} is configured on mapper {self}..."
        )

    @property
    def iterate_properties(self) -> Iterator[Any]:
        self._check_configure()
        return iter(list(self._props.values()))

    @sa_util.memoized_property
    def attrs(self) -> Any:
        self._check_configure()
        return ReadOnlyProperties(self._props)

    def _filtered(self, test: Any) -> Any:
        self._check_configure()
        return ReadOnlyProperties({k: v for k, v in self._props.items() if test(v)})

    @sa_util.memoized_property
    def column_attrs(self) -> Any:
        return self._filtered(lambda p: isinstance(p, ColumnProperty))

    @sa_util.memoized_property
    def relationships(self) -> Any:
        return self._filtered(lambda p: isinstance(p, Relationship))

    @sa_util.memoized_property
    def synonyms(self) -> Any:
        return self._filtered(lambda p: isinstance(p, Synonym))

    @sa_util.memoized_property
    def composites(self) -> Any:
        return self._filtered(lambda p: isinstance(p, Composite))

    @sa_util.memoized_property
    def _composite_keys(self) -> dict[str, list[str]]:
        """By name of a composite, the names of its columns' attributes."""
        found = (p for p in self._props.values() if isinstance(p, Composite))
        return {prop.key: prop.keys for prop in found}

    def _without_composites(self, names: Iterable[str]) -> list[str]:
        """Names of attributes, with those of a composite's columns in its place."""
        keys = self._composite_keys
        return [part for name in names for part in keys.get(name, (name,))]

    @property
    def all_orm_descriptors(self) -> Any:
        """Every attribute of the class that is mapped or a mapping extension."""
        found: dict[str, Any] = {}
        for cls in reversed(self.class_.__mro__):
            for key, value in vars(cls).items():
                if getattr(value, "is_attribute", False) or getattr(
                    value, "extension_type", None
                ):
                    found[key] = value
        return ReadOnlyProperties(found)

    _MEMOS = (
        "attrs",
        "column_attrs",
        "relationships",
        "synonyms",
        "composites",
        "_composite_keys",
        "_column_props",
        "_relationship_props",
        "_instance_keys",
        "_expirable_keys",
        "_read_only_keys",
        "_deferred_keys",
        "_collection_keys",
        "_untracked_keys",
        "_plans",
        "_cascading",
    )

    def _forget_memos(self) -> None:
        for name in self._MEMOS:
            self.__dict__.pop(name, None)
        if (layout := self.__dict__.get("layout")) is not None:
            layout.save_plan = None

    @sa_util.memoized_property
    def _column_props(self) -> list[ColumnProperty]:
        return [p for p in self._props.values() if isinstance(p, ColumnProperty)]

    @sa_util.memoized_property
    def _relationship_props(self) -> list[Relationship]:
        return [p for p in self._props.values() if isinstance(p, Relationship)]

    @sa_util.memoized_property
    def _instance_keys(self) -> frozenset[str]:
        """All that an instance may have, and the synonyms of it."""
        return frozenset(self.layout.index) | frozenset(self.synonyms.keys())

    @sa_util.memoized_property
    def _expirable_keys(self) -> frozenset[str]:
        return frozenset(p.key for p in self._column_props if not p.deferred)

    @sa_util.memoized_property
    def _read_only_keys(self) -> frozenset[str]:
        """Column attributes that are computed by the database."""
        return frozenset(
            p.key for p in self._column_props if not _is_writable(p.columns[0])
        )

    @sa_util.memoized_property
    def _deferred_keys(self) -> frozenset[str]:
        return frozenset(p.key for p in self._column_props if p.deferred)

    @sa_util.memoized_property
    def _collection_keys(self) -> frozenset[str]:
        return frozenset(
            p.key for p in self._relationship_props if p.uselist and not p._is_dynamic
        )

    @sa_util.memoized_property
    def _untracked_keys(self) -> frozenset[str]:
        """The relationships whose changes are no changes."""
        return frozenset(p.key for p in self._relationship_props if p.viewonly)

    @sa_util.memoized_property
    def _plans(self) -> dict[Any, Any]:
        """Prepared statements and load plans of this mapper, by purpose."""
        return {}

    @sa_util.memoized_property
    def _cascading(self) -> dict[str, list[Relationship]]:
        """Relationships that carry each operation on."""
        names = ("save-update", "merge", "refresh-expire", "expunge", "delete")
        found = {
            name: [p for p in self._relationship_props if name in p.cascade]
            for name in names
        }
        self.layout.save_plan = self._save_plan(found["save-update"])
        return found

    def _save_plan(self, props: list[Relationship]) -> tuple[Any, ...] | None:
        """Where the kernel finds what is saved along; None if it cannot by itself."""
        steps = []
        for prop in props:
            impl = self.class_manager[prop.key].impl
            if impl is None or impl.dynamic:
                return None
            list_type = impl.collection_factory if impl.collection else None
            slot = self.layout.index[prop.key]
            steps.append((slot, prop.key, list_type, prop.mapper.class_))
        return tuple(steps) if self.layout.embedded else None

    @property
    def _equivalent_columns(self) -> dict[Any, set[Any]]:
        return {}

    @property
    def polymorphic_iterator(self) -> Any:
        return lambda: iter([self])

    @property
    def self_and_descendants(self) -> list[Mapper]:
        return [self]

    def iterate_to_root(self) -> Iterator[Mapper]:
        yield self

    def isa(self, other: Mapper) -> bool:
        """Whether this mapper is ``other`` or inherits from it."""
        return any(m is other for m in self.iterate_to_root())

    def common_parent(self, other: Mapper) -> bool:
        """Whether both belong to one inheritance hierarchy."""
        return self.base_mapper is other.base_mapper

    def is_sibling(self, other: Mapper) -> bool:
        return self.common_parent(other)

    def get_clause_matches(self, join: Any) -> bool:
        """Whether a join is nothing but the comparison of the primary key."""
        return (
            bool(join.compares_only(self.primary_key))
            if hasattr(join, "compares_only")
            else len(join.local_remote_pairs) == len(self.primary_key)
        )

    def _prefer_eager_defaults(self, dialect: Any, table: Any) -> bool:
        """Whether an INSERT into a table brings server defaults along."""
        if self.eager_defaults == "auto":
            return bool(
                table.implicit_returning and dialect.insert_executemany_returning
            )
        return bool(self.eager_defaults)

    # -- identity ----------------------------------------------------------

    def identity_key_from_primary_key(
        self, primary_key: Sequence[Any], identity_token: Any = None
    ) -> Any:
        return self._identity_class, tuple(primary_key), identity_token

    def identity_key_from_instance(self, instance: Any) -> Any:
        values = self.primary_key_from_instance(instance)
        token = instance_state(instance).identity_token
        return self.identity_key_from_primary_key(values, token)

    def identity_key_from_row(
        self, row: Any, identity_token: Any = None, adapter: Any = None
    ) -> Any:
        mapping = getattr(row, "_mapping", row)
        columns = self.primary_key
        if adapter is not None:
            columns = tuple(adapter.columns[c] for c in columns)
        return self.identity_key_from_primary_key(
            [mapping[c] for c in columns], identity_token
        )

    def primary_key_from_instance(self, instance: Any) -> list[Any]:
        """The primary key's values, loading them when they are expired."""
        return [
            self.class_manager[key].impl.get(instance, 31 ^ 8)
            if kernel.peek_key(instance, key) is kernel.UNLOADED
            else kernel.peek_key(instance, key)
            for key in self._pk_keys
        ]

    def key_of_values(self, values: Sequence[Any]) -> Any:
        """The kernel's form of a primary key: bare when it has one column."""
        return values[0] if len(self.primary_key) == 1 else tuple(values)

    # -- loading, cascades ------------------------------------------------

    def _load_expired(self, obj: Any, passive: int) -> Any:
        return hooks.load_expired(self, obj, passive)

    def cascade_iterator(
        self, type_: str, obj: Any, halt_on: Any = None
    ) -> Iterator[Any]:
        """Every object that an operation on ``obj`` goes on to, breadth after depth."""
        visited = {id(obj)}
        stack = [self._cascade_step(type_, obj, visited, halt_on)]
        while stack:
            for child in stack[-1]:
                yield child
                mapper = kernel.layout_of(child).mapper
                if mapper._cascading[type_]:
                    stack.append(mapper._cascade_step(type_, child, visited, halt_on))
                    break
            else:
                stack.pop()

    def _cascade_step(
        self, type_: str, obj: Any, visited: set[int], halt_on: Any
    ) -> Iterator[Any]:
        for prop in self._cascading[type_]:
            yield from prop.cascade_iterator(type_, obj, visited, halt_on)

    def _is_orphan(self, obj: Any) -> bool:
        """Whether no parent that must hold the object does."""
        found = False
        for key, cls in self._delete_orphans:
            manager = manager_of_class(cls)
            if manager is None:
                continue
            has = manager[key].impl.hasparent(
                obj, kernel.state_of(obj)._o_key is not None
            )
            if self.legacy_is_orphan and has:
                return False
            if not self.legacy_is_orphan and not has:
                return True
            found = True
        return found and self.legacy_is_orphan

    def dispose(self) -> None:
        """Take the mapping off the class."""
        self.configured = True
        self._disposed = True
        instance_events.class_uninstrumented(self.class_)
        self._uninstrument()
        configure.forget(self)
        sync_targets.forget(self)

    def __reduce__(self) -> Any:
        return _mapper_of, (self.class_,)

    def __str__(self) -> str:
        table = getattr(self.local_table, "description", None)
        return f"Mapper[{self.class_.__name__}({table})]"

    def __repr__(self) -> str:
        return f"<Mapper at 0x{id(self):x}; {self.class_.__name__}>"


def _mapper_of(class_: type) -> Any:
    """The mapper of a class: what a pickled mapper comes back as."""
    manager = manager_of_class(class_)
    if manager is None or manager.mapper is None:
        raise UnmappedClassError(class_)
    return manager.mapper


class _Absent:
    """Marks a name that the class did not have."""


_ABSENT = _Absent()


def _is_writable(column: Any) -> bool:
    return isinstance(column, Column)


def _next_number(version: Any) -> Any:
    """The version after one; 1 is the first."""
    return (version or 0) + 1


def _is_userland_descriptor(name: str, value: Any) -> bool:
    """Whether a class attribute is the user's own and must stay."""
    if isinstance(value, (Column, MapperProperty)) or hasattr(value, "is_attribute"):
        return False
    if getattr(value, "_ormolu_declarative", False):
        return False
    if not hasattr(value, "__get__"):
        return False
    return not hasattr(value, "__clause_element__")
