"""The steps of a flush: what is done for a mapper, a relationship, or one object.

A step has an ``order``, by which those that nothing else orders are sorted, and does
its work for itself and for others of its kind that are ready at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..exc import instance_text
from . import persist


class Step:
    """One thing to do; equal to every step for the same subject.

    Attributes:
        saves: it sends INSERTs and UPDATEs of objects.
    """

    __slots__ = ("order", "subject")

    kind = ""
    saves = False

    def __init__(self, subject: tuple[Any, ...], order: tuple[Any, ...]) -> None:
        self.subject = (type(self), *subject)
        self.order = (self.kind, *order)

    def run(self, uow: Any, together: list[Any]) -> None:
        """Do it, with the other steps of the same `group`."""
        raise NotImplementedError

    @property
    def group(self) -> Any:
        """What steps that are done together have in common; None for alone."""
        return None

    def parts(self, uow: Any) -> list[Step]:
        """The steps for single objects that replace this one within a cycle."""
        return []

    def __hash__(self) -> int:
        return hash(self.subject)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and self.subject == other.subject

    def __repr__(self) -> str:
        return f"_{self.kind}({self.order[1]})"


# -- for all objects of a mapper ---------------------------------------------------


class SaveAll(Step):
    """INSERT and UPDATE of all objects of a hierarchy."""

    __slots__ = ("mapper",)
    kind = "SaveUpdateAll"
    saves = True

    def __init__(self, mapper: Any) -> None:
        super().__init__((mapper,), (mapper._sort_key,))
        self.mapper = mapper

    def run(self, uow: Any, together: list[Any]) -> None:
        # a flush that fails has begun what its connection belongs to
        uow.session._connection_for(self.mapper)
        persist.save_objects(uow, list(uow.chosen(self.mapper, False)))

    def parts(self, uow: Any) -> list[Step]:
        found: list[Step] = []
        for mapper, objects in uow.chosen(self.mapper, False):
            found += [SaveOne(uow, mapper, obj) for obj in objects]
        return found


class DeleteAll(Step):
    """DELETE of all objects of a hierarchy."""

    __slots__ = ("mapper",)
    kind = "DeleteAll"

    def __init__(self, mapper: Any) -> None:
        super().__init__((mapper,), (mapper._sort_key,))
        self.mapper = mapper

    def run(self, uow: Any, together: list[Any]) -> None:
        persist.delete_objects(uow, list(uow.chosen(self.mapper, True)))

    def parts(self, uow: Any) -> list[Step]:
        found: list[Step] = []
        for mapper, objects in uow.chosen(self.mapper, True):
            found += [DeleteOne(uow, mapper, obj) for obj in objects]
        return found


class RelateAll(Step):
    """Keys of one relationship, for all objects that are saved or deleted."""

    __slots__ = ("dependency", "isdelete")
    kind = "ProcessAll"

    def __init__(self, dependency: Any, isdelete: bool) -> None:
        super().__init__((dependency, isdelete), (dependency.sort_key, isdelete))
        self.dependency = dependency
        self.isdelete = isdelete

    def run(self, uow: Any, together: list[Any]) -> None:
        objects = self.dependency.participants(uow, self.isdelete)
        if objects:
            self.dependency.process(uow, objects, self.isdelete)


class PostUpdateAll(Step):
    """The UPDATEs that break circles, before deletes or after saves."""

    __slots__ = ("isdelete", "mapper")
    kind = "PostUpdateAll"

    def __init__(self, mapper: Any, isdelete: bool) -> None:
        super().__init__((mapper, isdelete), (mapper._sort_key, isdelete))
        self.mapper = mapper
        self.isdelete = isdelete

    def run(self, uow: Any, together: list[Any]) -> None:
        uow.send_post_updates(self.mapper, self.isdelete)


# -- for one object ----------------------------------------------------------------


class SaveOne(Step):
    """INSERT or UPDATE of one object of a cycle."""

    __slots__ = ("mapper", "obj")
    kind = "SaveUpdateState"
    saves = True

    def __init__(self, uow: Any, mapper: Any, obj: Any) -> None:
        super().__init__((id(obj),), (mapper._sort_key, uow.position(obj)))
        self.mapper = mapper
        self.obj = obj

    def __repr__(self) -> str:
        return f"_SaveUpdateState({instance_text(self.obj)})"

    @property
    def group(self) -> Any:
        return (SaveOne, self.mapper.base_mapper)

    def run(self, uow: Any, together: list[Any]) -> None:
        persist.save_objects(uow, _parts((self, *together)))


def _parts(steps: Iterable[Any]) -> list[tuple[Any, list[Any]]]:
    """The objects of some steps by their mappers."""
    found: dict[Any, list[Any]] = {}
    for step in steps:
        found.setdefault(step.mapper, []).append(step.obj)
    return list(found.items())


class DeleteOne(Step):
    """DELETE of one object of a cycle."""

    __slots__ = ("mapper", "obj")
    kind = "DeleteState"

    def __init__(self, uow: Any, mapper: Any, obj: Any) -> None:
        super().__init__((id(obj),), (mapper._sort_key, uow.position(obj)))
        self.mapper = mapper
        self.obj = obj

    def __repr__(self) -> str:
        return f"_DeleteState({instance_text(self.obj)})"

    @property
    def group(self) -> Any:
        return (DeleteOne, self.mapper.base_mapper)

    def run(self, uow: Any, together: list[Any]) -> None:
        # A row switch may have taken an object out in the meantime.
        left = [s for s in (self, *together) if not uow.records[id(s.obj)].listonly]
        persist.delete_objects(uow, _parts(left))


class RelateOne(Step):
    """Keys of one relationship for one object of a cycle."""

    __slots__ = ("dependency", "isdelete", "obj")
    kind = "ProcessState"

    def __init__(self, uow: Any, dependency: Any, isdelete: bool, obj: Any) -> None:
        super().__init__(
            (dependency, isdelete, id(obj)),
            (dependency.sort_key, uow.position(obj)),
        )
        self.dependency = dependency
        self.isdelete = isdelete
        self.obj = obj

    def __repr__(self) -> str:
        return (
            f"_ProcessState({self.dependency}, {instance_text(self.obj)}, "
            f"delete={self.isdelete})"
        )

    @property
    def group(self) -> Any:
        return (RelateOne, self.dependency, self.isdelete)

    def run(self, uow: Any, together: list[Any]) -> None:
        objects = [s.obj for s in (self, *together)]
        self.dependency.process(uow, objects, self.isdelete)


class Barrier(Step):
    """Keeps the deletes of a hierarchy's objects behind all of their saves."""

    __slots__ = ()
    kind = "Barrier"

    def __init__(self, mapper: Any) -> None:
        super().__init__((mapper,), (mapper._sort_key,))


Edges = set[tuple[Step, Step]]
AddEdge = Callable[[Step, Step], None]
