"""The one seam to private names of SQLAlchemy Core."""
