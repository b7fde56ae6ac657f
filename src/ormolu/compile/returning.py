"""What the RETURNING clause of an entity's INSERT, UPDATE or DELETE stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.schema import Column, Table
from sqlalchemy.sql.selectable import SelectState

from .._core.selectables import tables_of
from .._core.warnings import warn_deprecated
from ..hydrate.description import ColumnLoad, EntityLoad, LoadDescription
from ..hydrate.result_keys import row_keys
from ..mapping.relationships import Relationship
from .builder import SelectBuilder, TableOutput
from .entities import entity_of
from .entity_plan import ColumnList, EntityPlanner, given_expression
from .options import PathNode, build_tree
from .positions import move


class ReturningMode(ExecutableOption, HasCacheKey):
    """How the session reads the RETURNING of a statement that it executes.

    An INSERT without it is Core's: its rows are not turned into objects.

    Args:
        plain: those of an UPDATE or DELETE are not, either.
        in_order: columns of the table come first, in the table's order.
        keys: the whole primary key comes along.
        generated: of the primary key, what the database generates comes along.
    """

    inherit_cache = True
    propagate_to_loaders = False
    _is_has_cache_key = True
    _is_core = False

    def __init__(
        self,
        in_order: bool = False,
        keys: bool = False,
        generated: bool = False,
        plain: bool = False,
    ) -> None:
        self.plain = plain
        self.in_order = in_order
        self.keys = keys
        self.generated = generated

    def _gen_cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        return (ReturningMode, self.in_order, self.keys, self.generated, self.plain)


PLAIN = ReturningMode(plain=True)
AS_WRITTEN = ReturningMode()
IN_BULK = ReturningMode(in_order=True, generated=True)
KEYS_TOO = ReturningMode(in_order=True, keys=True)
KEYS_FIRST = ReturningMode(keys=True)


def mode_of(statement: Any) -> ReturningMode | None:
    """The mode that a statement was given."""
    for option in statement._with_options:
        if isinstance(option, ReturningMode):
            return option
    return None


def incompatible(loader: str) -> None:
    """Warn that a loader option cannot serve a statement that is no SELECT."""
    warn_deprecated(
        f"The {loader}load loader option is not compatible with DML statements such "
        "as INSERT, UPDATE.  Only SELECT may be used."
        "This warning will become an exception in a future release.",
        "2.0",
    )


class NoEagerJoins:
    """RETURNING has no FROM to join to: what is mapped as joined loads lazily."""

    wanted: tuple[Any, ...] = ()
    has_collections = False
    enabled = True

    def want(
        self, load: Any, prop: Any, step: Any, child: Any, path: Any, strategy: str
    ) -> None:
        if step is not None and strategy == "joined":
            incompatible("joined")


class OnceEach(ColumnList):
    """The columns of RETURNING: each once, even where the user repeats it."""

    def add_always(self, element: Any) -> int:
        return self.add(element)


class ReturningPlanner(EntityPlanner):
    """Plans entities of RETURNING: columns, and expressions that options give."""

    def _is_loaded(self, prop: Any, node: PathNode | None, mapper: Any) -> bool:
        if not isinstance(prop.columns[0], Column):
            return given_expression(prop, node) is not None
        return super()._is_loaded(prop, node, mapper)

    def _plan_relationship(
        self,
        load: EntityLoad,
        prop: Relationship,
        node: PathNode | None,
        path: tuple[Any, ...],
    ) -> None:
        super()._plan_relationship(load, prop, node, path)
        if load.post and load.post[-1].strategy == "subquery":
            if load.post.pop().step is not None:
                incompatible("subquery")


class ReturningBuilder(SelectBuilder):
    """Builds the RETURNING clause of one statement; used once."""

    def __init__(self, statement: Any, compiler: Any, toplevel: bool) -> None:
        super().__init__(statement, compiler, toplevel)
        self.columns = OnceEach()

    def build_returning(self) -> tuple[Any, ...]:
        """The plain columns; the description is in ``description`` afterwards."""
        statement = self.statement
        mode = mode_of(statement) or AS_WRITTEN
        if not (mode.in_order or mode.keys):
            self.columns = ColumnList()
        keys = self._keys(mode)
        if not mode.in_order:
            places = [self.columns.add(key) for key in keys]
        outputs = self._plan_outputs()
        if statement.is_insert:
            _refuse_other_tables(target_of(statement), self.columns.elements)
        elements = self.columns.elements
        if mode.in_order:
            elements, places = self._in_order(keys, outputs)
        self.description = LoadDescription(
            outputs,
            len(elements),
            keys=places,
            asked=tuple(statement._returning),
        )
        return tuple(elements)

    def _plan_outputs(self) -> list[Any]:
        """Plan what the rows turn into; their columns are in ``columns`` afterwards."""
        statement = self.statement
        self.convention = _names(statement)
        entities = [entity_of(raw) for raw in statement._returning]
        roots = [e for e in entities if e is not None]
        self.tree = build_tree(statement._with_options, roots) if roots else {}
        self.eager: Any = NoEagerJoins()
        self.with_posts = True
        self.planner = ReturningPlanner(self)
        return [
            self._output(raw, entity)
            for raw, entity in zip(statement._returning, entities, strict=True)
        ]

    def _keys(self, mode: ReturningMode) -> list[Any]:
        """The columns of the primary key that the mode asks for."""
        entity = target_of(self.statement)
        if mode.keys:
            return key_columns(entity)
        if mode.generated:
            return [c for c in entity.mapper.primary_key if self._is_generated(c)]
        return []

    def _table_output(self, raw: Any) -> Any:
        return TableOutput(
            [
                ColumnLoad(
                    self.columns.add_always(c),
                    self.convention(c) or c.key,
                    row_keys(c),
                )
                for c in raw._select_iterable
            ]
        )

    def _in_order(
        self, keys: list[Any], outputs: list[Any]
    ) -> tuple[list[Any], list[int]]:
        """The table's columns in its order, then everything else; where the keys are."""
        found = {plain(e): e for e in reversed(self.columns.elements)}
        for key in keys:
            found.setdefault(plain(key), key)
        table = plain(target_of(self.statement).selectable)
        ordered = [found[c] for c in table.exported_columns if c in found]
        present = set(map(id, ordered))
        ordered.extend(e for e in self.columns.elements if id(e) not in present)
        positions = {id(e): i for i, e in enumerate(ordered)}
        places = [positions[id(found[plain(e)])] for e in self.columns.elements]
        for output in outputs:
            move(output, places, ordered)
        return ordered, [positions[id(found[plain(key)])] for key in keys]

    def _is_generated(self, column: Any) -> bool:
        """Whether the database makes the value of a primary key column."""
        if column is column.table._autoincrement_column:
            return True
        given = self.compiler.column_keys if self.compiler is not None else None
        if given is not None and column.key in given:
            return False
        default = column.default
        return bool(
            column.server_default is not None
            or (default is not None and default.is_clause_element)
        )


def target_of(statement: Any) -> Any:
    """The mapper or alias whose rows a statement writes; None for a plain table."""
    return statement.table._annotations.get("parententity")


def _refuse_other_tables(entity: Any, elements: list[Any]) -> None:
    """Raise for columns that the inserted rows do not have."""
    if entity is None:
        return
    table = entity.mapper.local_table
    tables = {table, *tables_of(table)}
    for element in elements:
        if isinstance(element, Column) and isinstance(element.table, Table):
            if element.table not in tables:
                raise sa_exc.NoSuchColumnError(
                    f"Could not locate column in row for column '{element}'"
                )


def plain(element: Any) -> Any:
    """An element without the annotations of an entity."""
    return element._deannotate() if element._annotations else element


def _names(statement: Any) -> Callable[[Any], str | None]:
    """Row keys as RETURNING has them: unlike in a SELECT they may repeat."""
    convention = SelectState._column_naming_convention(statement._label_style)

    def name_of(element: Any) -> str | None:
        return getattr(element, "_proxy_key", None) or convention(element)

    return name_of


def key_columns(entity: Any) -> list[Any]:
    """The primary key's columns as an UPDATE or DELETE of an entity returns them."""
    own = primary_key(entity)
    if entity.is_aliased_class or entity.mapper.inherits is None:
        return own
    local = local_key(entity.mapper)
    return [e if plain(e) is c else c for e, c in zip(own, local, strict=True)]


def primary_key(entity: Any) -> list[Any]:
    """The primary key's columns as an entity's attributes."""
    return [entity.entity_attribute(k).expression for k in entity.mapper._pk_keys]


def local_key(mapper: Any) -> tuple[Any, ...]:
    """The columns of a class's own table that its primary key is in."""
    found = mapper._plans.get("local key")
    if found is None:
        found = tuple(_local_column(mapper, c) for c in mapper.primary_key)
        mapper._plans["local key"] = found
    return found  # type: ignore[no-any-return]


def _local_column(mapper: Any, column: Any) -> Any:
    """What a column is equal to in the class's own table; itself where nothing is."""
    equal = {column}
    for step in reversed(list(mapper.iterate_to_root())):
        equal.update(right for left, right in step._equated_pairs if left in equal)
    own = mapper.local_table
    return next((c for c in own.c if c in equal), column)


def returns_plain(statement: Any) -> bool:
    """Whether the rows of RETURNING are Core's, none of them turned into objects."""
    if returns_star(statement):
        return True
    mode = mode_of(statement)
    return bool(statement.is_insert) if mode is None else mode.plain


def returns_star(statement: Any) -> bool:
    """Whether RETURNING is a literal ``*``, whose columns nobody knows."""
    return any(getattr(raw, "_is_star", False) for raw in statement._returning)
