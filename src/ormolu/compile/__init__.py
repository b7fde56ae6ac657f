"""Compile plugins: statements of entities become plain statements of Core."""
