"""An ORM with the API of ``sqlalchemy.orm`` and a compiled core."""

from __future__ import annotations

from . import attributes as attributes
from . import collections as collections
from . import events as events
from . import exc as exc
from ._speedups import impl as __impl__
from ._speedups import speedups_status
from ._version import __version__
from .attributes import (
    NO_VALUE,
    AttributeEventToken,
    InstrumentedAttribute,
    PassiveFlag,
    QueryableAttribute,
)
from .compile.from_statement import FromStatement
from .compile.loader_criteria import LoaderCriteriaOption, with_loader_criteria
from .declarative.attribute_setting import add_mapped_attribute
from .declarative.base import (
    DeclarativeBase,
    DeclarativeBaseNoMeta,
    MappedAsDataclass,
    as_declarative,
    as_typed_table,
    declarative_base,
    has_inherited_table,
    mapped_as_dataclass,
    synonym_for,
    unmapped_dataclass,
)
from .declarative.declarative_meta import DeclarativeMeta
from .declarative.declared_attr import declarative_mixin, declared_attr
from .declarative.mapped import Unmapped
from .declarative.mapped_column import (
    MappedColumn,
    mapped_column,
    orm_insert_sentinel,
    unmapped_column,
)
from .declarative.registry import registry
from .events import (
    AttributeEvents,
    InstanceEvents,
    InstrumentationEvents,
    MapperEvents,
    QueryEvents,
    RegistryEvents,
    SessionEvents,
)
from .hydrate.context import QueryContext
from .instrument.collections import (
    KeyFuncDict,
    MappedCollection,
    attribute_keyed_dict,
    attribute_mapped_collection,
    column_keyed_dict,
    column_mapped_collection,
    keyfunc_mapping,
    mapped_collection,
)
from .instrument.entity import Entity
from .instrument.flags import LoaderCallableStatus
from .instrument.manager import ClassManager
from .instrument.mapper_symbol import mapper
from .instrument.state import AttributeState, InstanceState
from .loaders import provide as _provide  # noqa: F401  it hands the loaders down
from .loaders.options import (
    Load,
    contains_alias,
    contains_eager,
    defaultload,
    defer,
    immediateload,
    joinedload,
    lazyload,
    load_only,
    noload,
    raiseload,
    selectin_polymorphic,
    selectinload,
    subqueryload,
    undefer,
    undefer_group,
    with_expression,
)
from .loaders.write_only import WriteOnlyCollection
from .mapping import inspecting as _inspecting  # noqa: F401  it registers them
from .mapping.aliased import aliased
from .mapping.annotations import foreign, remote
from .mapping.bundle import Bundle, DictBundle
from .mapping.cascade import CascadeOptions
from .mapping.composite import Composite, CompositeProperty
from .mapping.configure import configure_mappers
from .mapping.constructors import (
    backref,
    column_property,
    composite,
    deferred,
    dynamic_loader,
    query_expression,
    relationship,
    synonym,
)
from .mapping.direction import MANYTOMANY, MANYTOONE, ONETOMANY, RelationshipDirection
from .mapping.events import EXT_CONTINUE, EXT_SKIP, EXT_STOP
from .mapping.inspecting import class_mapper, clear_mappers, object_mapper
from .mapping.interfaces import MapperProperty, PropComparator
from .mapping.mapped import (
    DynamicMapped,
    Mapped,
    ORMDescriptor,
    SQLORMExpression,
    WriteOnlyMapped,
)
from .mapping.mapper import Mapper
from .mapping.orm_join import join, outerjoin
from .mapping.polymorphic_union import polymorphic_union
from .mapping.properties import ColumnProperty, MappedSQLExpression
from .mapping.queryable import (
    InspectionAttr,
    InspectionAttrExtensionType,
    NotExtension,
)
from .mapping.relationships import Relationship, RelationshipProperty
from .mapping.synonym import Synonym, SynonymProperty
from .mapping.validators import reconstructor, validates
from .mapping.with_parent import with_parent
from .mapping.with_polymorphic import with_polymorphic
from .query.appender import AppenderQuery
from .query.query import Query
from .session.execute_state import ORMExecuteState
from .session.identity import IdentityMap
from .session.maker import sessionmaker
from .session.scoped import QueryPropertyDescriptor, scoped_session
from .session.session import (
    Session,
    close_all_sessions,
    make_transient,
    make_transient_to_detached,
    object_session,
    was_deleted,
)
from .session.transaction import SessionTransaction, SessionTransactionOrigin
from .session.user_options import UserDefinedOption

__all__ = [
    "AppenderQuery",
    "AttributeEventToken",
    "AttributeEvents",
    "AttributeState",
    "Bundle",
    "CascadeOptions",
    "ClassManager",
    "ColumnProperty",
    "Composite",
    "CompositeProperty",
    "DeclarativeBase",
    "DeclarativeBaseNoMeta",
    "DeclarativeMeta",
    "DictBundle",
    "DynamicMapped",
    "EXT_CONTINUE",
    "EXT_SKIP",
    "EXT_STOP",
    "Entity",
    "FromStatement",
    "IdentityMap",
    "InspectionAttr",
    "InspectionAttrExtensionType",
    "InstanceEvents",
    "InstanceState",
    "InstrumentationEvents",
    "InstrumentedAttribute",
    "KeyFuncDict",
    "Load",
    "LoaderCallableStatus",
    "LoaderCriteriaOption",
    "MANYTOMANY",
    "MANYTOONE",
    "Mapped",
    "MappedAsDataclass",
    "MappedCollection",
    "MappedColumn",
    "MappedSQLExpression",
    "Mapper",
    "MapperEvents",
    "MapperProperty",
    "NO_VALUE",
    "NotExtension",
    "ONETOMANY",
    "ORMDescriptor",
    "ORMExecuteState",
    "PassiveFlag",
    "PropComparator",
    "Query",
    "QueryContext",
    "QueryEvents",
    "QueryPropertyDescriptor",
    "QueryableAttribute",
    "RegistryEvents",
    "Relationship",
    "RelationshipDirection",
    "RelationshipProperty",
    "SQLORMExpression",
    "Session",
    "SessionEvents",
    "SessionTransaction",
    "SessionTransactionOrigin",
    "Synonym",
    "SynonymProperty",
    "Unmapped",
    "UserDefinedOption",
    "WriteOnlyCollection",
    "WriteOnlyMapped",
    "__impl__",
    "__version__",
    "add_mapped_attribute",
    "aliased",
    "as_declarative",
    "as_typed_table",
    "attribute_keyed_dict",
    "attribute_mapped_collection",
    "attributes",
    "backref",
    "class_mapper",
    "clear_mappers",
    "close_all_sessions",
    "column_keyed_dict",
    "column_mapped_collection",
    "column_property",
    "composite",
    "configure_mappers",
    "contains_alias",
    "contains_eager",
    "declarative_base",
    "declarative_mixin",
    "declared_attr",
    "defaultload",
    "defer",
    "deferred",
    "dynamic_loader",
    "events",
    "exc",
    "foreign",
    "has_inherited_table",
    "immediateload",
    "join",
    "joinedload",
    "keyfunc_mapping",
    "lazyload",
    "load_only",
    "make_transient",
    "make_transient_to_detached",
    "mapped_as_dataclass",
    "mapped_collection",
    "mapped_column",
    "mapper",
    "noload",
    "object_mapper",
    "object_session",
    "orm_insert_sentinel",
    "outerjoin",
    "polymorphic_union",
    "query_expression",
    "raiseload",
    "reconstructor",
    "registry",
    "relationship",
    "remote",
    "scoped_session",
    "selectin_polymorphic",
    "selectinload",
    "sessionmaker",
    "speedups_status",
    "subqueryload",
    "synonym",
    "synonym_for",
    "undefer",
    "undefer_group",
    "unmapped_column",
    "unmapped_dataclass",
    "validates",
    "was_deleted",
    "with_expression",
    "with_loader_criteria",
    "with_parent",
    "with_polymorphic",
]
