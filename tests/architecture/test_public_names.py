"""``ormolu.__all__`` is what there is, and is named as in the reference API."""

from __future__ import annotations

import json
import subprocess
import sys
from types import ModuleType

import ormolu
from ormolu import InspectionAttr, NotExtension

# Names of the reference API's package that are not meant for its users, that stand in
# `ormolu.loading` alone, or that stand for what is not built: options of aliased legacy
# queries, the inner unit of work, the base of extensions with an `info`.
LEFT_OUT = {
    "AliasOption",
    "Any",
    "InspectionAttrInfo",
    "MappedClassProtocol",
    "NO_KEY",
    "TypeResolve",
    "UOWTransaction",
    "annotations",
    "create_session",
    "merge_frozen_result",
    "merge_result",
}

# Public names that the reference API does not have.
OWN_NAMES = {"Entity", "speedups_status"}


def _public(name: str) -> bool:
    return not name.startswith("_") or name in {"__version__", "__impl__"}


def test_all_is_complete() -> None:
    there = {
        name
        for name, value in vars(ormolu).items()
        if _public(name) and not isinstance(value, ModuleType)
    } - {"annotations", "TYPE_CHECKING"}
    modules = {
        name for name in ormolu.__all__ if isinstance(getattr(ormolu, name), ModuleType)
    }
    assert {n for n in ormolu.__all__ if _public(n)} - modules == there


def test_all_has_no_duplicates() -> None:
    assert len(ormolu.__all__) == len(set(ormolu.__all__))


def _names_of_the_reference_api() -> dict[str, bool]:
    """What its package has, and whether that is a module; from a process of its own."""
    code = """
import json, types, sqlalchemy.orm as orm
print(json.dumps({n: isinstance(v, types.ModuleType) for n, v in vars(orm).items()}))
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    found: dict[str, bool] = json.loads(run.stdout)
    return found


def test_names_are_those_of_the_reference_api() -> None:
    theirs = _names_of_the_reference_api()
    ours = {name for name in ormolu.__all__ if not name.startswith("__")}
    assert ours - set(theirs) <= OWN_NAMES
    names = {n for n, is_module in theirs.items() if not is_module and n[0] != "_"}
    assert names - ours == LEFT_OUT


def test_what_no_extension_has_made_says_so() -> None:
    class Base(ormolu.DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "user"
        id: ormolu.Mapped[int] = ormolu.mapped_column(primary_key=True)
        name: ormolu.Mapped[str]

    class Extension(InspectionAttr):
        extension_type = "of the user's own"

    User.extended = Extension()
    mapper = ormolu.class_mapper(User)
    kinds = {k: d.extension_type for k, d in mapper.all_orm_descriptors.items()}
    assert kinds == {
        "id": NotExtension.NOT_EXTENSION,
        "name": NotExtension.NOT_EXTENSION,
        "extended": "of the user's own",
    }
