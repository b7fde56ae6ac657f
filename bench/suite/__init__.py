"""The pytest-benchmark suite; one process measures one contender."""
