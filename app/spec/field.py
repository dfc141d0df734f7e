"""What every field knows of itself: label, rules, where it shows, how it is read and written.

One fact, one place (style.md 1): the facets of a field stand where its column is declared, and
lists, forms, filters, the API, exports and history all ask the same object.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Any, ClassVar, Literal, Self

from flask_babel import lazy_gettext as _l
from sqlalchemy.types import TypeEngine

from app.spec.likeness import Likeness
from app.spec.masks import MaskKind
from app.spec.words import Label

TEXT_OPERATORS = ("eq", "neq", "ct", "nct", "sw", "nsw", "ew", "new", "in", "not_in")
RANGE_OPERATORS = ("eq", "neq", "gt", "ge", "lt", "le", "between")
BLANK_OPERATORS = ("empty", "not_empty")


class Level(IntEnum):
    """What a role may do with a field (PERM-6); several roles: the highest."""

    HIDDEN = 0
    READ = 1
    EDIT = 2


class Masking(IntEnum):
    """Where a field is masked for a role (PERM-6); several roles: the weakest."""

    NONE = 0
    LIST = 1
    ALL = 2


class Section(StrEnum):
    """The layers of a record (CUS-8): forms and detail pages group fields by them."""

    BASIC = "basic"
    BUSINESS = "business"
    STRENGTH = "strength"
    NEWS = "news"
    SOCIAL = "social"
    COOPERATION = "cooperation"
    ADDRESS = "address"
    CLAIMING = "claiming"
    RECYCLING = "recycling"
    SYSTEM = "system"


SECTION_LABELS = {
    Section.BASIC: Label("Basic", "基本信息"),
    Section.BUSINESS: Label("Business", "业务信息"),
    Section.STRENGTH: Label("Strength", "实力"),
    Section.NEWS: Label("News", "动态"),
    Section.SOCIAL: Label("Social", "社交"),
    Section.COOPERATION: Label("Cooperation", "合作"),
    Section.ADDRESS: Label("Address", "地址"),
    Section.CLAIMING: Label("Claiming", "领取规则"),
    Section.RECYCLING: Label("Automatic recycling", "自动收回"),
    Section.SYSTEM: Label("System", "系统信息"),
}


Beside = Literal["", "care", "pool", "lock"]
"""The panels of fields in the side column of a record's page (UI-5)."""


@dataclass(frozen=True)
class Derived:
    """A stored column computed from a field's value: a sort key, a normalised unique key."""

    suffix: str
    compute: Callable[[str], str]
    length: int
    sorts: bool = False
    """Lists are ordered by it instead of by the value itself (UI-8)."""
    is_unique: bool = False
    may_repeat: bool = False
    """Unique, unless somebody has said that another record may be called the same."""
    alike: str = ""
    """What two records have in common that have the same of it (CUS-7)."""

    def column_of(self, key: str) -> str:
        """The stored column, derived from the field of that key."""
        return f"{key}_{self.suffix}"


@dataclass(frozen=True, kw_only=True)
class Field:
    """A declared field. ``key`` is filled in by the model that declares it."""

    kind: ClassVar[str] = ""
    operators: ClassVar[tuple[str, ...]] = ()

    label: Label
    key: str = ""
    required: bool = False
    unique: bool = False
    listed: bool = False
    """Shown in the list unless the reader chooses other columns."""
    fact: bool = False
    """One of the key facts in the header of the detail page."""
    search: str = ""
    """Part of the search index as this kind of value: text, number, phone. Empty: not searched."""
    filterable: bool = True
    sortable: bool = False
    quick: bool = False
    """In the quick-filter bar."""
    mask: MaskKind | None = None
    """The kind of mask a role may put on the field; None: it can't be masked."""
    system: bool = False
    """Written by the program only: in no form, refused by the API (C35)."""
    editable: bool = True
    """False: given at creation, later changed only through an operation of its own."""
    section: Section = Section.BASIC
    beside: Beside = ""
    """Also shown in that panel of the side column of a record's page."""
    only_with: tuple[str, ...] = ()
    """Asked for only while another input of the same dialog has one of these values: its key, then
    they."""
    also: tuple[str, ...] = ()
    """What else people call the field in text that they paste (UI-15)."""
    help: Label | None = None
    default: Any = None
    alike: str = ""
    """What two records have in common that have the same value; see ``app/spec/likeness.py``."""
    derived: tuple[Derived, ...] = ()

    def keyed(self, key: str) -> Self:
        return replace(self, key=key)

    @property
    def column(self) -> str:
        """The name of the stored column."""
        return self.key

    @property
    def sort_column(self) -> str:
        """The column that orders by this field: its stored sort key when it has one (UI-8)."""
        own = (derived.column_of(self.key) for derived in self.derived if derived.sorts)
        return next(own, self.column)

    @property
    def is_stored(self) -> bool:
        """False for values kept in tables of their own, as tags."""
        return True

    @property
    def is_unique(self) -> bool:
        """Whether two living records can't have the same value, as typed or as derived from it."""
        return self.unique or any(derived.is_unique for derived in self.derived)

    @property
    def shared_by(self) -> str:
        """The column of who said that another record may be called the same; "" for none."""
        return f"{self.key}_shared_by_id" if any(d.may_repeat for d in self.derived) else ""

    @property
    def likeness(self) -> Likeness | None:
        """What of the field is compared to find duplicates (CUS-7)."""
        for derived in self.derived:
            if derived.alike:
                return Likeness(derived.alike, derived.column_of(self.key), derived.compute)
        return Likeness(self.alike, self.column, str) if self.alike else None

    def initial(self) -> Any:
        """The value of a new record when nobody gives one."""
        return self.default() if callable(self.default) else self.default

    def column_type(self) -> TypeEngine[Any]:
        raise NotImplementedError

    def parse(self, raw: Any) -> Any:
        """The stored value of what a person or program sent; None for nothing.

        Raises ValueError with a sentence for the reader when the value breaks the field's rule.
        """
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        return self.convert(raw)

    def convert(self, raw: Any) -> Any:
        raise NotImplementedError

    def check_new(self, value: Any) -> None:
        """Raise ValueError for a value that may stand there, but can't be entered by now."""

    def to_json(self, value: Any) -> Any:
        """The value as contract §2 writes it."""
        return value

    def from_json(self, value: Any) -> Any:
        """The stored value that ``to_json`` wrote, whatever may be entered by now.

        Raises ValueError when the field was of another kind then.
        """
        return value

    def to_text(self, value: Any) -> str:
        """The value as a reader sees it in text: exports, history, cells."""
        return "" if value is None else str(value)

    def check_required(self, value: Any) -> None:
        """Raise ValueError when a required field stays empty."""
        if self.required and value in (None, "", [], ()):
            raise ValueError(_l("This field is required."))
