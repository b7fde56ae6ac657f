"""What a synonym stands for is looked up when it is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import ArgumentError, InvalidRequestError

import ormolu as orm
from ormolu import ColumnProperty, aliased, column_property, relationship, synonym


def test_a_synonym_waits_for_its_attribute(registry: Any, tables: Any) -> None:
    class User:
        title: Any

    mapper = registry.map_imperatively(
        User, tables.users, properties={"title": synonym("later")}
    )
    registry.configure()
    attribute = User.title
    assert not hasattr(attribute, "comparator")
    assert not hasattr(attribute, "anything")
    mapper.add_property("later", column_property(tables.users.c.name + "!"))
    assert hasattr(attribute, "comparator")
    assert str(attribute == "ed") == "(users.name || :name_1) = :param_1"


def test_a_backref_may_come_after_the_synonym(registry: Any, tables: Any) -> None:
    class User:
        addresses: Any

    class Address:
        owner: Any

    registry.map_imperatively(
        Address, tables.addresses, properties={"owner": synonym("_user")}
    )
    registry.configure()
    registry.map_imperatively(
        User,
        tables.users,
        properties={"addresses": relationship(Address, backref="_user")},
    )
    registry.configure()
    user, address = User(), Address()
    address.owner = user
    assert user.addresses == [address]


@pytest.mark.parametrize("value", [property(lambda self: "hi"), 5, len])
def test_a_synonym_of_no_mapped_attribute(
    registry: Any, tables: Any, value: Any
) -> None:
    class User:
        x = value
        y: Any

    registry.map_imperatively(User, tables.users, properties={"y": synonym("x")})
    attribute = User.y
    message = r'synonym\(\) attribute "User.x" only supports ORM mapped attributes'
    for ask in (
        lambda: attribute.property,
        lambda: attribute == 10,
        lambda: select(attribute),
    ):
        with pytest.raises(InvalidRequestError, match=message):
            ask()


def test_the_descriptor_of_a_synonym_is_asked_first(registry: Any, tables: Any) -> None:
    class Described(property):
        unit = "letters"

    class User:
        name: Any
        label = Described(lambda self: self.name)

    registry.map_imperatively(User, tables.users, properties={"label": synonym("name")})
    assert User.label.unit == "letters"
    assert str(User.label == "ed") == "users.name = :name_1"


class ReadingAloud:
    """A descriptor that is no ``property``."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else f"{instance.name}!"

    def __set__(self, instance: Any, value: str) -> None:
        instance.name = value.strip("!")


@pytest.mark.parametrize("inherited", [False, True])
def test_subclasses_read_through_the_descriptor_of_a_synonym(
    registry: Any, tables: Any, inherited: bool
) -> None:
    class Described:
        name: Any
        label = ReadingAloud()

    class Plain(Described):
        pass

    base = Plain if inherited else Described

    class Sub(base):  # type: ignore[misc, valid-type]  # either of the two
        pass

    registry.map_imperatively(base, tables.users, properties={"label": synonym("name")})
    registry.map_imperatively(Sub, None, inherits=base)
    for cls in (base, Sub):
        user = cls()
        user.label = "ed!"
        assert (user.name, user.label) == ("ed", "ed!")
        assert str(cls.label == "ed") == "users.name = :name_1"


def test_a_synonym_of_a_mixin_is_no_descriptor_of_the_user() -> None:
    class Base(orm.DeclarativeBase):
        pass

    class Named:
        name: orm.Mapped[str]

        @orm.declared_attr
        def label(self) -> orm.Mapped[str]:
            made: Any = synonym("name")
            return made

    class Mapped(Named, Base):
        __tablename__ = "mapped"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    class Sub(Mapped):
        pass

    assert (Mapped(name="ed").label, Sub(name="ed").label) == ("ed", "ed")


def test_a_synonym_with_comparisons_of_its_own(registry: Any, tables: Any) -> None:
    class Lower(ColumnProperty.Comparator[Any]):
        def __eq__(self, other: Any) -> Any:
            return func.lower(self.__clause_element__()) == func.lower(other)

        __hash__ = None  # type: ignore[assignment]  # as Python does beside __eq__

    class User:
        pass

    registry.map_imperatively(
        User,
        tables.users,
        properties={"name": synonym("_n", map_column=True, comparator_factory=Lower)},
    )
    user: Any = User
    assert str(user.name == "ed") == "lower(users.name) = lower(:lower_1)"
    alias: Any = aliased(user)
    assert str(alias.name == "ed") == "lower(users_1.name) = lower(:lower_1)"


@pytest.mark.parametrize("synonym_first", [True, False])
def test_a_column_is_not_mapped_twice_for_a_synonym(
    registry: Any, tables: Any, synonym_first: bool
) -> None:
    class User:
        pass

    given: Any = [
        ("id", synonym("_id", map_column=True)),
        ("_id", tables.users.c.id),
    ]
    properties = dict(given if synonym_first else reversed(given))
    with pytest.raises(ArgumentError, match="Can't call map_column=True for synonym"):
        registry.map_imperatively(User, tables.users, properties=properties)


def test_a_synonym_may_take_the_name_of_a_mapped_column(
    registry: Any, tables: Any
) -> None:
    class User:
        title: Any

    mapper = registry.map_imperatively(User, tables.users)
    mapper.add_property("id", synonym("_id", map_column=True))
    registry.configure()
    assert mapper.attrs.keys() == ["id", "name", "_id"]
    assert orm.class_mapper(User).synonyms.keys() == ["id"]


def test_comparisons_with_an_alias_keep_their_order(registry: Any, tables: Any) -> None:
    class User:
        pass

    registry.map_imperatively(User, tables.users, properties={"key": synonym("id")})
    user: Any = User
    alias: Any = aliased(user)
    assert str(alias.key > user.key) == "users_1.id > users.id"
    assert str(user.key > alias.key) == "users.id > users_1.id"
