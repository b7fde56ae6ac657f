"""The unit of work: in which order what changed is sent to the database."""
