"""Mappers, properties, relationships: what is mapped to what."""
