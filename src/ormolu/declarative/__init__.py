"""Declarative mapping: registries, bases, annotations to columns, dataclasses."""
