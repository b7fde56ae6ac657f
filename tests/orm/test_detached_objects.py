"""Detached objects: what they still know, and the errors for what they don't."""

from typing import Any

import pytest
from sqlalchemy import inspect

from ormolu import Session, exc
from tests.orm.models import Models
from tests.orm.recording import Recorder

REFRESH = (
    r"^Instance <User at 0x[0-9a-f]+> is not bound to a Session; attribute refresh "
    r"operation cannot proceed \(Background on this error at: "
    r"https://sqlalche\.me/e/2\d/bhk3\)$"
)
LAZY = (
    r"^Parent instance <{0} at 0x[0-9a-f]+> is not bound to a Session; lazy load "
    r"operation of attribute '{1}' cannot proceed \(Background on this error at: "
    r"https://sqlalche\.me/e/2\d/bhk3\)$"
)


@pytest.fixture
def sandy(session: Session, models: Models) -> Any:
    user = session.get(models.User, 2)
    session.expunge(user)
    return user


def test_loaded_attributes_stay_readable(sandy: Any, sql: Recorder) -> None:
    with sql.silence():
        assert (sandy.id, sandy.name, sandy.fullname) == (2, "sandy", "Sandy Cheeks")


def test_a_loaded_collection_stays_readable(session: Session, models: Models) -> None:
    sandy = session.get_one(models.User, 2)
    sandy.addresses
    session.close()
    assert [address.id for address in sandy.addresses] == [2, 3]


def test_attributes_can_be_changed(sandy: Any) -> None:
    sandy.fullname = "changed"
    assert sandy.fullname == "changed"
    assert inspect(sandy).modified


def test_a_collection_not_loaded_names_itself(sandy: Any) -> None:
    with pytest.raises(
        exc.DetachedInstanceError, match=LAZY.format("User", "addresses")
    ):
        sandy.addresses


def test_a_many_to_one_not_loaded_names_itself(
    session: Session, models: Models
) -> None:
    address = session.get_one(models.Address, 1)
    session.close()
    with pytest.raises(exc.DetachedInstanceError, match=LAZY.format("Address", "user")):
        address.user


def test_an_expired_attribute_has_the_documented_text(
    session: Session, models: Models
) -> None:
    sandy = session.get_one(models.User, 2)
    session.commit()
    session.close()
    with pytest.raises(exc.DetachedInstanceError, match=REFRESH):
        sandy.fullname


def test_a_deferred_column_names_itself(session: Session, models: Models) -> None:
    document = session.get_one(models.Document, 1)
    session.close()
    with pytest.raises(
        exc.DetachedInstanceError,
        match=r"Parent instance <Document at .*> is not bound to a Session; deferred "
        "load operation of attribute 'body' cannot proceed",
    ):
        document.body


def test_the_error_is_told_each_time(sandy: Any) -> None:
    for _ in range(2):
        with pytest.raises(exc.DetachedInstanceError):
            sandy.addresses


def test_getattr_with_a_default_does_not_hide_the_error(sandy: Any) -> None:
    with pytest.raises(exc.DetachedInstanceError):
        getattr(sandy, "addresses", None)


def test_the_session_goes_on_after_the_error(
    session: Session, models: Models, sandy: Any
) -> None:
    with pytest.raises(exc.DetachedInstanceError):
        sandy.addresses
    assert len(session.get_one(models.User, 2).addresses) == 2


def test_after_add_everything_loads_again(session: Session, sandy: Any) -> None:
    session.add(sandy)
    assert len(sandy.addresses) == 2


def test_an_object_of_a_session_that_is_gone_is_detached(
    engine: Any, models: Models
) -> None:
    session = Session(engine)
    sandy = session.get_one(models.User, 2)
    session.close()
    del session
    assert inspect(sandy).detached
    with pytest.raises(exc.DetachedInstanceError):
        sandy.addresses


def test_the_identity_is_still_known(sandy: Any, models: Models) -> None:
    assert inspect(sandy).identity == (2,)
    assert inspect(sandy).identity_key[:2] == (models.User, (2,))
