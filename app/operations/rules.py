"""The places where an entity's own business rules take part in the general operations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.spec.entity import Child, Entity
from app.spec.words import Label
from app.store.writer import Change


@dataclass(frozen=True)
class Place:
    """Where to look: the list of an entity, filtered by one condition."""

    entity: Entity
    column: str
    value: Any
    operator: str = "eq"


@dataclass(frozen=True)
class Remedy:
    """A page on which what stands in the way can be put right."""

    label: Label
    url: str


@dataclass(frozen=True)
class Blocker:
    """Why a record can't be deleted or disabled, and where to look (CUS-3, ORG-1)."""

    sentence: Any
    where: tuple[Place | Remedy, ...] = ()


@dataclass(frozen=True)
class Beside:
    """What the list tells of each row behind its fields: a text, maybe leading to a place."""

    key: str
    label: Label
    texts: Mapping[int, str]
    places: Mapping[int, Place] = field(default_factory=dict)
    is_number: bool = False


class Rules:
    """Rules that allow everything; an entity's own subclass overrides what it cares about.

    All methods run inside the transaction that writes; raise a ``Refusal`` to stop it.
    """

    looks_at: tuple[str, ...] = ()
    """The fields that ``before_change`` asks for of what the record was."""

    def before_create(self, entity: Entity, values: dict[str, Any]) -> None:
        """May refuse or complete the values of a new record."""

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        """May refuse or complete the new values of an existing record."""

    def after_write(self, entity: Entity, ids: Sequence[int]) -> None:
        """Called once after records were created or changed."""

    def after_changes(self, entity: Entity, changes: Sequence[Change]) -> None:
        """Called instead after several were changed by an operation or a merger, with what each
        was and is.
        """
        self.after_write(entity, [change.id for change in changes])

    def after_create(self, entity: Entity, record_id: int, values: Mapping[str, Any]) -> None:
        """Called instead after one record was created, with its values."""
        self.after_write(entity, [record_id])

    def after_edit(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: Mapping[str, Any]
    ) -> None:
        """Called instead after one record was edited, with what it was and what was changed."""
        self.after_write(entity, [record_id])

    def viewed(self, entity: Entity, record_id: int) -> None:
        """Called when the actor has looked at a record's page, in a request after it."""

    def choosable(self, chooser: Entity, *, retired: bool = False) -> Sequence[Any]:
        """SQL conditions that a record must meet to be offered in a form of ``chooser``.

        ``retired`` ones are offered too where one looks for what old records point at (ORG-1).
        """
        return ()

    def workload(self, entity: Entity) -> Sequence[Any]:
        """SQL conditions of the records that count as somebody's load, when work is given out by
        it (POOL-3): all that he owns unless a rule knows better.
        """
        return ()

    def shows_child(self, record: Any, child: Child) -> bool:
        """Whether records of that kind can belong to this one: it has a tab for them then."""
        return True

    def beside_rows(self, entity: Entity, ids: Sequence[int]) -> Sequence[Beside]:
        """What the list tells of these rows besides their fields."""
        return ()

    def blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        """The records that can't go, with the reason; asked before deleting and disabling."""
        return {}

    def open_for(self) -> timedelta | None:
        """So long after writing a record its author may change it; None for as long as he likes."""
        return None

    def is_closed(self, record: Any) -> bool:
        """Whether the record is only there to be read: its page offers nothing to change it."""
        return False

    def ways_on(self, record_id: int) -> Sequence[tuple[Label, str, str]]:
        """Further entries of the menu of a record's page: name, icon and address.

        The icon ``download`` is that of a file, which is fetched and not opened.
        """
        return ()

    merges_for_good = False
    """Whether those merged leave nothing behind that could be taken apart again."""

    def merging_blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        """The records that can't be merged, with the reason."""
        return {}

    def absorb(self, entity: Entity, titles: Mapping[int, str], survivor: int) -> None:
        """Let all that hangs on these records, given with their titles, hang on the survivor."""

    def enabling_blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        """The records that this actor can't bring back, with the reason; asked before enabling."""
        return {}


NO_RULES = Rules()


def rules_of(entity: Entity) -> Rules:
    found: Rules = entity.rules or NO_RULES
    return found
