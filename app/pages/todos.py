"""What waits for somebody (TODO): his to-do lists with their counts, and each of them as a list."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from app.admin import cells, icons, state
from app.admin.forms import CONTROL
from app.admin.lists.rows import rows
from app.admin.manual import explained
from app.admin.navigation import TO_DOS
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import MINE, MY_PEOPLES
from app.spec.errors import BadRequest, NotPermitted
from app.spec.field import Field
from app.spec.plurals import ngettext
from app.spec.todos import HANDLED
from app.spec.words import Label
from app.store import titles, todos
from app.store.todos import COUNT_CAP, Ask, Who

SIZE = 50
MOST_ON_THE_ICON = 99
WHOSE = {
    Who.MINE: MINE.label,
    Who.MY_PEOPLE: MY_PEOPLES.label,
    Who.AWAY: Label("As deputy", "代理的"),
}


@dataclass(frozen=True)
class Place:
    """The tab that an address names, and which of its pages."""

    ask: Ask
    page: int = 1

    def url(self, path: str = "", *, tab: str = "", who: Who | None = None, page: int = 1) -> str:
        """The address of this tab, or of something else in the same list."""
        where = _address(self.ask, tab or self.ask.tab.key, path)
        kept = {} if (who or self.ask.who) is Who.MINE else {"who": str(who or self.ask.who)}
        kept |= {"page": str(page)} if page > 1 else {}
        return f"{where}?{urlencode(kept)}" if kept else where


class ToDosView(Page):
    """``/to-dos/`` and ``/to-dos/<list>/<tab>``: of records that the reader may list."""

    route_base = "/to-dos"
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "Every list of what waits for you, with the number of records in each part. Whoever "
            "has subordinates may look at theirs. Open a number to see exactly its records."
        )
    )
    def show(self) -> str:
        """All lists with their counts."""
        state.only(request.args, {"who"})
        who = _who()
        if not todos.readable():
            raise NotPermitted
        return render_template("to_dos.html", screen=_overview(who))

    @expose("/waiting")
    def waiting(self) -> str:
        """The number on the icon, loaded by a request of its own."""
        state.only(request.args)
        count = todos.waiting(MOST_ON_THE_ICON)
        return "" if not count else str(count) if count <= MOST_ON_THE_ICON else "99+"

    @expose("/<key>/<tab>", methods=["GET", "POST"])
    @explained(
        _l(
            "The records of one part of a list, what waits longest first. Mark one, several or all "
            "as handled when nothing is left to do; under “Handled” you take that back. A mark "
            "comes undone by itself when the time or the owner of the record changes."
        )
    )
    def tab(self, key: str, tab: str) -> str | Response:
        """The records of a tab; POST marks them as handled, or takes that back."""
        place = _place(key, tab)
        if request.method == "POST":
            return _marked(place)
        return render_template("to_do.html", screen=_screen(place))

    @expose("/<key>/<tab>/counts")
    def counts(self, key: str, tab: str) -> str:
        """The lists and tabs with their counts: a request of its own after the page."""
        place = _place(key, tab)
        return render_template("parts/to_do_nav.html", screen=_nav(place, has_counts=True))


def _who() -> Who:
    said = request.args.get("who", Who.MINE)
    if said not in [*Who]:
        raise BadRequest
    return Who(said)


def _place(key: str, tab: str) -> Place:
    """What is asked for; 404 for lists that the reader doesn't have, 400 for unknown arguments."""
    who = _who()
    found = todos.asked(key, tab, who)
    state.only(request.args, {"who", "page"})
    page = state.whole(request.args.get("page"), 1)
    if not 1 <= page <= COUNT_CAP * SIZE:
        raise BadRequest(_l("There is no such page."))
    return Place(found, page)


def _address(ask: Ask, tab: str, path: str = "") -> str:
    return f"{TO_DOS}{ask.to_do.key}/{tab}{path}"


def told(count: int) -> str:
    """A count as it is shown: exact up to the cap."""
    return f"{count:,}" if count <= COUNT_CAP else f"{COUNT_CAP:,}+"


def people(who: Who, url: Any) -> list[dict[str, Any]]:
    """The switch between one's own and others'; nothing for whoever has only his own."""
    groups = todos.groups()
    if len(groups) == 1:
        return []
    return [{"label": str(WHOSE[one]), "url": url(one), "active": one is who} for one in groups]


def _overview(who: Who) -> dict[str, Any]:
    lists = overview(who)
    return {
        "title": _("To-dos"),
        "lists": lists,
        "is_done": not any(tab["waits"] and tab["count"] for one in lists for tab in one["tabs"]),
        "people": people(who, lambda one: TO_DOS if one is Who.MINE else f"{TO_DOS}?who={one}"),
    }


def overview(who: Who) -> list[dict[str, Any]]:
    """Every list with its tabs and their counts, found in one statement."""
    found = todos.readable(who)
    asks = [Ask(entity, one, tab, who) for entity, one in found for tab in one.all_tabs]
    numbers = dict(zip(((a.to_do.key, a.tab.key) for a in asks), todos.counts(asks), strict=True))
    return [
        {
            "key": one.key,
            "label": str(one.label),
            "icon": entity.icon,
            "meaning": str(one.meaning),
            "tabs": [
                _tab(Place(Ask(entity, one, tab, who)), numbers[one.key, tab.key])
                for tab in one.all_tabs
            ],
        }
        for entity, one in found
    ]


def _tab(place: Place, count: int | None, *, active: bool = False) -> dict[str, Any]:
    tab = place.ask.tab
    return {
        "key": tab.key,
        "label": str(tab.label),
        "meaning": str(tab.meaning),
        "tone": tab.tone if count else "",
        "waits": tab.waits,
        "url": place.url(),
        "count": count,
        "told": None if count is None else told(count),
        "active": active,
    }


def _nav(place: Place, *, has_counts: bool = False) -> dict[str, Any]:
    """The lists and the tabs of this one, for the same people."""
    ask = place.ask
    lists = todos.readable(ask.who)
    waits = [Ask(e, one, tab, ask.who) for e, one in lists for tab in one.waiting]
    here = [todos.other_tab(ask, tab.key) for tab in ask.to_do.all_tabs]
    numbers = todos.counts([*waits, *here]) if has_counts else []
    sums: dict[str, int] = {}
    for one, number in zip(waits, numbers, strict=False):
        sums[one.to_do.key] = sums.get(one.to_do.key, 0) + number
    of_tabs: list[int | None] = [*numbers[len(waits) :]] or [None for _tab in here]
    return {
        "counts_url": "" if has_counts else place.url("/counts"),
        "lists": [
            {
                "label": str(one.label),
                "url": Place(Ask(entity, one, one.tabs[0], ask.who)).url(),
                "told": told(sums[one.key]) if sums.get(one.key) else None,
                "active": one is ask.to_do,
            }
            for entity, one in lists
        ],
        "tabs": [
            _tab(Place(one), number, active=one.tab.key == ask.tab.key)
            for one, number in zip(here, of_tabs, strict=True)
        ],
    }


def _fields(ask: Ask) -> list[Field]:
    """What is shown of each record: its name, its time, whose it is, and what the list declares."""
    whose = [] if ask.who is Who.MINE else [ask.to_do.person]
    keys = dict.fromkeys([ask.entity.title, ask.to_do.since, *whose, *ask.to_do.shows])
    readable = ask.rows.policy.readable
    return [readable[key] for key in keys if key in readable]


def _screen(place: Place) -> dict[str, Any]:
    ask, fields = place.ask, _fields(place.ask)
    start = (place.page - 1) * SIZE
    found = todos.page(ask, fields, slice(start, start + SIZE))
    lines = rows(ask.rows.policy, found.rows, fields)
    columns = [{"key": field.key, "label": str(field.label)} for field in fields]
    if ask.tab.key == HANDLED and lines:
        columns.append({"key": "handled", "label": _("Marked by")})
        _add_handled(ask, lines)
    if _verb(ask):
        columns.append({"key": "handle", "label": _verb(ask)})
        for line in lines:
            line["cells"].append(_button(_verb(ask), line))
    count = found.count if found.is_exact else COUNT_CAP + 1
    more = start + len(lines) < found.count if found.is_exact else len(lines) == SIZE
    return _nav(place) | {
        "title": str(ask.to_do.label),
        "icon": ask.entity.icon,
        "meaning": f"{ask.tab.meaning} {ask.to_do.meaning}",
        "people": people(ask.who, lambda one: place.url(who=one)),
        "entity": {"key": ask.entity.key},
        "columns": columns,
        "rows": lines,
        "count": count,
        "told": told(count),
        "action": place.url(),
        "hidden": [("csrf_token", generate_csrf()), ("expected", str(count))],
        "verb": _verb(ask),
        "overview_url": TO_DOS if ask.who is Who.MINE else f"{TO_DOS}?who={ask.who}",
        "prev_url": place.url(page=place.page - 1) if place.page > 1 else "",
        "next_url": place.url(page=place.page + 1) if more else "",
    }


def _verb(ask: Ask) -> str:
    """What can be done with the records of a tab; empty where there is nothing."""
    if ask.tab.waits:
        return _("Mark as handled")
    return _("Take the mark back") if ask.tab.key == HANDLED else ""


def _button(verb: str, line: dict[str, Any]) -> Markup:
    """What marks the one record of its row."""
    label = _("%(verb)s: %(title)s", verb=verb, title=line["title"])
    return Markup(
        '<button class="icon-button" name="one" value="{}" title="{}" aria-label="{}">{}</button>'
    ).format(line["id"], verb, label, icons.icon("check"))


def _add_handled(ask: Ask, lines: list[dict[str, Any]]) -> None:
    marks = todos.handled_by(ask, [line["id"] for line in lines])
    names = titles.by_ids(catalogue.get("user"), {user for user, _at in marks.values()})
    for line in lines:
        user, at = marks.get(line["id"], (0, None))
        when = cells.moment(at) if at else cells.EMPTY
        line["cells"].append(Markup("{} {}").format(escape(names.get(user, "")), when))


def _marked(place: Place) -> Response:
    """Mark the records that the form names, or take their marks off; then the list again."""
    state.only(request.form, {*CONTROL, "expected", "ids", "one", "all"})
    ask = place.ask
    if not _verb(ask):
        raise BadRequest
    number = _done(ask)
    if number is not None:
        db.session.commit()
        flash(_said(ask, number), "success")
    return go_to(place.url(page=place.page))


def _done(ask: Ask) -> int | None:
    """How many were marked or unmarked; None, and said why, where nothing was done."""
    ids = _ids()
    if ids is not None and not ids:
        flash(_("Choose at least one record."), "warning")
        return None
    number = todos.unmark(ask, ids) if ask.tab.key == HANDLED else todos.mark(ask, ids)
    if ids is None and min(number, COUNT_CAP + 1) != _expected():
        db.session.rollback()
        flash(_("The list has changed meanwhile. Look at it again: nothing was marked."), "warning")
        return None
    return number


def _ids() -> list[int] | None:
    """The records that the form names; None for all of the list."""
    one = request.form.get("one")
    if one is not None:
        return [state.whole(one, 0)]
    if request.form.get("all"):
        return None
    return sorted({state.whole(number, 0) for number in request.form.getlist("ids")})


def _expected() -> int:
    return state.whole(request.form.get("expected"), 0)


def _said(ask: Ask, number: int) -> str:
    if ask.tab.key == HANDLED:
        return str(ngettext("%(num)d mark taken back.", "%(num)d marks taken back.", number))
    return str(
        ngettext(
            "%(num)d record marked as handled. Under “Handled” you take that back.",
            "%(num)d records marked as handled. Under “Handled” you take that back.",
            number,
        )
    )
