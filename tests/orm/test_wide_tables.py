"""Tables with more columns than a machine word has bits."""

from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select

from ormolu import Entity, Session, registry


@pytest.mark.parametrize("base", [Entity, object])
@pytest.mark.parametrize("width", [31, 32, 40, 64, 70])
def test_every_column_is_written_and_read(base: type[Any], width: int) -> None:
    table = Table("wide", MetaData(), Column("id", Integer, primary_key=True))
    names = [f"c{n}" for n in range(width)]
    for name in names:
        table.append_column(Column(name, Integer))
    cls = type("Wide", (base,), {})
    registry().map_imperatively(cls, table)
    engine = create_engine("sqlite://")
    table.metadata.create_all(engine)
    wanted = [(row, *range(row, row + width)) for row in range(1, 6)]
    with Session(engine) as session:
        for key, *values in wanted:
            obj = cls()
            for name, value in zip(["id", *names], [key, *values], strict=True):
                setattr(obj, name, value)
            session.add(obj)
        session.flush()
        assert session.execute(select(table).order_by(table.c.id)).all() == wanted
        for obj in session.scalars(select(cls)).all():
            setattr(obj, names[-1], -obj.id)
        session.commit()
        objs = session.scalars(select(cls).order_by(cls.id)).all()
        assert [getattr(obj, names[-1]) for obj in objs] == [-1, -2, -3, -4, -5]
        session.execute(insert(cls), [dict.fromkeys(names, 7)])
        assert session.get(cls, 6).c0 == 7
    engine.dispose()
