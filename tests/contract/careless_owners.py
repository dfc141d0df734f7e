"""The product as it would be if it broke a rule of ownership: the machine finds each (C89b)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, true

from app.operations import behaviour
from app.operations.ownership import Release
from app.spec.catalogue import catalogue
from app.store import history
from app.store.pools import Pool

Break = Callable[[pytest.MonkeyPatch], None]


def recycles_what_is_locked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("app.store.recycling._is_free", lambda *_given: true())


def forgets_the_contacts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("app.operations.ownership.follow_parents", lambda *_given: None)


def recycles_without_the_contacts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("app.operations.recycling.follow_parents", lambda *_given: None)


def undoes_without_a_trace(patch: pytest.MonkeyPatch) -> None:
    record = history.record_writes

    def silent(operation: str, *given: Any, **named: Any) -> None:
        if operation != "undo":
            record(operation, *given, **named)

    patch.setattr("app.store.history.record_writes", silent)


def undoes_over_what_came_later(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("app.operations.undoing._changed_since", lambda *_given: {})


def asks_for_no_cap(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("app.store.caps.are_set", lambda *_given: False)


def counts_no_claims(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("app.store.claims.spend", lambda *_given: None)


def lets_the_previous_owner_claim(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("app.operations.claiming.PREVIOUS", "owner")


def releases_what_is_locked(patch: pytest.MonkeyPatch) -> None:
    plan = Release.plan

    def careless(self: Release, run: Any, row: Any) -> Any:
        return plan(self, run, replace(row, values={**row.values, "is_locked": False}))

    patch.setattr(Release, "plan", careless)


def says_done_of_what_was_not(patch: pytest.MonkeyPatch) -> None:
    """The last of several rows is left out, and the answer doesn't say so."""
    write = behaviour.write

    def sloppy(run: Any, changes: Any, extra: Any) -> None:
        write(run, changes[:-1] if len(changes) > 1 else changes, extra)

    patch.setattr("app.operations.behaviour.write", sloppy)


def plans_without_a_look_at_room(patch: pytest.MonkeyPatch) -> None:
    """All or nothing, where each row has an answer of its own (XFER-3)."""
    patch.setattr("app.operations.room.within", lambda _run, plans: list(plans))


def counts_what_was_deleted(patch: pytest.MonkeyPatch) -> None:
    """A pool tells how many records it holds with those in the recycle bin."""

    def all_of_them() -> Any:
        for kind in (e for e in catalogue if e.is_pooled):
            rows = kind.model.__table__.c
            yield select(func.count()).where(rows.pool_id == Pool.id).scalar_subquery()

    patch.setattr("app.rules.pools._counted", all_of_them)


AT_ONCE: tuple[Break, ...] = (
    recycles_what_is_locked,
    recycles_without_the_contacts,
    asks_for_no_cap,
    says_done_of_what_was_not,
)
"""Those that are looked for in every run of the tests."""
OTHERS: tuple[Break, ...] = (
    forgets_the_contacts,
    undoes_without_a_trace,
    undoes_over_what_came_later,
    counts_no_claims,
    lets_the_previous_owner_claim,
    releases_what_is_locked,
    plans_without_a_look_at_room,
    counts_what_was_deleted,
)
