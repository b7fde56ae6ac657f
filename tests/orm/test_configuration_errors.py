"""What cannot be mapped or configured: the errors that say so, and why."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Integer, String, Table, inspect, select
from sqlalchemy.exc import (
    AmbiguousForeignKeysError,
    ArgumentError,
    InvalidRequestError,
    NoForeignKeysError,
    NoInspectionAvailable,
    SAWarning,
)

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    class_mapper,
    configure_mappers,
    exc,
    mapped_column,
    registry,
    relationship,
)


@pytest.fixture
def reg() -> Iterator[registry]:
    reg = registry()
    yield reg
    # a mapper that cannot be configured must not be left for the other tests
    reg.dispose()


@pytest.fixture
def base(reg: registry) -> Any:
    return reg.generate_base()


def test_a_class_without_primary_key_names_class_and_table(base: Any) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"(?s)Thing.*could not assemble any primary key columns for mapped "
        "table 'thing'",
    ):

        class Thing(base):
            __tablename__ = "thing"
            name: Mapped[str]


def test_a_table_without_primary_key_names_class_and_table(reg: registry) -> None:
    class Thing:
        pass

    table = Table("thing", reg.metadata, Column("name", String))
    with pytest.raises(
        ArgumentError,
        match=r"(?s)Thing.*could not assemble any primary key columns for mapped "
        "table 'thing'",
    ):
        reg.map_imperatively(Thing, table)


def test_a_class_without_table_names_the_class(base: Any) -> None:
    with pytest.raises(
        InvalidRequestError,
        match=r"(?s)Class .*Thing.* does not have a __table__ or __tablename__ "
        "specified",
    ):

        class Thing(base):
            id: Mapped[int] = mapped_column(primary_key=True)


def test_mapping_a_class_twice_names_the_class(reg: registry) -> None:
    class Thing:
        pass

    table = Table("thing", reg.metadata, Column("id", Integer, primary_key=True))
    reg.map_imperatively(Thing, table)
    with pytest.raises(
        ArgumentError, match=r"Class .*Thing.* already has a primary mapper defined"
    ):
        reg.map_imperatively(Thing, table)


def test_a_second_class_for_a_table_name_names_the_table(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)

    with pytest.raises(
        InvalidRequestError,
        match="Table 'thing' is already defined for this MetaData instance",
    ):

        class Other(base):
            __tablename__ = "thing"
            id: Mapped[int] = mapped_column(primary_key=True)


def test_a_missing_foreign_key_names_the_relationship(base: Any) -> None:
    class Parent(base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship()

    class Child(base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)

    with pytest.raises(
        NoForeignKeysError,
        match=r"Could not determine join condition between parent/child tables on "
        r"relationship Parent\.children - there are no foreign keys linking these "
        "tables",
    ):
        base.registry.configure()


def test_an_ambiguous_foreign_key_names_the_relationship(base: Any) -> None:
    class Place(base):
        __tablename__ = "place"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Customer(base):
        __tablename__ = "customer"
        id: Mapped[int] = mapped_column(primary_key=True)
        billing_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
        shipping_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
        place: Mapped[Place] = relationship()

    with pytest.raises(
        AmbiguousForeignKeysError,
        match=r"Could not determine join condition between parent/child tables on "
        r"relationship Customer\.place - there are multiple foreign key paths "
        "linking the tables.  Specify the 'foreign_keys' argument",
    ):
        base.registry.configure()


def test_a_secondary_without_foreign_keys_names_the_relationship(base: Any) -> None:
    link = Table("link", base.metadata, Column("left_id"), Column("right_id"))

    class Left(base):
        __tablename__ = "left_side"
        id: Mapped[int] = mapped_column(primary_key=True)
        rights: Mapped[list["Right"]] = relationship(secondary=link)

    class Right(base):
        __tablename__ = "right_side"
        id: Mapped[int] = mapped_column(primary_key=True)

    with pytest.raises(
        NoForeignKeysError,
        match=r"relationship Left\.rights - there are no foreign keys linking these "
        "tables via secondary table 'link'",
    ):
        base.registry.configure()


def test_a_target_that_does_not_exist_is_named(base: Any) -> None:
    class Parent(base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children = relationship("Missing")

    with pytest.raises(
        InvalidRequestError,
        match=r"(?s)Parent.*expression 'Missing' failed to locate a name",
    ):
        base.registry.configure()


def test_a_target_that_is_not_mapped_is_named(base: Any) -> None:
    class Plain:
        pass

    class Parent(base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children = relationship(Plain)

    with pytest.raises(exc.UnmappedClassError, match="Plain.* is not mapped"):
        base.registry.configure()


def test_back_populates_to_a_missing_attribute_names_it(base: Any) -> None:
    class Parent(base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(back_populates="mother")

    class Child(base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))

    with pytest.raises(
        InvalidRequestError, match=r"Mapper.*Child.* has no property 'mother'"
    ):
        base.registry.configure()


def test_back_populates_of_two_sides_with_one_direction_is_refused(
    base: Any,
) -> None:
    class Node(base):
        __tablename__ = "node"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))
        children: Mapped[list["Node"]] = relationship(back_populates="parent")
        parent: Mapped["Node"] = relationship(back_populates="children", uselist=False)

    with pytest.raises(
        ArgumentError,
        match=r"Node\.(parent|children).* and back-reference "
        r"Node\.(parent|children) are both of the same direction",
    ):
        base.registry.configure()


def test_a_failed_configuration_is_told_again(base: Any) -> None:
    class Parent(base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children = relationship("Missing")

    with pytest.raises(InvalidRequestError):
        base.registry.configure()
    with pytest.raises(
        InvalidRequestError,
        match="One or more mappers failed to initialize.*"
        "can't proceed with initialization of other mappers",
    ):
        Parent()


def test_a_failed_configuration_leaves_other_registries_alone(base: Any) -> None:
    class Parent(base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children = relationship("Missing")

    class Other(DeclarativeBase):
        pass

    class Thing(Other):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)

    with pytest.raises(InvalidRequestError):
        base.registry.configure()
    Other.registry.configure()
    assert Thing(id=1).id == 1


def test_an_unknown_cascade_is_named() -> None:
    with pytest.raises(ArgumentError, match="Invalid cascade option.*obliterate"):
        relationship("Child", cascade="save-update, obliterate")


def test_delete_orphan_on_the_many_to_one_side_needs_single_parent(base: Any) -> None:
    class Parent(base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Child(base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))
        parent: Mapped[Parent] = relationship(cascade="all, delete-orphan")

    with pytest.raises(
        ArgumentError,
        match=r"For many-to-one relationship Child\.parent, delete-orphan cascade",
    ):
        base.registry.configure()


def test_an_annotation_without_a_column_type_names_the_attribute(base: Any) -> None:
    class Strange:
        pass

    with pytest.raises(
        ArgumentError,
        match=r"(?s)Could not locate SQLAlchemy Core type.*Strange.*'odd'",
    ):

        class Thing(base):
            __tablename__ = "thing"
            id: Mapped[int] = mapped_column(primary_key=True)
            odd: Mapped[Strange]


def test_an_annotation_without_mapped_is_explained(base: Any) -> None:
    with pytest.raises(
        (ArgumentError, exc.MappedAnnotationError), match=r"(?s)Thing.*name.*Mapped\[\]"
    ):

        class Thing(base):
            __tablename__ = "thing"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: str = mapped_column()


@pytest.mark.parametrize("name", ["metadata", "registry"])
def test_a_reserved_attribute_name_is_warned_about(base: Any, name: str) -> None:
    namespace = {
        "__tablename__": "thing",
        "id": mapped_column(Integer, primary_key=True),
        name: mapped_column(String),
    }
    with pytest.warns(
        SAWarning, match=f"Attribute name '{name}' should be left reserved"
    ):
        type("Thing", (base,), namespace)


def test_deriving_from_declarative_base_directly_is_a_base_and_not_mapped() -> None:
    class Base(DeclarativeBase):
        pass

    assert inspect(Base, raiseerr=False) is None
    with pytest.raises(NoInspectionAvailable):
        inspect(Base)


def test_class_mapper_of_an_unmapped_class_names_it() -> None:
    class Plain:
        pass

    with pytest.raises(exc.UnmappedClassError, match="Plain.* is not mapped"):
        class_mapper(Plain)


def test_selecting_an_unmapped_class_names_it() -> None:
    class Plain:
        pass

    with pytest.raises(ArgumentError, match=r"expected.*got .*Plain"):
        select(Plain)  # type: ignore[call-overload]


def test_an_unknown_attribute_of_a_class_names_both(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)

    with pytest.raises(AttributeError, match="'?Thing'? has no attribute 'color'"):
        Thing.color


def test_filter_by_of_an_unknown_attribute_names_class_and_attribute(
    base: Any,
) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)

    with pytest.raises(
        InvalidRequestError,
        match=r'None of the FROM clause entities have a property "color".*Thing',
    ):
        select(Thing).filter_by(color="red")


def test_configure_mappers_configures_what_is_pending(base: Any) -> None:
    class Parent(base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(backref="parent")

    class Child(base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))

    configure_mappers()
    assert hasattr(Child, "parent")
    assert sa.inspect(Parent).configured


def test_what_is_no_table_is_named(reg: registry, base: Any) -> None:
    class Mapped(base):
        __tablename__ = "mapped"
        id = Column(Integer, primary_key=True)

    class A:
        pass

    for given in (Mapped, A, 5):
        with pytest.raises(
            ArgumentError, match="object expected for argument 'local_table'; got"
        ):
            reg.map_imperatively(A, given)


def test_a_version_column_by_its_name_is_refused_by_a_flush(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id = Column(Integer, primary_key=True)
        version = Column(Integer)
        __mapper_args__ = {"version_id_col": "version"}

    assert class_mapper(Thing).version_id_col == "version"
    engine = sa.create_engine("sqlite://")
    base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Thing())
        with pytest.raises(ArgumentError, match="'version' should be explicitly"):
            session.flush()
    engine.dispose()
