"""What the RETURNING clause of an entity's INSERT, UPDATE or DELETE stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import util as sa_util
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.schema import Column
from sqlalchemy.sql.selectable import SelectState

from ..hydrate.description import LoadDescription
from .builder import SelectBuilder, entity_of
from .entity_plan import ColumnList, EntityPlanner
from .options import PathNode, build_tree


class KeysToo(ExecutableOption, HasCacheKey):
    """Asks for the primary key in front of what the user's RETURNING lists."""

    inherit_cache = True
    propagate_to_loaders = False
    _is_has_cache_key = True
    _is_core = False

    def _gen_cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        return (KeysToo,)


KEYS_TOO = KeysToo()


def incompatible(loader: str) -> None:
    """Warn that a loader option cannot serve a statement that is no SELECT."""
    sa_util.warn_deprecated(
        f"The {loader}load loader option is not compatible with DML statements such "
        "as INSERT, UPDATE.  Only SELECT may be used."
        "This warning will become an exception in a future release.",
        "2.0",
    )


class NoEagerJoins:
    """RETURNING has no FROM to join to: what is mapped as joined loads lazily."""

    wanted: tuple[Any, ...] = ()
    has_collections = False

    def want(
        self, load: Any, prop: Any, step: Any, child: Any, path: Any, strategy: str
    ) -> None:
        if step is not None and strategy == "joined":
            incompatible("joined")


class ReturnedColumns(ColumnList):
    """The columns of RETURNING: each once, even where the user repeats it."""

    def add_always(self, element: Any) -> int:
        return self.add(element)


class ReturningPlanner(EntityPlanner):
    """Plans entities of RETURNING: columns of the table, no expressions."""

    def _is_loaded(self, prop: Any, node: PathNode | None, mapper: Any) -> bool:
        if not isinstance(prop.columns[0], Column):
            return False
        return super()._is_loaded(prop, node, mapper)

    def _plan_relationships(
        self, load: Any, node: PathNode | None, path: tuple[Any, ...]
    ) -> None:
        super()._plan_relationships(load, node, path)
        for post in load.post:
            if post.strategy == "subquery" and post.step is not None:
                incompatible("subquery")
        load.post = [p for p in load.post if p.strategy != "subquery"]


class ReturningBuilder(SelectBuilder):
    """Builds the RETURNING clause of one statement; used once."""

    def build_returning(self) -> tuple[Any, ...]:
        """The plain columns; the description is in ``description`` afterwards."""
        statement = self.statement
        self.convention = _names(statement)
        entities = [entity_of(raw) for raw in statement._returning]
        roots = [e for e in entities if e is not None]
        self.tree = build_tree(statement._with_options, roots) if roots else {}
        self.columns = ReturnedColumns()
        self.eager: Any = NoEagerJoins()
        self.with_posts = True
        self.planner = ReturningPlanner(self)
        if any(isinstance(o, KeysToo) for o in statement._with_options):
            for column in key_columns(statement.table._annotations["parententity"]):
                self.columns.add(column)
        outputs = [
            self._output(raw, entity)
            for raw, entity in zip(statement._returning, entities, strict=True)
        ]
        self.description = LoadDescription(outputs, len(self.columns.elements))
        return tuple(self.columns.elements)


def _names(statement: Any) -> Callable[[Any], str | None]:
    """Row keys as RETURNING has them: unlike in a SELECT they may repeat."""
    convention = SelectState._column_naming_convention(statement._label_style)

    def name_of(element: Any) -> str | None:
        return getattr(element, "_proxy_key", None) or convention(element)

    return name_of


def key_columns(entity: Any) -> list[Any]:
    """The primary key's columns as an entity's statements refer to them."""
    return [entity.entity_attribute(k).expression for k in entity.mapper._pk_keys]


def returns_star(statement: Any) -> bool:
    """Whether RETURNING is a literal ``*``, whose columns nobody knows."""
    return any(getattr(raw, "_is_star", False) for raw in statement._returning)
