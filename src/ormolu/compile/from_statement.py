"""``Select.from_statement()``: entities loaded from the rows of another statement."""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.base import CompileState, ExecutableStatement, Generative
from sqlalchemy.sql.elements import GroupedElement, NamedColumn, TextClause
from sqlalchemy.sql.selectable import ExecutableReturnsRows, SelectLabelStyle
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.util import immutabledict

from .._core.selectables import textual_select
from ..hydrate.description import LoadDescription
from .builder import SelectBuilder
from .criteria import announce_outermost
from .positions import move
from .query_style import QueryStyle, query_style, with_style
from .select_state import FROM_STATEMENT, INNER

LEGACY_ORM = SelectLabelStyle.LABEL_STYLE_LEGACY_ORM


class FromStatement(GroupedElement, Generative, ExecutableReturnsRows):
    """What a SELECT of entities would load, taken from the rows of a statement.

    Args:
        select: the SELECT of entities.
        element: the statement that gives the rows: text, a SELECT, a UNION.
    """

    _traverse_internals = [
        ("select", InternalTraversal.dp_clauseelement),
        ("element", InternalTraversal.dp_clauseelement),
        *ExecutableStatement._executable_traverse_internals,
    ]
    inherit_cache = None
    is_from_statement = True
    _is_select_base = False

    def __init__(self, select: Any, element: Any) -> None:
        self.select = select
        self.element = coercions.expect(
            roles.ReturnsRowsRole, element, apply_propagate_attrs=self
        )
        style = getattr(self.element, "_label_style", None)
        if style is not None and select._label_style is not LEGACY_ORM:
            self.select = select.set_label_style(style)
        if select._params:  # they are those of a statement that is not executed
            self.select = self.select._generate()
            self.select._params = immutabledict()
        self._propagate_attrs = select._propagate_attrs
        self._with_options = select._with_options
        self._execution_options = select._execution_options

    @property
    def _raw_columns(self) -> Any:
        return self.select._raw_columns

    @property
    def _all_selected_columns(self) -> Any:
        return self.element._all_selected_columns

    @property
    def _return_defaults(self) -> Any:
        return getattr(self.element, "_return_defaults", None)

    @property
    def _inline(self) -> bool:
        return bool(getattr(self.element, "_inline", False))

    @property
    def _returning(self) -> Any:
        return getattr(self.element, "_returning", None)

    @property
    def _sort_by_parameter_order(self) -> bool:
        return bool(getattr(self.element, "_sort_by_parameter_order", False))

    @property
    def column_descriptions(self) -> Any:
        """What each selected element is."""
        return self.select.column_descriptions

    @property
    def _label_style(self) -> Any:
        return self.select._label_style

    def get_label_style(self) -> Any:
        return self._label_style

    def set_label_style(self, style: Any) -> FromStatement:
        copied = self._generate()
        copied.select = self.select.set_label_style(style)
        return copied

    def _compiler_dispatch(self, visitor: Any, **kw: Any) -> str:
        toplevel = not visitor.stack
        if visitor._collect_params:
            visitor._add_to_params(self)
        if toplevel:
            announce_outermost(self, visitor)
        state = FromStatementState(self, visitor)
        if toplevel and not visitor.compile_state:
            visitor.compile_state = state
        kw[INNER] = True
        return state.element._compiler_dispatch(visitor, **kw)  # type: ignore[no-any-return]


class FromStatementState(CompileState):
    """The compile state of a `FromStatement`.

    Attributes:
        element: the statement that is executed.
    """

    __slots__ = ("_descriptions", "element", "options", "select")

    def __init__(self, statement: FromStatement, compiler: Any) -> None:
        super().__init__(statement, compiler)  # type: ignore[no-untyped-call]
        self.select = statement.select._generate()
        self.select._with_options = statement._with_options
        self._descriptions: dict[Any, LoadDescription] = {}
        element = statement.element
        if isinstance(element, TextClause):
            element = textual_select(element, self._virtual()[0])
        self.element = element

    def _virtual(self) -> tuple[list[Any], LoadDescription]:
        """The columns that the entities need, and where they stand in that list."""
        style = QueryStyle(query_style(self.select).legacy, eager=False)
        builder = SelectBuilder(with_style(self.select, style), None, True)
        builder.build()
        assert builder.description is not None
        return builder.columns.elements, builder.description

    def load_of(self, result: Any) -> LoadDescription:
        """What the rows of a cursor result turn into."""
        names = tuple(column[0] for column in result.cursor.description)
        found = self._descriptions.get(names)
        if found is None:
            elements, found = self._virtual()
            places = [_place(result._metadata, element) for element in elements]
            for output in found.outputs:
                move(output, places, elements)
            found.column_count = len(names)
            found.needs_unique = False  # which rows there are is the user's choice
            self._descriptions[names] = found
        return found


def _place(metadata: Any, element: Any) -> int:
    """The index of a column in the rows, -1 where it is missing."""
    for key in (element, element._deannotate(), *element.proxy_set):
        record = metadata._keymap.get(key)
        if record is not None and record[0] is not None:
            return int(record[0])
    if isinstance(element, NamedColumn):
        for name in (element.name, element.key):
            record = metadata._keymap.get(name)
            if record is not None and record[0] is not None:
                return int(record[0])
    return -1


def load_of(state: Any, result: Any) -> LoadDescription | None:
    """What the rows of a result turn into; None when they are the user's as they are."""
    if isinstance(state, FromStatementState):
        return state.load_of(result)
    return getattr(state, "load", None)


FROM_STATEMENT.append(FromStatement)
