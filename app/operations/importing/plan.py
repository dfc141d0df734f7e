"""What would become of each row: created, updated, left out or failed, and why (IMP, C79).

The dry run and the run take the same steps here, so their verdicts are the same. Rows are looked at
in portions: every question to the database is asked once for all rows of a portion.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations.behaviour import Row, lock_rows
from app.operations.importing import matching
from app.operations.importing.options import Options
from app.operations.importing.reading import Read, Reader
from app.operations.rules import Rules, rules_of
from app.spec import clock, sentences
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from app.spec.scopes import Reach
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
ALIKE = ("repeated",)
"""The codes of rows that are counted together, though each names a line of its own."""
UNWRITABLE = _l("This field can't be written.")
KEPT_OWNER = _l("The owner of an existing record is changed by a transfer.")
ATTACHED = "attached"
"""The code of a row whose record stays as it is and gets what the row carries; and the note of it
in that record's history."""
Sign = tuple[Any, ...]
"""A field and what of its value is compared; ``CHOSEN`` and the values of the fields to match by;
of a carried child all that behind its kind."""
CHOSEN = ""
OUTCOMES = ("created", "updated", "skipped", "failed")


@dataclass(slots=True)
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
    carried: "Verdict | None" = None
    """What it carries for its record: a child to be created."""

    @property
    def parent(self) -> int:
        """The record that it is about; while that has no number, minus the line it comes from."""
        return self.record or -(self.earlier or self.line)

    def reason(self, labels: Mapping[str, str]) -> str:
        """Why, in the reader's language; the columns named as he knows them."""
        return _reason(self.code, self.problems, self.earlier, labels)

    def common_reason(self, labels: Mapping[str, str]) -> str:
        """The same as it is counted: said alike of rows of one kind."""
        return _reason(self.code, self.problems, 0, labels)

    def kept_reason(self) -> str:
        """What ``told_reason`` makes the same of for any reader."""
        if self.code != "invalid":
            return json.dumps(self.earlier) if self.earlier else ""
        problems = [(key, sentences.packed(sentence)) for key, sentence in self.problems]
        return json.dumps(problems, ensure_ascii=False)


def told_reason(code: str, kept: str, labels: Mapping[str, str]) -> str:
    """Why a row of a report changed nothing, in the reader's language (UI-8).

    Rows of earlier versions hold the sentence itself, in the language of the run.
    """
    try:
        found = json.loads(kept) if kept else 0
    except ValueError:
        return kept
    if isinstance(found, list):
        problems = [(key, sentences.said(sentence)) for key, sentence in found]
        return _reason(code, problems, 0, labels)
    return _reason(code, (), found, labels)


def _reason(
    code: str, problems: Iterable[tuple[str, Any]], earlier: int, labels: Mapping[str, str]
) -> str:
    if code != "invalid":
        sentence = str(REASONS.get(code, ""))
        return sentence % {"line": earlier or "…"} if "%" in sentence else sentence
    parts = (
        f"{labels.get(key, key)}: {sentence}" if key else str(sentence)
        for key, sentence in problems
    )
    return " ".join(parts)


@dataclass
class Claims:
    """The records that earlier rows of the file are, so that no record is met twice.

    Nothing of it depends on where a portion ends, nor on whether the earlier ones are written: so
    dry run and run say the same (C79). What it holds can be stored as JSON.
    """

    fresh: dict[Any, int] = field(default_factory=dict)
    """The lines that new records come from, by sign."""
    touched: dict[int, int] = field(default_factory=dict)
    """The lines that existing records were met in."""
    made: dict[int, int] = field(default_factory=dict)
    """The new records by line, once they are written, where rows carry children."""
    moved: dict[Any, list[int]] = field(default_factory=dict)
    """The existing records whose signs rows have changed: by those they had, and those they got."""
    kept: "Claims | None" = None
    """What was claimed before this branch."""

    @property
    def told(self) -> "tuple[dict[Any, Any], ...]":
        """All that it holds, without what was claimed before."""
        return self.fresh, self.touched, self.made, self.moved

    def branch(self) -> "Claims":
        """The same, to be added to and thrown away or kept."""
        return Claims(kept=self)

    def keep(self, branch: "Claims") -> None:
        """Take over what a branch has added."""
        for mine, more in zip(self.told, branch.told, strict=True):
            mine.update(more)

    def record_of(self, parent: int) -> int:
        """The record that a verdict is about, after what it is about was written."""
        before = self.kept.made if self.kept else {}
        return parent if parent > 0 else self.made.get(-parent) or before[-parent]

    def born(self, signs: Iterable[Any]) -> int:
        """The line of a new record that has one of these signs; 0 for none."""
        before = self.kept.fresh if self.kept else {}
        for sign in signs:
            if line := self.fresh.get(sign) or before.get(sign):
                return line
        return 0

    def met(self, record: int) -> int | None:
        """The line that an existing record was met in; None: in none."""
        before = self.kept.touched if self.kept else {}
        return self.touched.get(record, before.get(record))

    def move(self, record: int, signs: Iterable[Any]) -> None:
        """An existing record had these signs, or has got them."""
        for sign in signs:
            self.moved[sign] = sorted({record, *self.holders(sign)})

    def holders(self, sign: Any) -> Sequence[int]:
        """The existing records that had that sign before a row changed it, or have got it so."""
        before = self.kept.moved if self.kept else {}
        return self.moved.get(sign) or before.get(sign) or ()


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
    carried: "Planner | None" = None
    """Decides over the children that the rows carry."""
    memory: dict[str, Any] | None = None
    """What rules remember of earlier rows in a dry run, where nothing is ever written."""
    through: str = ""
    """Of such a one: the field that names the record which it belongs to."""
    kind: tuple[str, ...] = ()
    """Of such a one: what its signs begin with."""

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

    @property
    def reaches(self) -> bool:
        """Whether anything is done to records that exist already."""
        return self.options.updates or bool(self.carried and self.options.attaches)

    @cached_property
    def unwritable(self) -> list[str]:
        """The mapped fields that he can't give a new record."""
        return [key for key in self.fields if key not in self.creatable]

    @cached_property
    def placed(self) -> Mapping[str, Any]:
        """What every new record is told of how it came here (POOL-8)."""
        if self.options.pool:
            return {"owner": None, "pool": self.options.pool, "pooled_at": clock.now()}
        if self.entity.is_pooled:
            return {"obtained_at": clock.now(), "obtained_way": "imported"}
        return {}

    @property
    def default_owner(self) -> int:
        """Whose a new record is when its row doesn't say."""
        return self.options.owner or actor().user_id

    @cached_property
    def is_ruled(self) -> bool:
        """Whether the entity has rules of its own for new records."""
        return type(rules_of(self.entity)).before_create is not Rules.before_create

    @cached_property
    def reach(self) -> Reach:
        """For whom he may create records."""
        return actor().rights.reach(self.entity.key, "create")

    @cached_property
    def initial(self) -> dict[str, Any]:
        """What a new record starts with where its row says nothing."""
        found = {key: f.initial() for key, f in self.creatable.items()}
        return found | dict(self.options.defaults)

    @cached_property
    def unique(self) -> list[Field]:
        return [f for f in self.fields.values() if f.is_unique]

    @cached_property
    def telling(self) -> set[str]:
        """The fields that may tell which record a row is."""
        return {*self.options.match, *(f.key for f in self.unique)}

    def signs(self, values: Mapping[str, Any], unique: Sequence[Sign]) -> list[Sign]:
        """What tells a record of these values from the others of its kind in this file."""
        return [_plain((*self.kind, *sign)) for sign in unique] + self.chosen(values)

    def chosen(self, values: Mapping[str, Any]) -> list[Sign]:
        """The one of these signs that he chose to match by, unless a part of it is empty."""
        keys = self.options.match
        if not keys or not all(values.get(key) for key in keys):
            return []
        return [_plain((*self.kind, CHOSEN, *(values[key] for key in keys)))]

    def signs_of(self, values: Mapping[str, Any]) -> set[Sign]:
        """All of them, of values that are stored or will be."""
        return {*self.signs(values, matching.signs(self.unique, [values])[0])}

    def agreeing(self, read: Sequence[Read]) -> list[list[int]]:
        """For each row the records that agree with it in what he chose to match by."""
        keys = self.options.match
        if not keys or not actor().rights.may(self.entity.key, "edit"):
            return [[] for _one in read]
        return matching.agreeing(self.entity, keys, [one.values for one in read])

    def known(self, ids: Iterable[int]) -> dict[int, Row]:
        """Matched records that he may change, as they are; locked when this is no dry run."""
        if not self.reaches:
            return {}
        with operating("edit", self.entity.key, pools=True):
            wanted = sorted(set(ids))
            found = lock_rows(self.entity, wanted, tuple(self.fields), lock=not self.dry_run)
            return {row.id: row for row in found}


def _plain(sign: Sign) -> Sign:
    """A sign as it is claimed, in words and numbers only."""
    return tuple(one if isinstance(one, str | int) else str(one) for one in sign)


class Said:
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
