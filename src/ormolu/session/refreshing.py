"""Expiry and refresh of a session's objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import exc as sa_exc

from .._speedups import state as kernel
from ..exc import instance_text
from ..hydrate.description import has_passed, node_of_own_load
from ..instrument.expiry import expire_all, expire_keys
from ..instrument.flags import (
    PASSIVE_NO_FETCH_RELATED,
    PASSIVE_OFF,
)
from ..loaders.by_key import key_values
from ..loaders.expired import refresh_from_row
from .bulk import BulkOperations
from .known import for_update_arguments

MODIFIED = kernel.MODIFIED


class Refreshing(BulkOperations):
    """The part of `Session` about the values of its objects."""

    def refresh(
        self,
        instance: object,
        attribute_names: Iterable[str] | None = None,
        with_for_update: Any = None,
    ) -> None:
        """Reload attributes of an instance now; its pending changes are lost.

        Raises:
            InvalidRequestError: when the instance is not persistent here, or its row
                is gone.
        """
        struct = self._state_of(instance)
        if isinstance(with_for_update, dict) and not with_for_update:
            raise sa_exc.ArgumentError(
                "with_for_update should be the boolean value True, or a dictionary "
                "with options.  A blank dictionary is ambiguous."
            )
        self._require_persistent(instance, struct)
        mapper = struct._o_layout.mapper
        names = None
        if attribute_names is not None:
            names = set(mapper._without_composites(attribute_names))
        self._expire_for_refresh(instance, mapper, names)
        self._autoflush()
        _refuse_changed_key(struct, mapper)
        only = _refreshed_keys(instance, mapper, names)
        found = refresh_from_row(
            self,
            mapper,
            instance,
            key_values(mapper, struct._o_key),
            only,
            node=node_of_own_load(struct._o_origin),
            with_for_update=for_update_arguments(with_for_update),
            joined=True,
        )
        if not found:
            raise sa_exc.InvalidRequestError(
                f"Could not refresh instance '{instance_text(instance)}'"
            )
        if names is not None:
            for prop in mapper._relationship_props:
                if prop.key in names:
                    _load_lazy(instance, prop)

    def _expire_for_refresh(
        self, instance: Any, mapper: Any, names: set[str] | None
    ) -> None:
        if names is not None:
            unknown = [n for n in names if n not in mapper._props]
            if unknown:
                raise KeyError(unknown[0])
            expire_keys(instance, names)
            return
        cascaded = list(mapper.cascaded("refresh-expire", instance))
        expire_all(instance)
        for other in cascaded:
            self._expire_one(other)

    def expire(
        self, instance: object, attribute_names: Iterable[str] | None = None
    ) -> None:
        """Forget an object's values; the next read loads them anew."""
        struct = self._state_of(instance)
        self._require_in_session(instance, struct)
        mapper = struct._o_layout.mapper
        if attribute_names:
            expire_keys(instance, mapper._without_composites(attribute_names))
            return
        cascaded = list(mapper.cascaded("refresh-expire", instance))
        self._expire_one(instance)
        for other in cascaded:
            self._expire_one(other)

    def _expire_one(self, obj: Any) -> None:
        struct = kernel.state_of(obj)
        if struct._o_key is not None:
            expire_all(obj)
        elif (
            id(obj) in self._tracker.new and struct._o_layout.mapper._all_delete_orphans
        ):
            self._expunge_one(obj)  # it lives with the collection that is forgotten

    def expire_all(self) -> None:
        """Forget the values of every object."""
        for obj in self._tracker.objects():
            expire_all(obj)

    def _require_in_session(self, instance: Any, struct: Any) -> None:
        if not self._contains(instance):
            raise sa_exc.InvalidRequestError(
                f"Instance '{instance_text(instance)}' is not persistent within this "
                "Session"
            )
        if struct._o_key is None:
            raise sa_exc.InvalidRequestError(
                f"Instance '{instance_text(instance)}' is not persistent within this "
                "Session"
            )

    def is_modified(self, instance: object, include_collections: bool = True) -> bool:
        """Whether an object has net changes."""
        struct = self._state_of(instance)
        if not struct._o_flags & MODIFIED:
            return False
        for attr in list(struct._o_layout.attributes.values()):
            impl = attr.impl
            if impl is None:
                continue
            if not include_collections and (impl.collection or impl.dynamic):
                continue
            history = impl.get_history(instance, 22)
            if history.added or history.deleted:
                return True
        return False

    _require_persistent = _require_in_session


def _load_lazy(obj: Any, prop: Any) -> None:
    """Load a relationship that was not loaded eagerly.

    A reference to an object of the same class, or of one that the load of this object
    came from, stays unloaded where it would have to be loaded or refreshed for it.
    """
    impl = kernel.layout_of(obj).attributes[prop.key].impl
    passive = PASSIVE_OFF
    mapper, origin = prop.mapper, kernel.state_of(obj)._o_origin
    if mapper.base_mapper is prop.parent.base_mapper or has_passed(origin, mapper):
        passive = PASSIVE_NO_FETCH_RELATED
    impl.get(obj, passive)


def _refuse_changed_key(struct: Any, mapper: Any) -> None:
    """A row cannot be found by a key that was changed and not flushed."""
    changed = set(struct._o_originals or ()).intersection(mapper._pk_keys)
    if changed:
        changed = {k for k in changed if _differs(struct, mapper, k)}
    if changed:
        raise sa_exc.InvalidRequestError(
            f"Please flush pending primary key changes on attributes {changed} for "
            f"mapper {mapper} before proceeding with a refresh"
        )


def _differs(struct: Any, mapper: Any, key: str) -> bool:
    obj = struct.obj() if isinstance(struct, kernel.AdoptedState) else struct
    history = mapper.class_manager[key].impl.get_history(obj, 22)
    return bool(history.added or history.deleted)


def _refreshed_keys(
    obj: Any, mapper: Any, names: set[str] | None
) -> frozenset[str] | None:
    """What the statement of a refresh loads; None for everything.

    The key comes along where related objects are asked for.
    """
    if names is not None:
        keys = mapper._pk_keys
        if all(mapper._props[n]._is_column for n in names):
            return frozenset(names)
        return frozenset(names.union(keys))
    return None
