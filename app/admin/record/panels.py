"""The side column of a record's page: small panels, each declared once (UI-5).

A panel says when it has something to show of a record and with which template. Features bring
their own: ``declare`` puts a panel into the column of every record for which its ``content`` isn't
None. Panels stand in the order of their ``rank``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.admin import lists
from app.spec.entity import Entity
from app.spec.field import Beside, Field
from app.spec.words import Label
from app.store import marks, titles
from app.store.policy import Policy


@dataclass(frozen=True)
class Seen:
    """A record in front of its reader: what he may see of it, and under which policy."""

    entity: Entity
    record: Any
    policy: Policy
    fields: tuple[Field, ...]
    names: titles.Links
    own: marks.Own
    """The reader's own marks on it."""
    offered: frozenset[str] = frozenset()
    """What its reader may do with it, by slug."""

    def html(self, field: Field) -> Any:
        return lists.value_cell(self.policy, field, self.names)(self.record)


@dataclass(frozen=True)
class Panel:
    """One panel of the side column."""

    key: str
    label: Label
    icon: str
    template: str
    content: Callable[[Seen], Mapping[str, Any] | None]
    """What the template shows; None when the panel has no business with this record."""
    rank: int = 100


FIELDS = "panels/fields.html"
_PANELS: dict[str, Panel] = {}


def declare(panel: Panel) -> None:
    """Add a panel; once per key, while the program loads."""
    if panel.key in _PANELS:
        raise ValueError(f"there are two panels called {panel.key}")
    _PANELS[panel.key] = panel


def beside(seen: Seen) -> list[dict[str, Any]]:
    """The panels of this record, ready for the page."""
    found = []
    for panel in sorted(_PANELS.values(), key=lambda one: one.rank):
        content = panel.content(seen)
        if content is not None:
            head = {"key": panel.key, "label": str(panel.label), "icon": panel.icon}
            found.append({**head, "template": panel.template, **content})
    return found


def of_fields(group: Beside) -> Callable[[Seen], Mapping[str, Any] | None]:
    """A panel of the fields declared for it, when any has a value."""

    def content(seen: Seen) -> Mapping[str, Any] | None:
        own = [f for f in seen.fields if f.beside == group]
        items = [{"key": f.key, "label": str(f.label), "html": seen.html(f)} for f in own]
        return {"items": items} if any(one["html"] for one in items) else None

    return content


def _while(column: str, content: Callable[[Seen], Any]) -> Callable[[Seen], Any]:
    """The panel only while that column of the record says so."""
    return lambda seen: content(seen) if getattr(seen.record, column, None) else None


declare(
    Panel(
        "pool",
        Label("In a pool", "所在公海"),
        "pool",
        FIELDS,
        _while("pool_id", of_fields("pool")),
        rank=20,
    )
)
declare(
    Panel(
        "lock",
        Label("Locked", "锁定"),
        "lock",
        FIELDS,
        _while("is_locked", of_fields("lock")),
        rank=30,
    )
)
