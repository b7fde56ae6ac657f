"""Collections that are dicts keyed by something that their items know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeVar

from sqlalchemy import exc as sa_exc

from ..._core.warnings import warn
from ...exc import instance_text
from .adapter import CollectionAdapter
from .keys import UNPOPULATED, AttributeKey, ColumnKey, KeyGetter, columns_of
from .prepare import instrument_class
from .protocols import Initiator
from .roles import collection

_KT = TypeVar("_KT", bound=Any)
_VT = TypeVar("_VT", bound=Any)

_HINT = (
    'To skip this assignment entirely, Set the "ignore_unpopulated_attribute=True" '
    "parameter on the mapped collection factory."
)


class KeyFuncDict(dict[_KT, _VT]):
    """A dict whose keys are made from its items by a function.

    Args:
        keyfunc: returns the key of an item.
        dict_args: what the dict begins with, as ``dict`` takes it.
        ignore_unpopulated_attribute: leave out items whose key attribute has no
            value yet, rather than complain.
    """

    _sa_adapter: CollectionAdapter | None = None

    def __init__(
        self,
        keyfunc: Callable[[Any], Any],
        *dict_args: Mapping[_KT, _VT] | Iterable[tuple[_KT, _VT]],
        ignore_unpopulated_attribute: bool = False,
    ) -> None:
        self.keyfunc = keyfunc
        self.ignore_unpopulated_attribute = ignore_unpopulated_attribute
        super().__init__(*dict_args)

    @collection.appender
    @collection.internally_instrumented
    def set(self, value: _VT, _sa_initiator: Initiator = None) -> None:
        """Add an item under its key, in the place of the one there."""
        key = self._key_of(value, _sa_initiator)
        if key is not UNPOPULATED:
            self.__setitem__(key, value, _sa_initiator)  # type: ignore[call-arg]  # instrumented

    @collection.remover
    @collection.internally_instrumented
    def remove(self, value: _VT, _sa_initiator: Initiator = None) -> None:
        """Remove an item, found by its key.

        Raises:
            KeyError: nothing has this key.
            InvalidRequestError: another item has this key.
        """
        key = self._key_of(value, _sa_initiator)
        if key is UNPOPULATED:
            return
        if self[key] != value:
            raise sa_exc.InvalidRequestError(
                f"Can not remove '{value}': collection holds '{self[key]}' for key "
                f"'{key}'. Possible cause: is the KeyFuncDict key function based on "
                "mutable properties or properties that only obtain values after "
                "flush?"
            )
        self.__delitem__(key, _sa_initiator)  # type: ignore[call-arg]  # instrumented

    def _key_of(self, value: Any, initiator: Initiator) -> Any:
        """The key of an item, or ``UNPOPULATED`` for an item to be skipped."""
        key = self.keyfunc(value)
        if key is UNPOPULATED:
            if not self.ignore_unpopulated_attribute:
                _raise_unpopulated(value, initiator)
        elif key is None and isinstance(self.keyfunc, KeyGetter):
            if self.ignore_unpopulated_attribute:
                return UNPOPULATED
            _warn_none(value, initiator)
        return key

    def __copy__(self) -> KeyFuncDict[_KT, _VT]:
        copied = _new_dict(type(self))
        copied.__setstate__(self._state())
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the link, which belongs to the owner."""
        return _new_dict, (_class_for_pickle(self),), self._state()

    def _state(self) -> tuple[dict[_KT, _VT], dict[str, Any]]:
        attributes = {k: v for k, v in vars(self).items() if k != "_sa_adapter"}
        return dict(self), attributes

    def __setstate__(self, state: tuple[dict[_KT, _VT], dict[str, Any]]) -> None:
        items, attributes = state
        vars(self).update(attributes)
        dict.update(self, items)


instrument_class(KeyFuncDict)

MappedCollection = KeyFuncDict


def _new_dict(cls: type[KeyFuncDict[Any, Any]]) -> KeyFuncDict[Any, Any]:
    return cls.__new__(cls)


def _class_for_pickle(mapping: KeyFuncDict[Any, Any]) -> type[KeyFuncDict[Any, Any]]:
    """The class itself, or the public one for a class made by `keyfunc_mapping`."""
    cls = type(mapping)
    return KeyFuncDict if issubclass(cls, _Generated) else cls


class _Generated:
    """Marks the classes that `keyfunc_mapping` makes."""

    __slots__ = ()


def _attribute_name(value: Any, initiator: Initiator) -> str:
    """The attribute whose change asked for the key, as far as it is known.

    With the class's name where it is the item's own, so that the change came from
    a backref.
    """
    if not initiator:
        return "unknown relationship"
    cls = initiator.impl.class_
    key: str = initiator.key
    return f"{cls.__name__}.{key}" if isinstance(value, cls) else key


def _raise_unpopulated(value: Any, initiator: Initiator) -> NoReturn:
    name = _attribute_name(value, initiator)
    item = instance_text(value)
    raise sa_exc.InvalidRequestError(
        f"In event triggered from population of attribute '{name}' (potentially "
        "from a backref), can't populate value in KeyFuncDict; dictionary key "
        f"derived from {item} is not populated. Ensure appropriate state is set up "
        f"on the {item} object before assigning to the {name} attribute. {_HINT}"
    )


def _warn_none(value: Any, initiator: Initiator) -> None:
    name = _attribute_name(value, initiator)
    warn(
        f"Attribute keyed dictionary value for attribute '{name}' was None; "
        f"this will raise in a future release. {_HINT}"
    )


def keyfunc_mapping(
    keyfunc: Callable[[Any], Any], *, ignore_unpopulated_attribute: bool = False
) -> type[KeyFuncDict[Any, Any]]:
    """A dict collection keyed by what a function says of each item.

    Args:
        keyfunc: returns the key of an item; the key must not change while the
            item is in the dict.
        ignore_unpopulated_attribute: leave out items that have no key yet.

    Returns:
        A class for ``relationship(collection_class=...)``.
    """

    class MappedByKeyfunc(_Generated, KeyFuncDict[Any, Any]):
        def __init__(self, *dict_args: Any) -> None:
            super().__init__(
                keyfunc,
                *dict_args,
                ignore_unpopulated_attribute=ignore_unpopulated_attribute,
            )

    return MappedByKeyfunc


def attribute_keyed_dict(
    attr_name: str, *, ignore_unpopulated_attribute: bool = False
) -> type[KeyFuncDict[Any, Any]]:
    """A dict collection keyed by an attribute of its items.

    The attribute may be mapped or any other that the items have.
    """
    return keyfunc_mapping(
        AttributeKey(attr_name),
        ignore_unpopulated_attribute=ignore_unpopulated_attribute,
    )


def column_keyed_dict(
    mapping_spec: Any, *, ignore_unpopulated_attribute: bool = False
) -> type[KeyFuncDict[Any, Any]]:
    """A dict collection keyed by one column of its items, or a tuple of several.

    Args:
        mapping_spec: a column or a mapped attribute, or a sequence of them.
        ignore_unpopulated_attribute: leave out items that have no key yet.

    Raises:
        ArgumentError: something else than a column expression was given.
    """
    return keyfunc_mapping(
        ColumnKey(columns_of(mapping_spec)),
        ignore_unpopulated_attribute=ignore_unpopulated_attribute,
    )


mapped_collection = keyfunc_mapping
attribute_mapped_collection = attribute_keyed_dict
column_mapped_collection = column_keyed_dict
