"""Operations about a record's team: add and remove members (CUS-4)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations.engine import Behaviour, Job, Row
from app.operations.outcome import Plan
from app.spec import clock
from app.spec.errors import Invalid
from app.store import seats
from app.store.writer import Change


class _Seating(Behaviour):
    """What both have in common: the seats of a chunk are read in one statement."""

    def prepare(self, job: Job) -> None:
        if not job.params.get("users"):
            raise Invalid(fields={"users": [_l("This field is required.")]})
        until = job.params.get("until")
        if until is not None and until <= clock.now():
            raise Invalid(fields={"until": [_l("This must be in the future.")]})

    def prepare_chunk(self, job: Job, rows: Sequence[Row]) -> None:
        job.memory["seats"] = seats.of(job.entity.key, [row.id for row in rows])

    def _noted(self, row: Row, before: Any, after: Any) -> Change:
        return replace(row.change(), notes={"team": [before, after]})


class AddTeam(_Seating):
    """Give people a seat; who has the same one already, and the owner, stay as they are."""

    slug = "add_team"

    def plan(self, job: Job, row: Row) -> Plan:
        have = job.memory["seats"].get(row.id, {})
        level, until = job.params["level"], job.params.get("until")
        new = [
            user
            for user in job.params["users"]
            if user != row.values["owner"]
            and (user not in have or (have[user].level, have[user].until) != (level, until))
        ]
        if not new:
            return row.skip("unchanged")
        return self._noted(row, sorted(have), sorted({*have, *new}))

    def after(self, job: Job, changes: Sequence[Change]) -> None:
        owners = {c.id: c.before["owner"] for c in changes}
        places = [
            (c.id, user) for c in changes for user in job.params["users"] if user != owners[c.id]
        ]
        seats.add(job.entity.key, places, job.params["level"], job.params.get("until"))

    def notified(self, job: Job, changes: Sequence[Change]) -> dict[int, int]:
        return dict(
            Counter(
                user for c in changes for user in c.notes["team"][1] if user in job.params["users"]
            )
        )


class RemoveTeam(_Seating):
    """Take people's seats away."""

    slug = "remove_team"

    def plan(self, job: Job, row: Row) -> Plan:
        have = job.memory["seats"].get(row.id, {})
        leaving = set(job.params["users"]) & set(have)
        if not leaving:
            return row.skip("not_member")
        return self._noted(row, sorted(have), sorted(set(have) - leaving))

    def after(self, job: Job, changes: Sequence[Change]) -> None:
        seats.remove(job.entity.key, [c.id for c in changes], job.params["users"])
