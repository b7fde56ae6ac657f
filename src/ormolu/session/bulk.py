"""The bulk operations of a session, without cascades and identity map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..dml import bulk
from .flushing import Flushing


class BulkOperations(Flushing):
    """The part of `Session` about rows that are written in bulk."""

    def bulk_save_objects(
        self,
        objects: Iterable[object],
        return_defaults: bool = False,
        update_changed_only: bool = True,
        preserve_order: bool = True,
    ) -> None:
        """INSERT or UPDATE objects without cascades, events or the identity map.

        Args:
            return_defaults: give new objects their generated primary keys.
            update_changed_only: UPDATE only changed attributes.
            preserve_order: keep the order of objects that differ in kind.
        """
        for mapper, isupdate, states in bulk.object_batches(objects, preserve_order):
            self._bulk_save_mappings(
                mapper,
                states,
                isupdate=isupdate,
                isstates=True,
                return_defaults=return_defaults,
                update_changed_only=update_changed_only,
                render_nulls=False,
            )

    def bulk_insert_mappings(
        self,
        mapper: Any,
        mappings: Iterable[dict[str, Any]],
        return_defaults: bool = False,
        render_nulls: bool = False,
    ) -> None:
        """INSERT rows given as dicts by attribute name.

        Args:
            return_defaults: put generated primary keys into the dicts.
            render_nulls: INSERT None as NULL instead of leaving the column out.
        """
        self._bulk_save_mappings(
            self._mapper_argument(mapper),
            mappings,
            isupdate=False,
            isstates=False,
            return_defaults=return_defaults,
            update_changed_only=False,
            render_nulls=render_nulls,
        )

    def bulk_update_mappings(
        self, mapper: Any, mappings: Iterable[dict[str, Any]]
    ) -> None:
        """UPDATE rows, given as dicts by attribute name, by primary key."""
        self._bulk_save_mappings(
            self._mapper_argument(mapper),
            mappings,
            isupdate=True,
            isstates=False,
            return_defaults=False,
            update_changed_only=False,
            render_nulls=False,
        )

    def _bulk_save_mappings(
        self,
        mapper: Any,
        mappings: Iterable[Any],
        *,
        isupdate: bool,
        isstates: bool,
        return_defaults: bool,
        update_changed_only: bool,
        render_nulls: bool,
    ) -> None:
        self._refuse_in_flush("save mappings")
        transaction = self._autobegin_t()
        transaction._require("flush")
        self._flushing = True
        try:
            bulk.save_mappings(
                self,
                mapper,
                mappings,
                isupdate=isupdate,
                isstates=isstates,
                return_defaults=return_defaults,
                update_changed_only=update_changed_only,
                render_nulls=render_nulls,
            )
        except BaseException as error:
            self._after_failed_flush(transaction, error)
            raise
        finally:
            self._flushing = False
