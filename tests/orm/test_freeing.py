"""Classes, engines and statements go when nobody needs them any more."""

from __future__ import annotations

import gc
import typing
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    Integer,
    String,
    Table,
    create_engine,
    event,
    func,
    insert,
    select,
    update,
)

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    column_property,
    composite,
    joinedload,
    mapped_column,
    registry,
    relationship,
    selectinload,
    subqueryload,
    validates,
    with_loader_criteria,
    with_polymorphic,
)

Use = Callable[[Any, Engine], None]


class Pair:
    """Two values, as one attribute."""

    def __init__(self, one: int, two: int) -> None:
        self.one, self.two = one, two

    def __composite_values__(self) -> tuple[int, int]:
        return self.one, self.two


def declared() -> Any:
    """A declarative base with classes of many kinds."""

    class Base(DeclarativeBase):
        pass

    tags = Table(
        "tags",
        Base.metadata,
        Column("item_id", ForeignKey("item.id"), primary_key=True),
        Column("owner_id", ForeignKey("owner.id"), primary_key=True),
    )

    class Owner(Base):
        __tablename__ = "owner"
        id = mapped_column(Integer, primary_key=True)
        name = mapped_column(String(20))
        items = relationship("Item", back_populates="owner", order_by="Item.id")
        tagged = relationship("Item", secondary=tags, backref="taggers")
        dynamic = relationship("Item", lazy="dynamic", viewonly=True)

        @validates("name")
        def check(self, key: str, value: str) -> str:
            return value

    class Item(Base):
        __tablename__ = "item"
        id = mapped_column(Integer, primary_key=True)
        kind = mapped_column(String(10))
        one = mapped_column(Integer)
        two = mapped_column(Integer)
        owner_id = mapped_column(ForeignKey("owner.id"))
        owner = relationship(Owner, back_populates="items")
        pair = composite(Pair, one, two)
        __mapper_args__: typing.ClassVar = {
            "polymorphic_on": kind,
            "polymorphic_identity": "item",
        }

    class Special(Item):
        __tablename__ = "special"
        id = mapped_column(ForeignKey("item.id"), primary_key=True)
        size = mapped_column(Integer)
        twice = column_property(size * 2)
        __mapper_args__: typing.ClassVar = {"polymorphic_identity": "special"}

    made: Any = Base
    made.Owner, made.Item, made.Special = Owner, Item, Special
    return made


def fill(base: Any, engine: Engine) -> None:
    """Rows of every class, through the unit of work."""
    base.metadata.create_all(engine)
    with Session(engine) as session:
        owner = base.Owner(name="o", items=[base.Item(), base.Special(size=1)])
        owner.tagged.append(owner.items[0])
        owner.items[0].pair = Pair(1, 2)
        session.add(owner)
        session.commit()
        owner.name = "p"
        session.commit()
        session.delete(owner.items[1])
        session.commit()


def configured(base: Any, engine: Engine) -> None:
    base.registry.configure()


def lazily(base: Any, engine: Engine) -> None:
    fill(base, engine)
    with Session(engine) as session:
        owner = session.get(base.Owner, 1)
        assert owner.items[0].owner is owner
        assert owner.items[0].taggers == [owner]
        assert owner.dynamic.count() == 1
        session.expire(owner)
        assert owner.name == "p"


def eagerly(base: Any, engine: Engine) -> None:
    fill(base, engine)
    for option in (joinedload, selectinload, subqueryload):
        with Session(engine) as session:
            loaded = select(base.Owner).options(option(base.Owner.items))
            for _ in range(2):
                assert session.scalars(loaded).unique().one().items


def polymorphically(base: Any, engine: Engine) -> None:
    fill(base, engine)
    with Session(engine) as session:
        both = with_polymorphic(base.Item, [base.Special])
        assert session.scalars(select(both).where(both.Special.size == 1)).all() == []
        assert session.scalars(select(base.Item)).one()
        other = aliased(base.Item)
        assert session.scalar(select(func.count(other.id))) == 1


def with_criteria(base: Any, engine: Engine) -> None:
    fill(base, engine)
    with Session(engine) as session:
        criteria = with_loader_criteria(base.Item, base.Item.id > 100)
        owner = session.scalars(select(base.Owner).options(criteria)).one()
        assert owner.items == []


def in_bulk(base: Any, engine: Engine) -> None:
    fill(base, engine)
    with Session(engine) as session:
        session.execute(insert(base.Owner), [{"name": "a"}, {"name": "b"}])
        session.execute(update(base.Owner).values(name="c"))
        session.execute(update(base.Owner), [{"id": 1, "name": "d"}])


def listened_to(base: Any, engine: Engine) -> None:
    event.listen(base.Owner, "load", lambda target, context: None)
    event.listen(base.Owner, "before_insert", lambda *args: None)
    event.listen(base.Owner.name, "set", lambda *args: None)
    event.listen(base, "init", lambda *args: None, propagate=True)
    lazily(base, engine)


USES: list[Use] = [
    configured,
    lazily,
    eagerly,
    polymorphically,
    with_criteria,
    in_bulk,
    listened_to,
]


@pytest.fixture
def collected() -> Callable[[], None]:
    def collect() -> None:
        for clear in typing._cleanups:  # type: ignore[attr-defined]  # Mapped[Class]
            clear()
        gc.collect()
        gc.collect()

    return collect


@pytest.mark.parametrize("dispose", [False, True])
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_classes_go_with_their_engine(
    use: Use, dispose: bool, collected: Callable[[], None]
) -> None:
    def run() -> list[weakref.ref[Any]]:
        base = declared()
        engine = create_engine("sqlite://")
        use(base, engine)
        if dispose:
            base.registry.dispose()
        engine.dispose()
        made = base, base.Owner, base.Item, base.Special, base.registry, engine.dialect
        return [weakref.ref(each) for each in made]

    made = run()
    collected()
    assert [ref() for ref in made] == [None] * len(made)


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_an_engine_goes_before_the_classes(
    use: Use, collected: Callable[[], None]
) -> None:
    base = declared()

    def run() -> weakref.ref[Any]:
        engine = create_engine("sqlite://")
        use(base, engine)
        engine.dispose()
        return weakref.ref(engine.dialect)

    dialect = run()
    collected()
    assert dialect() is None


def test_an_engine_goes_before_the_statements(collected: Callable[[], None]) -> None:
    base = declared()
    statements = [
        select(base.Owner).where(base.Owner.id == 1),
        select(base.Owner).where(base.Owner.id.in_([1, 2])),
    ]

    def run() -> weakref.ref[Any]:
        engine = create_engine("sqlite://")
        fill(base, engine)
        with Session(engine) as session:
            for _ in range(3):
                for statement in statements:
                    assert session.scalars(statement).one().name == "p"
        engine.dispose()
        return weakref.ref(engine.dialect)

    dialect = run()
    collected()
    assert dialect() is None
    run()


def test_imperatively_mapped_classes_go(collected: Callable[[], None]) -> None:
    def run() -> list[weakref.ref[Any]]:
        mappings = registry()

        class Plain:
            id: int

        table = Table(
            "plain", mappings.metadata, Column("id", Integer, primary_key=True)
        )
        mappings.map_imperatively(Plain, table)
        engine = create_engine("sqlite://")
        mappings.metadata.create_all(engine)
        with Session(engine) as session:
            session.add(Plain())
            session.commit()
            assert session.scalars(select(Plain)).one().id == 1
        engine.dispose()
        return [weakref.ref(Plain), weakref.ref(mappings), weakref.ref(engine.dialect)]

    made = run()
    collected()
    assert [ref() for ref in made] == [None] * 3


def test_a_class_with_a_generic_annotation_goes(collected: Callable[[], None]) -> None:
    def run() -> weakref.ref[Any]:
        class Base(DeclarativeBase):
            pass

        class Node(Base):
            __tablename__ = "node"
            id: Mapped[int] = mapped_column(primary_key=True)
            parent_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))

        node: Any = Node
        node.parent = relationship(Node, remote_side=Node.id)
        Base.registry.configure()
        return weakref.ref(Node)

    made = run()
    collected()
    assert made() is None


def test_mappers_that_are_left_are_configured(collected: Callable[[], None]) -> None:
    """A class that went leaves the others of its registry as they were."""
    mappings = registry()
    table = Table("kept", mappings.metadata, Column("id", Integer, primary_key=True))

    class Kept:
        pass

    def map_another() -> weakref.ref[Any]:
        class Gone:
            pass

        mappings.map_imperatively(Gone, table)
        return weakref.ref(Gone)

    gone = map_another()
    mapper = mappings.map_imperatively(Kept, table)
    collected()
    assert gone() is None
    mappings.configure()
    assert mapper.configured
    assert mappings.mappers == {mapper}
