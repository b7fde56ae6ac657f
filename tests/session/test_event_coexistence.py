"""Events of Ormolu's classes with sqlalchemy.orm in the same process."""

import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
    from sqlalchemy import Column, Integer, String, Table, MetaData, create_engine, event

    def model(orm, events, registry):
        class Base(orm.DeclarativeBase):
            pass

        class Declared(Base):
            __tablename__ = "declared"
            id = Column(Integer, primary_key=True)
            name = Column(String)

        class Plain:
            pass

        heard = []
        event.listen(Plain, "load", lambda t, c: heard.append("plain load"))
        event.listen(Plain, "before_insert", lambda m, c, t: heard.append("plain insert"))
        event.listen(Base, "load", lambda t, c: heard.append("base load"), propagate=True)
        registry().map_imperatively(
            Plain, Table("plain", Base.metadata, Column("id", Integer, primary_key=True))
        )

        class Late(Base):
            __tablename__ = "late"
            id = Column(Integer, primary_key=True)

        Session = orm.sessionmaker(create_engine("sqlite://"))
        event.listen(Session, "before_flush", lambda *a: heard.append("flush"))
        event.listen(Declared.name, "set", lambda *a: heard.append("set"))
        event.listen(Declared, "before_insert", lambda *a: heard.append("insert"))
        event.listen(orm.Mapper, "after_insert", lambda *a: heard.append("any inserted"))
        with Session() as session:
            Base.metadata.create_all(session.get_bind())
            session.add(Declared(id=1, name="x"))
            session.flush()
            session.add(Plain())
            session.flush()
            session.add(Late())
            session.flush()
            session.expunge_all()
            session.get(Plain, 1), session.get(Late, 1)
        return heard

    expected = [
        "set", "flush", "insert", "any inserted",
        "flush", "plain insert", "any inserted", "flush", "any inserted",
        "plain load", "base load",
    ]
"""
OURS = "import ormolu; import ormolu.events"
THEIRS = "import sqlalchemy.orm"
CHECK = """
    assert model(ormolu, ormolu.events, ormolu.registry) == expected
    orm = sqlalchemy.orm
    found = model(orm, orm.events, orm.registry)
    assert found == expected, found
"""


@pytest.mark.parametrize("imports", [(OURS, THEIRS), (THEIRS, OURS)])
def test_each_orm_hears_its_own_events(imports: tuple[str, str]) -> None:
    program = "\n".join([*imports, textwrap.dedent(PROGRAM), textwrap.dedent(CHECK)])
    subprocess.run([sys.executable, "-c", program], check=True)


def test_events_do_not_import_the_other_orm() -> None:
    program = "\n".join(
        [
            OURS,
            textwrap.dedent(PROGRAM),
            "assert model(ormolu, ormolu.events, ormolu.registry) == expected",
            "import sys; assert 'sqlalchemy.orm' not in sys.modules",
        ]
    )
    subprocess.run([sys.executable, "-c", program], check=True)
