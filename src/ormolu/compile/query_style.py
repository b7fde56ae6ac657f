"""How a statement made by ``Query`` differs from a plain ``select()``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.cache_key import HasCacheKey

from .options import LoaderOption


@dataclass(eq=False)
class QueryStyle(ExecutableOption, HasCacheKey):
    """An option that every statement of a ``Query`` carries.

    Attributes:
        legacy: label columns with their table, name them by attribute in the rows.
        from_base: the entities are read from the first element of the FROM list, a
            subquery of them; all columns are adapted to it.
        eager: whether joined eager loads are added.
        posts: whether further statements load relationships of the objects.
    """

    inherit_cache = True
    propagate_to_loaders = False
    _is_has_cache_key = True
    _is_core = False

    legacy: bool = True
    from_base: bool = False
    eager: bool = True
    posts: bool = True

    def shape(self) -> Any:
        """What tells the style from others, see `LoaderOption.shape`."""
        return (QueryStyle, self.legacy, self.from_base, self.eager, self.posts)

    def _gen_cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        return self.shape()


PLAIN = QueryStyle(legacy=False)
LEGACY = QueryStyle()


def query_style(statement: Any) -> QueryStyle:
    """The style of a statement; that of a plain ``select()`` when it carries none."""
    for option in statement._with_options:
        if isinstance(option, QueryStyle):
            return option
    for memo in statement._memoized_select_entities:
        for option in memo._with_options:
            if isinstance(option, QueryStyle):
                return option
    return PLAIN


def options_of(statement: Any, roots: list[Any]) -> list[Any]:
    """The loader options of a statement.

    Those given before its entities were replaced (``with_only_columns``) count where
    they still apply.
    """
    found = list(statement._with_options)
    for memo in statement._memoized_select_entities:
        for option in memo._with_options:
            if not isinstance(option, LoaderOption):
                continue
            chain = next(iter(option.chains()), ())
            if chain and any(r is chain[0].parent for r in roots):
                found.append(option)
    return found


def with_style(statement: Any, style: QueryStyle) -> Any:
    """A copy of a statement with its style replaced."""
    others = tuple(o for o in statement._with_options if not isinstance(o, QueryStyle))
    copied = statement._generate()
    copied._with_options = (
        others
        if not (style.legacy or style.from_base) and style.eager and style.posts
        else (style, *others)
    )
    return copied
