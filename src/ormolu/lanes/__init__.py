"""The two lanes to the database: a DBAPI cursor directly, or Core's execution."""
