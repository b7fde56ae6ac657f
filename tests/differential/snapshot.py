"""What can be seen of a session and of its objects, without loading anything."""

from typing import Any

from sqlalchemy import inspect

from .known import Known
from .schema import SCHEMA

PLANS = {
    name: (
        (*described.key, *described.columns, *described.related),
        {k for k, r in described.related.items() if r.holder == "set"},
    )
    for name, described in SCHEMA.items()
}
# the history of a one-to-one relationship that was set is loaded when it is looked at
LOADING = {"profile"}


def of_session(session: Any, known: Known) -> dict[str, Any]:
    """Membership and transaction of a session."""
    return {
        "new": known.show(set(session.new)),
        "dirty": known.show(set(session.dirty)),
        "deleted": known.show(set(session.deleted)),
        "transaction": (session.in_transaction(), session.in_nested_transaction()),
        "active": session.is_active,
    }


def of_object(obj: Any, session: Any, known: Known) -> dict[str, Any]:
    """Life, key, values and history of an object."""
    state = inspect(obj)
    attributes, sets = PLANS[type(obj).__name__]
    key = state.key
    shown: dict[str, Any] = {
        "life": life(state),
        "modified": state.modified,
        "expired": state.expired,
        "in session": obj in session,
        "key": None if key is None else (key[0].__name__, *known.show(key[1:])),
    }
    values = state.dict
    attrs = state.attrs
    show = known.show
    for name in attributes:
        if name in values:
            shown[name] = show(values[name])
        if name in LOADING:
            continue
        history = attrs[name].history
        if history != ((), (), ()):
            shown[f"history of {name}"] = tuple(
                [
                    sorted(map(repr, show(list(part)))) if name in sets else show(part)
                    for part in map(list, history)
                ]
            )
    shown["others"] = sorted(
        k for k in values if k not in attributes and k != "_sa_instance_state"
    )
    shown["unloaded"] = sorted(state.unloaded)
    related = SCHEMA[type(obj).__name__].related
    shown["expired attributes"] = sorted(
        # nothing follows from it where a relationship is loaded
        [k for k in state.expired_attributes if k not in related or k not in values]
    )
    return shown


def life(state: Any) -> str:
    """The states that an object claims to be in, which should be one."""
    names = ("transient", "pending", "persistent", "deleted", "detached")
    found = [name for name in names if getattr(state, name)]
    if state.was_deleted:
        found.append("was deleted")
    return " ".join(found)


def of_all(session: Any, known: Known) -> dict[str, Any]:
    """The session and all known objects."""
    known.discover()
    shown = {"session": of_session(session, known)}
    for handle in sorted(known.by_handle):
        obj = known.by_handle[handle]
        if known.handles[id(obj)] == handle:
            shown[handle] = of_object(obj, session, known)
    return shown
