"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.flushing_py import (
    enter_new,
    linked,
    mark_deleted,
    pull_keys,
    push_keys,
    put_generated,
    reached,
    settle_deleted,
    settle_inserted,
    settle_updated,
    touching,
)

__all__ = [
    "enter_new",
    "linked",
    "mark_deleted",
    "pull_keys",
    "push_keys",
    "put_generated",
    "reached",
    "settle_deleted",
    "settle_inserted",
    "settle_updated",
    "touching",
]
