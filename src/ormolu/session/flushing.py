"""Flushes: what changed in a session is sent to the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import exc as sa_exc

from .._core.warnings import from_autoflush, warn, warn_deprecated
from .._speedups import flushing
from .._speedups import state as kernel
from ..exc import FlushError, instance_text
from ..flush.pause import Pause
from ..flush.unit import UnitOfWork
from ..instrument.flags import NO_VALUE
from ..instrument.state import public_key
from .moving import Moving
from .transaction import (
    ACTIVE,
    DEACTIVE,
    SessionTransaction,
    SessionTransactionOrigin,
)

DELETED = kernel.DELETED
FRESH = kernel.FRESH


class Flushing(Moving):
    """The part of `Session` about flushes."""

    @property
    @contextmanager
    def no_autoflush(self) -> Iterator[Any]:
        """Disable autoflush for a block."""
        before = self.autoflush
        self.autoflush = False
        try:
            yield self
        finally:
            self.autoflush = before

    @from_autoflush
    def _autoflush(self) -> None:
        if self.autoflush and not self._flushing:
            tracker = self._tracker
            if not (tracker.modified or tracker.new or tracker.deleted):
                return
            try:
                self.flush()
            except sa_exc.StatementError as error:
                error.add_detail(
                    "raised as a result of Query-invoked autoflush; consider using a "
                    "session.no_autoflush block if this flush is occurring "
                    "prematurely"
                )
                raise

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Send all changes to the database.

        Args:
            objects: only these; deprecated, as it is in SQLAlchemy.

        Raises:
            InvalidRequestError: when a flush is going on already.
        """
        if self._flushing:
            raise sa_exc.InvalidRequestError("Session is already flushing")
        if self._is_clean():
            return
        if objects is not None:
            warn_deprecated(
                "The `objects` parameter of `Session.flush` is deprecated; flush "
                "everything, or use a session of its own",
                "2.1",
            )
        self._flush_now(objects)

    def _flush_now(self, objects: Sequence[Any] | None = None) -> None:
        if self._flushing:
            raise sa_exc.InvalidRequestError("Session is already flushing")
        if self._is_clean():
            return
        self._flushing = True
        try:
            self._flush(objects)
        finally:
            self._flushing = False

    def _flush(self, objects: Sequence[Any] | None) -> None:
        uow = UnitOfWork(self)
        if self._hears:
            self.dispatch.before_flush(self, uow, objects)
        chosen = None
        if objects is not None:
            for obj in objects:
                self._state_of(obj)
            chosen = {id(o) for o in objects}
        self._register_all(uow, chosen)
        if not uow.records:
            if chosen is None:
                for obj in list(self._tracker.modified.values()):
                    kernel.forget_changes(obj)
            return
        transaction = self._autobegin_t()
        transaction._require("flush")
        within = transaction._begin() if self._hears else None
        try:
            self._execute(uow, chosen)
            if within is not None:
                within.commit()
        except BaseException as error:
            uow.fail()
            self._after_failed_flush(within or transaction, error)
            raise

    def _execute(self, uow: UnitOfWork, chosen: set[int] | None) -> None:
        hears = self._hears
        self._warn_on_events = True
        try:
            uow.execute()
        finally:
            self._warn_on_events = False
        if hears:
            self.dispatch.after_flush(self, uow)
        uow.finish()
        if chosen is None:
            self._forget_late_changes()
            self._forget_pending_collections()
        if hears:
            self.dispatch.after_flush_postexec(self, uow)

    def _forget_pending_collections(self) -> None:
        """What was added to collections that are not loaded is in their rows now.

        A deleted object had no rows to add to, and one that has left the session was
        not flushed: what waits for their collections stays.
        """
        awaiting, self._awaiting = self._awaiting, []
        for reference in awaiting:
            obj = reference()
            struct = None if obj is None else kernel.state_of(obj)
            if struct is None or struct._o_flags & DELETED or not self._contains(obj):
                continue
            if struct._o_extras:
                struct._o_extras.pop("pending", None)

    def _forget_late_changes(self) -> None:
        """What events changed on objects after the flush had looked at them."""
        tracker = self._tracker
        late = 0
        for key, obj in list(tracker.modified.items()):
            if key in tracker.new:
                tracker.modified.pop(key, None)
                continue
            if kernel.state_of(obj)._o_originals:
                late += 1
            kernel.forget_changes(obj)
        if late:
            warn(
                f"Attribute history events accumulated on {late} previously clean "
                "instances within inner-flush event handlers have been reset, and "
                "will not result in database updates. Consider using "
                "set_committed_value() within inner-flush event handlers to avoid "
                "this warning."
            )

    def _register_all(self, uow: UnitOfWork, chosen: set[int] | None) -> None:
        tracker = self._tracker
        deleted = {
            k: o for k, o in tracker.deleted.items() if chosen is None or k in chosen
        }
        with Pause(len(tracker.new) + len(tracker.modified)) as pause:
            pending = self._pending_in_order()
            changed = [
                o
                for k, o in tracker.modified.items()
                if k not in tracker.new and k not in tracker.deleted
            ]
            objects = [
                o
                for o in (*pending, *changed)
                if (chosen is None or id(o) in chosen) and id(o) not in deleted
            ]
            self._register_saved(uow, objects, pause)
        for obj in deleted.values():
            uow.register(obj, isdelete=True)

    def _pending_in_order(self) -> list[Any]:
        new = self._tracker.new
        if not self._numbers:
            return list(new.values())
        self._number_pending()
        numbers, self._numbers = self._numbers, {}
        return [new[key] for key in sorted(new, key=numbers.__getitem__)]

    def _register_saved(
        self, uow: UnitOfWork, objects: list[Any], pause: Pause
    ) -> None:
        """Enter objects in their order; orphans are deleted instead, or leave."""
        simple: dict[Any, Any] = {}
        done = 0
        while (
            done := flushing.register_saved(
                self._tracker, uow.records, simple, objects, done
            )
        ) < len(objects):
            obj = objects[done]
            self._register_save(uow, obj, pause)
            layout = kernel.layout_of(obj)
            mapper = layout.mapper
            if not mapper._all_delete_orphans and mapper in uow.by_mapper:
                simple[layout] = uow.by_mapper[mapper]
            done += 1

    def _register_save(self, uow: UnitOfWork, obj: Any, pause: Pause) -> None:
        struct = kernel.state_of(obj)
        mapper = struct._o_layout.mapper
        if mapper._all_delete_orphans and mapper._is_orphan(obj):
            pause.end()
            if struct._o_key is not None:
                uow.register(obj, isdelete=True)
                return
            extras = struct._o_extras
            if extras and extras.get("orphaned"):
                self._expunge_one(obj)
                return
        uow.register(obj)

    def _after_failed_flush(
        self, transaction: SessionTransaction, error: BaseException
    ) -> None:
        """Roll back to the enclosing transaction's start; a rollback() must follow."""
        if transaction.origin is SessionTransactionOrigin.SUBTRANSACTION:
            transaction.rollback(_capture_exception=error)
        elif transaction._state is ACTIVE:
            transaction._rollback_now(error)
        elif transaction._state is DEACTIVE:
            transaction._rollback_exception = error

    def _register_persistent(self, saved: list[Any], uow: Any) -> None:
        """What a flush saved is persistent now."""
        transaction = self._transaction
        if transaction is None:  # a listener closed the session
            raise sa_exc.ResourceClosedError("This transaction is closed")
        pending = (
            [o for o in saved if id(o) in self._tracker.new] if self._hears else ()
        )
        left = flushing.settle_updated(saved)
        transaction._dirty.extend(without(saved, left))
        if len(left) > len(self._tracker.new):
            _load_keys(left)
        try:
            with Pause(len(left)):
                unsettled = flushing.settle_inserted(self._tracker, left)
        except BaseException:
            transaction._new.extend([o for o in left if _is_settled(o)])
            raise
        transaction._new.extend(without(left, unsettled))
        for obj in unsettled:
            self._settle(obj, transaction)
        if self._numbers:  # of what a flush has left pending
            new = self._tracker.new
            self._numbers = {k: n for k, n in self._numbers.items() if k in new}
        for obj in pending:
            self.dispatch.pending_to_persistent(self, obj)

    def _settle(self, obj: Any, transaction: SessionTransaction) -> None:
        """The slower way: a missing, changed or conflicting primary key."""
        struct = kernel.state_of(obj)
        values = [kernel.peek(obj, s) for s in struct._o_layout.pk_slots]
        if struct._o_key is None:
            self._enter_new(obj, struct, struct._o_layout, values)
            transaction._new.add(obj)
        else:
            self._check_key_switch(obj, struct, values, transaction)
            transaction._dirty.add(obj)
        self._complete_new(obj, struct)
        struct._o_flags &= ~(FRESH | kernel.EXPIRED)
        kernel.forget_changes(obj)
        self._tracker.new.pop(id(obj), None)

    def _complete_new(self, obj: Any, struct: Any) -> None:
        """Attributes never set read None; a later SELECT of the row fills them."""
        slots = range(len(struct._o_layout.keys))
        if struct._o_flags & FRESH and any(
            kernel.peek(obj, s) is kernel.UNLOADED for s in slots
        ):
            struct._o_flags |= kernel.PARTIAL

    def _enter_new(self, obj: Any, struct: Any, layout: Any, values: list[Any]) -> None:
        mapper = layout.mapper
        missing = [v is None or v is kernel.UNLOADED for v in values]
        if all(missing) or (any(missing) and not mapper.allow_partial_pks):
            raise _null_key(obj)
        values = [None if v is kernel.UNLOADED else v for v in values]
        home = self._tracker.home(layout)
        key = mapper.key_of_values(values)
        existing = home.get(key)
        if existing is not None and existing is not obj:
            other = kernel.state_of(existing)
            if (
                not self._is_deleted(existing)
                and not other._o_flags & DELETED
                and _key_in_memory(existing, layout) == values
            ):
                warn(
                    f"Identity map already had an identity for {public_key(other)}, "
                    "replacing it with newly flushed object.   Are there load "
                    "operations occurring inside of an event handler within the flush?"
                )
        struct._o_home = None
        home.add(obj, key)

    def _check_key_switch(
        self, obj: Any, struct: Any, values: list[Any], transaction: Any
    ) -> None:
        mapper = struct._o_layout.mapper
        if any(v is kernel.UNLOADED for v in values):
            values = mapper.primary_key_from_instance(obj)
            if NO_VALUE in values:
                raise _null_key(obj)  # it was deleted from the object
        key = mapper.key_of_values(values)
        old = struct._o_key
        if key == old:
            return
        if transaction is not None and obj not in transaction._key_switches:
            transaction._key_switches.add(obj, (old, key))
        if struct._o_home is not None:
            # Another object may have taken this one's place under its old key.
            struct._o_home.discard(obj)
        self._tracker.home(struct._o_layout).replace(obj, key)

    def _note_altered(self, objects: list[Any]) -> None:
        """A rollback, even to a savepoint, expires objects whose rows were changed."""
        if self._transaction is not None:
            self._transaction._dirty.extend(objects)

    def _remove_newly_deleted(self, objects: Iterable[Any]) -> None:
        """What a flush deleted leaves the identity map."""
        # one by one where listeners look at the session in between
        groups = [[obj] for obj in objects] if self._hears else [list(objects)]
        for group in groups:
            gone, changed = flushing.settle_deleted(self._tracker, group)
            if self._transaction is not None:
                self._transaction._deleted.extend(gone)
                # back after a rollback, they must not show what was not flushed
                self._transaction._dirty.extend(changed)
            for obj in gone if self._hears else ():
                self.dispatch.persistent_to_deleted(self, obj)


def _null_key(obj: Any) -> FlushError:
    return FlushError(
        f"Instance {instance_text(obj)} has a NULL identity key.  If this is "
        "an auto-generated value, check that the database table allows "
        "generation of new primary key values, and that the mapped Column "
        "object is configured to expect these generated values.  Ensure also "
        "that this flush() is not occurring at an inappropriate time, such as "
        "within a load() event."
    )


def _key_in_memory(obj: Any, layout: Any) -> list[Any]:
    """An object's primary key as its attributes have it, UNLOADED where expired."""
    own = kernel.layout_of(obj)
    return [kernel.peek_key(obj, layout.keys[s]) for s in own.pk_slots]


def _load_keys(objects: list[Any]) -> None:
    """Load expired keys before anything is persistent: one's row may be gone."""
    for obj in objects:
        struct = kernel.state_of(obj)
        if struct._o_key is not None:
            struct._o_layout.mapper.primary_key_from_instance(obj)


def _is_settled(obj: Any) -> bool:
    """Whether a new object got its key before another one's key raised."""
    struct = kernel.state_of(obj)
    return struct._o_key is not None and not struct._o_flags & kernel.MODIFIED


def without(objects: list[Any], removed: list[Any]) -> list[Any]:
    """The objects that are not among the removed ones, by identity."""
    if not removed:
        return objects
    if len(removed) == len(objects):
        return []
    gone = {id(o) for o in removed}
    return [o for o in objects if id(o) not in gone]
