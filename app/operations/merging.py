"""Several records of one kind become one of them, and are taken apart again (CUS-7)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations import namesakes, pointing
from app.operations.behaviour import Behaviour, Row, Run, permitted, write
from app.operations.lifecycle import Delete
from app.operations.outcome import Plan, Skip
from app.operations.rules import rules_of
from app.operations.selection import Selection
from app.spec.entity import Entity
from app.spec.errors import Invalid, NotFound, TooLarge
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from app.spec.values import PicksField
from app.spec.words import Label
from app.store import attachments, door, history, marks, seats
from app.store.context import actor
from app.store.policy import Policy
from app.store.writer import Change

SURVIVOR, FIELDS = "survivor", "fields"
MERGED, MERGED_INTO = "merged", "merged_into"
"""The notes of the survivor, with whom it was merged, and of the others, into whom."""
MOST = 10
"""So many become one at once, the survivor among them."""
NO_CHOICE = _l("Not a valid choice.")


class Merge(Behaviour):
    """What hung on the chosen records hangs on the survivor; the others go to the recycle bin.

    Of every field that the doer may write one of them gives the value: the one that he says, else
    the survivor, else the first in which it is filled. Tags and teams come together.
    """

    slug = "merge"
    takes_away = True

    def params(self, entity: Entity) -> tuple[Field, ...]:
        label = Label("Merge into", "合并到")
        into = RelationField(label=label, key=SURVIVOR, to=entity.key, required=True)
        if rules_of(entity).merges_for_good:
            return (into,)
        return into, PicksField(label=Label("Values to keep", "保留的值"), key=FIELDS)

    def foresee(self, run: Run, total: int) -> Sequence[str]:
        """TooLarge for more than people can look at side by side."""
        if total > MOST:
            raise TooLarge(_l("At most %(n)s records are merged at once.", n=MOST))
        return ()

    def completed(self, run: Run, selection: Selection) -> Selection:
        """The survivor is one of those that it is about, named among them or not."""
        survivor = run.params[SURVIVOR]
        if not selection.ids or survivor in selection.ids:
            return selection
        return replace(selection, ids=(*selection.ids, survivor))

    def prepare(self, run: Run) -> None:
        """Invalid for a field that the doer may not write or that can't be chosen."""
        wrong = set(run.params.get(FIELDS) or ()) - set(chosen_fields(run.entity))
        if wrong:
            raise Invalid(fields={key: [_l("This field can't be written.")] for key in wrong})

    def columns(self, run: Run) -> Sequence[str]:
        locked = [key for key in ("is_locked",) if key in run.entity.fields]
        return (*locked, *chosen_fields(run.entity), *_linked(run.entity))

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        """Who goes: the survivor is among them, and is held, so that nobody merges it away."""
        self.foresee(run, len(rows))
        ids, survivor = [row.id for row in rows], run.params[SURVIVOR]
        picked = set((run.params.get(FIELDS) or {}).values())
        if survivor not in ids:
            raise Invalid(fields={SURVIVOR: [NO_CHOICE]})
        if picked - set(ids):
            raise Invalid(fields={FIELDS: [NO_CHOICE]})
        run.memory["blockers"] = rules_of(run.entity).merging_blockers(run.entity, ids)
        run.memory["seats"] = seats.of(run.entity.key, ids) if run.entity.is_owned else {}
        refused = {row.id: skip for row in rows if (skip := self._refused(run, row))}
        going = [row for row in rows if row.id != survivor and row.id not in refused]
        [stays] = [row for row in rows if row.id == survivor]
        run.memory["plans"] = refused | self._plans(run, stays, going)

    def plan(self, run: Run, row: Row) -> Plan:
        plan: Plan = run.memory["plans"][row.id]
        return plan

    def _refused(self, run: Run, row: Row) -> Skip | None:
        if blocker := run.memory["blockers"].get(row.id):
            return replace(row.skip("blocked", why=blocker.sentence), where=blocker.where)
        is_locked = row.id != run.params[SURVIVOR] and row.values.get("is_locked")
        return row.skip("locked") if is_locked else None

    def _plans(self, run: Run, stays: Row, going: Sequence[Row]) -> dict[int, Plan]:
        """All go, or for the same reason none: nobody is left without the one he went into."""
        kept = self._kept(run, stays, going)
        if isinstance(kept, Skip):
            return {row.id: replace(kept, id=row.id, title=row.title) for row in [stays, *going]}
        notes = {"deleted": [False, True], MERGED_INTO: [None, stays.id]}
        gone = {row.id: replace(row.change(), notes=notes) for row in going}
        return {stays.id: kept, **gone}

    def _kept(self, run: Run, stays: Row, going: Sequence[Row]) -> Plan:
        """What the survivor is from now on."""
        if refusal := self._refused(run, stays):
            return refusal
        if not going:
            return stays.skip("unchanged")
        plan = permitted(run, stays, **_merged(run, stays, going))
        if isinstance(plan, Skip):
            return plan
        notes: dict[str, Any] = {MERGED: [[], [row.id for row in going]]}
        if team := seats.united(run.memory["seats"], stays, going):
            before = sorted(run.memory["seats"].get(stays.id, {}))
            notes["team"] = [before, sorted({*before, *team})]
        return replace(plan, notes=notes)

    def carry_out(self, run: Run, changes: Sequence[Change]) -> None:
        """The others first, so that what must be unique is free for the survivor."""
        [survivor] = [c for c in changes if c.id == run.params[SURVIVOR]]
        going = [c for c in changes if c is not survivor]
        write(run, going, Delete().marks(run))
        said = namesakes.marks(run.entity, survivor.values, is_confirmed=True, besides=survivor.id)
        write(run, [survivor], said)
        pointing.move(run.entity, {c.id: survivor.id for c in going}, run.verb.slug)
        self._share(run, survivor, going)
        rules_of(run.entity).absorb(run.entity, {c.id: c.title for c in going}, survivor.id)

    def _share(self, run: Run, survivor: Change, going: Sequence[Change]) -> None:
        """Whoever worked on one of them goes on with the survivor; marks and files come along."""
        row = Row(survivor.id, survivor.title, survivor.before)
        others = [Row(c.id, c.title, c.before) for c in going]
        for user, (level, until) in seats.united(run.memory["seats"], row, others).items():
            place = [(survivor.id, user)]
            seats.add(run.entity.key, place, level, until, run=run.operation_id)
        marks.copy(run.entity.key, [c.id for c in going], survivor.id)
        if run.entity.has_files:
            became = {c.id: survivor.id for c in going}
            attachments.share(run.entity.key, run.entity, became, dict.fromkeys(became, row.title))


def chosen_fields(entity: Entity) -> dict[str, Field]:
    """The fields of which the doer may say whose value stays; tags and teams come together."""
    writable = Policy(actor(), entity, Merge.slug).writable(creating=False)
    return {key: f for key, f in writable.items() if f.is_stored}


def _linked(entity: Entity) -> list[str]:
    writable = Policy(actor(), entity, Merge.slug).writable(creating=False)
    return [key for key, f in writable.items() if isinstance(f, LinksField)]


def first_filled(key: str, rows: Sequence[Row]) -> Row | None:
    """The first of the rows in which the field holds something."""
    return next((row for row in rows if row.values.get(key) not in (None, "", [])), None)


def _merged(run: Run, survivor: Row, going: Sequence[Row]) -> Mapping[str, Any]:
    """The survivor's new values."""
    rows = [survivor, *going]
    by_id, picks = {row.id: row for row in rows}, run.params.get(FIELDS) or {}
    found = {}
    for key in chosen_fields(run.entity):
        row = by_id.get(picks.get(key, 0)) or first_filled(key, rows)
        if row is not None and row.values.get(key) != survivor.values.get(key):
            found[key] = row.values.get(key)
    for key in _linked(run.entity):
        together = sorted({one for row in rows for one in row.values[key]})
        if together != survivor.values[key]:
            found[key] = together
    return found


def now_in(entity: Entity, ids: Sequence[int]) -> dict[int, int]:
    """Those of the records that have been merged and are in another one still, with which one."""
    newest = history.newest(entity.key, ids)
    into = {i: entry.changes.get(MERGED_INTO, [None, None])[1] for i, entry in newest.items()}
    return {i: survivor for i, survivor in into.items() if survivor}


def still_in(entity: Entity, survivor: int) -> list[int]:
    """The records that have been merged into that one and are in it still, whoever may read it."""
    told = history.changes_by(Merge.slug, entity.key, survivor)
    merged = sorted({one for changes in told for one in changes.get(MERGED, [[], []])[1]})
    return [i for i, into in now_in(entity, merged).items() if into == survivor]


def merged_into(entity: Entity, record_id: int) -> int:
    """Into which record one has been merged that is no more; NotFound when it wasn't.

    Also for whoever may not read that one.
    """
    if record_id > door.MAX_ID:
        raise NotFound
    survivor = now_in(entity, [record_id]).get(record_id)
    if not survivor or not door.within(entity, [survivor], "read"):
        raise NotFound
    return int(survivor)
