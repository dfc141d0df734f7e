"""Transfer: another owner; the former one leaves the team or stays in it (XFER-1…4)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations import along, receivers, room
from app.operations.behaviour import Behaviour, Row, Run, lock_rows, write
from app.operations.outcome import Plan, Skip
from app.operations.ownership import free_seats, obtained, out_of_pools
from app.spec.catalogue import catalogue
from app.spec.entity import Child, Entity
from app.spec.field import Field
from app.spec.kinds import OptionField
from app.spec.operation_choices import CASCADE_OF, LEAVING
from app.spec.words import Label, listed
from app.store import access, seats, titles
from app.store.context import operating
from app.store.writer import Change

LEAVES = "remove"
"""What becomes of the former owner unless he stays in the team."""


class Transfer(Behaviour):
    """To one person, with what hangs on the records as far as that was asked for."""

    slug = "transfer"

    def params(self, entity: Entity) -> tuple[Field, ...]:
        """Where records have no team, nobody stays in it."""
        *fields, message = super().params(entity)
        if entity.verb("add_team") is None:
            fields = [
                replace(f, choices=LEAVING) if isinstance(f, OptionField) else f
                for f in fields
                if not f.only_with
            ]
        cascade = along.cascade_fields(entity)
        codes = [option.code for f in cascade for option in f.choices.options]
        whose = OptionField(
            label=Label("Whose", "范围"),
            key="cascade_of",
            choices=CASCADE_OF,
            default="old_owner",
            only_with=("cascade", *codes),
        )
        return (*fields, *cascade, *((whose,) if cascade else ()), message)

    def foresee(self, run: Run, total: int) -> Sequence[str]:
        if not run.dry_run:
            return ()
        kinds = [run.entity, *(catalogue.get(child.entity) for child in _chosen(run))]
        return [*receivers.warnings({run.params["new_owner"]: kinds}), *_dismissed(run)]

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        run.memory["seats"] = seats.of(run.entity.key, [row.id for row in rows])
        run.memory["staying"] = set()
        if run.params["old_owner"] != LEAVES and run.entity.verb("add_team"):
            former = {row.values["owner"] for row in rows} - {None}
            run.memory["staying"] = access.active_of(former)

    def plan(self, run: Run, row: Row) -> Plan:
        new_owner = run.params["new_owner"]
        if row.values["owner"] == new_owner:
            return row.skip("same_owner")
        change = row.change(owner=new_owner, **obtained(run, "transferred"))
        have = set(run.memory["seats"].get(row.id, ()))
        will_have = have - {new_owner, row.values["owner"]} | _stay(run, row.values["owner"])
        team = {"team": [sorted(have), sorted(will_have)]} if have != will_have else {}
        return replace(change, notes=team) if team else change

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        _settle_seats(run, changes)
        out_of_pools(run, changes)
        run.memory["went"] = self._take_along(run, changes)

    def goes_along(self, run: Run, changes: Sequence[Change]) -> Mapping[tuple[str, str], int]:
        if run.dry_run:
            return self._take_along(run, changes)
        found: Mapping[tuple[str, str], int] = run.memory.pop("went", {})
        return found

    def _take_along(self, run: Run, changes: Sequence[Change]) -> Counter[tuple[str, str]]:
        """The children that go too, within the doer's own transfer scope; a dry run writes nothing.

        What he may read and not transfer stays and is counted; of anything else nothing is told.
        """
        counted: Counter[tuple[str, str]] = Counter()
        former = {c.id: c.before["owner"] for c in changes}
        for child in _chosen(run) if former else ():
            key = child.entity
            with operating("read", key):
                seen = set(_meant(run, child, former))
            with operating(self.slug, key):
                plans = self._plans(run, child, former)
                if not run.dry_run:
                    self._hand_on(run, catalogue.get(key), plans)
            counted[key, "not_permitted"] += len(seen - {plan.id for plan in plans})
            counted.update((key, plan.code if isinstance(plan, Skip) else "") for plan in plans)
        return +counted

    def _plans(self, run: Run, child: Child, former: Mapping[int, Any]) -> list[Plan]:
        """A verdict for each that is meant, looked at once more when it is locked."""
        part = _part(run, catalogue.get(child.entity))
        ids, up = sorted(_meant(run, child, former)), child.through
        locked = lock_rows(part.entity, ids, (up,), lock=not run.dry_run)
        rows = [r for r in locked if _is_meant(run, former, r.values[up], r.values["owner"])]
        self.prepare_chunk(part, rows)
        return room.within(part, [self.plan(part, row) for row in rows])

    def _hand_on(self, run: Run, entity: Entity, plans: Sequence[Plan]) -> None:
        changes = [plan for plan in plans if isinstance(plan, Change)]
        if changes:
            part = _part(run, entity)
            write(part, changes, {})
            _settle_seats(part, changes)

    def notified(self, run: Run, changes: Sequence[Change]) -> dict[int, int]:
        return {run.params["new_owner"]: len(changes)} if changes else {}


def _chosen(run: Run) -> tuple[Child, ...]:
    return along.chosen(run.entity, run.params.get("cascade"))


def _meant(run: Run, child: Child, former: Mapping[int, Any]) -> list[int]:
    """The children that the doer means, in the scope of the work under way: the former owner's, or
    all that are open.
    """
    only_open = run.params.get("cascade_of") == "all"
    found = along.children_within(child, sorted(former), only_open=only_open)
    return [i for i, (parent, owner) in found.items() if _is_meant(run, former, parent, owner)]


def _is_meant(run: Run, former: Mapping[int, Any], parent: int, owner: int | None) -> bool:
    """Whether a child of that record and owner is to go; the record may have lost it meanwhile."""
    if parent not in former or owner == run.params["new_owner"]:
        return False
    return run.params.get("cascade_of") == "all" or owner == former[parent]


def _part(run: Run, entity: Entity) -> Run:
    """The part of the run that is about those children; what it looks up is its own."""
    return replace(run, entity=entity, memory=run.memory.setdefault(f"along.{entity.key}", {}))


def _stay(run: Run, owner: int | None) -> set[int]:
    return {owner} & run.memory["staying"] if owner else set()


def _settle_seats(run: Run, changes: Sequence[Change]) -> None:
    """New owners need no seat; former ones get one as was asked for, or lose what they had."""
    free_seats(run, changes)
    key, have = run.entity.key, run.memory["seats"]
    former = [(c.id, c.before["owner"]) for c in changes if c.before["owner"]]
    staying = [(record, person) for record, person in former if _stay(run, person)]
    level, until = run.params["old_owner"], run.params.get("until")
    seats.add(key, staying, level, until, run=run.operation_id)
    leaving: dict[int, list[int]] = defaultdict(list)
    for record, person in former:
        if person in have.get(record, ()) and not _stay(run, person):
            leaving[person].append(record)
    for person, records in leaving.items():
        seats.remove(key, records, [person], run=run.operation_id)


def _dismissed(run: Run) -> list[str]:
    """A warning of former owners who can't stay in a team: their accounts are disabled."""
    if run.params["old_owner"] == LEAVES:
        return []
    owners = {owner for owner, _n in run.memory["chosen"].sizes("owner") if owner}
    gone = owners - access.active_of(owners)
    if not gone:
        return []
    names = titles.by_ids(catalogue.get("user"), sorted(gone)).values()
    said = _l("Not active any more, so not kept in the team: %(names)s.", names=listed(names))
    return [str(said)]
