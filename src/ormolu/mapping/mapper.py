"""``Mapper``: the mapping of one class to one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.schema import Column

from .._core.collections import ReadOnlyProperties
from .._core.names import PLUGIN
from .._core.warnings import from_configuring
from .._speedups import state as kernel
from ..exc import UnmappedClassError, UnmappedColumnError
from ..instrument import events as instance_events
from ..instrument.manager import manager_of_class
from ..instrument.mapper_symbol import mapper as mapper_symbol
from ..instrument.state import instance_state
from . import configure
from .composite import Composite
from .hooks import hooks
from .mapper_set_up import MapperSetUp
from .properties import ColumnProperty
from .queryable import InspectionAttr, NotExtension
from .relationships import Relationship, sync_targets
from .synonym import Synonym
from .validators import find_validators


class Mapper(MapperSetUp, InspectionAttr, HasCacheKey):
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
        if registry is None:
            raise sa_exc.InvalidRequestError(
                "The _mapper() function and Mapper() constructor may not be "
                "invoked directly outside of a declarative registry."
                " Please use the sqlalchemy.orm.registry.map_imperatively() "
                "function for a classical mapping."
            )
        self.class_ = class_
        self.registry = registry
        self._disposed = False
        self.polymorphic_identity = polymorphic_identity
        self.polymorphic_abstract = polymorphic_abstract
        self.polymorphic_load = polymorphic_load
        self._set_parent_mapper(inherits, concrete)
        self._set_with_polymorphic(with_polymorphic)
        self.always_refresh = always_refresh
        self.version_id_prop: Any = None
        self._set_version(version_id_col, version_id_generator)
        self.allow_partial_pks = allow_partial_pks
        self.batch = batch
        self.column_prefix = column_prefix or ""
        self.include_properties = (
            None if include_properties is None else set(include_properties)
        )
        self.exclude_properties = (
            None if exclude_properties is None else set(exclude_properties)
        )
        self.passive_updates = passive_updates
        self.passive_deletes = passive_deletes
        self.confirm_deleted_rows = confirm_deleted_rows
        self.eager_defaults = eager_defaults
        self.legacy_is_orphan = legacy_is_orphan
        self._delete_orphans: list[tuple[str, type]] = []
        self._referring: list[Relationship] = []
        self.configured = False
        self._configure_failed: Any = None
        self._init_properties: dict[str, Any] = dict(properties or {})
        self._primary_key_argument = primary_key
        self.validators = find_validators(class_)
        self._inherit_settings()
        self._set_table(local_table, inherit_condition, inherit_foreign_keys)
        self._configure_class_instrumentation()
        try:
            self._join_hierarchy()
            self._configure_properties()
            self._set_polymorphic_on(polymorphic_on)
            self._join_parents_polymorphic()
            self._configure_primary_key()
            self._properties_made = True
            configure.add_mapper(self)
            registry._add_mapper(self)
        except BaseException:
            self._leave_hierarchy()
            self._uninstrument()
            raise
        self.dispatch.after_mapper_constructed(self, self.class_)

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
    def entity_namespace(self) -> type:
        return self.class_

    @property
    def selectable(self) -> Any:
        return self._with_polymorphic_selectable

    @property
    def mapped_table(self) -> Any:
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
        return self.selectable._annotate(
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

    def _show_composites(self, obj: Any) -> None:
        """Put the composites into the dict of an instance that embeds its state."""
        for key in self._composite_keys if self.configured else ():
            self.composites[key].show(obj)

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
                kind = getattr(value, "extension_type", None)
                is_extension = kind and kind is not NotExtension.NOT_EXTENSION
                if is_extension or getattr(value, "is_attribute", False):
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
        "_clause_element",
        "_equivalent_columns",
        "_polymorphic_properties",
        "_polymorphic_mappers_memo",
        "_polymorphic_selectable_memo",
        "_polymorphic_adapter_memo",
    )

    @sa_util.memoized_property
    def _column_props(self) -> list[ColumnProperty]:
        # a discriminator that is no attribute is selected, and that is all
        return [
            p
            for p in self._props.values()
            if isinstance(p, ColumnProperty) and p.instrument
        ]

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

    @sa_util.memoized_property
    def _equivalent_columns(self) -> dict[Any, set[Any]]:
        return self._work_out_equivalents()

    @sa_util.memoized_property
    def _polymorphic_properties(self) -> list[Any]:
        """What every SELECT of the class loads: its own properties, and inline ones."""
        return self._properties_with(self._with_polymorphic_mappers)

    def get_clause_matches(self, join: Any) -> bool:
        """Whether a join is nothing but the comparison of the primary key."""
        return (
            bool(join.compares_only(self.primary_key))
            if hasattr(join, "compares_only")
            else len(join.local_remote_pairs) == len(self.primary_key)
        )

    def _prefer_eager_defaults(self, dialect: Any, table: Any) -> bool:
        """Whether an INSERT into a table brings server defaults along.

        The base mapper decides; by itself it does so for its own tables only.
        """
        base = self.base_mapper
        if base.eager_defaults == "auto":
            return bool(
                table in base.tables
                and table.implicit_returning
                and dialect.insert_executemany_returning
            )
        return bool(base.eager_defaults)

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
        self, type_: str, state: Any, halt_on: Callable[[Any], bool] | None = None
    ) -> Iterator[tuple[Any, Mapper, Any, dict[str, Any]]]:
        """Every object that an operation goes on to, along relationships that cascade.

        Args:
            type_: the operation: ``"save-update"``, ``"delete"`` and so on.
            state: that of the instance to begin with, whatever subclass it is of; the
                instance itself is given where a relationship leads back to it.
            halt_on: called with the state of each object; where it is true, neither the
                object nor what follows from it is given.

        Yields:
            the object, its mapper, its state and its attributes.

        Source: ``sqlalchemy.orm.Mapper.cascade_iterator``.
        """
        obj = state.obj()
        mapper = kernel.layout_of(obj).mapper
        if type_ not in mapper._cascading:
            return
        halt = None if halt_on is None else lambda one: halt_on(instance_state(one))
        for other in mapper._cascaded(type_, obj, halt, set()):
            found = instance_state(other)
            yield other, found.mapper, found, found.dict

    def cascaded(self, type_: str, obj: Any, halt_on: Any = None) -> Iterator[Any]:
        """Every other object that an operation on an instance of the class goes on to."""
        return self._cascaded(type_, obj, halt_on, {id(obj)})

    def _cascaded(
        self, type_: str, obj: Any, halt_on: Any, visited: set[int]
    ) -> Iterator[Any]:
        """Every object that an operation on ``obj`` goes on to, breadth after depth."""
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
            # at once: an object is reached through the first that refers to it, and
            # not through one further down
            yield from list(prop.cascade_iterator(type_, obj, visited, halt_on))

    def _is_orphan(self, obj: Any) -> bool:
        """Whether no parent that must hold the object does."""
        found = False
        for key, cls in self._all_delete_orphans:
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

    @property
    def _all_delete_orphans(self) -> list[tuple[str, type]]:
        """The relationships that must hold an object, also those to parent classes."""
        if self.inherits is None:
            return self._delete_orphans
        return [pair for m in self.iterate_to_root() for pair in m._delete_orphans]

    def dispose(self) -> None:
        """Take the mapping off the class."""
        self._leave_hierarchy()
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


mapper_symbol.stands_for = Mapper


def _mapper_of(class_: type) -> Any:
    """The mapper of a class: what a pickled mapper comes back as."""
    manager = manager_of_class(class_)
    if manager is None or manager.mapper is None:
        raise UnmappedClassError(class_)
    return manager.mapper


def _is_writable(column: Any) -> bool:
    return isinstance(column, Column)
