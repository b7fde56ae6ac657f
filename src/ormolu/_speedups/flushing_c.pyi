"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.flushing_py import (
    Registered,
    enter_new,
    linked,
    mark_deleted,
    pull_keys,
    push_keys,
    put_generated,
    reached,
    register_saved,
    settle_deleted,
    settle_inserted,
    settle_updated,
    sort_out,
    touching,
)

__all__ = [
    "Registered",
    "enter_new",
    "linked",
    "mark_deleted",
    "pull_keys",
    "push_keys",
    "put_generated",
    "reached",
    "register_saved",
    "settle_deleted",
    "settle_inserted",
    "settle_updated",
    "sort_out",
    "touching",
]
