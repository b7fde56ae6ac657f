"""The event families, for ``sqlalchemy.event.listen``; see ``sqlalchemy.orm.events``."""

from __future__ import annotations

from .declarative.registry_events import RegistryEvents
from .instrument.attribute_events import AttributeEvents
from .instrument.events import InstanceEvents, InstrumentationEvents
from .mapping.events import MapperEvents
from .query.events import QueryEvents
from .session.events import SessionEvents

__all__ = [
    "AttributeEvents",
    "InstanceEvents",
    "InstrumentationEvents",
    "MapperEvents",
    "QueryEvents",
    "RegistryEvents",
    "SessionEvents",
]
