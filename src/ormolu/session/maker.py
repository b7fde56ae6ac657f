"""``sessionmaker``: makes sessions with one configuration."""

from __future__ import annotations

from typing import Any

from .events import MakerTarget
from .known import SessionClassMethods
from .session import Session


class sessionmaker(MakerTarget, SessionClassMethods):
    """A factory of sessions.

    Args:
        bind: the engine of every session.
        class_: the class to make.
        kw: arguments for it.

    Source: ``sqlalchemy.orm.sessionmaker``.
    """

    class_: type[Any]

    def __init__(
        self,
        bind: Any = None,
        *,
        class_: type[Any] = Session,
        autoflush: bool = True,
        expire_on_commit: bool = True,
        info: dict[Any, Any] | None = None,
        **kw: Any,
    ) -> None:
        kw["bind"] = bind
        kw["autoflush"] = autoflush
        kw["expire_on_commit"] = expire_on_commit
        if info is not None:
            kw["info"] = info
        self.kw = kw
        # a class of its own, so that events can be set for this factory alone
        self.class_ = type(class_.__name__, (class_,), {})

    def begin(self) -> Any:
        """A context manager: a session in a transaction, committed and closed."""
        return self()._maker_context_manager()

    def __call__(self, **local_kw: Any) -> Any:
        for key, value in self.kw.items():
            if key == "info" and "info" in local_kw:
                local_kw["info"] = {**value, **local_kw["info"]}
            else:
                local_kw.setdefault(key, value)
        return self.class_(**local_kw)

    def configure(self, **new_kw: Any) -> None:
        """Change the configuration of the sessions made from now on."""
        self.kw.update(new_kw)

    def __repr__(self) -> str:
        kw = ", ".join(f"{k}={v!r}" for k, v in self.kw.items())
        return f"{type(self).__name__}(class_={self.class_.__name__!r}, {kw})"
