"""Core's context manager behaviour of transactions, shared by sessions."""

from __future__ import annotations

from sqlalchemy.engine.util import TransactionalContext as TransactionalContext

__all__ = ["TransactionalContext"]
