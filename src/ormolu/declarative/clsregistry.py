"""Names of mapped classes, and the expressions that are written with them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

from sqlalchemy import exc as sa_exc

from .._core.warnings import warn

ClassRegistry = MutableMapping[str, Any]

MODULES = "_sa_module_registry"


class MultipleClasses:
    """The classes that share a name; an answer only while there is one."""

    __slots__ = ("__weakref__", "_classes", "_on_remove")

    def __init__(
        self, classes: Iterable[type], on_remove: Callable[[], None] | None = None
    ) -> None:
        self._on_remove = on_remove
        self._classes = {weakref.ref(cls, self._removed) for cls in classes}
        _keep.add(self)

    def __iter__(self) -> Iterator[type | None]:
        return (ref() for ref in self._classes)

    def __len__(self) -> int:
        return len(self._classes)

    def _removed(self, ref: Any) -> None:
        self._classes.discard(ref)
        if not self._classes:
            _keep.discard(self)
            if self._on_remove is not None:
                self._on_remove()

    def attempt_get(self, path: list[str], key: str) -> type:
        """The one class; InvalidRequestError when there are several."""
        found = [cls for cls in self if cls is not None]
        if len(found) != 1:
            name = ".".join([*path, key])
            raise sa_exc.InvalidRequestError(
                f'Multiple classes found for path "{name}" in the registry of this '
                "declarative base. Please use a fully module-qualified path."
            )
        return found[0]

    def add(self, cls: type) -> None:
        """Add a class; one of the same module takes the place of the other."""
        modules = {c.__module__ for c in self if c is not None}
        if cls.__module__ in modules:
            warn(
                "This declarative base already contains a class with the same class "
                f"name and module name as {cls.__module__}.{cls.__name__}, and will "
                "be replaced in the string-lookup table."
            )
        self._classes.add(weakref.ref(cls, self._removed))

    def remove(self, cls: type) -> None:
        """Forget a class."""
        self._removed(weakref.ref(cls, self._removed))


# The default class registry holds its values weakly; these are kept until empty.
_keep: set[MultipleClasses] = set()


class ModuleNames:
    """The modules and classes below one module."""

    __slots__ = ("__weakref__", "contents", "name", "parent", "path")

    def __init__(self, name: str, parent: ModuleNames | None) -> None:
        self.name = name
        self.parent = parent
        self.contents: dict[str, Any] = {}
        self.path: list[str] = [*parent.path, name] if parent is not None else []
        _keep_modules.add(self)

    def __contains__(self, name: object) -> bool:
        return name in self.contents

    def __getitem__(self, name: str) -> Any:
        return self.contents[name]

    def get_module(self, name: str) -> ModuleNames:
        """The names of a module below this one, made when first needed."""
        found = self.contents.get(name)
        if not isinstance(found, ModuleNames):
            found = self.contents[name] = ModuleNames(name, self)
        return found

    def add_class(self, name: str, cls: type) -> None:
        """Add a class of this very module."""
        existing = self.contents.get(name)
        if isinstance(existing, MultipleClasses):
            existing.add(cls)
        else:
            self.contents[name] = MultipleClasses(
                [cls], on_remove=lambda: self._remove(name)
            )

    def remove_class(self, name: str, cls: type) -> None:
        """Forget a class of this very module."""
        existing = self.contents.get(name)
        if isinstance(existing, MultipleClasses):
            existing.remove(cls)

    def _remove(self, name: str) -> None:
        self.contents.pop(name, None)
        if not self.contents:
            _keep_modules.discard(self)
            if self.parent is not None:
                self.parent._remove(self.name)


_keep_modules: set[ModuleNames] = set()


def add_class(name: str, cls: Any, names: ClassRegistry) -> None:
    """Make a class known by its name, and by its module's."""
    existing = names.get(name)
    if existing is None:
        names[name] = cls
    elif isinstance(existing, MultipleClasses):
        existing.add(cls)
    elif existing is not cls:
        names[name] = _combined(existing, cls)
    root = names.get(MODULES)
    if root is None:
        names[MODULES] = root = ModuleNames(MODULES, None)
    tokens = cls.__module__.split(".")
    # every tail of the module's name finds the class as well
    while tokens:
        module = root
        for token in tokens:
            module = module.get_module(token)
        module.add_class(name, cls)
        tokens.pop(0)


def _combined(existing: Any, cls: Any) -> MultipleClasses:
    found = MultipleClasses([existing])
    found.add(cls)
    return found


def remove_class(name: str, cls: Any, names: ClassRegistry) -> None:
    """Forget a class."""
    existing = names.get(name)
    if isinstance(existing, MultipleClasses):
        existing.remove(cls)
    elif existing is cls:
        del names[name]
    root = names.get(MODULES)
    if root is None:
        return
    tokens = cls.__module__.split(".")
    while tokens:
        module: Any = root
        for token in tokens:
            module = module.contents.get(token) if module is not None else None
        if isinstance(module, ModuleNames):
            module.remove_class(name, cls)
        tokens.pop(0)
