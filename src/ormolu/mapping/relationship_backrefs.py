"""The other side of a relationship: made for a backref, linked to by its name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc

from .direction import MANYTOONE, ONETOMANY
from .inheritance import ConcreteInheritedProperty


def generate_backref(prop: Any) -> None:
    """Map the relationship of the other side that ``backref`` asks for.

    Raises:
        ArgumentError: when its name is taken.
        InvalidRequestError: for a secondaryjoin without a secondary table.
    """
    if prop.backref is None:
        return
    if isinstance(prop.backref, str):
        name, kwargs = prop.backref, {}
    else:
        name, kwargs = prop.backref[0], dict(prop.backref[1])
    target = prop.mapper
    present = target._props.get(name)
    if present is not None and not isinstance(present, ConcreteInheritedProperty):
        raise sa_exc.ArgumentError(
            f"Error creating backref {name!r} on relationship {str(prop)!r}: "
            f"property of that name exists on mapper '{target}'"
        )
    if prop.secondary is not None:
        primaryjoin = kwargs.pop("primaryjoin", prop.join.secondaryjoin_minus_local)
        secondaryjoin = kwargs.pop("secondaryjoin", prop.join.primaryjoin_minus_local)
    else:
        primaryjoin = kwargs.pop("primaryjoin", prop.join.primaryjoin_reverse_remote)
        secondaryjoin = kwargs.pop("secondaryjoin", None)
        if secondaryjoin is not None:
            raise sa_exc.InvalidRequestError(
                "Can't assign 'secondaryjoin' on a backref "
                "against a non-secondary relationship."
            )
    foreign_keys = kwargs.pop("foreign_keys", prop.foreign_keys)
    kwargs.setdefault("viewonly", prop.viewonly)
    kwargs.setdefault("post_update", prop.post_update)
    kwargs.setdefault("passive_updates", prop.passive_updates)
    kwargs.setdefault("sync_backref", prop.sync_backref)
    prop.back_populates = name
    other = type(prop)(
        prop.parent,
        prop.secondary,
        primaryjoin=primaryjoin,
        secondaryjoin=secondaryjoin,
        foreign_keys=foreign_keys,
        back_populates=prop.key,
        **kwargs,
    )
    target._configure_property(name, other)


def link_back_populates(prop: Any) -> None:
    """Let two relationships know of each other.

    Raises:
        InvalidRequestError: when the other one is none, or is viewonly against it.
        ArgumentError: when it leads elsewhere, or in the same direction.
    """
    if not prop.back_populates:
        return
    if isinstance(prop.back_populates, str):
        key = prop.back_populates
    elif callable(prop.back_populates):
        resolved = prop.back_populates()
        key = resolved if isinstance(resolved, str) else resolved.key
    else:
        key = prop.back_populates.key
    prop.back_populates = key
    other = prop.mapper.get_property(key)
    if not getattr(other, "_is_relationship", False):
        raise sa_exc.InvalidRequestError(
            f"back_populates on relationship '{prop}' refers to attribute "
            f"'{other}' that is not a relationship.  The back_populates "
            "parameter should refer to the name of a relationship on the "
            "target class."
        )
    _check_viewonly_sync(prop, other)
    prop._reverse_property[other] = None
    other._reverse_property[prop] = None
    if not other._configure_started:
        other.init()
    _check_reverse(prop, other)


def _check_viewonly_sync(prop: Any, other: Any) -> None:
    if prop.viewonly and prop.sync_backref:
        raise sa_exc.InvalidRequestError(
            f"Relationship {other} cannot specify sync_backref=True since "
            f"{prop} includes viewonly=True."
        )
    if other.viewonly and not prop.viewonly and other.sync_backref:
        raise sa_exc.InvalidRequestError(
            f"Relationship {prop} cannot specify sync_backref=True since "
            f"{other} includes viewonly=True."
        )


def _check_reverse(prop: Any, other: Any) -> None:
    if not hasattr(other, "mapper"):
        return
    if not other.mapper.common_parent(prop.parent):
        raise sa_exc.ArgumentError(
            f"reverse_property {prop.back_populates!r} on relationship {prop} "
            f"references relationship {other}, which does not reference "
            f"mapper {prop.parent}"
        )
    if (
        hasattr(other, "direction")
        and prop.direction in (ONETOMANY, MANYTOONE)
        and prop.direction is other.direction
    ):
        raise sa_exc.ArgumentError(
            f"{other} and back-reference {prop} are both of the same direction "
            f"{prop.direction!r}.  Did you mean to set remote_side on the "
            "many-to-one side ?"
        )
