"""What would become of each row: created, updated, left out or failed, and why (IMP, C79).

The dry run and the run take the same steps here, so their verdicts are the same. Rows are looked at
in portions: every question to the database is asked once for all rows of a portion.
"""

from collections import ChainMap, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations import editing
from app.operations.behaviour import Row, lock_rows
from app.operations.importing import matching
from app.operations.importing.options import FOREIGN_OWNER, Options
from app.operations.importing.reading import Read, Reader
from app.operations.rules import rules_of
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Invalid, Refusal
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from app.spec.words import listed
from app.store import titles
from app.store.context import actor, operating
from app.store.policy import Policy
from app.store.writer import Change

REASONS: dict[str, Any] = {
    "invalid": "",
    "exists": _l("It already exists."),
    "missing": _l("There is no such record."),
    "repeated": _l("The same record stands in line %(line)s already."),
    "unchanged": _l("Nothing would change."),
    "several": _l("Several records agree with it."),
    "torn": _l("Its unique values belong to different records."),
}
"""Why a row is left out or fails, by code; of invalid ones each column says it itself."""
UNWRITABLE = _l("This field can't be written.")
KEPT_OWNER = _l("The owner of an existing record is changed by a transfer.")
OUTCOMES = ("created", "updated", "skipped", "failed")


@dataclass
class Verdict:
    """What becomes of one row. ``problems`` names columns, "" for the row as a whole."""

    line: int
    outcome: str
    code: str = ""
    problems: list[tuple[str, Any]] = field(default_factory=list)
    record: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    """What is written; a tag that has yet to be made is its name."""
    change: Change | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    """How the record said it before, by field."""
    earlier: int = 0

    def reason(self, labels: Mapping[str, str]) -> str:
        """Why, in the reader's language; the columns named as he knows them."""
        if self.code != "invalid":
            sentence = str(REASONS.get(self.code, ""))
            return sentence % {"line": self.earlier or "…"} if "%" in sentence else sentence
        parts = (
            f"{labels.get(key, key)}: {sentence}" if key else str(sentence)
            for key, sentence in self.problems
        )
        return " ".join(parts)


@dataclass
class Claims:
    """The records that earlier rows of the file are, so that no record is met twice."""

    fresh: "ChainMap[Any, int]" = field(default_factory=ChainMap)
    touched: "ChainMap[int, int]" = field(default_factory=ChainMap)

    def branch(self) -> "Claims":
        """The same, to be added to and thrown away or kept."""
        return Claims(self.fresh.new_child(), self.touched.new_child())

    def keep(self, branch: "Claims") -> None:
        """Take over what a branch has added."""
        self.fresh.update(branch.fresh.maps[0])
        self.touched.update(branch.touched.maps[0])


@dataclass
class Planner:
    """Decides over the rows of one import for one person; asks the database, writes nothing."""

    entity: Entity
    columns: Mapping[str, int]
    """In which column of the sheet each field stands."""
    options: Options
    is_csv: bool
    dry_run: bool
    claims: Claims = field(default_factory=Claims)

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.entity, self.columns, self.is_csv)

    @property
    def fields(self) -> dict[str, Field]:
        return self.reader.fields

    @cached_property
    def policy(self) -> Policy:
        """What the importer sees of records that he changes."""
        return Policy(actor(), self.entity, "edit", in_list=True)

    @cached_property
    def creatable(self) -> dict[str, Field]:
        return Policy(actor(), self.entity, "create").writable(creating=True)

    @cached_property
    def required(self) -> dict[str, Field]:
        """Those of them that can't be left out: all others are never asked about."""
        return {key: f for key, f in self.creatable.items() if f.required}

    @cached_property
    def editable(self) -> dict[str, Field]:
        return self.policy.writable(creating=False)

    @cached_property
    def _initial(self) -> dict[str, Any]:
        """What a new record starts with where its row says nothing."""
        found = {key: f.initial() for key, f in self.creatable.items()}
        return found | dict(self.options.defaults)

    @cached_property
    def unique(self) -> list[Field]:
        return [f for f in self.fields.values() if f.is_unique]

    def plan(self, rows: Sequence[tuple[int, list[str]]]) -> tuple[list[Verdict], Claims]:
        """The verdicts of a portion, and what it claims: to be kept when it is written."""
        read = self.reader.read(rows)
        hits = matching.taken(self.entity, self.unique, [one.values for one in read])
        agreeing = self._agreeing(read)
        wanted = {some[0] for some in agreeing if len(some) == 1}
        wanted |= {i for hit in hits for some in hit.values() for i in some}
        wanted |= {one.values["id"] for one in read if one.values.get("id")}
        known = self._known(wanted)
        said = _Said(self, list(known.values()))
        claims = self.claims.branch()
        decide = _Decision(self, claims, known, said)
        return [
            decide.over(one, hit, some) for one, hit, some in zip(read, hits, agreeing, strict=True)
        ], claims

    def _agreeing(self, read: Sequence[Read]) -> list[list[int]]:
        keys = self.options.match
        if not keys or not actor().rights.may(self.entity.key, "edit"):
            return [[] for _one in read]
        return matching.agreeing(self.entity, keys, [one.values for one in read])

    def _known(self, ids: Iterable[int]) -> dict[int, Row]:
        """The matched records that he may change, as they are; locked when this is no dry run."""
        if not self.options.updates:
            return {}
        with operating("edit", self.entity.key, pools=True):
            wanted = sorted(set(ids))
            found = lock_rows(self.entity, wanted, tuple(self.fields), lock=not self.dry_run)
            return {row.id: row for row in found}


class _Said:
    """How records say what they hold, so that an export that comes back changes nothing (EXP-4)."""

    def __init__(self, planner: Planner, rows: Sequence[Row]) -> None:
        self.policy = planner.policy
        self.names: dict[tuple[str, int], str] = {}
        wanted: dict[str, set[int]] = defaultdict(set)
        for f in planner.fields.values():
            if isinstance(f, RelationField | LinksField):
                wanted[f.to].update(i for row in rows for i in _ids(row.values.get(f.key)))
        for to, ids in wanted.items():
            named = titles.by_ids(catalogue.get(to), ids)
            self.names |= {(to, i): name for i, name in named.items()}

    def of(self, declared: Field, row: Row) -> str:
        """The text that an export has in this cell."""
        value = row.values.get(declared.key)
        if isinstance(declared, RelationField | LinksField):
            return listed(filter(None, (self.names.get((declared.to, i)) for i in _ids(value))))
        shown = self.policy.shown(declared, value)
        is_masked = value is not None and declared.key in self.policy.masked
        return str(shown) if is_masked else declared.to_text(value)


def _ids(value: Any) -> list[int]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


@dataclass
class _Decision:
    """Decides over rows one by one, from what the portion has found out."""

    planner: Planner
    claims: Claims
    known: Mapping[int, Row]
    said: _Said

    def over(self, one: Read, hits: matching.Hits, agreeing: Sequence[int]) -> Verdict:
        """The verdict over a row, in this order: which record, whether it is readable, what."""
        target, code = self._target(one, hits, agreeing)
        problems = self._unsaid(one, target)
        if problems:
            return Verdict(one.line, "failed", "invalid", problems)
        signs = self._signs(one)
        earlier = next((self.claims.fresh[s] for s in signs if s in self.claims.fresh), 0)
        if earlier:
            return Verdict(one.line, "skipped", "repeated", earlier=earlier)
        if code:
            return Verdict(one.line, "failed", code)
        if target and target in self.claims.touched:
            line = self.claims.touched[target]
            return Verdict(one.line, "skipped", "repeated", earlier=line)
        verdict = self._existing(one, target) if target else self._new(one)
        if verdict.outcome == "created":
            self.claims.fresh.update(dict.fromkeys(signs, one.line))
        elif target and verdict.code != "exists":
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

    def _signs(self, one: Read) -> list[Any]:
        """What tells a new record of this file from the others."""
        entity, keys = self.planner.entity, self.planner.options.match
        signs: list[Any] = []
        for f in self.planner.unique:
            key = matching.unique_key(f, one.values.get(f.key))
            signs += [(f.key, key)] if key else []
        if keys and all(one.values.get(key) for key in keys):
            signs.append((entity.key, tuple(one.values[key] for key in keys)))
        return signs

    def _target(
        self, one: Read, hits: matching.Hits, agreeing: Sequence[int]
    ) -> tuple[int | None, str]:
        """The record that the row is, or why that can't be said."""
        holders = {i for some in hits.values() for i in some}
        if one.values.get("id"):
            mine = [one.values["id"]]
            if mine[0] not in self.known and self.planner.options.updates:
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
        if not self.planner.options.updates:
            return Verdict(one.line, "skipped", "exists", record=target)
        row = self.known.get(target)
        if row is None:
            return Verdict(one.line, "failed", "exists")
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
            return Verdict(one.line, "failed", "invalid", problems)
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
        problems = [(key, UNWRITABLE) for key in given if key not in planner.creatable]
        values = {**planner._initial, **given}
        for key, f in planner.required.items():
            problems += _refused(partial(f.check_required, values[key]), key=key)
        if not problems:
            problems = self._placed(values)
        if not problems:
            with operating("create", planner.entity.key):
                rules = rules_of(planner.entity)
                problems = _refused(
                    lambda: editing.refuse_masks(planner.policy, given),
                    lambda: rules.before_create(planner.entity, values),
                )
        if problems:
            return Verdict(one.line, "failed", "invalid", problems)
        return Verdict(one.line, "created", values=values, texts=one.texts)

    def _placed(self, values: dict[str, Any]) -> list[tuple[str, Any]]:
        """Whose a new record is, or in which pool, and how it was obtained (POOL-8, C29)."""
        entity, options = self.planner.entity, self.planner.options
        if not entity.is_owned:
            return []
        if options.pool:
            values |= {"owner": None, "pool": options.pool, "pooled_at": clock.now()}
            return []
        values["owner"] = values.get("owner") or options.owner or actor().user_id
        if entity.is_pooled:
            values |= {"obtained_at": clock.now(), "obtained_way": "imported"}
        reach = actor().rights.reach(entity.key, "create")
        if reach.everything or values["owner"] in reach.owners:
            return []
        return [("owner", FOREIGN_OWNER)]


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
