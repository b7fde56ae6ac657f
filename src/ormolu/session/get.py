"""What ``Session.get`` accepts as a primary key, and its slower forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from sqlalchemy import exc as sa_exc

from .._speedups import state as kernel
from ..exc import StaleDataError, instance_text
from ..lanes.purpose import OVERWRITE_OPTION, TOKEN_OPTION
from ..loaders.by_key import key_parameters, select_by_key, warn_of_null_key
from ..mapping.composite_values import values_getter
from ..mapping.synonym import Synonym
from .known import for_update_arguments


def identity_values(mapper: Any, ident: Any) -> tuple[Any, ...]:
    """The values of a key given as a value, a sequence, or a dict.

    Raises:
        InvalidRequestError: for a wrong number of values or wrong names.
    """
    if hasattr(ident, "__composite_values__") or is_dataclass(ident):
        ident = values_getter(type(ident))(ident)
    if isinstance(ident, Mapping):
        return _from_names(mapper, ident)
    values = tuple(ident) if isinstance(ident, (tuple, list)) else (ident,)
    if len(values) != len(mapper.primary_key):
        names = ",".join(f"'{c}'" for c in mapper.primary_key)
        raise sa_exc.InvalidRequestError(
            "Incorrect number of values in identifier to formulate primary key for "
            f"session.get(); primary key columns are {names}"
        )
    return values


def _from_names(mapper: Any, ident: Mapping[str, Any]) -> tuple[Any, ...]:
    by_key = {_without_synonym(mapper, name): v for name, v in ident.items()}
    try:
        values = tuple(by_key[key] for key in mapper._pk_keys)
        if len(ident) == len(values):
            return values
    except KeyError as error:
        cause: BaseException | None = error
    else:
        cause = None
    names = ",".join(repr(k) for k in mapper._pk_keys)
    raise sa_exc.InvalidRequestError(
        "Incorrect names of values in identifier to formulate primary key for "
        f"session.get(); primary key attribute names are {names} (synonym names are "
        "also accepted)"
    ) from cause


def _without_synonym(mapper: Any, name: str) -> str:
    """The attribute that a name, perhaps a synonym, stands for."""
    prop = mapper._props.get(name)
    while isinstance(prop, Synonym):
        name = prop.name
        prop = mapper._props.get(name)
    return name


def load_with_options(
    session: Any,
    mapper: Any,
    values: tuple[Any, ...],
    options: Any,
    overwrite: bool,
    with_for_update: Any,
    execution_options: Mapping[str, Any],
    bind_arguments: Any,
    identity_token: Any = None,
) -> Any:
    """Load by primary key with loader options, row locks or execution options.

    Args:
        overwrite: load over what is loaded already, whatever the options say.

    Raises:
        StaleDataError: when a row that is to be locked has another version than the
            object that is there already.
    """
    if all(v is None for v in values):
        return warn_of_null_key()
    statement = select_by_key(mapper, values)
    if options:
        statement = statement.options(*options)
    lock = for_update_arguments(with_for_update)
    if lock is not None:
        session._autoflush()
        statement = statement.with_for_update(**lock)
        known = _known_version(session, mapper, values)
        if known is not None:
            found = _locked(session, mapper, values, statement, known)
            populate = overwrite or execution_options.get("populate_existing")
            if found is None or not (populate or options):
                return found
        overwrite = True
    sent = dict(execution_options)
    if overwrite:
        sent[OVERWRITE_OPTION] = True
    if identity_token is not None:
        sent[TOKEN_OPTION] = identity_token
    result = session.execute(
        statement,
        key_parameters(values),
        execution_options=sent,
        bind_arguments=bind_arguments,
    )
    return result.unique().scalars().one_or_none()


def _known_version(
    session: Any, mapper: Any, values: tuple[Any, ...]
) -> tuple[Any, Any] | None:
    """The object that is there already, with its version."""
    prop = mapper.version_id_prop
    if prop is None:
        return None
    obj = session._tracker.home(mapper.layout).get(mapper.key_of_values(values))
    version = None if obj is None else kernel.peek_key(obj, prop.key)
    return None if version is None or version is kernel.UNLOADED else (obj, version)


def _locked(
    session: Any,
    mapper: Any,
    values: tuple[Any, ...],
    statement: Any,
    known: tuple[Any, Any],
) -> Any:
    """Lock the row of an object that is there, and compare the versions."""
    obj, version = known
    connection = session._connection_for(mapper)
    row = connection.execute(statement, key_parameters(values)).one_or_none()
    if row is None:
        return None
    found = row._mapping[mapper.version_id_prop.columns[0]]
    if found != version:
        raise StaleDataError(
            f"Instance '{instance_text(obj)}' has version id '{version}' which does "
            f"not match database-loaded version id '{found}'."
        )
    return obj
