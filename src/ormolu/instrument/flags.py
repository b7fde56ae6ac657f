"""Switches of attribute access and the markers that it answers with."""

from __future__ import annotations

from enum import Enum, IntFlag


class PassiveFlag(IntFlag):
    """What reading an attribute may do to obtain a value.

    Source: the ``PASSIVE_*`` constants of ``sqlalchemy.orm.attributes``.
    """

    NO_CHANGE = 0
    CALLABLES_OK = 1
    SQL_OK = 2
    RELATED_OBJECT_OK = 4
    INIT_OK = 8
    NON_PERSISTENT_OK = 16
    LOAD_AGAINST_COMMITTED = 32
    NO_AUTOFLUSH = 64
    NO_RAISE = 128
    DEFERRED_HISTORY_LOAD = 256
    INCLUDE_PENDING_MUTATIONS = 512

    PASSIVE_OFF = 31
    PASSIVE_RETURN_NO_VALUE = 23
    PASSIVE_NO_INITIALIZE = 22
    PASSIVE_NO_FETCH = 29
    PASSIVE_NO_FETCH_RELATED = 27
    PASSIVE_ONLY_PERSISTENT = 15
    PASSIVE_MERGE = 159


# Plain integers: arithmetic on IntFlag members costs ten times as much.
CALLABLES_OK = 1
SQL_OK = 2
RELATED_OBJECT_OK = 4
INIT_OK = 8
NON_PERSISTENT_OK = 16
LOAD_AGAINST_COMMITTED = 32
NO_AUTOFLUSH = 64
NO_RAISE = 128
DEFERRED_HISTORY_LOAD = 256
INCLUDE_PENDING_MUTATIONS = 512
PASSIVE_OFF = 31
PASSIVE_RETURN_NO_VALUE = PASSIVE_OFF ^ INIT_OK
PASSIVE_NO_INITIALIZE = PASSIVE_RETURN_NO_VALUE ^ CALLABLES_OK
PASSIVE_NO_FETCH = PASSIVE_OFF ^ SQL_OK
PASSIVE_NO_FETCH_RELATED = PASSIVE_OFF ^ RELATED_OBJECT_OK
PASSIVE_ONLY_PERSISTENT = PASSIVE_OFF ^ NON_PERSISTENT_OK
PASSIVE_MERGE = PASSIVE_OFF | NO_RAISE


class LoaderCallableStatus(Enum):
    """Answers of a loader that are not values."""

    PASSIVE_NO_RESULT = 0
    PASSIVE_CLASS_MISMATCH = 1
    ATTR_WAS_SET = 2
    ATTR_EMPTY = 3
    NO_VALUE = 4
    DONT_SET = 5

    NEVER_SET = NO_VALUE


PASSIVE_NO_RESULT = LoaderCallableStatus.PASSIVE_NO_RESULT
PASSIVE_CLASS_MISMATCH = LoaderCallableStatus.PASSIVE_CLASS_MISMATCH
ATTR_WAS_SET = LoaderCallableStatus.ATTR_WAS_SET
ATTR_EMPTY = LoaderCallableStatus.ATTR_EMPTY
NO_VALUE = LoaderCallableStatus.NO_VALUE
NEVER_SET = NO_VALUE


class AttributeOp(Enum):
    """The kind of change that an attribute event reports."""

    REMOVE = 1
    APPEND = 2
    REPLACE = 3
    BULK_REPLACE = 4
    MODIFIED = 5


class NoKey(Enum):
    """Stands for the missing key of a collection event."""

    NO_KEY = 0


NO_KEY = NoKey.NO_KEY
