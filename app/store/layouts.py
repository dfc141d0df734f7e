"""How somebody arranges the columns of a list (LIST-1): which, in which order, how wide.

What he may not read drops out when the list is shown, whoever chose it (C48).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.spec.days import DaysLeftField
from app.spec.entity import Entity
from app.spec.errors import BadRequest
from app.spec.field import Field
from app.spec.recycling import rules_for
from app.store.policy import Policy

NARROWEST, WIDEST = 48, 960
MOST_FROZEN = 4


@dataclass(frozen=True)
class Layout:
    """The columns by key; none means those that the declaration lists. Widths in pixels."""

    columns: tuple[str, ...] = ()
    widths: Mapping[str, int] = field(default_factory=dict)
    frozen: int = 1
    """So many columns stay in sight when the table is scrolled sideways."""

    def to_json(self) -> dict[str, Any]:
        return {"columns": [*self.columns], "widths": {**self.widths}, "frozen": self.frozen}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> "Layout":
        """A layout that :meth:`to_json` wrote; as declared when there is none."""
        if not stored:
            return cls()
        return cls(tuple(stored["columns"]), stored["widths"], stored["frozen"])


def key(entity: Entity, view: int = 0) -> str:
    """Where a reader's layout of a list, or of one of its saved views, is kept."""
    return f"list.{entity.key}.{view}" if view else f"list.{entity.key}"


def columns(policy: Policy, layout: Layout) -> list[Field]:
    """The columns that this reader sees: what the record is called by, then the chosen ones."""
    readable = policy.readable
    chosen = layout.columns or [f.key for f in readable.values() if is_listed(policy.entity, f)]
    title = policy.entity.fields[policy.entity.title]
    return [title, *(readable[one] for one in chosen if one in readable and one != title.key)]


def is_listed(entity: Entity, field: Field) -> bool:
    """Whether a list shows the field unless its reader chooses: days that are left only where a
    pool counts them."""
    counts = isinstance(field, DaysLeftField) and bool(rules_for(entity.plural))
    return field.listed or counts


def checked(policy: Policy, keys: Iterable[str]) -> tuple[str, ...]:
    """Columns that somebody asks for, each once; BadRequest for one that isn't his."""
    found = tuple(dict.fromkeys(keys))
    for one in found:
        if one not in policy.readable:
            raise BadRequest
    return found


def checked_widths(policy: Policy, widths: Any) -> dict[str, int]:
    """Widths that a page sends, within bounds; BadRequest for anything else."""
    if not isinstance(widths, Mapping) or not all(
        isinstance(n, int) and not isinstance(n, bool) for n in widths.values()
    ):
        raise BadRequest
    checked(policy, widths)
    return {one: min(max(n, NARROWEST), WIDEST) for one, n in widths.items()}
