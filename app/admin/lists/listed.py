"""One entity as one reader lists it: who he is for it, and what he looks at."""

from dataclasses import dataclass

from app.admin.state import BINNED_VIEW, ListState, view_of
from app.spec.entity import Entity
from app.spec.field import Field
from app.store import listing
from app.store.context import actor
from app.store.policy import Policy


@dataclass(frozen=True)
class Listed:
    """The list of an entity in one state, for whoever acts."""

    entity: Entity
    state: ListState
    policy: Policy
    query: listing.Query

    @property
    def is_bin(self) -> bool:
        return self.state.view == BINNED_VIEW

    @property
    def columns(self) -> list[Field]:
        listed = [f for f in self.policy.readable.values() if f.listed]
        title = self.entity.fields[self.entity.title]
        return [title, *(f for f in listed if f.key != title.key)]

    @property
    def create_url(self) -> str:
        """Where a new record is made; empty for whoever may not."""
        may = actor().rights.may(self.entity.key, "create") and not self.is_bin
        return f"/{self.entity.plural}/add" if may else ""


def listed(entity: Entity, state: ListState) -> Listed:
    """The reader's list of an entity in that state; the bin's rows are those he may restore."""
    operation = "restore" if state.view == BINNED_VIEW else "list"
    query = state.query(view_of(entity, state.view))
    policy = Policy(actor(), entity, operation, in_list=True, in_pools=query.in_pools)
    return Listed(entity, state, policy, query)


def head(entity: Entity) -> dict[str, str]:
    """What templates know of an entity."""
    return {
        "key": entity.key,
        "plural": entity.plural,
        "one": str(entity.one),
        "many": str(entity.many),
        "icon": entity.icon,
    }
