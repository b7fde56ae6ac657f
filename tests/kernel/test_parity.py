"""Both twins have the same surface, and the stubs say what it is."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ormolu._speedups._choose import KERNELS


def twin(name: str, suffix: str) -> ModuleType:
    try:
        return import_module(f"ormolu._speedups.{name}_{suffix}")
    except ImportError:
        if suffix == "c":
            pytest.skip("the extensions are not built")
        raise


@pytest.fixture(params=KERNELS)
def twins(request: pytest.FixtureRequest) -> tuple[ModuleType, ModuleType]:
    return twin(request.param, "c"), twin(request.param, "py")


def is_interface(name: str) -> bool:
    if name in ("__len__", "__bool__", "__get__", "__set__", "__delete__"):
        return True
    return name.startswith("_o_") or not name.startswith("_")


def members(cls: type[Any]) -> set[str]:
    """The names of a class without what its implementation needs."""
    return {
        name for base in cls.__mro__[:-1] for name in vars(base) if is_interface(name)
    }


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    return [
        (parameter.name, parameter.kind, parameter.default)
        for parameter in inspect.signature(function).parameters.values()
    ]


def test_the_names_are_the_same(twins: tuple[ModuleType, ModuleType]) -> None:
    compiled, python = twins
    assert sorted(compiled.__all__) == sorted(python.__all__)
    for name in compiled.__all__:
        ours, theirs = getattr(compiled, name), getattr(python, name)
        if isinstance(ours, int):
            assert ours == theirs
        elif isinstance(ours, type):
            assert members(ours) == members(theirs), name


def test_the_signatures_are_the_same(twins: tuple[ModuleType, ModuleType]) -> None:
    compiled, python = twins
    for name in compiled.__all__:
        ours, theirs = getattr(compiled, name), getattr(python, name)
        if isinstance(ours, type):
            for method in members(ours):
                if method[0] != "_" and inspect.isfunction(getattr(theirs, method)):
                    assert parameters(getattr(ours, method)) == parameters(
                        getattr(theirs, method)
                    ), f"{name}.{method}"
        elif inspect.isfunction(theirs) and name != "constructor":
            assert parameters(ours) == parameters(theirs), name


def test_the_documentation_is_the_same(twins: tuple[ModuleType, ModuleType]) -> None:
    compiled, python = twins
    for name in compiled.__all__:
        ours, theirs = getattr(compiled, name), getattr(python, name)
        if callable(theirs) and name != "constructor":
            assert inspect.getdoc(ours) == inspect.getdoc(theirs), name


@pytest.mark.parametrize("name", KERNELS)
def test_the_stubs_name_the_same(name: str) -> None:
    python = twin(name, "py")
    stub = Path(str(python.__file__)).with_name(f"{name}_c.pyi")
    found = [
        ast.literal_eval(node.value)
        for node in ast.parse(stub.read_text("utf-8")).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value
    ]
    assert [sorted(names) for names in found] == [sorted(python.__all__)]


@pytest.mark.parametrize(
    ("whole", "first", "apart"),
    [("state", "layout", {"UNLOADED", "WeakTable"}), ("hydration", "plans", set())],
)
def test_what_is_put_together_has_all_of_its_parts(
    whole: str, first: str, apart: set[str]
) -> None:
    parts = KERNELS[KERNELS.index(first) : KERNELS.index(whole)]
    names = {name for part in parts for name in twin(part, "py").__all__}
    assert {*twin(whole, "py").__all__} ^ names == apart


@pytest.mark.parametrize("suffix", ["c", "py"])
def test_the_constructors_take_the_same(suffix: str) -> None:
    state, hydration = twin("state", suffix), twin("hydration", suffix)

    class Mapped(state.EntityBase):  # type: ignore[misc,name-defined]
        pass

    layout = state.Layout(
        cls=Mapped, keys=["id"], related_keys=[], pk_keys=["id"], base=None,
        embedded=True, mapper="anything",
    )  # fmt: skip
    plan = hydration.EntityPlan(
        layout=layout, positions=[0], pk_positions=[0], cls=None, processors=None
    )
    joined = hydration.JoinedPlan(key="r", plan=plan, collection=True, assign=None)
    tracker = state.Tracker()
    run = hydration.LoadRun(
        tracker=tracker, outputs=[plan], populate_existing=False, scalar=True,
        refresh=None, refresh_slots=None, origin=None,
    )  # fmt: skip
    assert (joined.key, joined.plan, joined.collection) == ("r", plan, True)
    assert (joined.assign, joined.on_multiple) == (None, None)
    assert (run.tracker, run.outputs, run.scalar) == (tracker, [plan], True)
    assert (plan.switch_position, plan.switch, plan.joined, plan.after) == (
        -1,
        None,
        [],
        [],
    )
    assert layout.mapper == "anything"
    assert layout.attributes == {}
    assert state.IdentityDict(tracker=tracker, layout=layout, token=1).token == 1
    assert state.Attribute(key="id").slot == 0
    assert hydration.ColumnOutput(position=1, processor=None).position == 1
    assert hydration.PyOutput(fn=len).fn is len
    obj = Mapped()
    assert state.AdoptedState(obj=obj, layout=layout).obj() is obj
