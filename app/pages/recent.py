"""What one has looked at lately (UI-15): a page, and the menu in the top bar that asks for it."""

from collections import defaultdict
from collections.abc import Iterator

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import lists, state
from app.admin.manual import explained
from app.admin.page import Page, expose
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.store import recent, titles
from app.store.context import actor, operating
from app.store.policy import Policy

IN_MENU = 10


class RecentView(Page):
    """``/recent/``: one's own trail, as far as one may still see where it leads."""

    route_base = "/recent"
    default_view = "show"

    @expose("/")
    @explained(_l("The records whose pages you have opened lately, the newest first."))
    def show(self) -> str:
        """The whole trail."""
        state.only(request.args)
        screen = {"title": _("Recently viewed"), "records": list(_trail(recent.KEPT))}
        return render_template("recent.html", screen=screen)

    @expose("/menu")
    def menu(self) -> str:
        """Its first steps, for the menu."""
        state.only(request.args)
        return render_template("parts/recent.html", records=list(_trail(IN_MENU)))


def _trail(limit: int) -> Iterator[dict[str, str]]:
    """The records in reach, newest first: a statement for the trail, at most two per kind."""
    may = actor().rights.may
    seen = [one for one in recent.latest(limit) if one[0] in catalogue and may(one[0], "read")]
    wanted: dict[str, list[int]] = defaultdict(list)
    for key, number in seen:
        wanted[key].append(number)
    names = {key: _names(catalogue.get(key), ids) for key, ids in wanted.items()}
    for key, number in seen:
        if number in names[key]:
            entity = lists.head(catalogue.get(key))
            url = f"/{entity['plural']}/show/{number}"
            yield {"title": names[key][number], "url": url, **_kind(entity)}


def _names(entity: Entity, ids: list[int]) -> dict[int, str]:
    """Those within reach, then what lies in the reader's pools, called as a pool shows it."""
    found = titles.by_ids(entity, ids)
    others = set(ids) - found.keys()
    if not (others and entity.is_pooled):
        return found
    shown = Policy(actor(), entity, "read", in_pools=True).plain
    with operating("read", entity.key, pools=True):
        return found | titles.by_ids(entity, others, bilingual=entity.english in shown)


def _kind(entity: dict[str, str]) -> dict[str, str]:
    return {"icon": entity["icon"], "kind": entity["one"]}
