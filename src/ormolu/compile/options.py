"""Loader options as data: which strategy for which attribute on which path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.cache_key import NO_CACHE, HasCacheKey

from .._core.warnings import warn
from ..exc import LoaderStrategyException
from ..mapping.queryable import QueryableAttribute, inspect_entity
from .narrowing import merged

WILDCARD = "*"
POLYMORPHIC = "polymorphic"
AT_ONCE = frozenset(
    {"contains_eager", "immediate", "joined", "selectin", "subquery", "undefer", None}
)
"""Strategies that load with their parent, and steps that only lead on."""

WITH_EXPRESSION = "with_expression"
"""The strategy of a column whose SQL the statement gives."""

_PLAIN_ARGUMENTS = frozenset((bool, int, str, type(None)))

OPTION_NAMES = {
    "joined": "joinedload",
    "selectin": "selectinload",
    "subquery": "subqueryload",
    "select": "lazyload",
    "immediate": "immediateload",
    "noload": "noload",
    "raise": "raiseload",
    "raise_on_sql": "raiseload",
}


def entity_text(entity: Any) -> str:
    """An entity as messages name it: ``User`` or ``aliased(User)``."""
    name: str = entity.mapper.class_.__name__
    return f"aliased({name})" if entity.is_aliased_class else name


def entity_name(entity: Any) -> str:
    """The name of an entity's class."""
    return str(entity.mapper.class_.__name__)


def option_text(chain: tuple[Step, ...]) -> str:
    """An option as messages name it: ``joinedload(User.orders -> Order.items)``."""
    path = " -> ".join(str(step) for step in chain)
    return f"{chain[-1].option_name}({path})"


class Step(HasCacheKey):
    """One attribute of an option's path and what to do with it.

    Attributes:
        attr: the attribute; None where a wildcard stands for all of them.
        kind: "relationship" or "column", what a wildcard stands for.
        strategy: its name; None where the step only leads on.
        args: the strategy's own arguments.
        narrowed: the mappers that steps of one path narrow to together; () for one step.
    """

    __slots__ = ("args", "attr", "entity", "kind", "narrowed", "strategy")

    def __init__(
        self,
        attr: QueryableAttribute[Any] | None,
        strategy: str | None,
        kind: str = "relationship",
        entity: Any = None,
        **args: Any,
    ) -> None:
        self.attr = attr
        self.strategy = strategy
        self.kind = kind
        self.entity = entity
        self.args = args
        self.narrowed: tuple[Any, ...] = ()

    def narrowed_to(
        self, attr: QueryableAttribute[Any], classes: tuple[Any, ...]
    ) -> Step:
        """The step with another attribute, which stands for several classes."""
        found = Step(attr, self.strategy, self.kind, self.entity, **self.args)
        found.narrowed = classes
        return found

    @property
    def key(self) -> str:
        return WILDCARD if self.attr is None else self.attr.key

    @property
    def local_opts(self) -> dict[str, Any]:
        """The strategy's own arguments."""
        return self.args

    @property
    def parent(self) -> Any:
        """The mapper or alias that the attribute belongs to."""
        return self.entity if self.attr is None else self.attr._parententity

    @property
    def target(self) -> Any:
        """The mapper or alias that the attribute leads to."""
        attr = self.attr
        if attr is None:
            return None
        if attr._of_type is not None:
            return attr._of_type
        return getattr(attr.comparator.property, "entity", None)

    def _gen_cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        attr = self.attr
        if attr is not None and attr._extra_criteria:
            # the plan keeps the criteria, and with them the values of this statement
            anon_map[NO_CACHE] = True
        attr_key = None if attr is None else attr._gen_cache_key(anon_map, bindparams)
        entity = self.entity
        if entity is not None:
            entity = entity._gen_cache_key(anon_map, bindparams)
        given = len(bindparams)
        args = tuple(
            (k, _frozen(v, anon_map, bindparams)) for k, v in sorted(self.args.items())
        )
        if self.strategy == WITH_EXPRESSION and len(bindparams) > given:
            anon_map[NO_CACHE] = True  # as with criteria
        return (Step, attr_key, self.strategy, self.kind, entity, args)

    def shape(self) -> Any:
        """The step by the identity of its attribute, see `LoaderOption.shape`."""
        attr, args = self.attr, self.args
        if attr is None or self.entity is not None:
            return None
        if attr._of_type is not None or attr._extra_criteria:
            return None
        for value in args.values():
            if value.__class__ not in _PLAIN_ARGUMENTS:
                return None
        return (id(attr), self.strategy, self.kind, *args.items())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Step):
            return NotImplemented
        return (
            self.attr is other.attr
            and self.kind == other.kind
            and self.entity is other.entity
            and self.same_strategy(other)
        )

    def __hash__(self) -> int:
        return hash((self.key, self.strategy, self.kind))

    def same_strategy(self, other: Step) -> bool:
        """Whether two steps load the same way."""
        return self.strategy == other.strategy and self.args == other.args

    @property
    def option_name(self) -> str:
        """The function that users call for the strategy."""
        strategy = self.strategy or "defaultload"
        return OPTION_NAMES.get(strategy, strategy)

    def __str__(self) -> str:
        return f"{entity_text(self.parent)}.{self.key}"

    def __getstate__(self) -> Any:
        attr = self.attr
        if attr is not None and attr._extra_criteria:
            if self.strategy == "select":
                warn(
                    "Can't reliably serialize a lazyload() option that contains "
                    "additional criteria; please use eager loading for this case"
                )
        attr = None if attr is None else _lasting(attr)
        args = {key: without_alias(value) for key, value in self.args.items()}
        return (attr, self.strategy, self.kind, without_alias(self.entity), args)

    def __setstate__(self, state: Any) -> None:
        self.attr, self.strategy, self.kind, self.entity, self.args = state
        self.narrowed = ()


def _lasting(attr: Any) -> Any:
    """An attribute without what belongs to one statement: criteria and aliases."""
    entity, of_type = attr._parententity, attr._of_type
    is_narrowed = of_type is not None and of_type.is_aliased_class
    if not (attr._extra_criteria or entity.is_aliased_class or is_narrowed):
        return attr
    found = getattr(entity.mapper.class_, attr.key)
    return found if of_type is None or is_narrowed else found.of_type(of_type)


def without_alias(value: Any) -> Any:
    """A mapper in place of an alias, also within a tuple of them."""
    if isinstance(value, tuple):
        return tuple(without_alias(part) for part in value)
    return value.mapper if getattr(value, "is_aliased_class", False) else value


def _frozen(value: Any, anon_map: Any, bindparams: Any) -> Any:
    if hasattr(value, "_gen_cache_key"):
        return value._gen_cache_key(anon_map, bindparams)
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, tuple):
        return tuple(_frozen(part, anon_map, bindparams) for part in value)
    return value


class LoaderOption(ExecutableOption, HasCacheKey):
    """A chain of loader steps, as `select(...).options()` takes it.

    Made by `selectinload`, `joinedload` and the others; each method adds a step to
    the chain and returns a new option.

    Attributes:
        steps: the chain.
        siblings: options of what the chain leads to.
        beside: options that begin where the chain begins.
    """

    __slots__ = ("beside", "siblings", "steps")

    inherit_cache = True
    propagate_to_loaders = True
    _is_has_cache_key = True
    _is_core = False
    _is_loader_option = True

    def __init__(
        self,
        steps: Iterable[Step],
        siblings: Iterable[Any] = (),
        beside: Iterable[Any] = (),
    ) -> None:
        self.steps = tuple(steps)
        self.siblings = tuple(siblings)
        self.beside = tuple(beside)

    def _gen_cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        return (
            type(self),
            tuple(s._gen_cache_key(anon_map, bindparams) for s in self.steps),
            tuple(s._gen_cache_key(anon_map, bindparams) for s in self.siblings),
            tuple(o._gen_cache_key(anon_map, bindparams) for o in self.beside),
        )

    def shape(self) -> Any:
        """What tells the option from others, by its attributes' identities; or None.

        Only while those attributes live; None where it holds more than attributes.
        """
        if self.siblings or self.beside:
            return None
        parts: list[Any] = [type(self)]
        for step in self.steps:
            part = step.shape()
            if part is None:
                return None
            parts.append(part)
        return tuple(parts)

    def _clone(self, **_: Any) -> LoaderOption:
        """Itself: a copied statement loads the same way."""
        return self

    @property
    def path(self) -> tuple[tuple[Any, str], ...]:
        """The entities and attribute names that the option leads along."""
        return tuple((step.parent, step.key) for step in self.steps)

    @property
    def context(self) -> tuple[Step, ...]:
        """The steps of the chain."""
        return self.steps

    def chains(self, prefix: tuple[Step, ...] = ()) -> Iterable[tuple[Step, ...]]:
        """Every chain of steps, those of nested options included."""
        for option in self.beside:
            yield from option.chains(prefix)
        steps = prefix + self.steps
        yield steps
        for sibling in self.siblings:
            yield from sibling.chains(steps)


class PathNode:
    """What the options of a statement say of one entity and of what it leads to.

    Attributes:
        steps: by attribute key, the step that says how it loads.
        children: by attribute key, the node of the entity that it leads to.
        wildcards: "relationship" and "column" steps for all other attributes.
        everywhere: those that hold as well for whatever is loaded along with it.
        polymorphic: the descendants that ``selectin_polymorphic()`` names.
    """

    __slots__ = (
        "_below",
        "children",
        "everywhere",
        "groups",
        "polymorphic",
        "prepared",
        "steps",
        "wildcards",
    )

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        self.children: dict[str, PathNode] = {}
        self.wildcards: dict[str, Step] = {}
        self.everywhere: dict[str, Step] = {}
        self._below: dict[str, PathNode] = {}
        self.prepared: dict[Any, Any] = {}
        self.groups: set[str] = set()
        self.polymorphic: tuple[Any, ...] = ()

    def __getstate__(self) -> Any:
        special = (self.everywhere, self.polymorphic)
        return (self.steps, self.children, self.wildcards, self.groups, *special)

    def __setstate__(self, state: Any) -> None:
        self.steps, self.children, self.wildcards, self.groups, *special = state
        self.everywhere, self.polymorphic = special
        self._below, self.prepared = {}, {}

    def add_everywhere(self, step: Step) -> None:
        """Add a wildcard for this entity and what is loaded along with it."""
        self.wildcards[step.kind] = self.everywhere[step.kind] = step

    def below(self, key: str) -> PathNode | None:
        """The node of what is loaded along by an attribute; None when nothing is said.

        It has what holds everywhere, where it says nothing else.
        """
        child = self.children.get(key)
        if not self.everywhere:
            return child
        found = self._below.get(key)
        if found is None:
            found = self._below[key] = PathNode() if child is None else child.copy()
            for kind, step in self.everywhere.items():
                found.wildcards.setdefault(kind, step)
                found.everywhere.setdefault(kind, step)
        return found

    def child(self, key: str) -> PathNode:
        """The node of what an attribute leads to, made when there is none."""
        found = self.children.get(key)
        if found is None:
            found = self.children[key] = PathNode()
        return found

    def cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        """The node's part of the cache key of a statement."""
        return (
            tuple(
                (k, s._gen_cache_key(anon_map, bindparams))
                for k, s in sorted(self.steps.items())
            ),
            tuple(
                (k, None if n is self else n.cache_key(anon_map, bindparams))
                for k, n in sorted(self.children.items())
            ),
            tuple(sorted(self.groups)),
            tuple(e._gen_cache_key(anon_map, bindparams) for e in self.polymorphic),
            tuple(
                (k, s._gen_cache_key(anon_map, bindparams), k in self.everywhere)
                for k, s in sorted(self.wildcards.items())
            ),
        )

    def copy(self) -> PathNode:
        """A node with the same steps, to add more of them to."""
        copied = PathNode()
        copied.steps.update(self.steps)
        copied.children.update(self.children)
        copied.wildcards.update(self.wildcards)
        copied.everywhere.update(self.everywhere)
        copied.groups.update(self.groups)
        copied.polymorphic = self.polymorphic
        return copied

    def later_loads(self) -> PathNode | None:
        """The steps for what is loaded later, or never; None when there are none."""
        found = self.copy()
        for steps in (found.steps, found.wildcards):
            for key in [k for k, s in steps.items() if s.strategy in AT_ONCE]:
                del steps[key]
        found.groups.clear()
        found.everywhere.clear()  # later loads are not along with this one
        return found if found.steps or found.wildcards else None

    def overlaid(self, other: PathNode) -> PathNode:
        """A node with the steps of this one, replaced by those of another."""
        found = self.copy()
        found.steps.update(other.steps)
        found.children.update(other.children)
        found.wildcards.update(other.wildcards)
        return found

    def step_for(self, key: str, kind: str) -> Step | None:
        """The step that an attribute follows, a wildcard's included."""
        return self.steps.get(key) or self.wildcards.get(kind)

    def __bool__(self) -> bool:
        return bool(
            self.steps
            or self.children
            or self.wildcards
            or self.groups
            or self.polymorphic
        )


EMPTY_NODE = PathNode()


def build_tree(
    options: Iterable[Any], roots: Iterable[Any], strict: bool = True
) -> dict[Any, PathNode]:
    """The options of a statement by the entity that their path begins at.

    Args:
        options: those of the statement; other kinds than `LoaderOption` are skipped.
        roots: mappers and aliases that the statement selects.
        strict: refuse options also where there are no roots.

    Raises:
        ArgumentError: for a path that begins at none of them.
        InvalidRequestError: for options that contradict each other.
    """
    known = list(roots)
    tree: dict[Any, PathNode] = {}
    for option in options:
        if not isinstance(option, LoaderOption):
            continue
        for chain in option.chains():
            if chain:
                _add_chain(tree, known, chain, strict)
    return tree


def _add_chain(
    tree: dict[Any, PathNode],
    roots: list[Any],
    chain: tuple[Step, ...],
    strict: bool,
) -> None:
    first = chain[0]
    if first.attr is None and first.parent is None:
        for root in roots:
            node = tree.setdefault(root, PathNode())
            if len(chain) == 1 and not ({"group", "entities"} & first.args.keys()):
                node.add_everywhere(first)
            else:
                walk(node, chain)
        return
    starts = [r for r in roots if r is first.parent or _is_part(first.parent, r)]
    if not starts:
        starts = [r for r in roots if _same_entity(r, first.parent)]
    if not starts:
        if first.attr is not None and (roots or strict):
            raise sa_exc.ArgumentError(_no_root_text(chain, roots))
        return
    for root in starts:
        node = tree.setdefault(root, PathNode())
        walk(node, chain)


def _is_part(entity: Any, root: Any) -> bool:
    """Whether an alias is that of a descendant among those of another."""
    return bool(entity.is_aliased_class and entity.base is root)


def _same_entity(root: Any, parent: Any) -> bool:
    return bool(
        root.is_mapper and parent.is_mapper and (root.isa(parent) or parent.isa(root))
    )


def _no_root_text(chain: tuple[Step, ...], roots: list[Any]) -> str:
    index = next((i for i, step in enumerate(chain) if step.strategy), 0)
    option = option_text(chain[: index + 1])
    if not roots:
        return (
            "Query has only expression-based entities; attribute loader option "
            f"{option} can't be applied here."
        )
    listed = ", ".join(entity_text(r) for r in roots)
    return (
        f"Mapped class {entity_text(chain[0].parent)} referenced in option {option} "
        f"does not apply to any of the root entities in this query, e.g. {listed}. "
        "Please specify the full path from one of the root entities to the target "
        "attribute. "
    )


def walk(node: PathNode, chain: tuple[Step, ...]) -> None:
    """Enter a chain of steps below a node.

    Raises:
        InvalidRequestError: for a step that contradicts one that is there.
        LoaderStrategyException: for a strategy that its attribute cannot have.
    """
    for index, step in enumerate(chain):
        if step.kind == POLYMORPHIC:
            node.polymorphic = (*node.polymorphic, *step.args["entities"])
            continue
        if step.attr is None:
            if "group" in step.args:
                node.groups.add(step.args["group"])
            else:
                node.wildcards[step.kind] = step
            return
        _check_kind(step)
        if step.strategy is not None:
            _check_conflict(node, chain[: index + 1])
            node.steps[step.key] = merged(node.steps.get(step.key), step)
        elif step.key in node.steps:  # what only leads on may narrow as well
            node.steps[step.key] = merged(step, node.steps[step.key])
        rest = chain[index + 1 :]
        depth = step.args.get("recursion_depth")
        if depth:
            _check_recursion(step)
            _recur(node, step, depth, rest)
            return
        if rest:
            node = node.child(step.key)
            if not _is_named(node.polymorphic, rest[0].parent):
                check_leads_on(step, rest[0])


def _is_named(polymorphic: tuple[Any, ...], parent: Any) -> bool:
    """Whether a step begins at one of the descendants that are loaded as well."""
    return any(
        parent is not None and not parent.is_aliased_class and e.mapper.isa(parent)
        for e in polymorphic
    )


def _recur(node: PathNode, step: Step, depth: int, rest: tuple[Step, ...]) -> None:
    """Repeat a self-referential step below itself, and what comes after it."""
    if depth < 0:
        node.children[step.key] = node
        if rest:
            walk(node, rest)
        return
    for level in range(depth):
        node = node.child(step.key)
        if level < depth - 1:
            node.steps[step.key] = step
        if rest:
            walk(node, rest)


def _check_recursion(step: Step) -> None:
    attr: Any = step.attr
    prop = attr.comparator.property
    if not prop.parent.common_parent(prop.mapper):
        raise sa_exc.InvalidRequestError(
            f"recursion_depth option on relationship {prop} not valid for "
            "non-self-referential relationship"
        )


def _check_conflict(node: PathNode, chain: tuple[Step, ...]) -> None:
    """Refuse two options that load one attribute in different ways."""
    step = chain[-1]
    existing = node.steps.get(step.key)
    if existing is None or existing.same_strategy(step):
        return
    raise sa_exc.InvalidRequestError(
        f"Loader strategy replacement {option_text(chain)} is in conflict with "
        f"existing strategy {option_text((*chain[:-1], existing))}"
    )


_COLUMN_LOADERS = {"defer": "deferred column", WITH_EXPRESSION: "expression column"}


def _check_kind(step: Step) -> None:
    """Refuse a relationship's strategy for a column, and the other way round."""
    attr: Any = step.attr
    is_relationship = getattr(attr.comparator.property, "_is_relationship", False)
    if step.kind == "relationship" and not is_relationship:
        raise LoaderStrategyException(
            f'Can\'t apply "{step.strategy} loader" strategy to property '
            f'"{step.attr}", which is a "column property"; this loader strategy is '
            'intended to be used with a "relationship property".'
        )
    if step.kind == "column" and is_relationship:
        loader = _COLUMN_LOADERS.get(str(step.strategy), "column")
        raise LoaderStrategyException(
            f'Can\'t apply "{loader} loader" strategy to property "{step.attr}", '
            'which is a "relationship"; this loader strategy is intended to be used '
            'with a "column property".'
        )


def check_leads_on(step: Step, following: Step) -> None:
    """Refuse a step that does not begin where the one before it ends.

    Raises:
        ArgumentError: it begins elsewhere.
    """
    parent = following.parent
    target = step.target
    if parent is None or target is None:
        return
    if _leads_to(inspect_entity(target), parent):
        return
    attr = str(step.attr)
    hint = ""
    if not target.is_aliased_class and (parent.is_aliased_class or parent.isa(target)):
        name = parent if parent.is_aliased_class else entity_name(parent)
        base = parent if parent.is_aliased_class else target
        hint = (
            f'  Did you mean to use "{attr}.of_type({name})" or "loadopt.options('
            f"selectin_polymorphic({entity_name(base)}, [{name}]), ...)"
            '" ?'
        )
    elif target.is_aliased_class and "of_type" not in attr:
        attr = f"{attr}.of_type({target})"
    raise sa_exc.ArgumentError(
        f'ORM mapped entity or attribute "{following.attr}" does not link from '
        f'relationship "{attr}".{hint}'
    )


def _leads_to(target: Any, parent: Any) -> bool:
    if parent is target or _is_part(parent, target):
        return True
    if parent.is_aliased_class or target.is_aliased_class:
        return False
    return bool(target.isa(parent))
