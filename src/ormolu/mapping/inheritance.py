"""How a mapper takes its place in an inheritance hierarchy.

Source: the page "Mapping Class Inheritance Hierarchies" of SQLAlchemy's documentation;
single, class and concrete table inheritance in Fowler's "Patterns of Enterprise
Application Architecture".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.sql import util as sql_util
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import (
    BinaryExpression,
    ColumnClause,
    ColumnElement,
    Label,
    NamedColumn,
)
from sqlalchemy.sql.operators import eq
from sqlalchemy.sql.schema import Column
from sqlalchemy.sql.selectable import Join

from .._core.joins import deannotated, equated_pairs
from .._core.selectables import tables_of
from .._core.warnings import warn
from ..instrument import events as instance_events
from . import events as mapper_events
from .interfaces import MapperProperty
from .properties import ColumnProperty
from .queryable import inspect_entity


class MapperInheritance(mapper_events.MapperTarget):
    """The part of a mapper that knows its parent, its descendants and its tables.

    Attributes:
        inherits: the mapper of the parent class, None for the root.
        base_mapper: the root of the hierarchy.
        single: whether the class shares the parent's table.
        concrete: whether the table has all columns, and the parent's has no row.
        inherit_condition: joins the parent's table to the mapper's own.
        polymorphic_on: the column, or expression, that tells the class of a row.
        polymorphic_map: mappers by their identities; shared by the hierarchy.
    """

    class_: type
    local_table: Any
    persist_selectable: Any
    class_manager: Any
    layout: Any
    configured: bool
    version_id_col: Any
    version_id_generator: Any
    passive_deletes: bool
    eager_defaults: Any
    _props: dict[str, MapperProperty]
    _columntoproperty: dict[Any, MapperProperty]
    _primary_key_argument: Any
    polymorphic_identity: Any
    polymorphic_abstract: bool
    _forget_memos: Any
    _configure_property: Any

    _sa_polymorphic_on = "_sa_polymorphic_on"

    # -- the parent --------------------------------------------------------

    def _set_parent_mapper(self, inherits: Any, concrete: bool) -> None:
        """Resolve the parent, before anything else is known of the mapper."""
        self.inherits: Any = None
        self.base_mapper: Any = self
        self.concrete = concrete
        self.single = False
        self.inherit_condition: Any = None
        self._equated_pairs: list[tuple[Any, Any]] = []
        self._inheriting_mappers: list[Any] = []
        self.polymorphic_map: dict[Any, Any] = {}
        self._identity_class: type = self.class_
        if inherits is None:
            return
        parent = self.inherits = inspect_entity(inherits)
        if not issubclass(self.class_, parent.class_):
            raise sa_exc.ArgumentError(
                f"Class '{self.class_.__name__}' does not inherit from "
                f"'{parent.class_.__name__}'"
            )
        if parent._disposed:
            raise sa_exc.ArgumentError(
                f"Inheritance of {self.class_.__name__!r} from a mapper that was "
                "disposed of; map the parent class again first"
            )
        self.base_mapper = parent.base_mapper
        self.polymorphic_map = parent.polymorphic_map
        if self.polymorphic_identity is not None and not concrete:
            self._identity_class = parent._identity_class

    def _inherit_settings(self) -> None:
        """Take over what a hierarchy has in common."""
        parent = self.inherits
        if parent is None:
            return
        self.passive_deletes = parent.passive_deletes or self.passive_deletes
        if self.eager_defaults == "auto":
            self.eager_defaults = parent.eager_defaults
        if self.concrete:
            return
        if self.version_id_col is None:
            self.version_id_col = parent.version_id_col
            self.version_id_generator = parent.version_id_generator
        elif (
            parent.version_id_col is not None
            and self.version_id_col is not parent.version_id_col
        ):
            warn(
                f"Inheriting version_id_col '{self.version_id_col.description}' does "
                "not match inherited version_id_col "
                f"'{parent.version_id_col.description}' and will not automatically "
                "populate the inherited versioning column. "
                "version_id_col should only be specified on the base-most mapper that "
                "includes versioning."
            )

    def _join_hierarchy(self) -> None:
        """Have the parent know of the mapper; its identity stands for the class."""
        parent = self.inherits
        if parent is not None:
            parent._inheriting_mappers.append(self)
            self._forget_hierarchy()
        if self.polymorphic_identity is None:
            self._warn_without_identity()
            return
        known = self.polymorphic_map.get(self.polymorphic_identity)
        if known is not None and known is not self:
            warn(
                "Reassigning polymorphic association for identity "
                f"{self.polymorphic_identity!r} from {known!r} to {self!r}: Check for "
                f"duplicate use of {self.polymorphic_identity!r} as value for "
                "polymorphic_identity."
            )
        self.polymorphic_map[self.polymorphic_identity] = self

    def _warn_without_identity(self) -> None:
        parent = self.inherits
        if (
            parent is None
            or self.concrete
            or self.polymorphic_abstract
            or parent.polymorphic_on is None
        ):
            return
        warn(
            f"{self} does not indicate a 'polymorphic_identity', yet is part of an "
            "inheritance hierarchy that has a 'polymorphic_on' column of "
            f"'{parent.polymorphic_on}'. If this is an intermediary class that should "
            "not be instantiated, the class may either be left unmapped, or may "
            "include the 'polymorphic_abstract=True' parameter in its Mapper "
            "arguments. To leave the class unmapped when using Declarative, set the "
            "'__abstract__ = True' attribute on the class."
        )

    def _adopt_concrete_parent(self, parent: Any) -> None:
        """Inherit from a mapper that was made after this one, of the same hierarchy.

        Args:
            parent: the mapper of a class whose rows are those of its subclasses.
        """
        self.inherits = parent
        parent._inheriting_mappers.append(self)
        parent.polymorphic_map.update(self.polymorphic_map)
        for mapper in self.self_and_descendants:
            mapper.base_mapper = parent.base_mapper
            mapper.polymorphic_map = parent.polymorphic_map
        for key, prop in list(parent._props.items()):
            self._adapt_inherited_property(key, prop)
        self._forget_hierarchy()

    def _leave_hierarchy(self) -> None:
        """Take back what `_join_hierarchy` did."""
        parent = self.inherits
        if parent is not None and self in parent._inheriting_mappers:
            parent._inheriting_mappers.remove(self)
            self._forget_hierarchy()
        if self.polymorphic_map.get(self.polymorphic_identity) is self:
            del self.polymorphic_map[self.polymorphic_identity]

    def _forget_hierarchy(self) -> None:
        """Let every mapper of the hierarchy work out anew what depends on the others."""
        for mapper in self.base_mapper.self_and_descendants:
            mapper._forget_memos()

    # -- walking the hierarchy -----------------------------------------------

    @property
    def self_and_descendants(self) -> Sequence[Any]:
        """The mapper and all that inherit from it, parents before their children."""
        found: list[Any] = []
        waiting: list[Any] = [self]
        while waiting:
            mapper = waiting.pop(0)
            found.append(mapper)
            waiting.extend(mapper._inheriting_mappers)
        return found

    @property
    def polymorphic_iterator(self) -> Any:
        return lambda: iter(self.self_and_descendants)

    def iterate_to_root(self) -> Iterator[Any]:
        """The mapper, its parent, and so on."""
        mapper: Any = self
        while mapper is not None:
            yield mapper
            mapper = mapper.inherits

    def isa(self, other: Any) -> bool:
        """Whether this mapper is ``other`` or inherits from it."""
        mapper: Any = self
        while mapper is not None and mapper is not other:
            mapper = mapper.inherits
        return mapper is not None

    def common_parent(self, other: Any) -> bool:
        """Whether both belong to one inheritance hierarchy."""
        return self.base_mapper is other.base_mapper

    def is_sibling(self, other: Any) -> bool:
        """Whether they belong to one hierarchy, and neither inherits from the other."""
        return (
            self.base_mapper is other.base_mapper
            and not self.isa(other)
            and not other.isa(self)
        )

    # -- tables ----------------------------------------------------------------

    def _set_hierarchy_tables(self, condition: Any, foreign_keys: Any) -> None:
        """What the class is selected from, when `local_table` is known."""
        table, parent = self.local_table, self.inherits
        if parent is None or self.concrete:
            self.persist_selectable = table
        elif table is parent.local_table:
            self.single = True
            self.persist_selectable = parent.persist_selectable
            self.tables = parent.tables
            return
        else:
            if condition is None:
                condition = self._found_condition(parent.local_table, table)
            self.inherit_condition = condition
            self.persist_selectable = joined = Join(
                parent.persist_selectable, table, condition
            )
            self._equated_pairs = _equated(joined, foreign_keys)
        self.tables = tables_of(self.persist_selectable)

    def _found_condition(self, inherited: Any, own: Any) -> Any:
        texts = (inherited.description, own.description)
        begin = (
            "Can't determine the inherit condition between inherited table "
            f"'{texts[0]}' and inheriting table '{texts[1]}'; tables have "
        )
        try:
            return sql_util.join_condition(inherited, own)
        except sa_exc.NoForeignKeysError as error:
            raise sa_exc.NoForeignKeysError(
                f"{begin}no foreign key relationships established.  Please ensure the "
                "inheriting table has a foreign key relationship to the inherited "
                "table, or provide an 'on clause' using the 'inherit_condition' "
                "mapper argument."
            ) from error
        except sa_exc.AmbiguousForeignKeysError as error:
            raise sa_exc.AmbiguousForeignKeysError(
                f"{begin}more than one foreign key relationship established.  Please "
                "specify the 'on clause' using the 'inherit_condition' mapper "
                "argument."
            ) from error

    def _work_out_equivalents(self) -> dict[Any, set[Any]]:
        """By column, those that the joins of the hierarchy make equal to it."""
        found: dict[Any, set[Any]] = {}

        def visit(binary: BinaryExpression[Any]) -> None:
            if binary.operator is eq:
                left, right = deannotated(binary.left), deannotated(binary.right)
                found.setdefault(left, set()).add(right)
                found.setdefault(right, set()).add(left)

        for mapper in self.base_mapper.self_and_descendants:
            if mapper.inherit_condition is not None:
                visitors.traverse(mapper.inherit_condition, {}, {"binary": visit})
        return found

    # -- properties --------------------------------------------------------------

    def _adapt_inherited_property(self, key: str, prop: Any) -> None:
        """Take over an attribute of the parent, unless the class has its own."""
        if not self.concrete:
            self._configure_property(key, prop, inherited=True)
        elif key not in self._props and not self._overrides(key):
            self._configure_property(key, ConcreteInheritedProperty(), inherited=False)

    def _overrides(self, key: str) -> bool:
        """Whether a class between the parent and this one has a name of its own."""
        for cls in self.class_.__mro__:
            if cls is self.inherits.class_:
                return False
            if key in cls.__dict__:
                return True
        return False

    def _inherited_copy(self, key: str, column: Any) -> ColumnProperty | None:
        """A parent's attribute with one more column, which has the same name.

        None when it is no column attribute, and is replaced.
        """
        prop = self._props.get(key)
        if not isinstance(prop, ColumnProperty) or prop.parent is self:
            return None
        first = prop.columns[0]
        pairs = self._equated_pairs
        if (
            (not pairs or (first, column) not in pairs)
            and not first.shares_lineage(column)
            and first is not self.version_id_col
            and column is not self.version_id_col
        ):
            warn(
                f"Implicitly combining column {first} with column {column} under "
                f"attribute '{key}'.  Please configure one or more attributes for "
                "these same-named columns explicitly."
            )
        if column in prop.columns:
            return None
        return prop._with_columns(column, *prop.columns)

    # -- the discriminator ---------------------------------------------------------

    def _set_polymorphic_on(self, given: Any) -> None:
        """Find the attribute that tells the class of a row, and what sets it.

        Raises:
            InvalidRequestError: an abstract class has no discriminator to go by.
        """
        self.polymorphic_on: Any = None
        self._polymorphic_key: str | None = None
        if given is not None:
            self._own_discriminator(given)
        else:
            self._inherited_discriminator()
        if self.polymorphic_abstract and self.polymorphic_on is None:
            raise sa_exc.InvalidRequestError(
                "The Mapper.polymorphic_abstract parameter may only be used on a "
                "mapper hierarchy which includes the Mapper.polymorphic_on parameter "
                "at the base of the hierarchy."
            )
        if self._polymorphic_key is None:
            return
        if self.polymorphic_abstract and self.polymorphic_identity is None:
            instance_events.refuse_init(
                self.class_manager,
                f"Can't instantiate class for {self}; mapper is marked "
                "polymorphic_abstract=True",
            )
            return
        prop: Any = self._props.get(self._polymorphic_key)
        if prop is not None and getattr(prop, "instrument", False):
            self.layout.defaults = {self._polymorphic_key: self.polymorphic_identity}
            instance_events.begin_with_defaults(self.class_manager)

    def _own_discriminator(self, given: Any) -> None:
        prop: Any = None
        if isinstance(given, str):
            prop = self._props.get(given)
            if prop is None:
                raise sa_exc.ArgumentError(
                    f"Can't determine polymorphic_on value '{given}' - no attribute "
                    "is mapped to this name."
                )
        elif isinstance(given, MapperProperty):
            prop = given
        else:
            prop = self._mapped_as(given)
        if prop is None:
            self._unmapped_discriminator(given)
            return
        if not isinstance(prop, ColumnProperty):
            raise sa_exc.ArgumentError(
                "Only direct column-mapped property or SQL expression can be passed "
                "for polymorphic_on"
            )
        self.polymorphic_on = prop.columns[0]
        self._polymorphic_key = getattr(prop, "key", None)
        if self._polymorphic_key is None or self._polymorphic_key not in self._props:
            self._unmapped_discriminator(prop.columns[0], prop)
        elif not isinstance(prop.columns[0], Column):
            prop.instrument = False

    def _mapped_as(self, column: Any) -> Any:
        """The attribute of a column, or of the one that it is of a subquery."""
        if column not in self._columntoproperty and isinstance(column, NamedColumn):
            column = self.persist_selectable.corresponding_column(column)
        return self._columntoproperty.get(column)

    def _unmapped_discriminator(self, column: Any, prop: Any = None) -> None:
        """A discriminator that is no attribute of the class is selected all the same."""
        if not isinstance(column, ColumnElement):
            raise sa_exc.ArgumentError(
                f"Mapper '{self}': polymorphic_on must be a column, an attribute's "
                f"name or a SQL expression, got {column!r}"
            )
        own = column
        key: Any
        if isinstance(column, Column):
            key = column.key
            found = self.persist_selectable.corresponding_column(column)
            with_polymorphic = getattr(self, "with_polymorphic", None)
            if found is None and with_polymorphic and with_polymorphic[1] is not None:
                found = column  # of the selectable that all are loaded from
            if found is None:
                raise sa_exc.InvalidRequestError(
                    f"Could not map polymorphic_on column '{column.description}' to "
                    "the mapped table - polymorphic loads will not function properly"
                )
            own = found
        else:
            key = getattr(column, "key", None) or self._sa_polymorphic_on
        if not isinstance(key, str) or key.startswith("%"):
            key = self._sa_polymorphic_on
        if not self._may_discriminate_as(key):
            key = self._sa_polymorphic_on
        if not isinstance(own, (ColumnClause, Label)):
            own = own.label(key)
        self.polymorphic_on = own
        self._polymorphic_key = key
        if prop is None:
            prop = ColumnProperty(own, _instrument=False)
        else:
            prop.instrument = False
        self._configure_property(key, prop)

    def _may_discriminate_as(self, key: str) -> bool:
        """Whether a name is free for a discriminator that is no attribute."""
        present: Any = self._props.get(key)
        if present is None or isinstance(present, ConcreteInheritedProperty):
            return True
        # the parent's, which selects from something else
        return present.parent is not self and not getattr(present, "instrument", True)

    def _inherited_discriminator(self) -> None:
        for mapper in self.iterate_to_root():
            if mapper is self or mapper.polymorphic_on is None:
                continue
            if mapper.persist_selectable is self.persist_selectable or self.single:
                self.polymorphic_on = mapper.polymorphic_on
            elif self.concrete:
                self.polymorphic_on = self.persist_selectable.corresponding_column(
                    mapper.polymorphic_on
                )
            else:
                self.polymorphic_on = self._discriminator_as(mapper.polymorphic_on)
            if mapper._polymorphic_key in self._props:
                self._polymorphic_key = mapper._polymorphic_key
            return

    def _discriminator_as(self, column: Any) -> Any:
        """A parent's discriminator among the columns that this class is selected from.

        None where only the parent's selectable has it: no row tells its class then.
        """
        found = self.persist_selectable.corresponding_column(column)
        if found is not None or getattr(column, "table", None) is None:
            return column if found is None else found
        spec = getattr(self, "with_polymorphic", None)
        if spec and spec[1] is not None:
            return spec[1].corresponding_column(column)
        return None

    # -- the primary key -----------------------------------------------------------

    def _inherits_primary_key(self) -> bool:
        return (
            self.inherits is not None
            and not self.concrete
            and not self._primary_key_argument
        )


def _equated(joined: Join, foreign_keys: Any) -> list[tuple[Any, Any]]:
    """(referred, referring) columns of the join of a table to the parent's.

    Those of a subquery or alias stand for columns of tables, which are equal as well.
    """
    given = None
    if foreign_keys is not None:
        keys = (
            foreign_keys
            if isinstance(foreign_keys, (list, tuple, set))
            else [foreign_keys]
        )
        given = set(keys)
    pairs = equated_pairs(joined.onclause, given)
    written = (
        (left, right)
        for referred, referring in pairs
        for left in referred.base_columns
        for right in referring.base_columns
    )
    return list(dict.fromkeys((*pairs, *written)))


class ConcreteInheritedProperty(MapperProperty):
    """An attribute of the parent that a concrete table has no column for."""

    inherit_cache = True

    @property
    def _refusal(self) -> str:
        return (
            f"Concrete {self.parent} does not implement attribute {self.key!r} at the "
            f"instance level.  Add this property explicitly to {self.parent}."
        )

    def instrument_class(self, mapper: Any) -> None:
        mapper._keep_and_set(self.key, RefusingAttribute(self, self.key, mapper))


class RefusingAttribute:
    """The descriptor of an attribute that instances don't have."""

    def __init__(self, prop: Any, key: str, mapper: Any) -> None:
        self._prop = prop
        self._key = key
        self._mapper = mapper

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        if obj is None:
            return getattr(self._mapper.inherits.class_, self._key)
        raise AttributeError(self._prop._refusal)

    def __set__(self, obj: Any, value: Any) -> None:
        raise AttributeError(self._prop._refusal)

    def __delete__(self, obj: Any) -> None:
        raise AttributeError(self._prop._refusal)
