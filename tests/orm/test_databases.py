"""The core of the Session on every database: SQLite, PostgreSQL, MariaDB."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, Table, event, func, inspect, literal, select
from sqlalchemy.exc import IntegrityError

from ormolu import Session, exc, joinedload, selectinload
from tests.orm.databases import MARIADB, POSTGRESQL, SQLITE, Database, unique_prefix
from tests.orm.models import Mode, Models, build
from tests.orm.recording import Lane, one_line


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SQLITE, id="sqlite"),
        pytest.param(POSTGRESQL, id="postgresql", marks=pytest.mark.postgresql),
        pytest.param(MARIADB, id="mariadb", marks=pytest.mark.mariadb),
    ],
)
def database(request: pytest.FixtureRequest) -> Database:
    """A database that can be reached."""
    chosen: Database = request.param
    reason = chosen.why_not()
    if reason is not None:
        pytest.skip(reason)
    return chosen


@pytest.fixture(scope="module")
def models(mode: Mode) -> Iterator[Models]:
    """Classes on tables with names of their own."""
    models = build(mode, unique_prefix())
    yield models
    models.registry.dispose()


def tables(models: Models) -> list[Table]:
    """The tables that these tests need."""
    classes = (models.User, models.Address, models.Node, models.Membership)
    return [class_.__table__ for class_ in classes]


@pytest.fixture(scope="module")
def created(database: Database, models: Models) -> Iterator[Database]:
    """The database, with the tables."""
    # SQLite's is in memory and goes with its engine
    if database is SQLITE:
        yield database
        return
    engine = database.engine()
    models.metadata.create_all(engine, tables=tables(models))
    yield database
    models.metadata.drop_all(engine, tables=tables(models))
    engine.dispose()


@pytest.fixture
def engine(created: Database, models: Models, lane: Lane) -> Iterator[Engine]:
    """An engine on the database, whose tables are empty again at the end."""
    engine = created.engine()
    if created is SQLITE:
        models.metadata.create_all(engine, tables=tables(models))
    if lane == "core":
        # a listener at the cursor, so that nothing may go around Core
        event.listen(engine, "before_cursor_execute", lambda *arguments: None)
    yield engine
    if created is not SQLITE:
        with engine.begin() as connection:
            node = models.Node.__table__
            connection.execute(node.update().values(parent_id=None))
            for table in reversed(tables(models)):
                connection.execute(table.delete())
    engine.dispose()


@pytest.fixture
def session(engine: Engine, models: Models) -> Iterator[Session]:
    with Session(engine) as session:
        session.add_all(
            [
                models.User(
                    name="sandy",
                    fullname="Sandy Cheeks",
                    addresses=[
                        models.Address(email_address="sandy@sqlalchemy.org"),
                        models.Address(email_address="sandy@squirrelpower.org"),
                    ],
                ),
                models.User(name="patrick", fullname="Patrick Star"),
            ]
        )
        session.commit()
        session.expunge_all()
        yield session


def by_name(session: Session, models: Models, name: str) -> Any:
    """The user of that name."""
    return session.scalars(select(models.User).filter_by(name=name)).one()


def test_generated_keys_land_on_their_objects(session: Session, models: Models) -> None:
    users = [models.User(name=f"user {number}") for number in range(30)]
    session.add_all(users)
    session.commit()
    for user in users:
        name = session.scalar(select(models.User.name).where(models.User.id == user.id))
        assert name == user.name


def test_given_keys_are_kept(session: Session, models: Models) -> None:
    session.add_all(
        [models.Membership(team_id=1, member_id=n, role="x") for n in range(3)]
    )
    session.commit()
    assert session.get_one(models.Membership, (1, 2)).member_id == 2


def test_get_answers_from_the_identity_map(session: Session, models: Models) -> None:
    sandy = by_name(session, models, "sandy")
    assert session.get(models.User, sandy.id) is sandy


def test_get_of_a_missing_row_is_none(session: Session, models: Models) -> None:
    assert session.get(models.User, 999_999) is None


def test_values_make_the_round_trip(session: Session, models: Models) -> None:
    value = "naïve 'quotes', % per cent, \\ backslash, 日本 and 🐿"
    session.add(models.User(name="unicode", fullname=value))
    session.commit()
    session.expunge_all()
    assert by_name(session, models, "unicode").fullname == value


def test_a_change_is_updated(session: Session, models: Models) -> None:
    sandy = by_name(session, models, "sandy")
    sandy.fullname = "Sandy Squirrel"
    session.commit()
    session.expunge_all()
    assert by_name(session, models, "sandy").fullname == "Sandy Squirrel"


def test_a_change_to_the_same_row_value_is_no_stale_data(
    session: Session, models: Models
) -> None:
    sandy = by_name(session, models, "sandy")
    sandy.fullname = literal("Sandy") + " Cheeks"
    session.commit()
    assert sandy.fullname == "Sandy Cheeks"


def test_many_changes_are_updated(session: Session, models: Models) -> None:
    session.add_all([models.User(name=f"n{number}") for number in range(20)])
    session.commit()
    for user in session.scalars(select(models.User)).all():
        user.fullname = user.name.upper()
    session.commit()
    session.expunge_all()
    users = session.scalars(select(models.User)).all()
    assert len(users) == 22
    assert all(user.fullname == user.name.upper() for user in users)


def test_a_delete_releases_the_related_rows(session: Session, models: Models) -> None:
    session.delete(by_name(session, models, "sandy"))
    session.commit()
    addresses = session.scalars(select(models.Address)).all()
    assert [address.user_id for address in addresses] == [None, None]


def test_autoflush_comes_before_the_select(session: Session, models: Models) -> None:
    session.add(models.User(name="squidward"))
    assert session.scalar(select(func.count()).select_from(models.User)) == 3


def test_rollback_restores(session: Session, models: Models) -> None:
    sandy = by_name(session, models, "sandy")
    sandy.fullname = "changed"
    squidward = models.User(name="squidward")
    session.add(squidward)
    session.flush()
    session.rollback()
    assert sandy.fullname == "Sandy Cheeks"
    assert squidward not in session
    assert session.scalar(select(func.count()).select_from(models.User)) == 2


def test_a_rolled_back_delete_puts_the_object_back(
    session: Session, models: Models
) -> None:
    patrick = by_name(session, models, "patrick")
    session.delete(patrick)
    session.flush()
    session.rollback()
    assert patrick in session
    assert by_name(session, models, "patrick") is patrick


def test_a_savepoint_is_rolled_back_alone(session: Session, models: Models) -> None:
    sandy = by_name(session, models, "sandy")
    sandy.fullname = "outside"
    savepoint = session.begin_nested()
    session.add(models.User(name="inside"))
    sandy.fullname = "inside"
    session.flush()
    savepoint.rollback()
    session.commit()
    assert session.scalar(select(func.count()).select_from(models.User)) == 2
    assert by_name(session, models, "sandy").fullname == "outside"


def test_a_refused_null_leaves_a_usable_session(
    session: Session, models: Models
) -> None:
    session.add(models.User(fullname="nameless"))
    with pytest.raises(IntegrityError, match="name"):
        session.flush()
    session.rollback()
    assert by_name(session, models, "sandy").fullname == "Sandy Cheeks"


def test_commit_expires_and_the_next_read_reloads(
    session: Session, models: Models
) -> None:
    sandy = by_name(session, models, "sandy")
    session.commit()
    assert inspect(sandy).expired
    assert not session.in_transaction()
    assert sandy.fullname == "Sandy Cheeks"
    assert session.in_transaction()


def test_another_session_sees_what_was_committed(
    session: Session, models: Models, engine: Engine
) -> None:
    sandy = by_name(session, models, "sandy")
    key = sandy.id
    sandy.fullname = "committed"
    session.commit()
    with Session(engine) as other:
        assert other.get_one(models.User, key).fullname == "committed"


def test_lazy_loads(session: Session, models: Models) -> None:
    sandy = by_name(session, models, "sandy")
    assert {address.email_address for address in sandy.addresses} == {
        "sandy@sqlalchemy.org",
        "sandy@squirrelpower.org",
    }
    assert sandy.addresses[0].user is sandy


@pytest.mark.parametrize("loader", [selectinload, joinedload])
def test_eager_loads(session: Session, models: Models, loader: Any) -> None:
    statement = (
        select(models.User)
        .options(loader(models.User.addresses))
        .order_by(models.User.name)
    )
    users = session.scalars(statement).unique().all()
    session.close()
    assert [(user.name, len(user.addresses)) for user in users] == [
        ("patrick", 0),
        ("sandy", 2),
    ]


def test_rows_of_columns(session: Session, models: Models) -> None:
    statement = (
        select(models.User.name, func.count(models.Address.id))
        .outerjoin(models.User.addresses)
        .group_by(models.User.name)
        .order_by(models.User.name)
    )
    assert session.execute(statement).all() == [("patrick", 0), ("sandy", 2)]


def test_limit_and_offset(session: Session, models: Models) -> None:
    statement = select(models.User.name).order_by(models.User.name).limit(1).offset(1)
    assert session.scalars(statement).all() == ["sandy"]


def test_in_with_many_values(session: Session, models: Models) -> None:
    statement = select(models.User).where(models.User.name.in_(["sandy", "x", "y"]))
    assert session.scalars(statement).one().name == "sandy"


def test_a_tree_is_flushed_in_order(session: Session, models: Models) -> None:
    root = models.Node(name="root")
    root.children = [
        models.Node(name="left", children=[models.Node(name="leaf")]),
        models.Node(name="right"),
    ]
    session.add(root)
    session.commit()
    session.expunge_all()
    leaf = session.scalars(select(models.Node).filter_by(name="leaf")).one()
    assert leaf.parent.parent.name == "root"
    for node in session.scalars(select(models.Node)).all():
        session.delete(node)
    session.commit()
    assert session.scalar(select(func.count()).select_from(models.Node)) == 0


def test_an_update_of_a_row_that_is_gone_is_stale(
    session: Session, models: Models
) -> None:
    patrick = by_name(session, models, "patrick")
    table = models.User.__table__
    session.connection().execute(table.delete().where(table.c.id == patrick.id))
    patrick.fullname = "gone"
    with pytest.raises(exc.StaleDataError):
        session.flush()
    session.rollback()
    assert patrick.fullname == "Patrick Star"


def test_a_lock_is_asked_for(
    session: Session, models: Models, database: Database
) -> None:
    statement = select(models.User).filter_by(name="sandy").with_for_update()
    assert session.scalars(statement).one().name == "sandy"
    compiled = one_line(str(statement.compile(session.get_bind())))
    assert compiled.endswith("FOR UPDATE") == (database is not SQLITE)


def test_get_uses_plain_column_labels(session: Session, models: Models) -> None:
    compiled = one_line(str(select(models.User).compile(session.get_bind())))
    assert " AS " not in compiled


def test_detached_objects_keep_what_was_loaded(
    session: Session, models: Models
) -> None:
    sandy = by_name(session, models, "sandy")
    session.close()
    assert sandy.fullname == "Sandy Cheeks"
    with pytest.raises(exc.DetachedInstanceError):
        sandy.addresses
