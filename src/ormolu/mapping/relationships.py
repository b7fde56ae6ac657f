"""``Relationship``: an attribute that refers to other mapped objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import exc as sa_exc
from sqlalchemy.sql.base import _NoArg

from .._core.warnings import warn, warn_deprecated
from .._speedups import state as kernel
from ..instrument.backrefs import (
    add_backref_listeners,
    add_cascade_listeners,
    add_single_parent_listeners,
)
from ..instrument.collection_impl import CollectionImpl
from ..instrument.collections import prepare_instrumentation
from ..instrument.flags import (
    NO_RAISE,
    NO_VALUE,
    PASSIVE_NO_INITIALIZE,
    PASSIVE_NO_RESULT,
)
from ..instrument.impls import ScalarObjectImpl
from ..instrument.write_only_impl import DynamicImpl, WriteOnlyImpl
from .cascade import NON_WRITING, CascadeOptions
from .direction import MANYTOMANY, MANYTOONE, ONETOMANY, RelationshipDirection
from .hooks import hooks
from .interfaces import MapperProperty
from .join_condition import JoinCondition
from .join_overlaps import SyncTargets
from .queryable import DynamicAttribute, InstrumentedAttribute
from .relationship_arguments import find_entity, resolve_arguments
from .relationship_backrefs import generate_backref, link_back_populates
from .relationship_comparator import RelationshipComparator
from .validators import add_validators

_T = TypeVar("_T", bound=Any)

UNLOADED = kernel.UNLOADED

sync_targets = SyncTargets()
"""Which relationship writes which column."""


class Relationship(MapperProperty):
    """Maps an attribute to objects of another mapped class.

    The arguments are those of `sqlalchemy.orm.relationship`; what refers to other
    mappings (names, callables) is resolved by configuration.
    """

    _is_relationship = True
    inherit_cache = True
    strategy_wildcard_key = "relationship"
    Comparator = RelationshipComparator

    mapper: Any
    entity: Any
    target: Any
    direction: RelationshipDirection
    join: JoinCondition

    def __init__(
        self,
        argument: Any = None,
        secondary: Any = None,
        *,
        uselist: bool | None = None,
        collection_class: Any = None,
        primaryjoin: Any = None,
        secondaryjoin: Any = None,
        back_populates: Any = None,
        order_by: Any = False,
        backref: Any = None,
        overlaps: str | None = None,
        post_update: bool = False,
        cascade: Any = "save-update, merge",
        viewonly: bool = False,
        attribute_options: Any = None,
        lazy: Any = "select",
        passive_deletes: Any = False,
        passive_updates: bool = True,
        active_history: bool = False,
        enable_typechecks: bool = True,
        foreign_keys: Any = None,
        remote_side: Any = None,
        join_depth: int | None = None,
        comparator_factory: Any = None,
        single_parent: bool = False,
        innerjoin: Any = False,
        distinct_target_key: bool | None = None,
        load_on_pending: bool = False,
        query_class: Any = None,
        info: dict[Any, Any] | None = None,
        omit_join: Any = None,
        sync_backref: bool | None = None,
        doc: str | None = None,
        _local_remote_pairs: Any = None,
        _legacy_inactive_history_style: bool = False,
    ) -> None:
        self.argument = argument
        self.secondary = secondary
        self.uselist = uselist
        self.collection_class = collection_class
        self.primaryjoin = primaryjoin
        self.secondaryjoin = secondaryjoin
        self.order_by = order_by
        self.foreign_keys = foreign_keys
        self.remote_side = remote_side
        self._user_pairs = _local_remote_pairs
        self.viewonly = viewonly
        self.post_update = post_update
        self.passive_deletes = passive_deletes
        self.passive_updates = passive_updates
        self.active_history = active_history
        self.enable_typechecks = enable_typechecks
        self.single_parent = single_parent
        self.innerjoin = innerjoin
        self.distinct_target_key = distinct_target_key
        self.load_on_pending = load_on_pending
        self.query_class = query_class
        self.omit_join = omit_join
        self.join_depth = join_depth
        self.lazy = lazy
        self.comparator_factory = comparator_factory or RelationshipComparator
        self.attribute_options = attribute_options
        self.info = info if info is not None else {}
        self.doc = doc
        self.overlaps = {x.strip() for x in overlaps.split(",")} if overlaps else set()
        self._legacy_inactive_history_style = _legacy_inactive_history_style
        self._reverse_property: dict[Relationship, None] = {}
        self._check_viewonly(passive_updates)
        self.sync_backref = self._checked_sync_backref(sync_backref)
        self._set_cascade(cascade)
        self.back_populates, self.backref = back_populates, None
        if back_populates:
            if backref:
                raise sa_exc.ArgumentError(
                    "backref and back_populates keyword arguments are mutually exclusive"
                )
        else:
            self.backref = backref

    def _check_viewonly(self, passive_updates: bool) -> None:
        if not self.viewonly:
            return
        defaults = {
            "passive_deletes": False,
            "passive_updates": True,
            "enable_typechecks": True,
            "active_history": False,
        }
        for name, default in defaults.items():
            if getattr(self, name) != default:
                warn(
                    f"Setting {name} on relationship() while also "
                    "setting viewonly=True does not make sense, as a "
                    "viewonly=True relationship does not perform persistence "
                    "operations. This configuration may raise an error "
                    "in a future release."
                )

    def _checked_sync_backref(self, value: bool | None) -> bool | None:
        if self.viewonly and value:
            raise sa_exc.ArgumentError("sync_backref and viewonly cannot both be True")
        return value

    def _set_cascade(self, cascade: Any) -> None:
        options = CascadeOptions(cascade)
        if self.viewonly:
            options = CascadeOptions(options & NON_WRITING)
        self._cascade = options
        if getattr(self, "_configure_finished", False):
            self._check_cascade()

    @property
    def cascade(self) -> Any:
        """The cascades, a `CascadeOptions`."""
        return self._cascade

    @cascade.setter
    def cascade(self, value: Any) -> None:
        self._set_cascade(value)

    # -- the class attribute ---------------------------------------------

    def instrument_class(self, mapper: Any) -> None:
        comparator: Any = self.comparator_factory(self, mapper)
        kind = DynamicAttribute if self._is_dynamic else InstrumentedAttribute
        attr: Any = kind(mapper.class_, self.key, mapper, comparator)
        attr._doc = self.doc
        attr.layout, attr.slot = mapper.layout, mapper.related_slot(self.key)

        def configure_then_get(obj: Any) -> Any:
            mapper._check_configure()
            return attr.__get__(obj, type(obj))

        def configure_then_set(obj: Any, value: Any) -> None:
            mapper._check_configure()
            attr.__set__(obj, value)

        attr.on_missing, attr.on_set = configure_then_get, configure_then_set
        mapper.install_attribute(self.key, attr)

    def _install_impls(self) -> None:
        for mapper in self.parent.self_and_descendants:
            if mapper._props.get(self.key) is self:
                self._install_impl(mapper)

    def instrumented_late(self, mapper: Any) -> None:
        self._install_impl(mapper)

    def _install_impl(self, mapper: Any) -> None:
        attr = mapper.class_manager[self.key]
        trackparent = bool(self.single_parent or self.direction is ONETOMANY)
        options = {"trackparent": trackparent}
        impl: Any
        if self._is_dynamic:
            impl = self._dynamic_impl(attr, options)
        elif self.uselist:
            factory = prepare_instrumentation(self.collection_class or list)
            impl = CollectionImpl(attr, self._load, factory, **options)
        else:
            # what a change replaces is not found without a statement
            hidden = self.direction is not MANYTOONE or not self._use_get
            legacy = self._legacy_inactive_history_style
            active = self.active_history or (hidden and legacy)
            impl = ScalarObjectImpl(
                attr,
                self._load,
                active_history=active and not self.viewonly,
                deferred_history=hidden and not self.viewonly,
                **options,
            )
        attr.impl = impl
        impl.loads_new = self.load_on_pending
        impl.send_modified_events = not self.viewonly
        if self.single_parent:
            add_single_parent_listeners(impl, self)
        add_validators(impl, mapper, self.key)
        add_cascade_listeners(impl, self)
        if self.back_populates and self.effective_sync_backref:
            add_backref_listeners(impl, self.back_populates, self.uselist)
        impl.install()

    @property
    def _is_dynamic(self) -> bool:
        """Whether the collection is never loaded as an attribute's value."""
        return self.lazy in ("dynamic", "write_only")

    def _dynamic_impl(self, attr: Any, options: dict[str, Any]) -> Any:
        if not self.uselist or self.direction is MANYTOONE:
            raise sa_exc.InvalidRequestError(
                f"On relationship {self}, 'dynamic' loaders cannot be used with "
                "many-to-one/one-to-one relationships and/or uselist=False."
            )
        if self.lazy == "write_only":
            return WriteOnlyImpl(attr, hooks.make_write_only, **options)
        make_query, load = hooks.dynamic_factories(self)
        return DynamicImpl(attr, make_query, load, **options)

    def _load(self, obj: Any, passive: int) -> Any:
        return hooks.load_related(self, obj, passive)

    # -- configuration -----------------------------------------------------

    def do_init(self) -> None:
        resolve_arguments(self)
        find_entity(self)
        self.join = self._make_join()
        self._adopt_join()
        self._check_default()
        self._check_cascade()
        generate_backref(self)
        link_back_populates(self)
        self._use_get = self._find_use_get()
        self._claim_columns()
        self._install_impls()
        if self.lazy in ("noload", None):
            warn_deprecated(
                "The ``noload`` loader strategy is deprecated and will be removed in a "
                "future release.  This option produces incorrect results by returning "
                "``None`` for related items. (deprecated since: 2.1)",
                "2.1",
            )

    def _claim_columns(self) -> None:
        """Note the columns that a flush writes for this; warn where another does."""
        if self.viewonly:
            return
        join = self.join
        pairs = [
            (source, target)
            for source, target in (
                *join.synchronize_pairs,
                *join.secondary_synchronize_pairs,
            )
        ]
        sync_targets.claim(self, pairs, self._reverse_property)

    def _check_default(self) -> None:
        """A dataclass has no default for a collection, which is always there."""
        default = getattr(self.attribute_options, "dataclasses_default", _NoArg.NO_ARG)
        if self.uselist and default is not _NoArg.NO_ARG:
            raise sa_exc.ArgumentError(
                f"On relationship {self}, the dataclass default for relationship may "
                "only be set for a relationship that references a scalar value, i.e. "
                "many-to-one or explicitly uselist=False"
            )

    def _make_join(self) -> JoinCondition:
        parent, child = self.parent, self.entity
        return JoinCondition(
            parent.persist_selectable,
            child.selectable if child.is_aliased_class else child.persist_selectable,
            parent.local_table,
            child.selectable if child.is_aliased_class else child.local_table,
            primaryjoin=self.primaryjoin,
            secondary=self.secondary,
            secondaryjoin=self.secondaryjoin,
            parent_equivalents=parent._equivalent_columns,
            child_equivalents=self.mapper._equivalent_columns,
            consider_as_foreign_keys=self.foreign_keys,
            local_remote_pairs=self._user_pairs,
            remote_side=self.remote_side,
            self_referential=self.parent.common_parent(self.mapper),
            prop=self,
            support_sync=not self.viewonly,
            can_be_synced_fn=self._columns_are_mapped,
        )

    def _columns_are_mapped(self, *columns: Any) -> bool:
        for column in columns:
            if self.secondary is not None and self.secondary.c.contains_column(column):
                continue
            if not self.parent.persist_selectable.c.contains_column(
                column
            ) and not self.target.c.contains_column(column):
                return False
        return True

    def _adopt_join(self) -> None:
        join = self.join
        self.primaryjoin = join.primaryjoin
        self.secondaryjoin = join.secondaryjoin
        self.direction = join.direction
        self.local_remote_pairs = join.local_remote_pairs
        self.remote_side = join.remote_columns
        self.local_columns = join.local_columns
        self.synchronize_pairs = join.synchronize_pairs
        self.secondary_synchronize_pairs = join.secondary_synchronize_pairs
        self._calculated_foreign_keys = join.foreign_key_columns
        if self.uselist is None:
            self.uselist = self.direction is not MANYTOONE
        if self.direction is MANYTOONE:
            self.mapper._referring.append(self)
            for mapper in self.mapper.self_and_descendants:
                mapper._plans.pop("key switches", None)

    def _check_cascade(self) -> None:
        cascade = self._cascade
        if (
            cascade.delete_orphan
            and not self.single_parent
            and self.direction in (MANYTOMANY, MANYTOONE)
        ):
            raise sa_exc.ArgumentError(
                f"For {self._direction_text()} relationship {self}, delete-orphan "
                "cascade is normally "
                'configured only on the "one" side of a one-to-many relationship, '
                'and not on the "many" side of a many-to-one or many-to-many '
                "relationship.  To force this relationship to allow a particular "
                f'"{self.mapper.class_.__name__}" object to be referenced by only '
                f'a single "{self.parent.class_.__name__}" object at a time via the '
                f"{self} relationship, which would allow delete-orphan cascade to "
                "take place in this direction, set the single_parent=True flag.",
                code="bbf0",
            )
        if self.passive_deletes == "all" and (cascade.delete or cascade.delete_orphan):
            raise sa_exc.ArgumentError(
                f"On {self}, can't set passive_deletes='all' in conjunction "
                "with 'delete' or 'delete-orphan' cascade"
            )
        if cascade.delete_orphan:
            self.mapper._delete_orphans.append((self.key, self.parent.class_))

    def _direction_text(self) -> str:
        return {MANYTOONE: "many-to-one", MANYTOMANY: "many-to-many"}.get(
            self.direction, "one-to-many"
        )

    @property
    def effective_sync_backref(self) -> bool:
        """Whether changes here are mirrored on the other side."""
        if self.viewonly:
            return False
        return self.sync_backref is not False

    @property
    def _effective_sync_backref(self) -> bool:
        return self.effective_sync_backref

    def _find_use_get(self) -> bool:
        """Whether the related object is found by its primary key alone."""
        if self.uselist or self.secondary is not None:
            return False
        remote = [r for _, r in self.lazy_pairs()]
        key = list(self.mapper.primary_key)
        if len(remote) != len(key) or self.entity.is_aliased_class:
            return False
        if {id(self.mapper._key_column(c)) for c in remote} != {id(c) for c in key}:
            return False
        return self.join.direction is MANYTOONE and self.mapper.get_clause_matches(
            self.join
        )

    def lazy_pairs(self) -> list[tuple[Any, Any]]:
        """Pairs of local and remote columns."""
        return [(left, right) for left, right in self.local_remote_pairs]

    # -- for the unit of work and the session -------------------------------

    def hasparent(self, child: Any, optimistic: bool = False) -> bool:
        impl = self.parent.class_manager[self.key].impl
        return impl.hasparent(child, optimistic)  # type: ignore[no-any-return]

    def cascade_iterator(
        self, type_: str, obj: Any, visited: set[int], halt_on: Any = None
    ) -> Iterator[Any]:
        """Related objects that ``type_`` goes on to, each once."""
        if type_ != "delete" or self.passive_deletes:
            passive = 22
        else:
            passive = 31 ^ 8 | NO_RAISE
        impl = self._impl_of(obj)
        if type_ == "save-update":
            found = impl.get_all_pending(obj)
        elif type_ == "refresh-expire":
            found = self._loaded(obj)
        else:
            found = self._current(impl, obj, passive)
        skip_pending = type_ == "refresh-expire" and not self._cascade.delete_orphan
        for other in found:
            if other is None or id(other) in visited:
                continue
            if not isinstance(other, self.mapper.class_):
                raise AssertionError(
                    f"Attribute '{self.key}' on class '{self.parent.class_}' "
                    f"doesn't handle objects of type '{type(other)}'"
                )
            if halt_on is not None and halt_on(other):
                continue
            if skip_pending and kernel.state_of(other)._o_key is None:
                continue
            visited.add(id(other))
            yield other

    def _loaded(self, obj: Any) -> Iterable[Any]:
        if self._is_dynamic:
            return self._current(self._impl_of(obj), obj, PASSIVE_NO_INITIALIZE)
        value = kernel.peek_key(obj, self.key)
        if value is UNLOADED or value is None:
            return ()
        return list(value._sa_adapter) if self.uselist else (value,)

    def _impl_of(self, obj: Any) -> Any:
        return type(obj).__dict__["_sa_class_manager"][self.key].impl

    def _current(self, impl: Any, obj: Any, passive: int) -> Iterable[Any]:
        if impl.dynamic:
            return impl.members(obj, passive)  # type: ignore[no-any-return]
        value = impl.get(obj, passive)
        if value is None or value is PASSIVE_NO_RESULT or value is NO_VALUE:
            return ()
        return list(value._sa_adapter) if self.uselist else (value,)

    def value_as_iterable(self, obj: Any, passive: int = 31) -> list[Any]:
        """The related objects of an instance in a list."""
        impl = self.parent.class_manager[self.key].impl
        return list(self._current(impl, obj, passive))

    def create_joins(
        self,
        source: Any,
        dest: Any = None,
        extra_criteria: tuple[Any, ...] = (),
        alias_secondary: bool = True,
        criterion: Any = None,
    ) -> Any:
        """The ON clauses of a join along the relationship.

        Args:
            source: what the parent is selected from; None for its own table.
            dest: what the target is selected from; None for its own.
            extra_criteria: further conditions of the ON clause.
            alias_secondary: whether the secondary table gets an alias in any case.
            criterion: a condition of the target, which comes before those.

        Returns:
            primaryjoin, secondaryjoin, secondary, target adapter and target.
        """
        own_source = self.parent.persist_selectable
        own_dest = self.entity.persist_selectable
        if dest is None:
            dest = self.entity.selectable
        aliased = (
            (self.secondary is not None and alias_secondary)
            or dest is not own_dest
            or (source is not None and source is not own_source)
        )
        return self.join.join_targets(source, dest, aliased, criterion, extra_criteria)


RelationshipProperty = Relationship
