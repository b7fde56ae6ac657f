"""Joins to a subclass whose tables the statement has already: it gets an alias."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from sqlalchemy import Column, Integer, String, select
from sqlalchemy.exc import SAWarning

from ormolu import Session, relationship
from tests.flush.world import named
from tests.inheritance.world import Hierarchies, kind, of_parent

MESSAGE = (
    r"An alias is being generated automatically against joined entity Mapper\[Manager"
)


class Office:
    """Employees, each with a manager who is an employee as well."""

    def __init__(self, world: Hierarchies) -> None:
        employee = world.table(
            "employee", kind(), named("name"), Column("boss_id", Integer)
        )
        manager = world.table(
            "manager", of_parent("employee.id"), Column("car", String)
        )
        on = manager.c.id == employee.c.id
        self.Employee = world.map(
            "Employee",
            employee,
            polymorphic_on=employee.c.kind,
            polymorphic_identity="employee",
            properties={
                "boss": relationship(
                    lambda: self.Manager,
                    primaryjoin=employee.c.boss_id == manager.c.id,
                    foreign_keys=employee.c.boss_id,
                    remote_side=manager.c.id,
                    post_update=True,
                )
            },
        )
        self.Manager = world.map(
            "Manager",
            manager,
            self.Employee,
            polymorphic_identity="manager",
            inherit_condition=on,
        )
        # of the table of the subclass, and no part of the hierarchy
        self.Car = world.map(
            "Car",
            manager,
            properties={
                "driver": relationship(
                    self.Manager,
                    primaryjoin=employee.c.id == manager.c.id,
                    foreign_keys=manager.c.id,
                    viewonly=True,
                )
            },
        )
        self.session: Session = world.session()
        self.fill()

    def fill(self) -> None:
        top = self.Manager(name="top", car="red")
        middle = self.Manager(name="middle", car="blue", boss=top)
        staff = [self.Employee(name=name, boss=middle) for name in ("ann", "bob")]
        self.session.add_all([top, middle, *staff])
        self.session.commit()


@pytest.fixture
def office(world: Hierarchies) -> Office:
    return Office(world)


def found(office: Office, statement: Any) -> list[Any]:
    """The rows, in order; the warning about the alias is expected."""
    with pytest.warns(SAWarning, match=MESSAGE):
        return sorted(map(tuple, office.session.execute(statement)))


def test_a_key_in_the_table_of_the_base_is_that_of_the_joining_row(
    office: Office,
) -> None:
    Employee, Manager = office.Employee, office.Manager
    statement = select(Manager.car).select_from(Employee).join(Employee.boss)
    assert found(office, statement) == [("blue",), ("blue",), ("red",)]
    named_top = statement.where(Manager.name == "top")
    assert found(office, named_top) == [("red",)]
    text = text_of(named_top)
    assert "ON employee.boss_id = manager_1.id" in text
    assert "WHERE employee_1.name" in text


def test_a_condition_of_the_join_is_that_of_the_joined_row(office: Office) -> None:
    Employee, Manager = office.Employee, office.Manager
    joined = Employee.boss.and_(Manager.name == "top")
    statement = select(Manager.car).select_from(Employee).join(joined)
    assert found(office, statement) == [("red",)]


def test_a_class_of_the_same_table_beside_the_hierarchy(office: Office) -> None:
    Car, Manager = office.Car, office.Manager
    statement = select(Car.car, Manager.name).join(Car.driver)
    assert found(office, statement) == [("blue", "middle"), ("red", "top")]


def text_of(statement: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        return str(statement)
