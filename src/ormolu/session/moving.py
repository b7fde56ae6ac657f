"""Objects that enter and leave a session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from weakref import ref

from sqlalchemy import exc as sa_exc

from .._speedups import flushing
from .._speedups import state as kernel
from ..exc import instance_text
from ..instrument.extras import extras_of
from ..instrument.state import public_key
from .connecting import Connecting
from .known import sessions

DELETED = kernel.DELETED
FRESH = kernel.FRESH
MODIFIED = kernel.MODIFIED


class Moving(Connecting):
    """The part of `Session` about objects that are added, deleted and expunged."""

    # -- in ------------------------------------------------------------------------

    def add(self, instance: object, *, _warn: bool = True) -> None:
        """Put an object into the session.

        A transient object becomes pending, a detached one persistent; the objects
        along ``save-update`` follow.

        Raises:
            InvalidRequestError: when it is in another session, or another object
                with its key is in this one.
        """
        if self._warn_on_events and _warn:
            self._flush_warning("Session.add()")
        self._state_of(instance)
        self._save_or_update(instance)

    def add_all(self, instances: Iterable[object]) -> None:
        """Put several objects into the session."""
        if self._warn_on_events:
            self._flush_warning("Session.add_all()")
        own_add = type(self).add is not Moving.add
        if type(instances) is not list or self._hears or own_add:
            for instance in instances:
                self.add(instance, _warn=False)
            return
        # what refers to nothing comes in together: 1 us an object
        instances = list(instances)  # a finalizer may change the user's
        tracker = self._tracker
        done = 0
        while done < len(instances):
            self.add(instances[done], _warn=False)  # the first begins a transaction
            done = flushing.enter_new(tracker, instances, done + 1, True)

    def _save_or_update(self, instance: Any) -> None:
        struct = kernel.state_of(instance)
        if self._transaction is None and not struct._o_flags & DELETED:
            self._autobegin_t()
        if struct._o_extras is not None:
            struct._o_extras.pop("orphaned", None)  # it was asked for by itself
        self._save_or_update_one(instance, struct)
        mapper = struct._o_layout.mapper
        if mapper._cascading["save-update"] and _has_related(instance, struct):
            reached = None if self._hears else flushing.reached(self._tracker, instance)
            if reached is not None:
                self._save_reached(reached)
                return
            for other in mapper.cascaded(
                "save-update", instance, halt_on=self._contains
            ):
                self._save_or_update_one(other, kernel.state_of(other))

    def _save_reached(self, objects: list[Any]) -> None:
        """Put what a cascade has reached into the session."""
        if objects and self._transaction is None:
            self._autobegin_t()
        done = 0
        while (done := flushing.enter_new(self._tracker, objects, done)) < len(objects):
            self._save_or_update_one(objects[done], kernel.state_of(objects[done]))
            done += 1

    def _save_or_update_one(self, obj: Any, struct: Any) -> None:
        if struct._o_key is None:
            self._save(obj, struct)
        else:
            self._update(obj, struct)

    def _save(self, obj: Any, struct: Any) -> None:
        tracker = self._tracker
        if id(obj) in tracker.new:
            return
        self._before_attach(obj, struct)
        struct._o_home = tracker.home(struct._o_layout)
        tracker.new[id(obj)] = obj
        if self._hears:
            self._after_attach(obj, struct)

    def _before_attach(self, obj: Any, struct: Any) -> None:
        """Begin a transaction; refuse an object of another session."""
        if self._transaction is None:
            self._autobegin_t()
        home = struct._o_home
        if home is not None:
            other = home.tracker
            key = None if other is None else other.owner
            if key is not None and key is not self:
                if key.hash_key in sessions:
                    raise sa_exc.InvalidRequestError(
                        f"Object '{instance_text(obj)}' is already attached to "
                        f"session '{key.hash_key}' (this is '{self.hash_key}')"
                    )
        if self._hears:
            self.dispatch.before_attach(self, obj)

    def _after_attach(self, obj: Any, struct: Any) -> None:
        self.dispatch.after_attach(self, obj)
        if struct._o_key is None:
            self.dispatch.transient_to_pending(self, obj)
        else:
            self.dispatch.detached_to_persistent(self, obj)

    def _update(self, obj: Any, struct: Any) -> None:
        tracker = self._tracker
        home = struct._o_home
        if struct._o_flags & DELETED:
            raise_deleted(obj)
        if home is not None and home.tracker is tracker:
            tracker.deleted.pop(id(obj), None)
            return
        self._attach(obj, struct)

    def _attach(self, obj: Any, struct: Any) -> None:
        """Let a detached object in, with the changes that it has."""
        self._before_attach(obj, struct)
        target = self._target_home(obj, struct)
        struct._o_home = None
        self._enter(target, obj, struct)
        if self._hears:
            self._after_attach(obj, struct)

    def _enter(self, target: Any, obj: Any, struct: Any) -> None:
        """Put an object into its identity dict, and its changes into the session."""
        target.add(obj, struct._o_key)
        if struct._o_flags & MODIFIED:
            self._tracker.modified[id(obj)] = obj
            if struct._o_extras and "pending" in struct._o_extras:
                self._awaiting.append(ref(obj))

    def _target_home(self, obj: Any, struct: Any) -> Any:
        """The identity dict that an object belongs into, free for it."""
        extras = struct._o_extras
        token = extras.get("identity_token") if extras else None
        target = self._tracker.home(struct._o_layout, token)
        existing = target.get(struct._o_key)
        if existing is not None and existing is not obj:
            raise sa_exc.InvalidRequestError(
                f"Can't attach instance {instance_text(obj)}; another instance with "
                f"key {public_key(struct)} is already present in this session."
            )
        return target

    def enable_relationship_loading(self, obj: object) -> None:
        """Let an object load its relationships from its foreign keys, saved or not.

        It is then in the session in so far as it can load; a flush does not save it.
        """
        struct = self._state_of(obj)
        extras_of(struct)["load_pending"] = True
        home = struct._o_home
        if home is not None and home.tracker is self._tracker:
            return
        self._before_attach(obj, struct)
        struct._o_home = self._tracker.home(struct._o_layout)
        if self._hears:
            self._after_attach(obj, struct)

    # -- deletion ------------------------------------------------------------------

    def delete(self, instance: object) -> None:
        """Mark an object for deletion at the next flush.

        Raises:
            InvalidRequestError: when it was never saved.
        """
        if self._warn_on_events:
            self._flush_warning("Session.delete()")
        struct = self._state_of(instance)
        self._delete_along(self._delete_one(instance, struct))

    def delete_all(self, instances: Iterable[object]) -> None:
        """Mark several objects for deletion."""
        if self._warn_on_events:
            self._flush_warning("Session.delete_all()")
        for instance in instances:
            struct = self._state_of(instance)
            self._delete_along(self._delete_one(instance, struct))

    def _delete_along(self, objects: list[Any]) -> None:
        """Mark what the deletion of an object cascades to."""
        done = 0
        while (done := flushing.mark_deleted(self._tracker, objects, done)) < len(
            objects
        ):
            obj = objects[done]
            self._delete_one(obj, kernel.state_of(obj), cascade=False)
            done += 1

    def _delete_one(self, obj: Any, struct: Any, cascade: bool = True) -> list[Any]:
        """Mark one object; what its deletion cascades to."""
        if struct._o_key is None:
            if not cascade:
                return []
            raise sa_exc.InvalidRequestError(
                f"Instance '{instance_text(obj)}' is not persisted"
            )
        if id(obj) in self._tracker.deleted:
            return []
        if self._transaction is None:
            self._autobegin_t()
        home = struct._o_home
        if home is None or home.tracker is not self._tracker:
            self._attach(obj, struct)
        elif struct._o_flags & DELETED:
            self._enter(self._target_home(obj, struct), obj, struct)
        found: list[Any] = []
        if cascade:
            found = list(struct._o_layout.mapper.cascaded("delete", obj))
        self._tracker.deleted[id(obj)] = obj
        return found

    # -- out -----------------------------------------------------------------------

    def expunge(self, instance: object) -> None:
        """Take an object out: persistent becomes detached, pending transient.

        Raises:
            InvalidRequestError: when it is not in this session.
        """
        struct = self._state_of(instance)
        home = struct._o_home
        if home is None or home.tracker is not self._tracker:
            raise sa_exc.InvalidRequestError(
                f"Instance {instance_text(instance)} is not present in this Session"
            )
        mapper = struct._o_layout.mapper
        cascaded = list(mapper.cascaded("expunge", instance))
        for obj in [instance, *cascaded]:
            self._expunge_one(obj)

    def _expunge_one(self, obj: Any) -> None:
        struct: Any = kernel.state_of(obj)
        tracker = self._tracker
        home = struct._o_home
        if home is None or home.tracker is not tracker:
            return
        pending = id(obj) in tracker.new
        if pending:
            self._number_pending()
            del tracker.new[id(obj)], self._numbers[id(obj)]
        tracker.deleted.pop(id(obj), None)
        tracker.modified.pop(id(obj), None)
        if home.token is not None:
            extras_of(struct)["identity_token"] = home.token
        mapped = struct._o_key is not None and home.contains(obj)
        if mapped:
            home.discard(obj)
        struct._o_home = None
        if not mapped and not pending:
            # what is in the identity map again, since a flush that failed or since its
            # deletion was asked for once more, comes back with a rollback all the same
            self._forget_deletion(obj)
        if self._hears:
            self._tell_of_leaving(obj, struct, pending)

    def _number_pending(self) -> None:
        """Fix the places of pending objects in a flush, before any of them leaves.

        Its place is how many there were when it came, as in SQLAlchemy: what comes
        after others have left may be inserted before what was there.
        """
        numbers, new = self._numbers, self._tracker.new
        if len(numbers) == len(new):
            return  # none has come since
        for place, key in enumerate(new):
            numbers.setdefault(key, place)

    def _forget_deletion(self, obj: Any) -> None:
        """A rollback does not bring an object back that has left the session."""
        if self._transaction is not None:
            for transaction in self._transaction._iterate_self_and_parents():
                transaction._deleted.discard(obj)

    def _tell_of_leaving(self, obj: Any, struct: Any, pending: bool) -> None:
        if pending:
            self.dispatch.pending_to_transient(self, obj)
        elif struct._o_flags & DELETED:
            self.dispatch.deleted_to_detached(self, obj)
        elif struct._o_key is not None:
            self.dispatch.persistent_to_detached(self, obj)

    def expunge_all(self) -> None:
        """Take every object out."""
        tracker = self._tracker
        pending = list(tracker.new.values())
        persistent = tracker.objects() if self._hears else []
        for obj in tracker.deleted.values():  # once more, after their rows were
            self._forget_deletion(obj)
        tracker.clear()
        self._numbers.clear()
        self._generation += 1
        self._finders.clear()
        for obj in pending:
            kernel.state_of(obj)._o_home = None
        for obj in persistent:
            self._tell_of_leaving(obj, kernel.state_of(obj), False)
        if self._hears:
            for obj in pending:
                self._tell_of_leaving(obj, kernel.state_of(obj), True)

    def __contains__(self, instance: object) -> bool:
        self._state_of(instance)
        return self._contains(instance)

    def __iter__(self) -> Iterator[object]:
        return iter([*self._tracker.new.values(), *self._tracker.objects()])

    # -- what a rollback undoes ----------------------------------------------------

    def _make_transient_again(self, obj: Any) -> bool:
        """A rollback undid the INSERT of an object, or it was never sent.

        Returns:
            whether the object was persistent.
        """
        struct = kernel.state_of(obj)
        tracker = self._tracker
        home = struct._o_home
        if home is not None and home.tracker is not tracker:
            return False  # another session has it now
        persistent = struct._o_key is not None
        if persistent:
            if home is not None:
                home.discard(obj)
            struct._o_key = None
        struct._o_home = None
        struct._o_flags &= ~DELETED
        self._numbers.pop(id(obj), None)
        tracker.new.pop(id(obj), None)
        tracker.deleted.pop(id(obj), None)
        tracker.modified.pop(id(obj), None)
        return persistent

    def _revive(self, obj: Any) -> bool:
        """A rollback undid the DELETE of an object.

        Returns:
            whether the object is back.
        """
        struct = kernel.state_of(obj)
        if not struct._o_flags & DELETED:
            self._tracker.deleted.pop(id(obj), None)
            if struct._o_home is None and struct._o_key is not None:
                # back since a first rollback, then expunged
                self._before_attach(obj, struct)
                self._tracker.home(struct._o_layout).add(obj, struct._o_key)
            return False
        home: Any = struct._o_home
        struct._o_flags &= ~DELETED
        if home is None or home.tracker is not self._tracker:
            return False
        struct._o_home = None
        entered = self._tracker.home(struct._o_layout, home.token)
        entered.add(obj, struct._o_key)  # in the place of what was loaded since
        return True


def _has_related(obj: Any, struct: Any) -> bool:
    """Whether an object may refer to others at all (most new ones do not yet)."""
    if struct._o_related is not None or struct._o_extras is not None:
        return True
    return not isinstance(obj, kernel.EntityBase)


def raise_deleted(obj: Any) -> None:
    """A deleted object cannot come back."""
    raise sa_exc.InvalidRequestError(
        f"Instance '{instance_text(obj)}' has been deleted.  Use the "
        "make_transient() function to send this object back to the transient state."
    )
