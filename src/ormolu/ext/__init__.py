"""What stands beside the ORM, as ``sqlalchemy.ext`` does; imported by name only."""
