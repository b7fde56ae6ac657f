"""The steps of a program; each does one thing to a session or its objects."""

import gc
import pickle
from typing import Any

import sqlalchemy as sa
from sqlalchemy import inspect

from .known import Known, Unknown
from .models import Models
from .program import Step
from .schema import SCHEMA


class Steps:
    """Executes steps; ``do_<name>`` is the step of that name.

    What a step returns is compared.
    """

    def __init__(self, orm: Any, models: Models, session: Any, known: Known) -> None:
        self.orm = orm
        self.models = models
        self.session = session
        self.known = known
        self.nested: list[Any] = []
        self.forgetful = False

    def run(self, step: Step) -> Any:
        """Execute one step."""
        name, *arguments = step
        if self.forgetful:
            gc.collect()  # garbage in cycles, as of an error that was kept, is no state
        return getattr(self, f"do_{name}")(*arguments)

    # -- objects -------------------------------------------------------------------

    def do_new(
        self, handle: str, cls: str, values: dict[str, Any], related: dict[str, Any]
    ) -> None:
        given = dict(values)
        for name, other in related.items():
            given[name] = self._related(cls, name, other)
        self.known.bind(handle, self.models[cls](**given))

    def _related(self, cls: str, name: str, handles: Any) -> Any:
        """One or several related objects; those that are not there are left out."""
        holder = SCHEMA[cls].related[name].holder
        if holder == "one":
            return None if handles is None else self.known.by_handle.get(handles)
        there = self.known.by_handle
        found = [there[h] for h in handles if h in there]
        return set(found) if holder == "set" else found

    def do_copy(self, handle: str, source: str) -> None:
        obj = self.known[source]
        cls = type(obj).__name__
        described = SCHEMA[cls]
        names = (*described.key, *described.columns)
        loaded = inspect(obj).dict
        values = {k: loaded[k] for k in names if k in loaded}
        self.known.bind(handle, self.models[cls](**values))

    def do_pickle(self, handle: str, source: str) -> None:
        copied = pickle.loads(pickle.dumps(self.known[source]))
        self.known.bind(handle, copied)

    def do_forget(self) -> None:
        self.forgetful = True
        self.known.forget()
        gc.collect()

    # -- attributes ----------------------------------------------------------------

    def do_read(self, handle: str, name: str) -> Any:
        return getattr(self.known[handle], name)

    def do_set(self, handle: str, name: str, value: Any) -> None:
        setattr(self.known[handle], name, value)

    def do_set_same(self, handle: str, name: str) -> None:
        obj = self.known[handle]
        setattr(obj, name, getattr(obj, name))

    def do_del(self, handle: str, name: str) -> None:
        delattr(self.known[handle], name)

    def do_relate(self, handle: str, name: str, others: Any) -> None:
        obj = self.known[handle]
        setattr(obj, name, self._related(type(obj).__name__, name, others))

    def do_append(self, handle: str, name: str, other: str) -> None:
        collection = getattr(self.known[handle], name)
        item = self.known[other]
        collection.add(item) if isinstance(collection, set) else collection.append(item)

    def do_insert(self, handle: str, name: str, other: str) -> None:
        getattr(self.known[handle], name).insert(0, self.known[other])

    def do_remove(self, handle: str, name: str, other: str) -> None:
        item = self.known[other]
        getattr(self.known[handle], name).remove(item)

    def do_pop(self, handle: str, name: str) -> Any:
        return getattr(self.known[handle], name).pop()

    def do_clear(self, handle: str, name: str) -> None:
        getattr(self.known[handle], name).clear()

    def do_move(self, source: str, dest: str, name: str, other: str) -> None:
        item = self.known[other]
        dest_obj = self.known[dest]
        collection = getattr(self.known[source], name)
        if item in collection:
            collection.remove(item)
        collection = getattr(dest_obj, name)
        collection.add(item) if isinstance(collection, set) else collection.append(item)

    def do_history(self, handle: str, name: str) -> Any:
        return list(inspect(self.known[handle]).attrs[name].load_history())

    def do_is_modified(self, handle: str, collections: bool) -> Any:
        return self.session.is_modified(
            self.known[handle], include_collections=collections
        )

    def do_flag_modified(self, handle: str, name: str) -> None:
        self.orm.attributes.flag_modified(self.known[handle], name)

    # -- the session's objects -----------------------------------------------------

    def do_add(self, handle: str) -> None:
        self.session.add(self.known[handle])

    def do_add_all(self, handles: list[str]) -> None:
        there = self.known.by_handle
        self.session.add_all([there[h] for h in handles if h in there])

    def do_delete(self, handle: str) -> None:
        self.session.delete(self.known[handle])

    def do_expunge(self, handle: str) -> None:
        self.session.expunge(self.known[handle])

    def do_expunge_all(self) -> None:
        self.session.expunge_all()

    def do_expire(self, handle: str, names: list[str] | None) -> None:
        self.session.expire(self.known[handle], names)

    def do_expire_all(self) -> None:
        self.session.expire_all()

    def do_refresh(self, handle: str, names: list[str] | None) -> None:
        self.session.refresh(self.known[handle], names)

    def do_merge(self, handle: str, source: str, load: bool) -> Any:
        merged = self.session.merge(self.known[source], load=load)
        self.known.bind(handle, merged)
        return merged

    def do_make_transient(self, handle: str) -> None:
        self.orm.make_transient(self.known[handle])

    def do_make_transient_to_detached(self, handle: str) -> None:
        obj = self.known[handle]
        loaded = inspect(obj).dict
        if any(loaded.get(k) is None for k in SCHEMA[type(obj).__name__].key):
            raise Unknown("key")  # an identity of NULL is nobody's
        self.orm.make_transient_to_detached(obj)

    # -- reading -------------------------------------------------------------------

    def do_get(self, cls: str, key: list[Any], populate: bool) -> Any:
        ident = key[0] if len(key) == 1 else tuple(key)
        return self.session.get(
            self.models[cls], ident, populate_existing=populate or None
        )

    def do_select(self, cls: str, how: dict[str, Any]) -> Any:
        statement = self._select(cls, how)
        if "columns" in how:
            entity = self.models[cls]
            chosen = [getattr(entity, name) for name in how["columns"]]
            return [
                tuple(row)
                for row in self.session.execute(statement.with_only_columns(*chosen))
            ]
        options = {"populate_existing": True} if how.get("populate") else {}
        result = self.session.scalars(statement, execution_options=options)
        return list(result.unique())

    def _select(self, cls: str, how: dict[str, Any]) -> Any:
        entity = self.models[cls]
        statement = sa.select(entity)
        if "join" in how:
            statement = statement.join(getattr(entity, how["join"]))
        if "where" in how:
            statement = statement.where(self._criterion(entity, how["where"]))
        for kind, name in how.get("options", ()):
            option = getattr(self.orm, kind)(getattr(entity, name))
            statement = statement.options(option)
        order = how.get("order")
        chosen = [order] if order else []
        keys = [getattr(entity, k) for k in [*chosen, *SCHEMA[cls].key]]
        statement = statement.order_by(*keys)
        if "limit" in how:
            statement = statement.limit(how["limit"])
        return statement

    def _criterion(self, entity: Any, where: list[Any]) -> Any:
        name, operator, value = where
        attribute = getattr(entity, name)
        if operator == "==":
            return attribute == value
        if operator == "!=":
            return attribute != value
        if operator == "in":
            return attribute.in_(value)
        if operator == ">":
            return attribute > value
        if operator == "is":
            return attribute == (None if value is None else self.known[value])
        if operator == "contains":
            return attribute.contains(self.known[value])
        if operator == "any":
            return attribute.any()
        raise Unknown(operator)

    # -- transactions --------------------------------------------------------------

    def do_flush(self) -> None:
        self.session.flush()

    def do_commit(self) -> None:
        self.session.commit()

    def do_rollback(self) -> None:
        self.session.rollback()

    def do_close(self) -> None:
        self.session.close()

    def do_begin(self) -> None:
        self.session.begin()

    def do_begin_nested(self) -> None:
        self.nested.append(self.session.begin_nested())

    def do_end_nested(self, how: str) -> None:
        if not self.nested:
            raise Unknown("nested transaction")
        getattr(self.nested.pop(), how)()

    def do_no_autoflush(self, steps: list[Step]) -> Any:
        with self.session.no_autoflush:
            return [self.run(step) for step in steps]

    # -- bulk ----------------------------------------------------------------------

    def do_update_where(
        self, cls: str, where: list[Any], values: dict[str, Any], synchronize: Any
    ) -> Any:
        entity = self.models[cls]
        statement = sa.update(entity).where(self._criterion(entity, where))
        result = self.session.execute(
            statement.values(values),
            execution_options={"synchronize_session": synchronize},
        )
        return result.rowcount

    def do_delete_where(self, cls: str, where: list[Any], synchronize: Any) -> Any:
        entity = self.models[cls]
        statement = sa.delete(entity).where(self._criterion(entity, where))
        result = self.session.execute(
            statement, execution_options={"synchronize_session": synchronize}
        )
        return result.rowcount
