"""Random programs."""

import random
from collections.abc import Callable, Collection, Sequence
from typing import Any

from .program import Program, Step
from .schema import FLAT, SCHEMA, kinds_of

# groups of classes that have to do with each other
THEMES = (
    ("Author", "Book"),
    ("Author", "Book", "Tag", "Loan"),
    ("Author", "Badge", "Profile"),
    ("Author", "Loan", "Tag"),
    ("Book", "Tag"),
    ("Node",),
    ("Country", "City", "River"),
    ("Country", "Book"),
    ("Folder", "File"),
    ("Item",),
    ("Item", "Profile", "Author"),
    tuple(FLAT),
)

INHERITING = (
    ("Drawing", "Shape", "Circle", "Ring", "Square"),
    ("Shape", "Circle", "Ring"),
    ("Drawing", "Circle", "Square"),
    ("Drawing", "Shape"),
    ("Ring", "Square"),
)
"""The same, of classes that derive from each other."""

WEIGHTS = {
    "new": 9,
    "copy": 2,
    "pickle": 2,
    "forget": 0.3,
    "read": 6,
    "set": 7,
    "set_same": 1,
    "del": 2,
    "relate": 5,
    "append": 5,
    "insert": 1,
    "remove": 3,
    "pop": 1,
    "clear": 1,
    "move": 2,
    "history": 1.5,
    "is_modified": 1,
    "flag_modified": 0.5,
    "add": 6,
    "add_all": 2,
    "delete": 4,
    "expunge": 1.5,
    "expunge_all": 0.4,
    "expire": 2,
    "expire_all": 0.7,
    "refresh": 2,
    "merge": 4,
    "make_transient": 0.7,
    "make_transient_to_detached": 0.7,
    "get": 5,
    "select": 5,
    "flush": 5,
    "commit": 2.5,
    "rollback": 2.5,
    "close": 0.4,
    "begin": 0.2,
    "begin_nested": 1.5,
    "end_nested": 1.5,
    "no_autoflush": 1,
    "update_where": 1.2,
    "delete_where": 1,
}


class Generator:
    """Makes one program after the other from one source of chance.

    Args:
        without: steps that do not occur.
        themes: groups of classes, one of which each program is about.
    """

    def __init__(
        self,
        seed: int,
        without: Collection[str] = (),
        themes: Sequence[tuple[str, ...]] = THEMES,
    ) -> None:
        self.without = without
        self.themes = themes
        self.chance = random.Random(seed)
        self.objects: list[tuple[str, str]] = []
        self.theme: tuple[str, ...] = ()
        self.count = 0

    def program(self, shortest: int = 20, longest: int = 40) -> Program:
        """A program of so many steps."""
        chance = self.chance
        self.objects = []
        self.count = 0
        self.theme = chance.choice(self.themes)
        names = [name for name in WEIGHTS if name not in self.without]
        # steps that are rare in one program are frequent in another
        weights = [WEIGHTS[name] * chance.choice((0.2, 1, 1, 3)) for name in names]
        steps: list[Step] = [
            ["select", cls, {}] for cls in self.theme if chance.random() < 0.5
        ]
        wanted = chance.randint(shortest, longest)
        while len(steps) < wanted:
            step = self._step(chance.choices(names, weights)[0])
            if step is not None:
                steps.append(step)
        return Program(
            steps,
            mode=chance.choice(("declarative", "imperative")),
            lane=chance.choice(("fast", "core")),
            foreign_keys=chance.random() < 0.6,
            autoflush=chance.random() < 0.8 and "autoflush" not in self.without,
            expire_on_commit=chance.random() < 0.8,
        )

    def _step(self, name: str) -> Step | None:
        make: Callable[[], list[Any] | None] = getattr(self, f"_{name}")
        arguments = make()
        return None if arguments is None else [name, *arguments]

    # -- choices -------------------------------------------------------------------

    def _class(self) -> str:
        return self.chance.choice(self.theme)

    def _handle(self, cls: str) -> str:
        self.count += 1
        handle = f"{cls[:2].lower()}{self.count}"
        self.objects.append((handle, cls))
        return handle

    def _of(self, cls: str) -> str:
        """The handle of an object: one of the program, or one that was loaded."""
        kinds = kinds_of(cls)
        mine = [h for h, c in self.objects if c in kinds]
        if mine and self.chance.random() < 0.75:
            return self.chance.choice(mine[-4:])
        if len(kinds) > 1:
            cls = self.chance.choice(kinds)
        return f"{cls}@{','.join(map(str, self._key(cls)))}"

    def _any(self) -> tuple[str, str]:
        if self.objects and self.chance.random() < 0.75:
            return self.chance.choice(self.objects[-6:])
        cls = self._class()
        return self._of(cls), cls

    def _key(self, cls: str) -> list[Any]:
        return [self.chance.choice(values[:3]) for values in SCHEMA[cls].key_values]

    def _columns(self, cls: str) -> list[str]:
        return list(SCHEMA[cls].columns)

    def _value(self, cls: str, name: str) -> Any:
        described = SCHEMA[cls]
        if name in described.key:
            return self.chance.choice(described.key_values[described.key.index(name)])
        return self.chance.choice(described.columns[name])

    def _related(self, cls: str, *holders: str) -> str | None:
        found = [
            name
            for name, related in SCHEMA[cls].related.items()
            if related.holder in holders
        ]
        return self.chance.choice(found) if found else None

    def _others(self, cls: str, name: str) -> Any:
        related = SCHEMA[cls].related[name]
        if related.holder == "one":
            return None if self.chance.random() < 0.2 else self._of(related.target)
        count = self.chance.choice((0, 1, 1, 2, 3))
        return [self._of(related.target) for _ in range(count)]

    def _attribute(self, cls: str) -> str:
        described = SCHEMA[cls]
        return self.chance.choice(
            [*described.key, *described.columns, *described.related, *described.related]
        )

    def _names(self, cls: str) -> list[str] | None:
        if self.chance.random() < 0.5:
            return None
        return [self._attribute(cls) for _ in range(self.chance.choice((1, 1, 2)))]

    # -- steps: what follows the name, None to choose another step -------------------

    def _new(self) -> list[Any]:
        chance, cls = self.chance, self._class()
        described = SCHEMA[cls]
        values = {
            name: self._value(cls, name)
            for name in described.columns
            if chance.random() < (0.2 if name.endswith(("_id", "_code")) else 0.7)
        }
        needs_key = cls in ("Country", "Loan")
        for name in described.key:
            if chance.random() < (0.8 if needs_key else 0.25):
                values[name] = self._value(cls, name)
        related = {
            name: self._others(cls, name)
            for name in described.related
            if chance.random() < 0.35
        }
        return [self._handle(cls), cls, values, related]

    def _copy(self) -> list[Any]:
        source, cls = self._any()
        return [self._handle(cls), source]

    _pickle = _copy

    def _nothing(self) -> list[Any]:
        return []

    _forget = _flush = _commit = _rollback = _close = _begin = _nothing
    _begin_nested = _expire_all = _expunge_all = _nothing

    def _one(self) -> list[Any]:
        return [self._any()[0]]

    _add = _delete = _expunge = _one
    _make_transient = _make_transient_to_detached = _one

    def _read(self) -> list[Any]:
        handle, cls = self._any()
        return [handle, self._attribute(cls)]

    _set_same = _history = _del = _read

    def _set(self) -> list[Any]:
        handle, cls = self._any()
        names = self._columns(cls)
        if self.chance.random() < (0.3 if cls in ("Country", "Loan") else 0.07):
            names = list(SCHEMA[cls].key)
        name = self.chance.choice(names)
        return [handle, name, self._value(cls, name)]

    def _flag_modified(self) -> list[Any]:
        handle, cls = self._any()
        return [handle, self.chance.choice(self._columns(cls))]

    def _is_modified(self) -> list[Any]:
        return [self._any()[0], self.chance.random() < 0.5]

    def _relate(self) -> list[Any] | None:
        handle, cls = self._any()
        name = self._related(cls, "one", "one", "list", "set")
        return None if name is None else [handle, name, self._others(cls, name)]

    def _in_collection(self, *holders: str) -> list[Any] | None:
        handle, cls = self._any()
        name = self._related(cls, *holders)
        if name is None:
            return None
        return [handle, name, self._of(SCHEMA[cls].related[name].target)]

    def _append(self) -> list[Any] | None:
        return self._in_collection("list", "set")

    _remove = _append

    def _insert(self) -> list[Any] | None:
        return self._in_collection("list")

    def _pop(self) -> list[Any] | None:
        found = self._in_collection("list")
        return None if found is None else found[:2]

    def _clear(self) -> list[Any] | None:
        found = self._in_collection("list", "set")
        return None if found is None else found[:2]

    def _move(self) -> list[Any] | None:
        cls = self._class()
        name = self._related(cls, "list", "set")
        if name is None:
            return None
        other = self._of(SCHEMA[cls].related[name].target)
        return [self._of(cls), self._of(cls), name, other]

    def _add_all(self) -> list[Any]:
        return [[self._any()[0] for _ in range(self.chance.choice((1, 2, 3)))]]

    def _expire(self) -> list[Any]:
        handle, cls = self._any()
        return [handle, self._names(cls)]

    _refresh = _expire

    def _merge(self) -> list[Any]:
        source, cls = self._any()
        return [self._handle(cls), source, self.chance.random() < 0.75]

    def _get(self) -> list[Any]:
        cls = self._class()
        key = [self.chance.choice(values) for values in SCHEMA[cls].key_values]
        return [cls, key, self.chance.random() < 0.2]

    def _select(self) -> list[Any]:
        chance, cls = self.chance, self._class()
        described = SCHEMA[cls]
        how: dict[str, Any] = {}
        if chance.random() < 0.5:
            how["where"] = self._where(cls, related=True)
        if chance.random() < 0.3:
            how["order"] = chance.choice(self._columns(cls))
        if chance.random() < 0.15:
            how["columns"] = [*described.key, chance.choice(self._columns(cls))]
        elif chance.random() < 0.2:
            how["populate"] = True
        if described.related and chance.random() < 0.5 and "columns" not in how:
            kinds = ("joinedload", "selectinload", "selectinload", "lazyload", "noload")
            names = chance.sample(list(described.related), 1)
            how["options"] = [[chance.choice(kinds[:4]), name] for name in names]
        if chance.random() < 0.15 and "columns" not in how:
            kind = chance.choice(("defer", "undefer"))
            names = [n for n in self._columns(cls) if not n.endswith("_id")]
            how.setdefault("options", []).append([kind, chance.choice(names)])
        if described.related and chance.random() < 0.15:
            how["join"] = chance.choice(list(described.related))
        if chance.random() < 0.1:
            how["limit"] = 2
        return [cls, how]

    def _where(self, cls: str, related: bool = False) -> list[Any]:
        chance = self.chance
        if related and SCHEMA[cls].related and chance.random() < 0.3:
            name = chance.choice(list(SCHEMA[cls].related))
            about = SCHEMA[cls].related[name]
            if about.holder == "one":
                return [name, "is", self._of(about.target)]
            if chance.random() < 0.3:
                return [name, "any", None]
            return [name, "contains", self._of(about.target)]
        name = chance.choice([*SCHEMA[cls].key, *self._columns(cls)])
        operator = chance.choice(("==", "==", "!=", ">", "in"))
        value = self._value(cls, name)
        if operator == "in":
            value = [self._value(cls, name), self._value(cls, name)]
        if operator == ">" and value is None:
            operator = "=="
        return [name, operator, value]

    def _end_nested(self) -> list[Any]:
        return [self.chance.choice(("commit", "rollback"))]

    def _no_autoflush(self) -> list[Any]:
        names = ("read", "get", "select", "append", "relate", "set", "history")
        found = [self._step(self.chance.choice(names)) for _ in range(2)]
        return [[step for step in found if step is not None]]

    def _synchronize(self) -> Any:
        return self.chance.choice(("auto", "evaluate", "fetch", False))

    def _update_where(self) -> list[Any]:
        cls = self._class()
        names = [n for n in self._columns(cls) if not n.endswith(("_id", "_code"))]
        name = self.chance.choice(names)
        values = {name: self._value(cls, name)}
        return [cls, self._where(cls), values, self._synchronize()]

    def _delete_where(self) -> list[Any]:
        cls = self._class()
        return [cls, self._where(cls), self._synchronize()]
