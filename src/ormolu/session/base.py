"""What every part of a session works with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc

from .._core.warnings import warn
from .._speedups import state as kernel
from ..exc import UnmappedInstanceError
from ..instrument.state import missing_state
from .events import SessionTarget


class SessionBase(SessionTarget):
    """The fields of a session; the parts of its behaviour build on it in a row.

    Attributes:
        _tracker: what the kernel knows of the session's objects.
        _finders: by class, the kernel's identity dict that `Session.get` may look
            into at once.
        _numbers: by id, the places of pending objects in a flush, once any has left.
        _awaiting: objects with changes for collections that are not loaded; a flush
            takes these changes over.
        _generation: how often all objects were let go.
        _flushing: whether a flush is going on.
        _warn_on_events: whether the SQL of a flush is being sent.
    """

    bind: Any
    autoflush: bool
    expire_on_commit: bool
    autobegin: bool
    twophase: bool
    join_transaction_mode: str
    hash_key: int
    info: dict[Any, Any]
    execution_options: Any
    _tracker: Any
    _finders: dict[type, kernel.IdentityDict]
    _binds: Any
    _transaction: Any
    _nested_transaction: Any
    _awaiting: list[Any]
    _numbers: dict[int, int]
    _generation = 0
    _flushing: bool = False
    _warn_on_events: bool = False
    _closed: bool = False
    _close_resets_only: bool | None
    _trans_context_manager: Any = None

    def _state_of(self, instance: Any) -> Any:
        struct = kernel.state_or_none(instance)
        if struct is None:
            raise missing_state(instance)
        try:
            kernel.layout_of(instance)
        except UnmappedInstanceError:
            raise UnmappedInstanceError(instance) from None
        return struct

    def _contains(self, obj: Any) -> bool:
        struct = kernel.state_or_none(obj)
        if struct is None:
            return False
        if id(obj) in self._tracker.new:
            return True
        home = struct._o_home
        return (
            home is not None
            and home.tracker is self._tracker
            and (not struct._o_flags & kernel.DELETED or home.contains(obj))
        )

    def _is_deleted(self, obj: Any) -> bool:
        return id(obj) in self._tracker.deleted

    def _is_clean(self) -> bool:
        tracker = self._tracker
        return not (tracker.modified or tracker.new or tracker.deleted)

    def _flush_warning(self, method: str) -> None:
        warn(
            f"Usage of the '{method}' operation is not currently supported within "
            "the execution stage of the flush process. Results may not be "
            "consistent.  Consider using alternative event listeners or "
            "connection-level operations instead."
        )

    def _refuse_in_flush(self, operation: str) -> None:
        if self._flushing:
            raise sa_exc.InvalidRequestError(
                f"Can't {operation} while the session is flushing"
            )
