"""A company and its staff: joined tables, and a class without a table of its own.

``embedded``: Declarative classes, whose instances hold their state themselves.
``adopted``: plain classes mapped imperatively, whose instances get a companion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from ormolu import DeclarativeBase, Mapped, mapped_column, registry, relationship
from tests.orm.models import Mode

ROWS = """
INSERT INTO company VALUES (1, 'acme'), (2, 'bits');
INSERT INTO employee VALUES (1, 'ed', 'engineer', 1), (2, 'mo', 'manager', 1),
    (3, 'bo', 'boss', 1), (4, 'al', 'employee', 2), (5, 'eve', 'engineer', 2);
INSERT INTO engineer VALUES (1, 'c', 3), (5, 'lisp', 9);
INSERT INTO manager VALUES (2, 'head', NULL), (3, 'chief', 7);
INSERT INTO machine VALUES (1, 'pdp', 1), (2, 'vax', 1), (3, 'cray', 5);
INSERT INTO note VALUES (1, 'early', 1), (2, 'late', 2), (3, 'golfing', 3);
"""


@dataclass
class Staff:
    """The mapped classes.  Boss shares the table of Manager."""

    mode: Mode
    registry: registry
    Company: Any
    Employee: Any
    Engineer: Any
    Manager: Any
    Boss: Any
    Machine: Any
    Note: Any

    @property
    def metadata(self) -> MetaData:
        """The tables of all the classes."""
        return self.registry.metadata


def build(mode: Mode) -> Staff:
    """New classes, and new tables."""
    return _declared() if mode == "embedded" else _plain()


def _declared() -> Staff:
    class Base(DeclarativeBase):
        pass

    class Company(Base):
        __tablename__ = "company"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str | None]
        employees = relationship(
            "Employee", back_populates="company", order_by="Employee.id"
        )

    class Employee(Base):
        __tablename__ = "employee"
        __mapper_args__ = {
            "polymorphic_on": "type",
            "polymorphic_identity": "employee",
        }
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str | None]
        type: Mapped[str | None]
        company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
        company = relationship("Company", back_populates="employees")
        notes = relationship("Note", back_populates="employee", order_by="Note.id")

    class Engineer(Employee):
        __tablename__ = "engineer"
        __mapper_args__ = {"polymorphic_identity": "engineer"}
        id: Mapped[int] = mapped_column(ForeignKey("employee.id"), primary_key=True)
        language: Mapped[str | None]
        level: Mapped[int | None]
        machines = relationship(
            "Machine", back_populates="engineer", order_by="Machine.id"
        )

    class Manager(Employee):
        __tablename__ = "manager"
        __mapper_args__ = {"polymorphic_identity": "manager"}
        id: Mapped[int] = mapped_column(ForeignKey("employee.id"), primary_key=True)
        title: Mapped[str | None]

    class Boss(Manager):
        __mapper_args__ = {"polymorphic_identity": "boss"}
        handicap: Mapped[int | None]

    class Machine(Base):
        __tablename__ = "machine"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str | None]
        engineer_id: Mapped[int | None] = mapped_column(ForeignKey("engineer.id"))
        engineer = relationship("Engineer", back_populates="machines")

    class Note(Base):
        __tablename__ = "note"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str | None]
        employee_id: Mapped[int | None] = mapped_column(ForeignKey("employee.id"))
        employee = relationship("Employee", back_populates="notes")

    found = (Company, Employee, Engineer, Manager, Boss, Machine, Note)
    return Staff("embedded", Base.registry, *found)


def _plain() -> Staff:
    reg = registry()
    tables = _tables(reg.metadata)

    def init(self: Any, **values: Any) -> None:
        for key, value in values.items():
            setattr(self, key, value)

    def new(name: str, base: type = object) -> Any:
        namespace = {"__init__": init} if base is object else {}
        return type(name, (base,), {**namespace, "__module__": __name__})

    Company, Employee, Machine, Note = map(
        new, ("Company", "Employee", "Machine", "Note")
    )
    Engineer, Manager = new("Engineer", Employee), new("Manager", Employee)
    Boss = new("Boss", Manager)
    reg.map_imperatively(
        Company,
        tables["company"],
        properties={
            "employees": relationship(
                Employee, back_populates="company", order_by=tables["employee"].c.id
            )
        },
    )
    reg.map_imperatively(
        Employee,
        tables["employee"],
        polymorphic_on=tables["employee"].c.type,
        polymorphic_identity="employee",
        properties={
            "company": relationship(Company, back_populates="employees"),
            "notes": relationship(
                Note, back_populates="employee", order_by=tables["note"].c.id
            ),
        },
    )
    reg.map_imperatively(
        Engineer,
        tables["engineer"],
        inherits=Employee,
        polymorphic_identity="engineer",
        properties={
            "machines": relationship(
                Machine, back_populates="engineer", order_by=tables["machine"].c.id
            )
        },
    )
    reg.map_imperatively(
        Manager,
        tables["manager"],
        inherits=Employee,
        polymorphic_identity="manager",
        exclude_properties=["handicap"],
    )
    reg.map_imperatively(
        Boss,
        inherits=Manager,
        polymorphic_identity="boss",
        properties={"handicap": tables["manager"].c.handicap},
    )
    reg.map_imperatively(
        Machine,
        tables["machine"],
        properties={"engineer": relationship(Engineer, back_populates="machines")},
    )
    reg.map_imperatively(
        Note,
        tables["note"],
        properties={"employee": relationship(Employee, back_populates="notes")},
    )
    found = (Company, Employee, Engineer, Manager, Boss, Machine, Note)
    return Staff("adopted", reg, *found)


def _tables(metadata: MetaData) -> dict[str, Table]:
    def key(*args: Any) -> Any:
        return Column("id", Integer, *args, primary_key=True)

    def refers(name: str, target: str) -> Any:
        return Column(name, Integer, ForeignKey(target))

    def text(name: str) -> Any:
        return Column(name, String)

    Table("company", metadata, key(), text("name"))
    Table(
        "employee",
        metadata,
        key(),
        text("name"),
        text("type"),
        refers("company_id", "company.id"),
    )
    employee = ForeignKey("employee.id")
    Table(
        "engineer", metadata, key(employee), text("language"), Column("level", Integer)
    )
    manager = ForeignKey("employee.id")
    Table("manager", metadata, key(manager), text("title"), Column("handicap", Integer))
    refers_to = refers("engineer_id", "engineer.id")
    Table("machine", metadata, key(), text("name"), refers_to)
    refers_to = refers("employee_id", "employee.id")
    Table("note", metadata, key(), text("text"), refers_to)
    return dict(metadata.tables)
