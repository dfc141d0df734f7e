"""Operations about a record's team: add and remove members (CUS-4)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations.along import cascade_fields, cascading, children_within
from app.operations.behaviour import Behaviour, Row, Run, lock_rows, write
from app.operations.outcome import Plan
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Child, Entity
from app.spec.errors import Conflict, Invalid
from app.spec.field import Field
from app.store import door, seats
from app.store.context import actor, operating
from app.store.writer import Change, Context, update_rows


class _Seating(Behaviour):
    """What both have in common: the seats of a chunk are read in one statement."""

    def prepare(self, run: Run) -> None:
        if not run.params.get("users"):
            raise Invalid(fields={"users": [_l("This field is required.")]})

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        run.memory["seats"] = seats.of(run.entity.key, [row.id for row in rows])

    def _noted(self, row: Row, before: Any, after: Any) -> Change:
        return replace(row.change(), notes={"team": [before, after]})


class AddTeam(_Seating):
    """Give people a seat; who has the same one already, and the owner, stay as they are."""

    slug = "add_team"

    def params(self, entity: Entity) -> tuple[Field, ...]:
        return (*super().params(entity), *cascade_fields(entity))

    def plan(self, run: Run, row: Row) -> Plan:
        have = run.memory["seats"].get(row.id, {})
        new = self._seated(run, row.id, row.values["owner"])
        if not new:
            return row.skip("unchanged")
        return self._noted(row, sorted(have), sorted({*have, *new}))

    def _seated(self, run: Run, record: int, owner: int | None) -> list[int]:
        """Who of those chosen gets a seat on the record, or another one than he had."""
        have, wanted = run.memory["seats"].get(record, {}), run.params["users"]
        seat = run.params["level"], run.params.get("until")
        stays = {user for user, had in have.items() if (had.level, had.until) == seat}
        return [user for user in wanted if user not in {owner, *stays}]

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        owners = {c.id: c.before["owner"] for c in changes}
        places = [
            (c.id, user) for c in changes for user in run.params["users"] if user != owners[c.id]
        ]
        level, until = run.params["level"], run.params.get("until")
        seats.add(run.entity.key, places, level, until, run=run.operation_id)
        for child in cascading(run.entity):
            if catalogue.get(child.entity).plural in (run.params.get("cascade") or []):
                self._seat_children(run, child, changes)

    def _seat_children(self, run: Run, child: Child, changes: Sequence[Change]) -> None:
        """The same people get a seat on the children that the doer may give seats on."""
        entity = catalogue.get(child.entity)
        if not actor().rights.may(entity.key, self.slug):
            return
        with operating(self.slug, entity.key):
            ids = sorted(children_within(child, [c.id for c in changes]))
            rows = list(lock_rows(entity, ids, ()))
            inner = replace(run, entity=entity, memory={})
            self.prepare_chunk(inner, rows)
            plans = [self.plan(inner, row) for row in rows]
            seated = [plan for plan in plans if isinstance(plan, Change)]
            if seated:
                write(inner, seated, {})
                self.after(inner, seated)

    def notified(self, run: Run, changes: Sequence[Change]) -> dict[int, int]:
        """Whoever has another seat than before, or had none."""
        seated = (self._seated(run, c.id, c.before["owner"]) for c in changes)
        return dict(Counter(user for some in seated for user in some))


class RemoveTeam(_Seating):
    """Take people's seats away."""

    slug = "remove_team"

    def plan(self, run: Run, row: Row) -> Plan:
        have = run.memory["seats"].get(row.id, {})
        leaving = set(run.params["users"]) & set(have)
        if not leaving:
            return row.skip("not_member")
        return self._noted(row, sorted(have), sorted(set(have) - leaving))

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        ids, people = [c.id for c in changes], run.params["users"]
        seats.remove(run.entity.key, ids, people, run=run.operation_id)

    def notified(self, run: Run, changes: Sequence[Change]) -> dict[int, int]:
        """Whoever had a seat; one that had ended already is no news."""
        had, now = run.memory["seats"], clock.now()
        return dict(
            Counter(
                user
                for c in changes
                for user, seat in had[c.id].items()
                if user in run.params["users"] and (seat.until is None or seat.until > now)
            )
        )


def leave(entity: Entity, record_id: int) -> None:
    """Give up one's own seat on a record (CUS-4); its history says so.

    Raises NotPermitted and NotFound as for reading it, Conflict for who has no seat there.
    """
    title = entity.fields[entity.title]
    record = door.fetch(entity, record_id, "read", [title], lock=True)
    have, me = seats.of(entity.key, [record_id]).get(record_id, {}), actor().user_id
    if me not in have:
        raise Conflict(_l("You are not in the team of this record."))
    note = {"team": [sorted(have), sorted(set(have) - {me})]}
    before = {entity.title: getattr(record, title.column)}
    change = Change(record_id, door.title_of(entity, before), before, {}, note)
    update_rows(entity, [change], Context(RemoveTeam.slug))
    seats.remove(entity.key, [record_id], [me])
