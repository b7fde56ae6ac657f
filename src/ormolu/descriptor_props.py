"""Properties without a value of their own; see ``sqlalchemy.orm.descriptor_props``."""

from __future__ import annotations

from .mapping.composite import CompositeProperty
from .mapping.inheritance import ConcreteInheritedProperty
from .mapping.interfaces import DescriptorProperty
from .mapping.synonym import SynonymProperty

__all__ = [
    "CompositeProperty",
    "ConcreteInheritedProperty",
    "DescriptorProperty",
    "SynonymProperty",
]
