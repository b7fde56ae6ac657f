"""What a mapper makes of columns, and of what its class has already."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from sqlalchemy import Column, String, create_engine, event, func, literal_column
from sqlalchemy.exc import ArgumentError, InvalidRequestError, SADeprecationWarning

import ormolu as orm
from ormolu import aliased, column_property, configure_mappers, relationship
from ormolu.exc import FlushError, UnmappedColumnError


def test_a_column_of_another_table_is_refused(registry: Any, tables: Any) -> None:
    class User:
        pass

    message = "'addresses.user_id' is not represented in the mapper's table"
    other = tables.addresses.c.user_id
    for given in (other, [tables.users.c.id, other]):
        with pytest.raises(ArgumentError, match=message):
            registry.map_imperatively(User, tables.users, properties={"x": given})
    lower = func.lower(tables.users.c.name)
    with pytest.raises(ArgumentError, match=r"lower\(users.name\)"):
        registry.map_imperatively(User, tables.users, properties={"x": lower})
    read_only = {"x": column_property(other)}
    mapper = registry.map_imperatively(User, tables.users, properties=read_only)
    assert mapper.attrs.keys() == ["x", "id", "name"]


def test_primary_key_of_one_column_or_name(registry: Any, tables: Any) -> None:
    column = tables.users.c.name
    for given in (column, [column], "name", ["name"]):
        mapper = registry.map_imperatively(
            type("User", (), {"__module__": f"m{id(given)}"}),
            tables.users,
            primary_key=given,
        )
        assert mapper.primary_key == (column,)


def test_primary_key_that_is_not_mapped(registry: Any, tables: Any) -> None:
    class User:
        pass

    with pytest.raises(ArgumentError, match="no attribute is mapped to this name"):
        registry.map_imperatively(User, tables.users, primary_key="zip")
    for columns in (
        [tables.addresses.c.id],
        [tables.users.c.id, tables.addresses.c.id],
    ):
        with pytest.raises(UnmappedColumnError):
            registry.map_imperatively(User, tables.users, primary_key=columns)


def test_the_properties_do_not_need_configured_mappers(
    registry: Any, tables: Any
) -> None:
    class User:
        pass

    mapper = registry.map_imperatively(User, tables.users)
    assert [p.key for p in mapper.iterate_properties] == ["id", "name"]
    assert not mapper.configured


def test_information_is_that_of_the_column(registry: Any, tables: Any) -> None:
    class User:
        pass

    registry.map_imperatively(
        User,
        tables.users,
        properties={
            "id": column_property(tables.users.c.id, info={"of": "attribute"}),
            "lower": column_property(func.lower(tables.users.c.name), info={"a": 1}),
        },
    )
    user: Any = User
    assert user.id.info is tables.users.c.id.info
    assert user.id.property.info == {"of": "attribute"}
    assert user.lower.info is user.lower.property.info
    assert aliased(user).lower.info == {"a": 1}


class TestWhatTheClassHas:
    def test_a_plain_value_stays(self, registry: Any, tables: Any) -> None:
        class User:
            name = "anonymous"

        registry.map_imperatively(User, tables.users)
        assert orm.class_mapper(User).attrs.keys() == ["id"]
        assert User().name == "anonymous"

    def test_none_does_not(self, registry: Any, tables: Any) -> None:
        class User:
            name = None

        registry.map_imperatively(User, tables.users)
        assert orm.class_mapper(User).attrs.keys() == ["id", "name"]

    def test_defaults_of_dataclass_fields_do_not(
        self, registry: Any, tables: Any
    ) -> None:
        @dataclasses.dataclass
        class User:
            id: int = 7
            name: str = "x"

        registry.map_imperatively(User, tables.users)
        assert orm.class_mapper(User).attrs.keys() == ["id", "name"]
        assert User().name == "x"

    def test_a_subclass_hides_an_attribute(self, registry: Any, tables: Any) -> None:
        class User:
            pass

        class Anonymous(User):
            name = "anonymous"

        registry.map_imperatively(User, tables.users)
        mapper = registry.map_imperatively(Anonymous, inherits=User)
        assert mapper.attrs.keys() == ["id"]

    @pytest.mark.parametrize("value", [property(lambda self: 5), 5, len])
    def test_a_later_attribute_takes_its_place(
        self, registry: Any, tables: Any, value: Any
    ) -> None:
        class User:
            title = value

        mapper = registry.map_imperatively(User, tables.users)
        message = "is replacing an existing class-bound attribute of the same name"
        with pytest.warns(SADeprecationWarning, match=message):
            mapper.add_property("title", column_property(tables.users.c.name))

    def test_a_backref_takes_its_place(self, registry: Any, tables: Any) -> None:
        class User:
            addresses = ()

        class Address:
            pass

        registry.map_imperatively(User, tables.users)
        registry.map_imperatively(
            Address,
            tables.addresses,
            properties={"user": relationship(User, backref="addresses")},
        )
        message = r"User-placed attribute User.addresses on Mapper\[User\(users\)\]"
        with pytest.warns(SADeprecationWarning, match=message):
            configure_mappers()

    def test_a_mapped_attribute_is_replaced(self, registry: Any, tables: Any) -> None:
        class User:
            pass

        mapper = registry.map_imperatively(User, tables.users)
        message = "is replacing an existing ORM-mapped attribute"
        with pytest.warns(SADeprecationWarning, match=message):
            mapper.add_property("name", column_property(tables.users.c.name))


def test_clear_mappers_takes_mapper_and_table_along(tables: Any) -> None:
    class User:
        pass

    registry: Any = orm.registry()
    registry.map_imperatively(User, tables.users)

    base: Any = orm.declarative_base()

    class Made(base):  # type: ignore[misc]  # of any kind
        __tablename__ = "made"
        id = Column(String, primary_key=True)

    class Given(base):  # type: ignore[misc]  # of any kind
        __table__ = tables.addresses

    registry.dispose()
    base.registry.dispose()
    assert not hasattr(User, "__mapper__")
    assert not hasattr(User, "__table__")
    assert not hasattr(Made, "__mapper__")
    assert not hasattr(Made, "__table__")
    assert not hasattr(Given, "__mapper__")
    assert Given.__table__ is tables.addresses


def test_a_property_may_be_added_as_the_class_is_instrumented(
    registry: Any, tables: Any
) -> None:
    class User:
        pass

    def add(mapper: Any, class_: Any) -> None:
        column: Any = Column("more", String)
        mapper.local_table.append_column(column)
        mapper.add_property("more", orm.deferred(column))

    event.listen(User, "instrument_class", add, propagate=True)
    mapper = registry.map_imperatively(User, tables.users)
    assert set(mapper.attrs.keys()) == {"id", "name", "more"}
    assert mapper.attrs.more.deferred


def test_configuring_one_registry_names_the_others(registry: Any, tables: Any) -> None:
    class User:
        pass

    class Address:
        pass

    other: Any = orm.registry()
    target = registry.map_imperatively(User, tables.users)
    mapper = other.map_imperatively(
        Address, tables.addresses, properties={"user": relationship(User)}
    )
    with pytest.raises(InvalidRequestError, match="called with cascade=False"):
        other.configure()
    assert mapper.configured
    assert not target.configured
    other.configure()
    registry.configure()
    assert target.configured


def test_an_attribute_knows_the_history_of_an_instance(
    registry: Any, tables: Any
) -> None:
    class User:
        name: Any

    class Address:
        pass

    class Admin(User):
        pass

    registry.map_imperatively(Address, tables.addresses)
    registry.map_imperatively(
        User, tables.users, properties={"addresses": relationship(Address)}
    )
    registry.map_imperatively(Admin, inherits=User)
    for class_ in (User, Admin):
        user: Any = class_()
        assert not User.name.get_history(user)
        user.name = "ed"
        user.addresses.append(Address())
        for asked in (class_, User, aliased(class_)):
            attributes: Any = asked
            assert attributes.name.get_history(user) == (["ed"], (), ())
            assert attributes.addresses.get_history(user).added == user.addresses


@pytest.mark.parametrize("lazy", ["noload", None])
def test_a_relationship_that_never_loads_is_deprecated(
    registry: Any, tables: Any, lazy: Any
) -> None:
    class User:
        pass

    class Address:
        pass

    registry.map_imperatively(Address, tables.addresses)
    addresses = relationship(Address, lazy=lazy)
    registry.map_imperatively(User, tables.users, properties={"addresses": addresses})
    with pytest.warns(SADeprecationWarning, match="``noload`` loader strategy"):
        registry.configure()


def hierarchy(registry: Any, tables: Any, parent: dict[str, Any], **kw: Any) -> Any:
    """A user with an address of a subclass that has no table of its own."""

    class User:
        pass

    class Address:
        pass

    class Special(Address):
        pass

    registry.map_imperatively(Address, tables.addresses, **parent)
    own = {"polymorphic_identity": "special"} if parent else {}
    registry.map_imperatively(Special, inherits=Address, **own)
    addresses = relationship(Address, **kw)
    registry.map_imperatively(User, tables.users, properties={"addresses": addresses})
    user: Any = User()
    user.addresses.append(Special())
    return user


@pytest.mark.parametrize("cascade", ["save-update, merge", "none"])
def test_a_subclass_that_is_loaded_as_its_parent_is_not_flushed(
    registry: Any, tables: Any, cascade: str
) -> None:
    user = hierarchy(registry, tables, {}, cascade=cascade)
    engine = create_engine("sqlite://")
    with orm.Session(engine) as session:
        tables.users.metadata.create_all(session.connection())
        session.add_all([user, *user.addresses])
        message = 'configure mapper "Mapper.*to load this subtype polymorphically'
        with pytest.raises(FlushError, match=message):
            session.flush()
    engine.dispose()


@pytest.mark.parametrize("polymorphic", [True, False])
def test_a_subclass_is_flushed_where_that_is_said(
    registry: Any, tables: Any, polymorphic: bool
) -> None:
    parent: Any = {"polymorphic_on": literal_column("'a'"), "polymorphic_identity": "a"}
    if polymorphic:
        user = hierarchy(registry, tables, parent)
    else:
        user = hierarchy(registry, tables, {}, enable_typechecks=False)
    engine = create_engine("sqlite://")
    with orm.Session(engine) as session:
        tables.users.metadata.create_all(session.connection())
        session.add_all([user, *user.addresses])
        session.flush()
        assert user.addresses[0].user_id == user.id
    engine.dispose()
