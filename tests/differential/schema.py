"""The classes of the programs, as plain data.

The generator draws from it and the comparer knows by it what to look at; `models` maps
it for an ORM.
"""

from typing import NamedTuple


class Related(NamedTuple):
    """A relationship: the class it leads to, and what holds the related objects."""

    target: str
    holder: str  # "one", "list" or "set"


class Described(NamedTuple):
    """A class: its key, the values its columns may get, and its relationships.

    Attributes:
        base: the class that it derives from, whose attributes are listed here again.
    """

    key: tuple[str, ...]
    key_values: tuple[tuple[object, ...], ...]
    columns: dict[str, tuple[object, ...]]
    related: dict[str, Related]
    base: str | None = None


NAMES = ("ann", "bob", "cid", "dot")
SMALL = (0, 1, 2, 7)
IDS = ((1, 2, 3, 4, 5),)

FLAT: dict[str, Described] = {
    "Author": Described(
        ("id",),
        IDS,
        {"name": (*NAMES, None), "note": (*NAMES, None), "rank": (*SMALL, None)},
        {
            "books": Related("Book", "list"),
            "profile": Related("Profile", "one"),
            "badges": Related("Badge", "set"),
            "loans": Related("Loan", "list"),
        },
    ),
    "Book": Described(
        ("id",),
        IDS,
        {
            "title": (*NAMES, None),
            "year": (*SMALL, None),
            "body": ("long", "longer", None),
            "author_id": (1, 2, 3, None),
        },
        {
            "author": Related("Author", "one"),
            "tags": Related("Tag", "list"),
            "country": Related("Country", "one"),
        },
    ),
    "Tag": Described(
        ("id",), IDS, {"name": (*NAMES, None)}, {"books": Related("Book", "list")}
    ),
    "Profile": Described(
        ("id",),
        IDS,
        {"bio": (*NAMES, None), "author_id": (1, 2, None)},
        {"author": Related("Author", "one")},
    ),
    "Badge": Described(
        ("id",),
        IDS,
        {"label": (*NAMES, None), "author_id": (1, 2, None)},
        {"author": Related("Author", "one")},
    ),
    "Loan": Described(
        ("author_id", "tag_id"),
        ((1, 2, 3), (1, 2, 3)),
        {"role": (*NAMES, None)},
        {"author": Related("Author", "one"), "tag": Related("Tag", "one")},
    ),
    "Node": Described(
        ("id",),
        IDS,
        {"name": (*NAMES, None), "parent_id": (1, 2, 3, None)},
        {"children": Related("Node", "list"), "parent": Related("Node", "one")},
    ),
    "Country": Described(
        ("code",),
        (("at", "be", "ch", "de"),),
        {"name": (*NAMES, None)},
        {"cities": Related("City", "list"), "rivers": Related("River", "list")},
    ),
    "City": Described(
        ("id",),
        IDS,
        {"name": (*NAMES, None), "country_code": ("at", "be", None)},
        {"country": Related("Country", "one")},
    ),
    "River": Described(
        ("id",), IDS, {"name": (*NAMES, None), "country_code": ("at", "be", None)}, {}
    ),
    "Folder": Described(
        ("id",), IDS, {"name": (*NAMES, None)}, {"files": Related("File", "list")}
    ),
    "File": Described(
        ("id",),
        IDS,
        {"name": (*NAMES, None), "folder_id": (1, 2, None)},
        {"folder": Related("Folder", "one")},
    ),
    "Item": Described(
        ("id",),
        IDS,
        {
            "code": (*NAMES, None),
            "quantity": (*SMALL, None),
            "price": (*SMALL, None),
            "stamp": ("old", None),
        },
        {},
    ),
}

SHAPE: dict[str, tuple[object, ...]] = {
    "name": (*NAMES, None),
    "drawing_id": (1, 2, None),
}
DRAWING = {"drawing": Related("Drawing", "one")}

HIERARCHY: dict[str, Described] = {
    "Drawing": Described(
        ("id",), IDS, {"name": (*NAMES, None)}, {"shapes": Related("Shape", "list")}
    ),
    "Shape": Described(("id",), ((4, 1, 2, 3, 5),), SHAPE, DRAWING),
    "Circle": Described(
        ("id",), ((2, 5, 1, 3),), {**SHAPE, "radius": (*SMALL, None)}, DRAWING, "Shape"
    ),
    "Ring": Described(
        ("id",),
        ((1, 5, 2),),
        {**SHAPE, "radius": (*SMALL, None), "width": (*SMALL, None)},
        DRAWING,
        "Circle",
    ),
    "Square": Described(
        ("id",), ((3, 5, 4),), {**SHAPE, "side": (*SMALL, None)}, DRAWING, "Shape"
    ),
}
"""Classes that derive from each other: with tables of their own, but for the last."""

SCHEMA = {**FLAT, **HIERARCHY}


def kinds_of(cls: str) -> list[str]:
    """A class and those that derive from it."""
    kinds = [cls]
    for name, described in SCHEMA.items():
        if described.base in kinds:
            kinds.append(name)
    return kinds


def bases_of(cls: str) -> list[str]:
    """A class and those that it derives from."""
    above = SCHEMA[cls].base
    return [cls] if above is None else [cls, *bases_of(above)]
