"""The decision over each row of a portion, from what was asked for all of them (IMP, C79)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from app.operations import editing, room
from app.operations.behaviour import Row
from app.operations.importing import matching
from app.operations.importing.headers import BEHIND
from app.operations.importing.options import FOREIGN_OWNER
from app.operations.importing.plan import (
    ATTACHED,
    CHOSEN,
    KEPT_OWNER,
    REASONS,
    UNWRITABLE,
    Claims,
    Planner,
    Said,
    Sign,
    Verdict,
)
from app.operations.importing.reading import Read
from app.operations.rules import rules_of
from app.spec.errors import Invalid, Refusal
from app.store import caps
from app.store.caps import Tally
from app.store.context import deciding, operating
from app.store.writer import Change


def decide(planner: Planner, rows: Sequence[tuple[int, list[str]]]) -> tuple[list[Verdict], Claims]:
    """The verdicts of a portion, and what it claims: to be kept when it is written."""
    read = planner.reader.read(rows)
    unique = matching.signs(planner.unique, [one.values for one in read])
    hits = matching.taken(planner.entity, planner.unique, unique)
    signs = [planner.signs(one.values, some) for one, some in zip(read, unique, strict=True)]
    claims = planner.claims.branch()
    asked = [
        _with_moved(claims, *one) for one in zip(signs, hits, planner.agreeing(read), strict=True)
    ]
    wanted = {agreeing[0] for _signs, _hits, agreeing in asked if len(agreeing) == 1}
    wanted |= {i for _signs, hit, _agreeing in asked for some in hit.values() for i in some}
    wanted |= {one.values["id"] for one in read if one.values.get("id")}
    known = planner.known(wanted)
    decision = _Decision(planner, claims, known, Said(planner, list(known.values())))
    decision.room = _room(planner, read)
    if planner.carried:
        decision.carried = _Carried(planner, planner.carried, claims, known)
        decision.carried.read(rows, wanted)
    with deciding({} if planner.memory is None else planner.memory):
        return [decision.over(one, *more) for one, more in zip(read, asked, strict=True)], claims


def _room(planner: Planner, read: Sequence[Read]) -> Tally | None:
    """Who of those that the rows name as owners has room for how many (POOL-9)."""
    if not caps.are_set(planner.entity) or planner.options.pool:
        return None
    memory = {} if planner.memory is None else planner.memory
    found: Tally = memory.setdefault("room", Tally(planner.entity, holds=not planner.dry_run))
    found.know(one.values.get("owner") or planner.default_owner for one in read)
    return found


Asked = tuple[Sequence[Sign], matching.Hits, Sequence[int]]
"""Of a row: its signs, the records that have its unique values, and those that agree with it."""


def _with_moved(
    claims: Claims, signs: Sequence[Sign], hits: matching.Hits, agreeing: Sequence[int]
) -> Asked:
    """Found besides: records that had these signs until an earlier row, or got them by one."""
    for sign in signs:
        if moved := claims.holders(sign):
            if sign[0] == CHOSEN:
                agreeing = sorted({*agreeing, *moved})
            else:
                hits = hits | {sign[0]: sorted({*hits.get(sign[0], ()), *moved})}
    return signs, hits, agreeing


@dataclass
class _Decision:
    """Decides over rows one by one, from what the portion has found out."""

    planner: Planner
    claims: Claims
    known: Mapping[int, Row]
    said: Said
    carried: "_Carried | None" = None
    room: Tally | None = None

    def over(
        self, one: Read, signs: Sequence[Sign], hits: matching.Hits, agreeing: Sequence[int]
    ) -> Verdict:
        """The verdict over a row and what it carries."""
        _signs, hits, agreeing = _with_moved(self.claims, signs, hits, agreeing)
        verdict = self._judged(one, signs, *self._target(one, hits, agreeing))
        if self.carried:
            verdict = self.carried.joined(verdict, one)
        self._claim(verdict, signs)
        return verdict

    def _claim(self, verdict: Verdict, signs: Sequence[Sign]) -> None:
        """What later rows must know of a record that is made, or that has other signs now."""
        planner, change = self.planner, verdict.change
        if verdict.outcome == "created":
            told = {*signs, *planner.chosen(verdict.values)}
            self.claims.fresh.update(dict.fromkeys(told, verdict.line))
        elif change and not planner.telling.isdisjoint(change.values):
            before = planner.signs_of(change.before)
            after = planner.signs_of({**change.before, **change.values})
            self.claims.move(change.id, before ^ after)

    def _judged(self, one: Read, signs: Sequence[Sign], target: int | None, code: str) -> Verdict:
        """What becomes of a row, in this order: whether its record was met, whether it is readable,
        which record it is, what happens to that."""
        reaches = self.planner.reaches
        if earlier := self.claims.born(signs):
            if reaches and one.values.get("id"):
                return Verdict(one.line, "failed", "exists")
            return Verdict(one.line, "skipped", "repeated", earlier=earlier)
        if reaches and target and (line := self.claims.met(target)) is not None:
            return Verdict(one.line, "skipped", "repeated", record=target, earlier=line)
        problems = self._unsaid(one, target)
        if problems:
            return Verdict(one.line, "failed", "invalid", problems)
        if code:
            return Verdict(one.line, "failed", code)
        if not target:
            return self._new(one)
        verdict = self._existing(one, target)
        if reaches and verdict.record:
            self.claims.touched[target] = one.line
        return verdict

    def _unsaid(self, one: Read, target: int | None) -> list[tuple[str, Any]]:
        """What is wrong with a row, but for cells that say what its record holds already."""
        row = self.known.get(target or 0)
        if row is None or not one.problems:
            return one.problems
        fields = self.planner.fields
        return [
            (key, sentence)
            for key, sentence in one.problems
            if key not in fields or one.texts[key] != self.said.of(fields[key], row)
        ]

    def _target(
        self, one: Read, hits: matching.Hits, agreeing: Sequence[int]
    ) -> tuple[int | None, str]:
        """The record that the row is, or why that can't be said."""
        if not hits and not agreeing and not one.values.get("id"):
            return None, ""
        holders = {i for some in hits.values() for i in some}
        if one.values.get("id"):
            mine = [one.values["id"]]
            if mine[0] not in self.known and self.planner.reaches:
                return None, "missing"
        elif self.planner.options.match:
            mine = list(agreeing)
        else:
            mine = sorted(holders)
        if len(mine) > 1 and holders <= set(self.known):
            is_one_name = any(len(some) > 1 for some in hits.values()) or not holders
            return None, "several" if is_one_name else "torn"
        if len(mine) > 1 or holders - set(mine):
            return None, "exists"
        return (mine[0] if mine else None), ""

    def _existing(self, one: Read, target: int) -> Verdict:
        row = self.known.get(target)
        if row is None and self.planner.reaches:
            return Verdict(one.line, "failed", "exists")
        if row is None or not self.planner.options.updates:
            return Verdict(one.line, "skipped", "exists", record=target)
        said: dict[str, str] = {}
        values: dict[str, Any] = {}
        problems: list[tuple[str, Any]] = []
        for key, f in self.planner.fields.items():
            text = one.texts.get(key, "")
            before = self.said.of(f, row)
            is_told = key in self.planner.policy.plain
            if not text or text == before or (is_told and one.values[key] == row.values.get(key)):
                continue
            said[key], values[key] = before, one.values[key]
            if key not in self.planner.editable:
                problems.append((key, KEPT_OWNER if key == "owner" else UNWRITABLE))
        return self._changed(one, row, values, problems, said)

    def _changed(
        self,
        one: Read,
        row: Row,
        values: dict[str, Any],
        problems: list[tuple[str, Any]],
        said: dict[str, str],
    ) -> Verdict:
        planner = self.planner
        if not values:
            return Verdict(one.line, "skipped", "unchanged", record=row.id)
        if not problems:
            with operating("edit", planner.entity.key, pools=True):
                rules = rules_of(planner.entity)
                problems = _refused(
                    lambda: editing.refuse_masks(planner.policy, values),
                    lambda: rules.before_change(planner.entity, row.id, row.values, values),
                )
        if problems:
            return Verdict(one.line, "failed", "invalid", problems, record=row.id)
        change = Change(row.id, row.title, row.values, values)
        return Verdict(
            one.line,
            "updated",
            record=row.id,
            values=values,
            change=change,
            texts=one.texts,
            said=said,
        )

    def _new(self, one: Read) -> Verdict:
        planner = self.planner
        if not planner.options.creates:
            return Verdict(one.line, "skipped", "missing")
        given = {k: v for k, v in one.values.items() if k != "id" and v is not None}
        problems = [(key, UNWRITABLE) for key in planner.unwritable if key in given]
        values = {**planner.initial, **given}
        for key, f in planner.required.items():
            if not values[key]:
                problems += _refused(partial(f.check_required, values[key]), key=key)
        if not problems:
            problems = self._placed(values)
        if not problems:
            problems = _refused(
                lambda: editing.refuse_masks(planner.policy, given),
                lambda: self._allowed(values),
            )
        if not problems and self.room:
            problems = _refused(partial(room.demand, planner.entity, values, self.room))
        if problems:
            return Verdict(one.line, "failed", "invalid", problems)
        return Verdict(one.line, "created", values=values, texts=one.texts)

    def _allowed(self, values: dict[str, Any]) -> None:
        """Ask the entity's own rules, where it has any for new records."""
        if self.planner.is_ruled:
            entity = self.planner.entity
            with operating("create", entity.key):
                rules_of(entity).before_create(entity, values)

    def _placed(self, values: dict[str, Any]) -> list[tuple[str, Any]]:
        """Whose a new record is, or in which pool, and how it was obtained (POOL-8, C29)."""
        planner, whose = self.planner, self.planner.entity.responsible
        if not whose:
            return []
        values |= planner.placed
        if planner.options.pool:
            return []
        person = values[whose] = values.get(whose) or planner.default_owner
        return [] if planner.reach.covers(person) else [(whose, FOREIGN_OWNER)]


class _Carried:
    """What the rows carry: a child of each one's record, decided over like a row of its own (IMP).

    It joins the record that its row makes, changes or repeats; one that is called the same there
    already is taken to be it.
    """

    def __init__(
        self, owner: Planner, planner: Planner, claims: Claims, known: Mapping[int, Row]
    ) -> None:
        self.options, self.kind, self.known = owner.options, planner.entity.key, known
        self.title = planner.entity.title
        self.through = planner.through
        self.planner, self.decision = planner, _Decision(planner, claims, {}, Said(planner, []))

    def read(self, rows: Sequence[tuple[int, list[str]]], parents: Collection[int]) -> None:
        """Read what the rows carry, and look up what their records have already."""
        read = self.planner.reader.read(rows)
        signs = matching.signs(self.planner.unique, [one.values for one in read])
        hits = matching.taken(self.planner.entity, self.planner.unique, signs)
        self.asked = {
            one.line: (one, self.planner.signs(one.values, some), hit)
            for one, some, hit in zip(read, signs, hits, strict=True)
            if one.texts
        }
        self.there = matching.children(self.planner.entity, self.through, parents)

    def joined(self, verdict: Verdict, row: Read) -> Verdict:
        """The verdict over a row, now with what it carries."""
        if row.line not in self.asked or not self._joins(verdict):
            return verdict
        one, signs, hits = self.asked[row.line]
        name, parent = one.values.get(self.title), verdict.parent
        called = (self.kind, parent, name)
        if name and ((parent, name) in self.there or self.decision.claims.born([called])):
            return verdict
        one.values |= {self.through: parent, "owner": row.values.get("owner")}
        child = self.decision.over(one, [*signs, called], hits, [])
        if child.outcome == "failed" or child.code == "exists":
            problems = child.problems or [(self.title, REASONS["exists"])]
            behind = [(f"{self.kind}{BEHIND}{key}", sentence) for key, sentence in problems]
            return Verdict(row.line, "failed", "invalid", behind, record=verdict.record)
        return self._attached(verdict, child) if child.outcome == "created" else verdict

    def _joins(self, verdict: Verdict) -> bool:
        if verdict.code == "exists":
            return verdict.outcome == "skipped" and self.options.attaches
        return verdict.outcome != "failed" and verdict.code != "missing"

    def _attached(self, verdict: Verdict, child: Verdict) -> Verdict:
        verdict.carried = child
        if self.options.pool and not verdict.record:
            child.values["owner"] = None  # as its record
        if verdict.outcome == "skipped":
            verdict.outcome, verdict.code = "updated", ATTACHED
        if row := self.known.get(verdict.record or 0):
            change = verdict.change or Change(row.id, row.title, row.values, {})
            note = {ATTACHED: ["", child.values[self.title]]}
            verdict.change = replace(change, notes=note)
        return verdict


def _refused(*checks: Callable[[], Any], key: str = "") -> list[tuple[str, Any]]:
    """What the first of these checks refuses, by column."""
    for check in checks:
        try:
            check()
        except Invalid as refusal:
            wrong = [(k, sentence) for k, some in refusal.fields.items() for sentence in some]
            return wrong or [("", refusal.message)]
        except Refusal as refusal:
            return [("", refusal.message)]
        except ValueError as error:
            return [(key, error.args[0])]
    return []
