"""One entity as one reader lists it: who he is for it, and what he looks at."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from app.admin import state
from app.admin.state import BINNED_VIEW, ListState
from app.spec.entity import Entity
from app.spec.errors import BadRequest, NotFound
from app.spec.field import Field
from app.store import filters, layouts, listing, views
from app.store.context import actor
from app.store.layouts import Layout
from app.store.policy import Policy
from app.store.views import PLAIN, Kept, Shelf

DENSITY = "density"
COMPACT, COMFORTABLE = "compact", "comfortable"


@dataclass(frozen=True)
class Listed:
    """The list of an entity in one state, for whoever acts."""

    entity: Entity
    state: ListState
    policy: Policy
    query: listing.Query
    shelf: Shelf
    saved: Kept | None
    """The saved view that is looked at, if it is one."""

    @property
    def is_bin(self) -> bool:
        return self.state.view == BINNED_VIEW

    @property
    def view_id(self) -> int:
        """The number of the saved view; 0 for the list itself and its built-in views."""
        return self.saved.id if self.saved else 0

    @property
    def is_compact(self) -> bool:
        return self.shelf.choices.get(DENSITY) == COMPACT

    @cached_property
    def layout(self) -> Layout:
        """As the reader arranged this view; else as the view says; else as he arranged the list."""
        own = self.shelf.choices.get(layouts.key(self.entity, self.view_id))
        general = Layout.from_json(self.shelf.choices.get(layouts.key(self.entity)))
        if own is not None:
            return Layout.from_json(own)
        if self.saved and self.saved.definition.columns:
            return replace(general, columns=self.saved.definition.columns)
        return general

    @cached_property
    def columns(self) -> list[Field]:
        return layouts.columns(self.policy, self.layout)

    @property
    def create_url(self) -> str:
        """Where a new record is made; empty for whoever may not."""
        may = actor().rights.may(self.entity.key, "create") and not self.is_bin
        return f"/{self.entity.plural}/add" if may else ""

    @property
    def import_url(self) -> str:
        """Where a file of these records is imported; empty for whoever may not (IMP)."""
        may = actor().rights.may(self.entity.key, "import") and not self.is_bin
        return f"/{self.entity.plural}/import" if may else ""


def opened(entity: Entity, args: MultiDict[str, str]) -> Listed:
    """The reader's list as an address asks for it: one statement for what he has kept of it.

    Raises BadRequest for arguments that mean nothing, NotFound for a view that isn't there for him.
    """
    state.only(args, state.KEYS)
    key = args.get("view", "")
    number = int(key) if key.isascii() and key.isdigit() and len(key) < 10 else 0
    shelf = views.shelf(entity, *_preferences(entity, number))
    saved = shelf.view(number) if number else None
    seen = state.read(f"/{entity.plural}/list/", args, saved.definition if saved else PLAIN)
    if not key and shelf.choices.get(tabs_key(entity), {}).get("default"):
        seen = replace(seen, view="all")  # without a word the address would lead to the default
    elif not args and may_start_with(entity):
        seen = replace(seen, view=entity.first_view)
    return _listed(entity, seen, shelf, saved)


def _listed(entity: Entity, seen: ListState, shelf: Shelf, saved: Kept | None) -> Listed:
    """The bin's rows are those that the reader may restore."""
    operation = "restore" if seen.view == BINNED_VIEW else "list"
    query = seen.query(() if saved else built_in(entity, seen.view))
    policy = Policy(actor(), entity, operation, in_list=True, in_pools=query.in_pools)
    if saved and not sorts(policy, saved.definition.order):
        base = replace(seen.base, order="")  # his rows all the same, in the list's own order
        order = "" if seen.order == saved.definition.order else seen.order
        seen, query = replace(seen, order=order, base=base), replace(query, order=order)
    return Listed(entity, seen, policy, query, shelf, saved)


def built_in(entity: Entity, key: str) -> tuple[Any, ...]:
    """The filter of the built-in view of that name, of all rows when none is named.

    NotFound for the number of a view that isn't there for him, BadRequest for what is neither.
    """
    if not key or key == BINNED_VIEW:
        return ()
    for view in entity.builtin_views:
        if view.key == key:
            return view.filters
    if key.isdigit():
        raise NotFound
    raise BadRequest(_l("There is no view %(name)s.", name=key))


def may_start_with(entity: Entity) -> bool:
    """Whether the bare address shows the entity's first view: the reader may filter as it does."""
    policy = Policy(actor(), entity, "list", in_list=True)
    return bool(entity.first_view) and usable(policy, built_in(entity, entity.first_view))


def usable(policy: Policy, conditions: Iterable[Any]) -> bool:
    """Whether the reader may filter by all of this: no hidden, masked or vanished column (C43)."""
    try:
        filters.conditions_for(policy, conditions)
    except BadRequest:
        return False
    return True


def sorts(policy: Policy, order: str) -> bool:
    """Whether the reader may order by that."""
    key = order.removeprefix("-")
    field = policy.plain.get(key)
    return key in ("", "id") or (field is not None and field.sortable)


def tabs_key(entity: Entity) -> str:
    """Where a reader's order of tabs and the view he starts with are kept."""
    return f"tabs.{entity.key}"


def _preferences(entity: Entity, number: int) -> set[str]:
    return {DENSITY, tabs_key(entity), layouts.key(entity), layouts.key(entity, number)}


def head(entity: Entity) -> dict[str, str]:
    """What templates know of an entity."""
    return {
        "key": entity.key,
        "plural": entity.plural,
        "one": str(entity.one),
        "many": str(entity.many),
        "icon": entity.icon,
    }
