"""What RETURNING lists, in which order, and whose rows come back as objects."""

from typing import Any

import pytest
from sqlalchemy import (
    create_engine,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import (
    InvalidRequestError,
    NoSuchColumnError,
    SADeprecationWarning,
)

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    immediateload,
    joinedload,
    mapped_column,
    selectinload,
    subqueryload,
)
from tests.dml.models import Models
from tests.orm.recording import Recorder

FETCH = {"synchronize_session": "fetch"}


def clause(sql: Recorder) -> str:
    """The RETURNING clause of the only statement that was sent."""
    (statement,) = sql.take_sql()
    return statement.partition(" RETURNING ")[2]


# -- bulk INSERT -----------------------------------------------------------------------


def test_columns_stand_in_the_tables_order_before_expressions(
    session: Session, models: Models, sql: Recorder
) -> None:
    W = models.Widget
    statement = insert(W).returning(func.lower(W.name).label("low"), W.note, W.name)
    (row,) = session.execute(statement, [{"name": "DOG"}])
    assert tuple(row) == ("dog", None, "DOG")
    assert clause(sql) == "id, name, note, lower(name) AS low"


def test_a_generated_key_comes_along(
    session: Session, models: Models, sql: Recorder
) -> None:
    assert session.scalars(insert(models.Widget).returning(literal(5)), [{"name": "d"}])
    assert clause(sql) == "id, ? AS anon_1"


def test_a_key_that_is_given_does_not(
    session: Session, models: Models, sql: Recorder
) -> None:
    rows = [{"a": 7, "b": 1, "value": "x"}]
    assert session.scalars(insert(models.Pair).returning(models.Pair.value), rows).all()
    assert clause(sql) == "value"


def test_columns_of_another_table_are_refused(session: Session, models: Models) -> None:
    statement = insert(models.Widget).returning(models.Part.id)
    with pytest.raises(NoSuchColumnError, match=r"column 'part\.id'"):
        session.execute(statement, [{"name": "dog"}])


# -- INSERT with values(), UPDATE, DELETE ----------------------------------------------


def test_values_return_what_is_written(
    session: Session, models: Models, sql: Recorder
) -> None:
    W = models.Widget
    statement = insert(W).values(name="dog").returning(W.note, W.name, W.name)
    assert session.execute(statement).all() == [(None, "dog", "dog")]
    assert clause(sql) == "note, name, name AS name__1"


@pytest.mark.parametrize("how", ["evaluate", False])
def test_update_returns_what_is_written(
    session: Session, models: Models, sql: Recorder, how: Any
) -> None:
    W = models.Widget
    statement = update(W).where(W.id == 1).values(size=1).returning(W.note, W.name)
    session.execute(statement, execution_options={"synchronize_session": how})
    assert clause(sql) == "note, name"


def test_fetching_update_stands_in_the_tables_order(
    session: Session, models: Models, widgets: list[Any], sql: Recorder
) -> None:
    W = models.Widget
    statement = update(W).where(W.id > 1).values(size=1).returning(W.note, W.name)
    rows = session.execute(statement, execution_options=FETCH).all()
    assert rows == [(None, "bee"), ("c", "cat")]
    assert clause(sql) == "id, name, note"
    with sql.silence():
        assert [w.size for w in widgets] == [10, 1, 1]


def test_fetching_delete_has_the_key_in_front(
    session: Session, models: Models, widgets: list[Any], sql: Recorder
) -> None:
    W = models.Widget
    statement = delete(W).where(W.id > 1).returning(W.note, W.name)
    rows = session.execute(statement, execution_options=FETCH).all()
    assert rows == [(None, "bee"), ("c", "cat")]
    assert clause(sql) == "id, note, name"
    assert [w in session for w in widgets] == [True, False, False]


def test_a_key_that_is_not_the_first_column_is_found() -> None:
    class Base(DeclarativeBase):
        pass

    class Odd(Base):
        __tablename__ = "odd"

        name: Mapped[str]
        id: Mapped[int] = mapped_column(primary_key=True)

    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Odd(id=1, name="x"), Odd(id=2, name="y")])
        session.flush()
        first, second = session.scalars(select(Odd).order_by(Odd.id)).all()
        statement = update(Odd).values(name=func.upper(Odd.name)).returning(Odd.name)
        found = session.scalars(statement, execution_options=FETCH).all()
        assert found == ["X", "Y"]
        assert (first.name, second.name) == ("X", "Y")
    engine.dispose()


# -- Core's own RETURNING --------------------------------------------------------------


@pytest.fixture(scope="module")
def deferring() -> Any:
    class Base(DeclarativeBase):
        pass

    class Page(Base):
        __tablename__ = "page"

        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str | None] = mapped_column(deferred=True)

    return Page


def test_a_cte_returns_every_column(deferring: Any) -> None:
    cte = insert(deferring).values(id=1).returning(deferring).cte("made")
    assert str(select(cte).compile(dialect=postgresql.dialect())) == (  # type: ignore[no-untyped-call]
        "WITH made AS \n(INSERT INTO page (id) VALUES (%(param_1)s::INTEGER) "
        "RETURNING page.id, page.text)\n SELECT made.id, made.text \nFROM made"
    )


def test_an_insert_of_core_returns_every_column(deferring: Any) -> None:
    assert str(insert(deferring).values(id=1).returning(deferring)).endswith(
        "RETURNING page.id, page.text"
    )
    assert str(update(deferring).values(id=1).returning(deferring)).endswith(
        "RETURNING page.id"
    )


def test_a_connection_gives_rows(session: Session, models: Models) -> None:
    statement = insert(models.Pair).values(a=5, b=5).returning(models.Pair)
    assert session.connection().execute(statement).all() == [(5, 5, None)]


@pytest.mark.parametrize("strategy", ["raw", "core_only"])
def test_core_strategies_give_rows(
    session: Session, models: Models, strategy: str
) -> None:
    P = models.Pair
    statement: Any
    if strategy == "raw":
        statement = insert(P).values(a=5, b=5, value="x").returning(P)
    else:
        statement = update(P).where(P.b == 2).values(value="x").returning(P)
    rows = session.execute(
        statement, execution_options={"dml_strategy": strategy}
    ).all()
    assert [tuple(r)[2] for r in rows] == ["x"]


def test_many_rows_through_from_statement(session: Session, models: Models) -> None:
    statement = select(models.Pair).from_statement(
        insert(models.Pair).returning(models.Pair)
    )
    found = session.scalars(statement, [{"a": 8, "b": 1}, {"a": 8, "b": 2}]).all()
    assert [(type(p), p.b) for p in found] == [(models.Pair, 1), (models.Pair, 2)]


def test_one_row_by_key_cannot_return(session: Session, models: Models) -> None:
    statement = update(models.Pair).returning(models.Pair)
    with pytest.raises(InvalidRequestError, match="does not support RETURNING"):
        session.execute(statement, [{"a": 1, "b": 1, "value": "x"}])


# -- what follows a load ---------------------------------------------------------------


@pytest.mark.parametrize("loader", [selectinload, immediateload])
@pytest.mark.parametrize("kind", ["select", "update"])
def test_eager_loads_repeat_the_execution_options(
    session: Session, models: Models, sql: Recorder, loader: Any, kind: str
) -> None:
    session.execute(insert(models.Part), [{"id": 1, "widget_id": 1}])
    session.execute(text("ATTACH ':memory:' AS other"))
    for name in ("widget", "part"):
        session.execute(text(f"CREATE TABLE other.{name} AS SELECT * FROM {name}"))
    session.execute(text("UPDATE other.widget SET name = 'elsewhere'"))
    statement: Any = select(models.Part)
    if kind == "update":
        statement = update(models.Part).values(widget_id=1).returning(models.Part)
    part = session.scalars(
        statement.options(loader(models.Part.widget)),
        execution_options={"schema_translate_map": {None: "other"}},
    ).one()
    sql.clear()
    with sql.silence():
        assert part.widget.name == "elsewhere"


@pytest.mark.parametrize("loader", [joinedload, subqueryload])
def test_loads_that_need_a_select_are_warned_of(
    session: Session, models: Models, loader: Any
) -> None:
    statement = insert(models.Part).returning(models.Part)
    statement = statement.options(loader(models.Part.widget))
    with pytest.warns(SADeprecationWarning, match=f"The {loader.__name__} loader"):
        part = session.scalar(statement, [{"widget_id": 1}])
    assert "widget" not in vars(part)
    assert part.widget.name == "ant"
