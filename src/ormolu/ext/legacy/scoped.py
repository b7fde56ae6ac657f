"""Contextual sessions that save what is constructed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from ormolu.instrument.state import ensure_state

from ... import scoped_session as _scoped_session
from .mapping import mapper as _mapper
from .siblings import instance_for


class ScopedSession(_scoped_session):
    """Today's ``scoped_session`` with the methods of that time.

    Args:
        session_factory: makes a session, usually a legacy `sessionmaker`.
        scopefunc: names the present scope; the thread when not given.
    """

    def save(self, instance: Any, entity_name: str | None = None) -> None:
        """`Session.save` of the present session."""
        self._proxied.save(instance, entity_name)

    def update(self, instance: Any, entity_name: str | None = None) -> None:
        """`Session.update` of the present session."""
        self._proxied.update(instance, entity_name)

    def save_or_update(self, instance: Any, entity_name: str | None = None) -> None:
        """`Session.save_or_update` of the present session."""
        self._proxied.save_or_update(instance, entity_name)

    def load(self, *args: Any, **kw: Any) -> Any:
        """`Session.load` of the present session."""
        return self._proxied.load(*args, **kw)

    def clear(self) -> None:
        """`Session.clear` of the present session."""
        self._proxied.clear()

    def mapper(
        self,
        class_: type,
        local_table: Any = None,
        *,
        save_on_init: bool = True,
        **kw: Any,
    ) -> Any:
        """Map a class whose new instances enter the present session by themselves.

        The class gets a ``query`` attribute; its constructor takes ``_sa_session``
        for another session, and ``_sa_entity_name`` for another mapping.

        Args:
            class_: the class.
            local_table: the table.
            save_on_init: whether new instances are saved.
            kw: arguments of the legacy `mapper`.
        """
        made = _mapper(class_, local_table, **kw)
        mapped: Any = made.class_
        if not hasattr(mapped, "query"):
            mapped.query = self.query_property()

        def enter(target: Any, args: Any, kwargs: dict[str, Any]) -> None:
            session = kwargs.pop("_sa_session", None) or self.registry()
            instance_for(target, kwargs.pop("_sa_entity_name", None))
            ensure_state(target)
            if save_on_init:
                session.save(target)

        event.listen(mapped, "init", enter)
        return made


scoped_session = ScopedSession
