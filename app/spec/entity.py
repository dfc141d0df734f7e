"""An entity: everything the product needs to know of one kind of record.

From it are derived the table, the pages, the filters, the bulk operations, the REST API, the rows
of the permission matrix, the history and the generated tests. What can't work is refused while the
program loads, with entity, attribute and cure (style.md 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zlib import crc32

from app.spec import menu
from app.spec.conditions import columns_in
from app.spec.conversion import Conversion
from app.spec.errors import DeclarationError
from app.spec.field import Field
from app.spec.kinds import BooleanField, IntegerField, OptionField, TextField
from app.spec.operations import OPERATIONS, Operation
from app.spec.opinions import DISPUTED
from app.spec.quality import Check
from app.spec.relations import LinksField, RelationField
from app.spec.roles import BUILT_IN_ROLES, Grant
from app.spec.scopes import Scope
from app.spec.views import View, view
from app.spec.words import Label


@dataclass(frozen=True)
class Child:
    """Records of another entity that belong to this one, shown as a tab of its page."""

    entity: str
    through: str
    """The child's relation field that points here."""
    cascades: bool = True
    """May go to the new owner along with a transfer, and its people into a team."""
    follows_pool: bool = True
    """Its owner follows the parent into and out of the pool (POOL-8)."""
    in_sheets: bool = False
    """A row that is imported may carry one of them beside its record (IMP)."""


@dataclass(frozen=True, kw_only=True)
class PageRight:
    """A page of its own as a row of the permission matrix: pages are permissions too (PERM)."""

    key: str
    label: Label
    operations: tuple[str, ...]
    grants: Mapping[str, Grant]
    url: str
    icon: str
    menu: str = "organisation"
    """Its group in the navigation; listed there for whoever holds its ``list``."""


@dataclass(frozen=True)
class OpenPage:
    """A page without a row of its own in the matrix: everybody's, or that of a right on records."""

    label: Label
    url: str
    icon: str
    menu: str
    needs: tuple[str, str] | None = None
    """The entity and operation that its readers are granted; None: logged in is enough."""
    rank: int = 100
    """Its place in the navigation, among those of the entities."""


ALL_ROWS = View("all", Label("All", "全部"), ())
MINE = view("mine", "Mine", "我负责的", "owner", "eq", "@me")
MY_PEOPLES = view("my_people", "My people's", "下属负责的", "owner", "eq", "@my_people")


NUMBER = IntegerField(
    key="id", label=Label("Record number", "记录编号"), also=("编号", "record id", "ID")
)
"""The record's own number: in no form; in exports and imports it says which record a row is."""
CHECKLIST = "checklist"
"""The field in which a record tells how many steps of its checklist are done."""
STARRED = BooleanField(key="starred", label=Label("Starred", "星标"))
"""What no record stores: whether its reader has starred it. A condition like any other (LIST-5)."""
STARRED_VIEW = View(
    "starred",
    Label("Starred", "我的星标"),
    ({"col": STARRED.key, "opr": "eq", "value": True},),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Entity:
    """One kind of record. ``model`` carries the fields; the rest is how it is named and used."""

    model: type[Any]
    key: str
    plural: str
    one: Label
    many: Label
    icon: str
    menu: str
    """The group of the left navigation; see ``app/spec/menu.py``."""
    operations: tuple[str, ...]
    grants: Mapping[str, Grant] = field(default_factory=dict)
    rank: int = 100
    """Its place in the navigation and the permission matrix."""
    title: str = "name"
    """The field a record is called by."""
    order: str = "-id"
    """How a list is sorted at first: a field's key, ``-`` in front for descending."""
    children: tuple[Child, ...] = ()
    judged: tuple[str | OptionField, ...] = ()
    """What departments judge each for itself: fields of its own by key, and aspects (CUS-5)."""
    has_timeline: bool = False
    """Its page shows what happened with it and what belongs to it, newest first (ACT-2)."""
    moment: str = ""
    """The field with the time at which its records stand in the timelines of those they name."""
    has_files: bool = False
    """Files can be attached: seen by whoever reads the record, changed by whoever edits it."""
    has_checklist: bool = False
    """Each record has small steps, ticked by whoever may mark it done, written by who edits it.
    How many are done it tells in its system field ``checklist``."""
    has_comments: bool = False
    """Whoever reads a record may say something about it, and mention others who read it."""
    views: tuple[View, ...] = ()
    first_view: str = ""
    """The view that the bare address of its list shows; empty for all rows (LEAD-2)."""
    conversion: Conversion | None = None
    """What its records become by ``convert``."""
    quality: tuple[Check, ...] = ()
    """What makes one of its records doubtful (CUS-9)."""
    rules: Any = None
    """The entity's business rules, an instance of ``app.operations.rules.Rules``."""
    told_as: Mapping[str, str] = field(default_factory=dict)
    """By operation: the kind of message, where it isn't its own; of ``create`` only where named."""
    help: Label | None = None
    """What these records are, for whoever asks on one of their pages (UI-14)."""
    samples: tuple[Mapping[str, Any], ...] = ()
    """Believable rows for tests, in this order; required fields given, relations left out."""

    @cached_property
    def fields(self) -> dict[str, Field]:
        return dict(self.model.__fields__)

    @cached_property
    def english(self) -> str:
        """The field with a record's English name (UI-8); empty when it has none."""
        key = f"{self.title}_en"
        return key if key in self.fields else ""

    @cached_property
    def restrictable(self) -> dict[str, Field]:
        """The fields that roles may hide or mask: all but the one that a record is called by."""
        return {key: field for key, field in self.fields.items() if key != self.title}

    @cached_property
    def searched(self) -> tuple[Field, ...]:
        """The fields that a search looks into, the title first."""
        found = (f for f in self.fields.values() if f.search)
        return tuple(sorted(found, key=lambda f: f.key != self.title))

    @cached_property
    def search_marks(self) -> dict[str, str]:
        """In front of a searched field's tokens, to tell from which field they come."""
        return {
            f.key: "" if f.key == self.title else f"q{crc32(f.key.encode()) & 0xFFF:03x}"
            for f in self.searched
        }

    @cached_property
    def letting_in(self) -> tuple[LinksField, ...]:
        """The fields whose people have the record in their scope beside its owner (contract §6)."""
        fields = self.fields.values()
        return tuple(f for f in fields if isinstance(f, LinksField) and f.lets_in)

    @property
    def is_owned(self) -> bool:
        """Its rows have an owner and are scoped by him (contract §6)."""
        return bool(getattr(self.model, "__owned__", False))

    @property
    def is_attached(self) -> bool:
        """Its rows belong to a record of one of several kinds; whoever reads that one reads them
        (ACT-3)."""
        return bool(getattr(self.model, "__attached__", False))

    @property
    def responsible(self) -> str:
        """The field with the person whose row it is, whom scopes are about; "" for none."""
        return "owner" if self.is_owned else "author" if self.is_attached else ""

    @property
    def is_pooled(self) -> bool:
        return bool(getattr(self.model, "__pooled__", False))

    @property
    def is_binned(self) -> bool:
        """Deleting means the recycle bin."""
        return bool(getattr(self.model, "__binned__", False))

    @cached_property
    def verbs(self) -> tuple[Operation, ...]:
        """The operations it declares, in the order of the matrix."""
        return tuple(op for slug, op in OPERATIONS.items() if slug in self.operations)

    @cached_property
    def bulk_verbs(self) -> tuple[Operation, ...]:
        return tuple(op for op in self.verbs if op.is_bulk)

    @cached_property
    def parents(self) -> tuple[RelationField, ...]:
        return tuple(
            f for f in self.fields.values() if isinstance(f, RelationField) and f.is_parent
        )

    @cached_property
    def aspects(self) -> dict[str, OptionField]:
        """What departments judge, by key (CUS-5)."""
        named = (self.fields[one] if isinstance(one, str) else one for one in self.judged)
        return {f.key: f for f in named if isinstance(f, OptionField)}

    @cached_property
    def carried(self) -> Child | None:
        """The child that a row of a sheet may carry."""
        return next((child for child in self.children if child.in_sheets), None)

    @cached_property
    def builtin_views(self) -> tuple[View, ...]:
        """All, mine and my people's for owned entities, starred; its model's; its own (LIST-4).

        The one that the bare address shows stands in front.
        """
        standard = (ALL_ROWS, MINE, MY_PEOPLES) if self.is_owned else (ALL_ROWS,)
        of_model: tuple[View, ...] = getattr(self.model, "__views__", ())
        found = (*standard, STARRED_VIEW, *of_model, *self.views)
        return tuple(sorted(found, key=lambda view: view.key != self.first_view))

    def verb(self, slug: str) -> Operation | None:
        """The operation of that name when this entity has it."""
        return OPERATIONS[slug] if slug in self.operations else None

    def validate(self, known: Mapping[str, "Entity"]) -> None:
        """Raise :class:`DeclarationError` for anything that can't work."""
        self._check_names()
        self._check_operations()
        self._check_grants()
        self._check_views()
        self._check_due()
        self._check_links(known)
        self._check_conversion(known)
        self._check_judged()

    def _check_names(self) -> None:
        menu.check(self.key, self.menu)
        if not self.key.isidentifier() or not self.plural.replace("-", "_").isidentifier():
            raise DeclarationError(self.key, "key", "use small letters, digits and underscores")
        if self.title not in self.fields:
            raise DeclarationError(self.key, "title", f"there is no field {self.title!r}")
        if self.order.lstrip("-") not in {*self.fields, "id"}:
            raise DeclarationError(self.key, "order", f"there is no field {self.order!r}")
        if self.moment and getattr(self.fields.get(self.moment), "kind", "") != "datetime":
            raise DeclarationError(self.key, "moment", f"there is no time {self.moment!r}")
        if STARRED.key in self.fields:
            raise DeclarationError(self.key, STARRED.key, "every entity has it: drop the field")
        if not any(f.listed for f in self.fields.values()):
            raise DeclarationError(self.key, "fields", "mark at least one field as listed")
        for check in self.quality:
            if not set(check.fields) <= set(self.fields):
                raise DeclarationError(self.key, "quality", f"{check.key}: no such fields")
        if len(set(self.search_marks.values())) < len(self.searched):
            raise DeclarationError(self.key, "fields", "two searched fields need other names")
        for f in self.fields.values():
            if f.required and f.system:
                raise DeclarationError(
                    self.key, f.key, "a system field is in no form, so it can't be required"
                )

    def _check_operations(self) -> None:
        able = {"owner": self.is_owned, "pool": self.is_pooled, "bin": self.is_binned}
        able |= {"team": self.is_owned, "judged": bool(self.judged)}
        if self.has_files and not {"read", "edit"} <= set(self.operations):
            raise DeclarationError(self.key, "has_files", "files need the operations read and edit")
        if self.has_checklist:
            self._check_checklist()
        if self.has_comments and "read" not in self.operations:
            raise DeclarationError(self.key, "has_comments", "comments need the operation read")
        if self.has_comments and "comment" in self.fields:
            raise DeclarationError(self.key, "comment", "comments have it: rename the field")
        for slug in self.operations:
            if slug not in OPERATIONS:
                raise DeclarationError(self.key, "operations", f"there is no operation {slug!r}")
            needs = OPERATIONS[slug].needs
            if needs and not able[needs]:
                raise DeclarationError(
                    self.key, "operations", f"{slug} needs a model with {needs!r}; drop it"
                )
            if slug == "convert" and self.conversion is None:
                raise DeclarationError(self.key, "conversion", "say what its records become")
            missing = set(OPERATIONS[slug].needs_fields) - set(self.fields)
            if missing:
                raise DeclarationError(
                    self.key, "operations", f"{slug} needs the fields {sorted(missing)}"
                )

    def _check_checklist(self) -> None:
        told = self.fields.get(CHECKLIST)
        if not isinstance(told, TextField) or not told.system:
            raise DeclarationError(self.key, "has_checklist", "add checklist = field.checklist()")
        if not {"read", "edit", "complete"} <= set(self.operations):
            raise DeclarationError(self.key, "has_checklist", "it needs read, edit and complete")
        if "merge" in self.operations:
            raise DeclarationError(self.key, "has_checklist", "two checklists can't become one")

    def _check_grants(self) -> None:
        for role, given in self.grants.items():
            if role not in BUILT_IN_ROLES:
                raise DeclarationError(self.key, "grants", f"there is no built-in role {role!r}")
            unknown = set(given.operations) - set(self.operations)
            if unknown:
                raise DeclarationError(
                    self.key, "grants", f"{role} is granted {sorted(unknown)}, not declared here"
                )
            if not self.responsible and given.scope not in (Scope.ALL, Scope.NONE):
                raise DeclarationError(
                    self.key, "grants", f"{role}: rows without an owner have scope ALL or NONE"
                )
            columns = {*given.hidden, *given.read_only, *given.masked} - set(self.fields)
            if columns:
                raise DeclarationError(self.key, "grants", f"no fields {sorted(columns)}")
            for key in given.masked:
                if not self.fields[key].mask:
                    raise DeclarationError(self.key, key, "declare a kind of mask to mask it")

    def _check_due(self) -> None:
        for f in self.fields.values():
            unknown = set(getattr(f, "judged_by", ())) - set(self.fields)
            if unknown:
                raise DeclarationError(self.key, f.key, f"settled by no fields {sorted(unknown)}")

    def _check_views(self) -> None:
        known = {*self.fields, STARRED.key, *([DISPUTED.key] if self.judged else [])}
        for each in self.builtin_views:
            if unknown := set(columns_in(each.filters)) - known:
                raise DeclarationError(
                    self.key, "views", f"{each.key}: no fields {sorted(unknown)}"
                )
        if self.first_view and self.builtin_views[0].key != self.first_view:
            raise DeclarationError(self.key, "first_view", f"there is no view {self.first_view!r}")

    def _check_judged(self) -> None:
        named = {one for one in self.judged if isinstance(one, str)}
        if any(not isinstance(self.fields.get(key), OptionField) for key in named):
            raise DeclarationError(self.key, "judged", "name fields that choose from a list")
        own = {one.key for one in self.judged if isinstance(one, OptionField)}
        if taken := own & {*self.fields, "department", "note"}:
            raise DeclarationError(self.key, "judged", f"{sorted(taken)} mean something else here")
        if self.judged and not {"read", "judge"} <= set(self.operations):
            raise DeclarationError(self.key, "judged", "opinions need the operations read, judge")
        if self.judged and DISPUTED.key in self.fields:
            raise DeclarationError(self.key, DISPUTED.key, "opinions have it: drop the field")

    def _check_conversion(self, known: Mapping[str, "Entity"]) -> None:
        way = self.conversion
        if way is None:
            return
        if way.into not in known.keys() & self.fields.keys():
            raise DeclarationError(
                self.key, "conversion", "name an entity, and have a field of that name"
            )
        filled = [(way.into, {*way.sources})]
        filled += [(one.entity, {one.through, *one.sources}) for one in way.beside]
        for key, fields in filled:
            if unknown := fields - (known[key].fields.keys() if key in known else set()):
                raise DeclarationError(self.key, "conversion", f"{key}: no {sorted(unknown)}")
        sources = (way.sources, *(one.sources for one in way.beside))
        taken = {name for one in sources for names in one.values() for name in names}
        if unknown := taken - self.fields.keys():
            raise DeclarationError(self.key, "conversion", f"no fields {sorted(unknown)}")

    def _check_links(self, known: Mapping[str, "Entity"]) -> None:
        for f in self.fields.values():
            if isinstance(f, RelationField | LinksField) and f.to not in known:
                raise DeclarationError(
                    self.key, f.key, f"points at {f.to!r}, which is not declared"
                )
            if isinstance(f, RelationField) and f.told_with not in {"", *known[f.to].fields}:
                raise DeclarationError(self.key, f.key, f"{f.to} has no {f.told_with!r} to tell")
        for f in self.letting_in:
            if f.to != "user" or not self.is_owned:
                raise DeclarationError(self.key, f.key, "only people are let in, to owned records")
        for child in self.children:
            other = known.get(child.entity)
            through = other.fields.get(child.through) if other else None
            if not isinstance(through, RelationField) or through.to != self.key:
                raise DeclarationError(
                    self.key, "children", f"{child.entity}.{child.through} does not point here"
                )
