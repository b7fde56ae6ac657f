"""``Session.merge``: the state of given objects copied onto those of a session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import exc as sa_exc

from .._core.warnings import warn
from .._speedups import state as kernel
from ..exc import StaleDataError, instance_text
from ..hydrate.description import merged_record, node_of_own_load
from ..instrument.collection_impl import forget_pending
from ..instrument.collections import collection_adapter
from ..instrument.expiry import expire_keys, expired_keys, is_expired, leave_expiry
from ..instrument.flags import PASSIVE_MERGE
from ..instrument.state import public_key
from .known import identity_key

UNLOADED = kernel.UNLOADED


class Merge:
    """One run of `Session.merge` over some objects and those that they refer to.

    Args:
        session: the session that receives.
        load: whether to load what it does not have.
        options: loader options for what is loaded.
    """

    def __init__(self, session: Any, load: bool, options: Sequence[Any] | None) -> None:
        self.session = session
        self.load = load
        self.options = options
        self._merged: dict[int, Any] = {}
        self._given: list[Any] = []
        self._by_key: dict[Any, Any] = {}
        self._ways: set[tuple[int, Any]] = set()

    def start(self, instance: Any) -> Any:
        """Merge an object that the user gave."""
        self.session._state_of(instance)  # raises for one that is not mapped
        self._merged.clear()
        self._ways.clear()
        return self.merge(instance)

    def merge(self, given: Any) -> Any:
        """The session's object for a given one, with its state copied."""
        found = self._merged.get(id(given))
        if found is not None:
            return found
        struct = kernel.state_of(given)
        mapper = struct._o_layout.mapper
        key = self._key_of(given, struct, mapper)
        target, isnew = self._target(given, struct, mapper, key)
        self._given.append(given)  # ids stay taken while the merge lasts
        self._merged[id(given)] = target
        self._by_key[key] = target
        if target is not given:
            self._copy(given, struct, target, mapper)
        if not self.load:
            kernel.forget_changes(target)
            leave_expiry(target)
        if isnew:
            mapper.class_manager.dispatch.load(target, None)
        return target

    # -- which object ------------------------------------------------------------------

    def _key_of(self, given: Any, struct: Any, mapper: Any) -> Any:
        if struct._o_key is not None:
            return public_key(struct)
        if id(given) in self.session._tracker.new:
            warn(
                f"Instance {instance_text(given)} is already pending in this Session "
                "yet is being merged again; this is probably not what you want to do"
            )
        if not self.load:
            raise sa_exc.InvalidRequestError(
                "merge() with load=False option does not support objects transient "
                "(i.e. unpersisted) objects.  flush() all changes on mapped instances "
                "before merging with load=False."
            )
        if expired_keys(given):
            for key in mapper._pk_keys:
                getattr(given, key)  # which refuses what cannot be loaded any more
        values = tuple(kernel.peek_key(given, k) for k in mapper._pk_keys)
        if UNLOADED in values:
            return (mapper._identity_class, values, id(given))
        return identity_key(mapper, values)

    def _is_persistent_key(self, mapper: Any, struct: Any, key: Any) -> bool:
        if struct._o_key is not None:
            return True
        values = key[1]
        if any(v is UNLOADED for v in values):
            return False
        nulls = [v is None for v in values]
        return not any(nulls) or (mapper.allow_partial_pks and not all(nulls))

    def _target(
        self, given: Any, struct: Any, mapper: Any, key: Any
    ) -> tuple[Any, bool]:
        """The session's object, and whether it is a new one."""
        persistent = self._is_persistent_key(mapper, struct, key)
        if persistent:
            found = self.session.identity_map.get(key)
            if found is None:
                found = self._by_key.get(key)
            if found is not None:
                return found, False
        if not self.load:
            return self._unchecked(struct, mapper, key), True
        if persistent:
            found = self.session.get(
                mapper.class_, key[1], identity_token=key[2], options=self.options
            )
            if found is not None:
                return found, False
        found = mapper.class_manager.new_instance()
        self.session._save_or_update(found)
        return found, True

    def _unchecked(self, struct: Any, mapper: Any, key: Any) -> Any:
        """A persistent object made without looking into the database."""
        if struct._o_flags & kernel.MODIFIED:
            raise sa_exc.InvalidRequestError(
                "merge() with load=False option does not support objects marked as "
                "'dirty'.  flush() all changes on mapped instances before merging "
                "with load=False."
            )
        made = mapper.class_manager.new_instance()
        made_struct = kernel.state_of(made)
        made_struct._o_flags = made_struct._o_flags & ~kernel.FRESH | kernel.PARTIAL
        made_struct._o_key = mapper.key_of_values(key[1])
        if key[2] is not None:
            made_struct._o_extras = {"identity_token": key[2]}
        self.session._update(made, made_struct)
        return made

    # -- what is copied ------------------------------------------------------------------

    def _copy(self, given: Any, struct: Any, target: Any, mapper: Any) -> None:
        if mapper.version_id_prop is not None:
            _check_version(given, target, mapper.version_id_prop.key)
        target_struct = kernel.state_of(target)
        origins = struct._o_origin, target_struct._o_origin
        if origins != (None, None):
            target_struct._o_origin = merged_record(*origins)
        if struct._o_extras and "callables" in struct._o_extras:
            extras = target_struct._o_extras or {}
            extras["callables"] = dict(struct._o_extras["callables"])
            target_struct._o_extras = extras
        for prop in mapper.iterate_properties:
            if getattr(prop, "_is_relationship", False):
                self._copy_related(prop, given, target)
            elif prop._is_column:
                self._copy_column(prop, given, target, target_struct, origins)
            elif prop.key in mapper._composite_keys:
                prop.merge(self.session, given, target, self.load, {}, {})

    def _copy_column(
        self, prop: Any, given: Any, target: Any, struct: Any, origins: tuple[Any, Any]
    ) -> None:
        key = prop.key
        manager = struct._o_layout.mapper.class_manager
        if key not in manager:
            return
        value = kernel.peek_key(given, key)
        impl = manager[key].impl
        if value is not UNLOADED:
            if self.load:
                impl.set(target, value)
            else:
                impl.put(target, value)
        elif struct._o_key is not None and not prop.deferred:
            if (
                kernel.peek_key(target, key) is UNLOADED
                and not _is_left_for_later(key, given, origins[0])
                and not _is_left_for_later(key, target, origins[1])
            ):
                expire_keys(target, (key,))

    def _copy_related(self, prop: Any, given: Any, target: Any) -> None:
        if self.load and any(
            (id(given), reverse) in self._ways for reverse in prop._reverse_property
        ):
            return
        if "merge" not in prop._cascade:
            return
        value = kernel.peek_key(given, prop.key)
        if value is UNLOADED:
            return
        impl = kernel.layout_of(target).mapper.class_manager[prop.key].impl
        if prop.uselist:
            if prop._is_dynamic:
                value = prop.value_as_iterable(given)
            else:
                value = _while_they_stay(collection_adapter(value))
            self._copy_collection(prop, impl, value, target)
            return
        merged = None
        if value is not None:
            self._ways.add((id(value), prop))
            merged = self.merge(value)
        if self.load:
            impl.set(target, merged)
        else:
            impl.put(target, merged)

    def _copy_collection(self, prop: Any, impl: Any, value: Any, target: Any) -> None:
        if self.load and not impl.dynamic:
            impl.get(target, PASSIVE_MERGE)
        merged = []
        for item in value:
            self._ways.add((id(item), prop))
            merged.append(self.merge(item))
        if self.load:
            impl.replace(target, merged, adapt=False)
        else:
            forget_pending(target, prop.key)
            impl.set_committed_value(target, merged)


def _while_they_stay(members: Any) -> Iterator[Any]:
    """The members of a collection but those that the merge of one has moved away."""
    found = list(members)
    for item in found:
        if len(members) == len(found) or any(item is other for other in members):
            yield item


def _is_left_for_later(key: str, obj: Any, origin: Any) -> bool:
    """Whether an object's last load has left a column out.

    What its own load left out is over once it is expired; a load that met the object
    has come after that.
    """
    node = None if origin is None else origin.node
    step = None if node is None else node.step_for(key, "column")
    if step is None or step.strategy != "defer":
        return False
    own = node_of_own_load(origin)
    is_own = own is not None and own.step_for(key, "column") is step
    return not is_own or not is_expired(obj, key)


def _check_version(given: Any, target: Any, key: str) -> None:
    existing = kernel.peek_key(given, key)
    present = kernel.peek_key(target, key)
    if present is UNLOADED and kernel.state_of(target)._o_key is not None:
        present = getattr(target, key)
    if UNLOADED in (existing, present) or existing == present:
        return
    raise StaleDataError(
        f"Version id '{existing}' on merged state {instance_text(target)} does not "
        f"match existing version '{present}'. Leave the version attribute unset when "
        "merging to update the most recent version."
    )
