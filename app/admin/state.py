"""Everything a list page shows is in its address (LIST-3): back button, bookmark and share work.

``?search=&filters=&order=-name&page=1&size=50&view=``; anything else is answered with 400.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any
from urllib.parse import urlencode

import prison
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from app.spec import columns
from app.spec.errors import BadRequest
from app.spec.options import fixed, option
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.text import is_storable
from app.spec.words import Label
from app.store.listing import Query
from app.store.views import PLAIN, Definition

SIZES = (20, 50, 100)
PAGE_SIZE: Setting[str] = declare(
    "page_size",
    columns.choice(
        "Rows on a page of a list",
        "列表每页行数",
        fixed("page_size", "Rows", "行数", *(option(str(n), str(n), str(n)) for n in SIZES)),
        default="50",
        help=Label("Everybody may choose another size in a list.", "每个人都可以在列表中另选。"),
    ),
    Chapter.LISTS,
)
BUILDER = ("f_col", "f_op", "f_value", "f_quick")
KEYS = frozenset({"search", "filters", "order", "page", "size", "view", "exact", "seen", *BUILDER})
FROM = "from"
"""The argument of a record's page that says which list its reader came from."""
BINNED_VIEW = "deleted"
BIN = "/recycle-bin/"
"""Where everything deleted is listed."""
UNREADABLE = (ValueError, RecursionError, prison.decoder.ParserException, TypeError, IndexError)
"""What the decoder of rison raises for text that is none, or breaks off."""
_TWO_VALUED = frozenset({"between"})
_MANY_VALUED = frozenset({"in", "not_in", "any", "all", "none", "rel_m_m"})
QUICK = ("in", "any", "rel_m_m", "within", "eq")
"""The operator of a quick filter: the first of these that the field has."""
_NO_VALUE = frozenset({"empty", "not_empty"})


_PARTING = str.maketrans({"%": "%25", "&": "%26", "+": "%2B", " ": "+", "#": "%23"})
"""What has a meaning of its own between the arguments of an address."""


@dataclass(frozen=True)
class ListState:
    """What somebody looks at in a list, as its address says."""

    path: str
    search: str = ""
    conditions: tuple[Any, ...] = ()
    order: str = ""
    page: int = 1
    size: int = field(default_factory=lambda: default_size())
    view: str = ""
    is_exact: bool = False
    seen: int = 0
    """How many rows whoever sent the address saw (UI-15); said once, not carried on."""
    base: Definition = PLAIN
    """What the saved view says: the address holds only what differs from it."""
    wanted: tuple[Any, ...] | None = field(default=None, compare=False)
    """The conditions that a form asks for and the address doesn't hold yet."""

    def url(self, **changes: Any) -> str:
        """The address of this list with something changed; any change starts at page one."""
        changes = {"page": 1, "seen": 0, **changes}
        new = replace(self, **changes)
        kept = new.pairs()
        return f"{new.path}?{urlencode(kept)}" if kept else new.path

    @property
    def arguments(self) -> str:
        """What the address says behind its path, to be handed on to a page about this list."""
        return self.url(page=self.page).removeprefix(self.path)

    def pairs(self) -> list[tuple[str, str]]:
        """The arguments of the address, as a GET form keeps them in hidden fields."""
        said, base = [("view", self.view)] if self.view else [], self.base
        if self.search != base.search:
            said.append(("search", self.search))
        if self.conditions != base.filters:
            said.append(("filters", self.filters_json()))
        if self.order != base.order:
            said.append(("order", self.order))
        if self.page > 1:
            said.append(("page", str(self.page)))
        if self.size != default_size():
            said.append(("size", str(self.size)))
        if self.is_exact:
            said.append(("exact", "1"))
        return [*said, ("seen", str(self.seen))] if self.seen else said

    @property
    def is_changed(self) -> bool:
        """Whether something else is looked at than the view says."""
        now = (self.conditions, self.search, self.order)
        return now != (self.base.filters, self.base.search, self.base.order)

    @property
    def trail(self) -> str:
        """This list as the argument of a record's page, so that one can walk on and come back.

        It stands in every row, so it is short: the conditions as rison, and quoted once only.
        """
        short = {"filters": prison.dumps(list(self.conditions))}
        left = replace(self, seen=0).pairs()
        said = ((name, short.get(name, text).translate(_PARTING)) for name, text in left)
        return urlencode(
            [(FROM, "&".join(f"{name}={text}" for name, text in said))], safe="=:,@!()"
        )

    def filters_json(self) -> str:
        return json.dumps(list(self.conditions), ensure_ascii=False, separators=(",", ":"))

    def query(self, view: tuple[Any, ...] = ()) -> Query:
        """The query behind the page: the built-in view's filter and the reader's own, ANDed."""
        return Query((*view, *self.conditions), self.search, self.order, self.page - 1, self.size)


def default_size() -> int:
    """How many rows a list shows until its reader chooses otherwise."""
    return int(value(PAGE_SIZE))


def read(path: str, args: MultiDict[str, str], base: Definition = PLAIN) -> ListState:
    """The state from an address; BadRequest for unknown arguments and values (contract §1).

    What the address doesn't say is as the saved view has it.
    """
    only(args, KEYS)
    size = whole(args.get("size"), default_size())
    if size not in SIZES:
        raise BadRequest(_l("The page size must be 20, 50 or 100."))
    state = ListState(
        path=path,
        search=args.get("search", base.search).strip(),
        conditions=tuple(conditions(args["filters"])) if "filters" in args else base.filters,
        order=args.get("order", base.order),
        page=whole(args.get("page"), 1),
        size=size,
        view=args.get("view", ""),
        is_exact=bool(args.get("exact")),
        seen=whole(args.get("seen"), 0),
        base=base,
    )
    if state.page < 1:
        raise BadRequest(_l("There is no such page."))
    if args.get("f_col"):
        return replace(state, wanted=_with_asked(state.conditions, args))
    return state


def only(args: Iterable[str], known: Iterable[str] = ()) -> None:
    """Refuse arguments that mean nothing here: they are never ignored (contract §1)."""
    unknown = sorted(set(args) - set(known))
    if unknown:
        raise BadRequest(_l("There is no argument %(name)s.", name=unknown[0]))


def whole(text: str | None, default: int) -> int:
    """A whole number from an address."""
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadRequest(_l("This must be a whole number."))
    return int(text)


def conditions(text: str) -> Sequence[Any]:
    """Conditions as JSON or rison; an empty text is an empty filter."""
    if not text:
        return ()
    found = decoded(text)
    if not isinstance(found, list) or not is_storable(json.dumps(found, ensure_ascii=False)):
        raise BadRequest(_l("The filter is not understood."))
    return found


def decoded(text: str) -> Any:
    """A value written as JSON or as rison, the framework's notation for addresses."""
    try:
        return plain_json(text)
    except (ValueError, RecursionError):
        pass
    try:
        return prison.loads(text)
    except UNREADABLE:
        raise BadRequest(_l("The filter is not understood.")) from None


def plain_json(text: str) -> Any:
    """A value written as JSON, by an address or by a hidden input that came back (C55, C61).

    Raises ValueError for anything else, also for half characters, which no page can show again,
    and for numbers without end; RecursionError for what is nested too deeply.
    """
    found = json.loads(text, parse_float=_finite, parse_constant=_finite)
    json.dumps(found, ensure_ascii=False).encode()
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError
    return number


def _with_asked(conditions: tuple[Any, ...], args: MultiDict[str, str]) -> tuple[Any, ...]:
    """The conditions with the one of the plain inputs; a quick filter replaces its own last one."""
    asked = _built(args)
    if not args.get("f_quick"):
        return (*conditions, asked)
    kept = tuple(c for c in conditions if not is_quick(c, args["f_col"]))
    return (*kept, asked) if asked.get("value") else kept


def is_quick(condition: Any, column: str) -> bool:
    """Whether it is what the quick filter of that column says."""
    return (
        isinstance(condition, Mapping)
        and condition.get("col") == column
        and condition.get("opr") in QUICK
    )


def _built(args: MultiDict[str, str]) -> dict[str, Any]:
    """One condition of the filter builder's plain inputs."""
    operator = args.get("f_op", "eq")
    values = [value.strip() for value in args.getlist("f_value") if value.strip()]
    condition: dict[str, Any] = {"col": args["f_col"], "opr": operator}
    if operator in _NO_VALUE:
        return condition
    if operator in _MANY_VALUED:
        several = [one for value in values for one in value.replace("，", ",").split(",")]
        return {**condition, "value": [one.strip() for one in several if one.strip()]}
    if operator in _TWO_VALUED:
        return {**condition, "value": values[:2]}
    return {**condition, "value": values[0] if values else ""}
