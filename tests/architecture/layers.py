"""The layers, lowest first, and what each may import of the package."""

from __future__ import annotations

_BASE = {"exc", "_typing", "_version"}

# Modules that only put together what the layers offer.  They may import
# everything; no layer may import them.
FACADES = {
    "__init__",
    "__main__",
    "_info",
    "attributes",
    "collections",
    "descriptor_props",
    "evaluator",
    "events",
    "loading",
    "util",
}

# package or module below ``ormolu``: what it may import, besides itself.  Every
# layer may also import the base.
LAYERS: dict[str, set[str]] = {
    **{name: set() for name in _BASE},
    "_core": set(),
    "_speedups": set(),
    "instrument": {"_core", "_speedups"},
    "mapping": {"instrument", "_speedups", "_core"},
    "declarative": {"mapping", "instrument", "_core"},
    "hydrate": {"mapping", "instrument", "_speedups", "_core"},
    "lanes": {"hydrate", "mapping", "_core", "_speedups"},
    "compile": {"hydrate", "mapping", "_core"},
    "loaders": {
        "compile",
        "lanes",
        "hydrate",
        "mapping",
        "instrument",
        "_speedups",
        "_core",
    },
    "flush": {"lanes", "hydrate", "mapping", "instrument", "_speedups", "_core"},
    "dml": {
        "flush",
        "compile",
        "lanes",
        "loaders",
        "hydrate",
        "mapping",
        "instrument",
        "_speedups",
        "_core",
    },
    "query": {
        "compile",
        "loaders",
        "dml",
        "hydrate",
        "mapping",
        "instrument",
        "_speedups",
        "_core",
    },
    "session": {
        "query",
        "dml",
        "flush",
        "loaders",
        "compile",
        "lanes",
        "hydrate",
        "declarative",
        "mapping",
        "instrument",
        "_speedups",
        "_core",
    },
    "ext": {
        "__init__",
        "events",
        "session",
        "declarative",
        "mapping",
        "instrument",
        "_core",
    },
}

# What may import sqlalchemy.orm or sqlalchemy.ext: only the bridge to asyncio.
ALLOWED_FOREIGN_ORM = {"ormolu.ext.asyncio"}


def layer_of(module: str) -> str:
    """The row of the table that a module belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def may_import(importer: str, imported: str) -> bool:
    """Whether the table allows one layer or facade to import another."""
    if importer == imported or imported in _BASE or importer in FACADES:
        return True
    return imported in LAYERS.get(importer, ())
