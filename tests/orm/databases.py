"""The databases that the tests of dialect-free behaviour run on."""

import os
import uuid
from dataclasses import dataclass

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError


@dataclass(frozen=True)
class Database:
    """A server, and the variable that says where it is."""

    name: str
    variable: str
    default: str

    @property
    def url(self) -> str:
        """Where the server is."""
        return os.environ.get(self.variable) or self.default

    def why_not(self) -> str | None:
        """Why the server can't be used, or None when it can."""
        engine = self.engine()
        try:
            engine.connect().close()
        except (DBAPIError, ImportError) as error:
            where = make_url(self.url).render_as_string(hide_password=True)
            reason = str(error).splitlines()[0]
            return f"{self.name} at {where} ({self.variable}): {reason}"
        finally:
            engine.dispose()
        return None

    def engine(self) -> Engine:
        """A new engine on the database."""
        if self.name == "SQLite":
            return create_engine(self.url)
        return create_engine(self.url, connect_args={"connect_timeout": 3})


SQLITE = Database("SQLite", "ORMOLU_TEST_SQLITE_URL", "sqlite://")
POSTGRESQL = Database(
    "PostgreSQL",
    "ORMOLU_TEST_POSTGRESQL_URL",
    "postgresql+psycopg://postgres@127.0.0.1:5432/test",
)
MARIADB = Database(
    "MariaDB",
    "ORMOLU_TEST_MARIADB_URL",
    "mariadb+pymysql://root@127.0.0.1:3306/test",
)


def unique_prefix() -> str:
    """A start of table names that no other test has."""
    return f"t{uuid.uuid4().hex[:8]}_"
