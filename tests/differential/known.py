"""The objects that a program knows, by handle."""

from typing import Any

from sqlalchemy import inspect

from .schema import SCHEMA


class Unknown(Exception):
    """A step names an object that is not there; the step is left out."""


class Known:
    """The objects of a program: those it named, and all that can be reached."""

    def __init__(self) -> None:
        self.by_handle: dict[str, Any] = {}
        self.handles: dict[int, str] = {}

    def __getitem__(self, handle: str) -> Any:
        try:
            return self.by_handle[handle]
        except KeyError:
            raise Unknown(handle) from None

    def bind(self, handle: str, obj: Any) -> None:
        """Name an object; its first name is the one that it is shown under."""
        if obj is not None and handle not in self.by_handle:
            self.by_handle[handle] = obj
            self.handles.setdefault(id(obj), handle)

    def forget(self) -> None:
        """Let all objects go."""
        self.by_handle.clear()
        self.handles.clear()

    def show(self, value: Any) -> Any:
        """A value as it is compared: objects by handle, sets in order."""
        if isinstance(value, (str, int, float, bool)) or value is None:
            return value
        if isinstance(value, list):
            return [self.show(item) for item in value]
        if isinstance(value, tuple):
            return tuple([self.show(item) for item in value])
        if isinstance(value, (set, frozenset)):
            self.enter(value)
            return {"set": sorted(map(repr, map(self.show, value)))}
        if type(value).__name__ in SCHEMA:
            return f"<{self.handle(value)}>"
        return str(value)

    def handle(self, obj: Any) -> str:
        """The first name of an object, made from its key if it has none."""
        found = self.handles.get(id(obj))
        if found is None:
            key = inspect(obj).key
            name = type(obj).__name__
            base = f"{name}?" if key is None else f"{name}@{','.join(map(str, key[1]))}"
            while base in self.by_handle:
                base += "'"
            self.bind(base, obj)
            found = base
        return found

    def enter(self, objects: Any) -> None:
        """Name all of a set, in an order that does not depend on addresses."""
        unnamed = [o for o in objects if id(o) not in self.handles]
        for obj in sorted(unnamed, key=distinction):
            self.handle(obj)

    def discover(self) -> None:
        """Name everything that can be reached in memory."""
        seen: set[int] = set()
        waiting = list(self.by_handle.values())
        while waiting:
            obj = waiting.pop(0)
            if id(obj) in seen:
                continue
            seen.add(id(obj))
            loaded = inspect(obj).dict
            for name, related in SCHEMA[type(obj).__name__].related.items():
                value = loaded.get(name)
                if value is None:
                    continue
                others = [value] if related.holder == "one" else value
                self.enter(others)
                waiting.extend(others)


def distinction(obj: Any) -> str:
    """What tells objects apart that have no names: keys, or else plain values."""
    state = inspect(obj)
    loaded = state.dict
    names = SCHEMA[type(obj).__name__].columns
    return repr((state.key, [loaded.get(name, "") for name in ("id", *names)]))
