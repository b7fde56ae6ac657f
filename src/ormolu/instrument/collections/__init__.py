"""Instrumented collections: the events of lists, sets, dicts and users' classes."""

from __future__ import annotations

from .adapter import CollectionAdapter as CollectionAdapter
from .adapter import collection_adapter as collection_adapter
from .adapter import collection_items as collection_items
from .keyed import KeyFuncDict as KeyFuncDict
from .keyed import MappedCollection as MappedCollection
from .keyed import attribute_keyed_dict as attribute_keyed_dict
from .keyed import attribute_mapped_collection as attribute_mapped_collection
from .keyed import column_keyed_dict as column_keyed_dict
from .keyed import column_mapped_collection as column_mapped_collection
from .keyed import keyfunc_mapping as keyfunc_mapping
from .keyed import mapped_collection as mapped_collection
from .links import bulk_replace as bulk_replace
from .links import invalidate_collection as invalidate_collection
from .links import link_collection as link_collection
from .links import new_collection as new_collection
from .links import new_empty_collection as new_empty_collection
from .links import unlink_collection as unlink_collection
from .lists import InstrumentedList as InstrumentedList
from .prepare import instrument_class as instrument_class
from .prepare import prepare_instrumentation as prepare_instrumentation
from .protocols import CollectionAttribute as CollectionAttribute
from .protocols import CollectionFactory as CollectionFactory
from .roles import collection as collection
from .types import InstrumentedDict as InstrumentedDict
from .types import InstrumentedSet as InstrumentedSet
