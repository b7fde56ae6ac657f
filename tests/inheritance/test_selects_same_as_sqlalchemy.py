"""SELECTs of inheriting classes with sqlalchemy.orm and with Ormolu: same SQL, same rows.

Each program gives a statement, whose text is compared, or rows of a session, which are
compared with all the statements that they took.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy.orm
from sqlalchemy import desc, func, select

import ormolu
from tests.inheritance.select_worlds import WAYS, Program, World, build, run


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def theirs(way: str) -> Iterator[World]:
    world = build(sqlalchemy.orm, way)
    yield world
    world.engine.dispose()


@pytest.fixture(scope="module", params=["embedded", "adopted"])
def ours(request: pytest.FixtureRequest, way: str) -> Iterator[World]:
    world = build(ormolu, way, embedded=request.param == "embedded")
    yield world
    world.engine.dispose()


PROGRAMS: dict[str, Program] = {}


def program(fn: Program) -> Program:
    """Let a function be one of the programs."""
    PROGRAMS[fn.__name__] = fn
    return fn


def programs(*given: Program) -> None:
    """Let anonymous functions be programs, by the lines that they are in."""
    for fn in given:
        PROGRAMS[f"line {fn.__code__.co_firstlineno}"] = fn


# -- what a subquery of a class has -----------------------------------------------

programs(
    lambda w, _: select(select(w.Person).subquery()),
    lambda w, _: select(select(w.Engineer).subquery()),
    lambda w, _: select(select(w.Boss).subquery()),
    lambda w, _: select(select(w.orm.aliased(w.Person)).subquery()),
    lambda w, _: select(select(w.orm.aliased(w.Engineer)).subquery()),
    lambda w, _: select(select(w.orm.aliased(w.Engineer, flat=True)).subquery()),
)


def both(left: Any, right: Any) -> Any:
    """Two of them side by side, read from a subquery of the pairs."""

    def pairs(w: World, session: Any) -> Any:
        one, two = left(w), right(w)
        subquery = (
            select(one, two)
            .where(one.company_id == two.company_id, one.name == "mo", one.id > two.id)
            .subquery()
        )
        first = w.orm.aliased(one, subquery)
        second = w.orm.aliased(two, subquery)
        return session.execute(select(first, second).order_by(first.id, second.id))

    return pairs


PROGRAMS["a class and an alias of it"] = both(
    lambda w: w.Person, lambda w: w.orm.aliased(w.Person)
)
PROGRAMS["an alias of a class and the class"] = both(
    lambda w: w.orm.aliased(w.Person), lambda w: w.Person
)
PROGRAMS["two aliases of a class"] = both(
    lambda w: w.orm.aliased(w.Person), lambda w: w.orm.aliased(w.Person)
)
PROGRAMS["two flat aliases of a class"] = both(
    lambda w: w.orm.aliased(w.Person, flat=True),
    lambda w: w.orm.aliased(w.Person, flat=True),
)

# -- what stands in FROM ----------------------------------------------------------

programs(
    lambda w, _: select(w.Company, w.Engineer),
    lambda w, _: select(w.orm.aliased(w.Paper), w.Engineer),
    lambda w, _: select(w.Engineer, w.Company).select_from(w.Company),
    lambda w, _: select(w.Engineer.language).select_from(w.Company),
    lambda w, _: select(w.Engineer.name).select_from(w.Engineer),
    lambda w, _: select(w.Company.name, func.count(w.Engineer.id)).join(w.Engineer),
    lambda w, _: select(w.Engineer).join(w.Machine),
    lambda w, _: select(w.Engineer, w.Company.name).join(w.Machine),
    lambda w, _: select(w.Engineer).join(w.Company.employees),
    lambda w, _: select(w.Company).join(w.Engineer.machines),
    lambda w, _: select(w.Engineer, w.orm.aliased(w.Engineer)).join(
        w.Engineer.machines
    ),
)


@program
def columns_of_a_subclass_and_a_join_to_the_base(w: World, session: Any) -> Any:
    return (
        session.query(w.Company.name, w.Engineer.language)
        .join(w.Company.employees)
        .filter(w.Person.type == "engineer")
        .order_by(desc(w.Engineer.language), w.Person.id)
    )


# -- what a join along a relationship starts from ---------------------------------

programs(
    lambda w, _: select(w.Manager).join(w.Engineer.machines),
    lambda w, _: select(w.Boss).join(w.Manager.papers),
    lambda w, _: select(w.Boss).join(w.Person.papers),
    lambda w, _: select(w.Person).join(w.Manager.papers),
    lambda w, _: select(w.Company, w.Person).join(w.Engineer.machines),
    lambda w, _: select(w.Company).join(w.Company.employees).join(w.Engineer.machines),
    lambda w, _: (
        select(w.Company)
        .join(w.Company.employees.of_type(w.Engineer))
        .join(w.Person.papers)
    ),
    lambda w, _: (
        select(w.Company)
        .join(w.orm.aliased(w.Engineer), w.Company.employees)
        .join(w.Engineer.machines)
    ),
    lambda w, _: (
        select(w.Company)
        .join_from(w.Company, w.Company.employees)
        .join_from(w.Engineer, w.Engineer.machines)
    ),
)


@program
def a_subclass_along_a_relationship_of_the_base(w: World, session: Any) -> Any:
    return session.scalars(
        select(w.Engineer)
        .join(w.Person.papers)
        .where(w.Paper.text == "tps")
        .order_by(w.Person.name)
    )


# -- eager loads by a subquery ----------------------------------------------------


def loaded_along(entity: Any, attribute: Any) -> Program:
    """Objects with what a relationship of theirs, or of a subclass, has."""

    def pairs(w: World, session: Any) -> Any:
        relationship = attribute(w)
        statement = (
            select(entity(w))
            .order_by(w.Person.id)
            .options(w.orm.subqueryload(relationship))
        )
        found = session.scalars(statement).all()
        key = relationship.key
        return [(one, *getattr(one, key)) for one in found if hasattr(one, key)]

    return pairs


PROGRAMS["a relationship of the base"] = loaded_along(
    lambda w: w.Person, lambda w: w.Person.papers
)
PROGRAMS["a relationship of a subclass"] = loaded_along(
    lambda w: w.Person, lambda w: w.Engineer.machines
)
PROGRAMS["a relationship of the base, for a subclass"] = loaded_along(
    lambda w: w.Engineer, lambda w: w.Person.papers
)

# -- eager loads of some classes of a relationship ---------------------------------

STRATEGIES = ("selectinload", "joinedload", "subqueryload")


def loaded_as(first: str, second: str, target: Any, attribute: Any) -> Program:
    """Objects of a relationship that is narrowed, with a relationship of theirs."""

    def pairs(w: World, session: Any) -> Any:
        narrowed = target(w)
        relationship = attribute(w, narrowed)
        option = getattr(w.orm, first)(w.Paper.author.of_type(narrowed))
        statement = select(w.Paper).order_by(w.Paper.id)
        statement = statement.options(getattr(option, second)(relationship))
        found = session.scalars(statement).unique().all()
        key = relationship.key
        return [(p.author, *getattr(p.author, key, ())) for p in found]

    return pairs


for one in STRATEGIES[:2]:
    for two in STRATEGIES:
        PROGRAMS[f"{one} and {two} of a flat alias"] = loaded_as(
            one,
            two,
            lambda w: w.orm.with_polymorphic(w.Person, [w.Engineer], flat=True),
            lambda w, narrowed: narrowed.Engineer.machines,
        )
        PROGRAMS[f"{one} and {two} of an alias"] = loaded_as(
            one,
            two,
            lambda w: w.orm.with_polymorphic(w.Person, "*", aliased=True),
            lambda w, narrowed: narrowed.papers,
        )
    PROGRAMS[f"{one} and selectinload of a subclass"] = loaded_as(
        one,
        "selectinload",
        lambda w: w.Engineer,
        lambda w, narrowed: narrowed.machines,
    )


def columns_of_a_subclass(alias: Any, *, load_only: bool = False) -> tuple[Any, Any]:
    """Statements that join a relationship to a subclass and load from the join.

    Args:
        alias: gives what the relationship is narrowed to.
        load_only: whether all but one of its columns are left out.
    """

    def option_of(w: World, strategy: Any, narrowed: Any) -> tuple[Any, Any]:
        employees = w.Company.employees.of_type(narrowed)
        option = strategy(employees)
        return employees, option.load_only(narrowed.status) if load_only else option

    def joined(w: World, _: Any) -> Any:
        _, option = option_of(w, w.orm.joinedload, alias(w))
        return select(w.Company).options(option)

    def contained(w: World, _: Any) -> Any:
        employees, option = option_of(w, w.orm.contains_eager, alias(w))
        return select(w.Company).outerjoin(employees).options(option)

    return joined, contained


ALIASES = {
    "a subclass": lambda w: w.Engineer,
    "an alias of a subclass": lambda w: w.orm.aliased(w.Engineer),
    "a flat alias of a subclass": lambda w: w.orm.aliased(w.Engineer, flat=True),
    "a flat alias of a class below it": lambda w: w.orm.aliased(w.Boss, flat=True),
}
for what, alias in ALIASES.items():
    for some in (False, True):
        joined, contained = columns_of_a_subclass(alias, load_only=some)
        suffix = ", of which one column" if some else ""
        PROGRAMS[f"joinedload of {what}{suffix}"] = joined
        PROGRAMS[f"contains_eager of {what}{suffix}"] = contained


def narrowed_twice(strategy: str, lead_on: str) -> Program:
    """A relationship that two options narrow, each with a relationship below.

    Args:
        lead_on: what the second of them begins with.
    """

    def employees(w: World, session: Any) -> Any:
        load = getattr(w.orm, strategy)
        several = w.Company.employees
        managers = load(several.of_type(w.Manager))
        engineers = getattr(w.orm, lead_on)(several.of_type(w.Engineer))
        statement = select(w.Company).options(
            getattr(managers, strategy)(w.Manager.papers),
            getattr(engineers, strategy)(w.Engineer.machines),
        )
        return [
            (person.status, *getattr(person, "machines", ()), *person.papers)
            for company in session.scalars(statement).unique()
            for person in company.employees
        ]

    return employees


for one in STRATEGIES[:2]:
    PROGRAMS[f"{one} of two subclasses"] = narrowed_twice(one, one)
    PROGRAMS[f"{one} of one of two subclasses"] = narrowed_twice(one, "defaultload")

# -- second statements for subclasses ---------------------------------------------


@program
def subclasses_loaded_later(w: World, session: Any) -> Any:
    later = w.orm.selectin_polymorphic(w.Person, [w.Engineer, w.Manager])
    statement = select(w.Person).order_by(w.Person.id).options(later)
    return [(p, p.status) for p in session.scalars(statement)]


# -- what tells an object ---------------------------------------------------------


@program
def rows_of_siblings(w: World, session: Any) -> Any:
    every = w.orm.with_polymorphic(w.Person, "*")
    statement = select(every, every.Manager, every.Engineer).order_by(every.id)
    return session.execute(statement).all()


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_as_sqlalchemy(name: str, theirs: World, ours: World) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert run(ours, PROGRAMS[name]) == run(theirs, PROGRAMS[name])
