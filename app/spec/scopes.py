"""Data scopes (PERM-1) and what they come to for one person.

A scope is a rule ("own department and below"); a :class:`Reach` is the rule resolved for somebody:
everything, or the rows of a set of owners.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from app.spec.words import Label


class Scope(StrEnum):
    """The seven scopes, narrow to wide; widening is what admins are warned of (MATRIX-2)."""

    NONE = "none"
    SELF = "self"
    SUBORDINATES = "subordinates"
    DEPARTMENT = "department"
    DEPARTMENT_TREE = "department_tree"
    CHOSEN = "chosen"
    ALL = "all"


SCOPE_LABELS = {
    Scope.NONE: Label("None", "无"),
    Scope.SELF: Label("Self", "本人"),
    Scope.SUBORDINATES: Label("Self and subordinates", "本人及下属"),
    Scope.DEPARTMENT: Label("Own department", "本部门"),
    Scope.DEPARTMENT_TREE: Label("Own department and below", "本部门及下属部门"),
    Scope.CHOSEN: Label("Chosen departments", "自选部门"),
    Scope.ALL: Label("All", "全部"),
}


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose rows somebody reaches: everybody's, or those of ``owners`` (user ids)."""

    everything: bool = False
    owners: frozenset[int] = frozenset()

    def __or__(self, other: "Reach") -> "Reach":
        if self.everything or other.everything:
            return EVERYTHING
        if not (self.owners and other.owners):
            return self if self.owners else other
        return Reach(owners=self.owners | other.owners)

    def covers(self, owner: int | None) -> bool:
        """Whether a row of that owner is within reach; an ownerless row only in everything."""
        return self.everything or owner in self.owners


NOTHING = Reach()
EVERYTHING = Reach(everything=True)


def union(reaches: Iterable[Reach]) -> Reach:
    """PERM-2: the union over the roles that grant one operation."""
    total = NOTHING
    for reach in reaches:
        total = total | reach
    return total
