"""New objects know their class, whatever their constructor does."""

from __future__ import annotations

import gc
import pickle
import warnings
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    Integer,
    String,
    create_engine,
    event,
    inspect,
)
from sqlalchemy.pool import StaticPool

from ormolu import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    Session,
    exc,
    mapped_column,
    validates,
)
from tests.flush.world import named
from tests.inheritance.models import Staff
from tests.inheritance.world import Hierarchies, kind, of_parent


def test_the_discriminator_is_set_at_construction(staff: Staff) -> None:
    assert staff.Employee().type == "employee"
    assert staff.Engineer(name="x").type == "engineer"
    assert staff.Boss().type == "boss"


def test_the_discriminator_is_a_change(staff: Staff) -> None:
    boss = staff.Boss()
    assert inspect(boss).attrs.type.history == (["boss"], (), ())
    assert boss.__dict__["type"] == "boss"


def test_a_given_discriminator_is_kept(staff: Staff) -> None:
    assert staff.Engineer(type="other").type == "other"


def test_a_constructor_of_the_user(world: Hierarchies) -> None:
    seen: list[Any] = []

    def init(self: Any, name: str) -> None:
        seen.append(self.kind)
        self.name = name

    base = world.table("base", kind(), named("name"))
    Base = world.new_class(__init__=init)
    world.registry.map_imperatively(
        Base, base, polymorphic_on=base.c.kind, polymorphic_identity="b"
    )
    Sub = world.map("Sub", None, Base, polymorphic_identity="s")
    one, two = Base("x"), Sub("y")
    assert seen == ["b", "s"]
    assert (one.kind, two.kind, one.name, two.name) == ("b", "s", "x", "y")


def test_a_constructor_that_does_not_call_the_one_above(world: Hierarchies) -> None:
    def init(self: Any, *names: str) -> None:
        self.extra = ",".join(names)

    base = world.table("base", kind())
    sub = world.table("sub", of_parent(), named("extra"))
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    Sub = world.new_class(Base, __init__=init)
    world.registry.map_imperatively(Sub, sub, inherits=Base, polymorphic_identity="s")
    one = Sub("x", "y")
    assert (one.kind, one.extra, Base().kind) == ("s", "x,y", "b")


def test_a_constructor_may_set_another_discriminator(world: Hierarchies) -> None:
    def init(self: Any) -> None:
        self.kind = "mine"

    base = world.table("base", kind())
    Base = world.new_class(__init__=init)
    world.registry.map_imperatively(
        Base, base, polymorphic_on=base.c.kind, polymorphic_identity="b"
    )
    assert Base().kind == "mine"


def test_a_constructor_that_raises(world: Hierarchies) -> None:
    def init(self: Any) -> None:
        raise ValueError(self.kind)

    base = world.table("base", kind())
    Base = world.new_class(__init__=init)
    world.registry.map_imperatively(
        Base, base, polymorphic_on=base.c.kind, polymorphic_identity="b"
    )
    with pytest.raises(ValueError, match="b"):
        Base()


def test_a_subclass_that_is_not_mapped(world: Hierarchies) -> None:
    base = world.table("base", kind())
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    Unmapped = world.new_class(Base)
    one = Unmapped()
    with pytest.raises(exc.UnmappedError, match="Class 'world.Own' is not mapped"):
        world.session().add(one)


def test_without_an_identity_the_discriminator_is_null(world: Hierarchies) -> None:
    base = world.table("base", kind())
    Base = world.map("Base", base, polymorphic_on=base.c.kind)
    one = Base()
    assert one.kind is None
    session = world.session()
    session.add(one)
    session.flush()
    assert world.rows(session, base) == [(1, None)]


def test_an_identity_of_none_is_no_identity(world: Hierarchies) -> None:
    base = world.table("base", kind())
    Base = world.map(
        "Base", base, polymorphic_on=base.c.kind, polymorphic_identity=None
    )
    assert Base().kind is None


@pytest.mark.parametrize("identity", [0, "", False])
def test_falsy_identities(world: Hierarchies, identity: Any) -> None:
    type_ = String if identity == "" else Integer
    base = world.table("base", Column("kind", type_))
    Base = world.map(
        "Base", base, polymorphic_on=base.c.kind, polymorphic_identity=identity
    )
    one = Base()
    assert one.kind == identity
    session = world.session()
    session.add(one)
    session.commit()
    session.expunge_all()
    assert type(session.get(Base, 1)) is Base


def test_a_listener_on_the_discriminator_hears_it(world: Hierarchies) -> None:
    base = world.table("base", kind(), named("name"))
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    Sub = world.map("Sub", None, Base, polymorphic_identity="s")
    seen: list[Any] = []

    @event.listens_for(Base.kind, "set", propagate=True)
    def on_set(target: Any, value: Any, old: Any, initiator: Any) -> None:
        target.name = "set by a listener"  # the object can be used already
        seen.append((type(target).__name__, value))

    assert Sub().name == "set by a listener"
    assert Base(name="x").name == "x"
    assert seen == [("Sub", "s"), ("Base", "b")]


def test_a_listener_may_replace_the_discriminator(world: Hierarchies) -> None:
    base = world.table("base", kind())
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")

    @event.listens_for(Base.kind, "set", retval=True)
    def on_set(target: Any, value: Any, old: Any, initiator: Any) -> Any:
        return value.upper()

    assert Base().kind == "B"


def test_a_listener_that_sets_the_discriminator_itself(world: Hierarchies) -> None:
    base = world.table("base", kind())
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")

    @event.listens_for(Base.kind, "set", retval=True)
    def on_set(target: Any, value: Any, old: Any, initiator: Any) -> Any:
        if value != "inner":
            target.kind = "inner"
        return value

    assert Base().kind == "b"


def test_a_listener_that_makes_another_object(world: Hierarchies) -> None:
    base = world.table("base", kind())
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    Sub = world.map("Sub", None, Base, polymorphic_identity="s")
    made: list[Any] = []

    @event.listens_for(Base.kind, "set")
    def on_set(target: Any, value: Any, old: Any, initiator: Any) -> None:
        made.append(Sub())

    assert Base().kind == "b"
    assert [m.kind for m in made] == ["s"]


def test_a_listener_that_raises(world: Hierarchies) -> None:
    base = world.table("base", kind())
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")

    @event.listens_for(Base.kind, "set")
    def on_set(target: Any, value: Any, old: Any, initiator: Any) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Base()


def test_an_init_listener_finds_the_discriminator(world: Hierarchies) -> None:
    base = world.table("base", kind(), named("name"))
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    Sub = world.map("Sub", None, Base, polymorphic_identity="s")
    seen: list[Any] = []

    @event.listens_for(Base, "init", propagate=True)
    def on_init(target: Any, args: Any, kwargs: Any) -> None:
        seen.append((type(target).__name__, target.kind, dict(kwargs)))

    Sub(name="x")
    Base()
    assert seen == [("Sub", "s", {"name": "x"}), ("Base", "b", {})]


def test_validators_are_inherited(world: Hierarchies) -> None:
    seen: list[Any] = []

    def check(self: Any, key: str, value: Any) -> Any:
        seen.append((type(self).__name__, key, value))
        return f"{value}!"

    base = world.table("base", kind(), named("name"))
    sub = world.table("sub", of_parent(), named("extra"))
    Base = world.new_class(check=validates("kind", "name")(check))
    world.registry.map_imperatively(
        Base, base, polymorphic_on=base.c.kind, polymorphic_identity="b"
    )
    Sub = world.map("Sub", sub, Base, polymorphic_identity="s")
    one = Sub()
    one.name = "a"
    one.extra = "x"
    assert (one.kind, one.name, one.extra) == ("s!", "a!", "x")
    assert seen == [("Sub", "kind", "s"), ("Sub", "name", "a")]


def test_a_finalizer_that_makes_objects(world: Hierarchies) -> None:
    base = world.table("base", kind(), named("name"))
    made: list[Any] = []

    def finalize(self: Any) -> None:
        made.append((self.kind, Sub().kind))

    class Value:
        """Lets another object of the hierarchy be made when it goes."""

        def __del__(self) -> None:
            made.append(Sub().kind)

    Base = world.new_class(__del__=finalize)
    Sub = type("Sub", (Base,), {"__module__": "world", "__del__": lambda self: None})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of finalizers
        world.registry.map_imperatively(
            Base, base, polymorphic_on=base.c.kind, polymorphic_identity="b"
        )
        world.registry.map_imperatively(Sub, inherits=Base, polymorphic_identity="s")
    one = Base()
    one.name = Value()
    one.name = "other"
    del one
    gc.collect()
    assert made[-1] == ("b", "s")
    assert "s" in made


# -- dataclasses ------------------------------------------------------------------


@pytest.fixture
def dataclasses() -> Any:
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    class Animal(Base):
        __tablename__ = "animal"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        name: Mapped[str | None] = mapped_column(default=None)
        kind: Mapped[str | None] = mapped_column(init=False)

    class Dog(Animal):
        __mapper_args__ = {"polymorphic_identity": "dog"}
        barks: Mapped[bool | None] = mapped_column(default=True)

    yield Animal, Dog
    Base.registry.dispose()


def test_dataclasses_know_their_class(dataclasses: Any) -> None:
    Animal, Dog = dataclasses
    assert (Animal().kind, Dog(name="rex").kind) == ("animal", "dog")
    assert repr(Dog("rex")).endswith("Dog(id=None, name='rex', kind='dog', barks=True)")
    assert Dog("rex", False).barks is False


# -- pickles -------------------------------------------------------------


class PickledBase(DeclarativeBase):
    """The base of classes that pickles find by their names."""


class Animal(PickledBase):
    __tablename__ = "animal"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str | None]
    name: Mapped[str | None]


class Dog(Animal):
    __tablename__ = "dog"
    __mapper_args__ = {"polymorphic_identity": "dog"}
    id: Mapped[int] = mapped_column(ForeignKey("animal.id"), primary_key=True)
    barks: Mapped[bool | None]


@pytest.fixture
def kennel() -> Any:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    PickledBase.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Dog(name="rex", barks=True))
        session.commit()
    yield engine
    engine.dispose()


def test_a_new_object_is_pickled(kennel: Engine) -> None:
    dog = pickle.loads(pickle.dumps(Dog(name="rex")))
    assert (type(dog), dog.kind, dog.name) == (Dog, "dog", "rex")
    with Session(kennel) as session:
        session.add(dog)
        session.commit()
        assert session.get(Dog, 2) is dog


def test_a_loaded_object_is_pickled(kennel: Engine) -> None:
    with Session(kennel) as session:
        pickled = pickle.dumps(session.get(Animal, 1))
    dog = pickle.loads(pickled)
    assert (type(dog), dog.name, inspect(dog).key) == (Dog, "rex", (Animal, (1,), None))
    with Session(kennel) as session:
        session.add(dog)
        assert dog.barks is True  # a column of the subclass, which comes later
        assert session.get(Animal, 1) is dog


def test_an_expired_object_is_pickled(kennel: Engine) -> None:
    with Session(kennel) as session:
        dog = session.get(Dog, 1)
        session.expire(dog)
        pickled = pickle.dumps(dog)
    with Session(kennel) as session:
        dog = session.merge(pickle.loads(pickled), load=True)
        assert (dog.name, dog.barks) == ("rex", True)
