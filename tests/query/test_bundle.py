"""``Bundle`` and ``DictBundle``: columns grouped in the rows."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import ArgumentError

from ormolu import Bundle, DictBundle, Session


def test_a_bundle_is_one_element_of_the_row(session: Session, users: Any) -> None:
    bundle: Bundle[Any] = Bundle("who", users.id, users.name)
    row = session.execute(select(bundle, users.name).where(bundle.c.id == 1)).one()
    assert row.who == (1, "ann")
    assert row.who.name == row.name == "ann"


def test_bundles_nest(session: Session, users: Any) -> None:
    inner: Bundle[Any] = Bundle("inner", users.name)
    outer: Bundle[Any] = Bundle("outer", users.id, inner)
    row = session.query(outer).filter(outer.c.inner.c.name == "bob").one()
    assert row.outer.inner.name == "bob"


def test_a_bare_bundle_of_a_query(session: Session, users: Any) -> None:
    bundle: Bundle[Any] = Bundle("b", users.id, users.name, single_entity=True)
    assert session.query(bundle).filter_by(id=2).all() == [(2, "bob")]


def test_dict_bundles_need_distinct_names(
    session: Session, users: Any, addresses: Any
) -> None:
    bundle: DictBundle[Any] = DictBundle("d", users.id, users.name)
    assert session.scalars(select(bundle).limit(1)).all() == [{"id": 1, "name": "ann"}]
    with pytest.raises(ArgumentError, match="duplicate column names"):
        DictBundle("d", users.id, addresses.id)


def test_a_subclass_says_what_it_gives_out(session: Session, users: Any) -> None:
    class Joined(Bundle[Any]):
        def create_row_processor(
            self,
            query: Any,
            procs: Sequence[Callable[[Any], Any]],
            labels: Sequence[str],
        ) -> Callable[[Any], Any]:
            return lambda row: "-".join(str(proc(row)) for proc in procs)

    bundle = Joined("j", users.id, users.name)
    assert session.scalars(select(bundle).order_by(users.id)).first() == "1-ann"


def test_statements_with_equal_bundles_share_a_cache_key(users: Any) -> None:
    def key(*columns: Any) -> Any:
        return select(Bundle("b", *columns))._generate_cache_key()

    assert key(users.id) == key(users.id)
    assert key(users.id) != key(users.name)
