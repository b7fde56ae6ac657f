"""The compiled twin has the interface of the twin in Python, as tests make sure."""

__all__: list[str] = []
