"""The recycle bin: what was deleted, by whom and when, to bring back or to remove for good."""

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import cells, lists, state
from app.admin.manual import explained
from app.admin.page import Page, expose
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import NotFound, NotPermitted
from app.spec.words import listed
from app.store import bin as recycle_bin
from app.store import titles
from app.store.bin import Binned
from app.store.context import actor

SIZE = 50


class RecycleBinView(Page):
    """``/recycle-bin/?kind=&page=``: for whoever may restore or purge something."""

    route_base = "/recycle-bin"
    default_view = "show"

    @expose("/")
    @explained(_l("What was deleted, by whom and when: bring it back or remove it for good."))
    def show(self) -> str:
        """A page of the bin; of one kind with boxes to tick."""
        kinds = recycle_bin.kinds(actor().rights)
        if not kinds:
            raise NotPermitted
        state.only(request.args, {"kind", "page"})
        number = max(1, state.whole(request.args.get("page"), 1))
        chosen = [one for one in kinds if one.plural == request.args.get("kind")]
        if request.args.get("kind") and not chosen:
            raise NotFound
        return render_template("recycle_bin.html", screen=_screen(kinds, chosen, number))


def _screen(kinds: list[Entity], chosen: list[Entity], number: int) -> dict[str, Any]:
    counts = recycle_bin.counts()
    rows = recycle_bin.page(chosen or kinds, number, SIZE)
    total = sum(counts.get(one.key, 0) for one in chosen or kinds)
    one = chosen[0] if chosen else None
    return {
        "title": _("Recycle bin"),
        "tabs": [_tab(_("All"), "", sum(counts.values()), is_active=not chosen)]
        + [
            _tab(str(kind.many), kind.plural, counts[kind.key], is_active=kind is one)
            for kind in kinds
            if counts.get(kind.key)
        ],
        "entity": lists.head(one) if one else None,
        "rows": _rows(rows),
        "total": f"{total:,}",
        "operations": _operations(one) if one else [],
        "filter_url": f"/{one.plural}/list/?view={state.BINNED_VIEW}" if one else "",
        "prev_url": _url(one, number - 1) if number > 1 else "",
        "next_url": _url(one, number + 1) if total > number * SIZE else "",
    }


def _tab(label: str, kind: str, count: int, *, is_active: bool) -> dict[str, Any]:
    url = f"{state.BIN}?kind={kind}" if kind else state.BIN
    return {"label": label, "count": f"{count:,}", "url": url, "active": is_active}


def _url(kind: Entity | None, number: int) -> str:
    return f"{state.BIN}?kind={kind.plural}&page={number}" if kind else f"{state.BIN}?page={number}"


def _operations(entity: Entity) -> list[dict[str, Any]]:
    """What may be done with what is in the bin."""
    return [
        lists.button(entity, verb)
        for verb in entity.bulk_verbs
        if verb.rows == "binned" and actor().rights.may(entity.key, verb.slug)
    ]


def _rows(rows: list[Binned]) -> list[dict[str, Any]]:
    along = recycle_bin.along_with(rows)
    people = titles.by_ids(catalogue.get("user"), [row.by for row in rows if row.by])
    buttons = {row.entity.key: _operations(row.entity) for row in rows}
    return [
        {
            "id": row.id,
            "title": row.title,
            "kind": str(row.entity.one),
            "icon": row.entity.icon,
            "when": cells.moment(row.at),
            "who": people.get(row.by or 0, ""),
            "along": listed(
                _("%(n)d × %(kind)s", n=n, kind=other.many)
                for other, n in along.get((row.entity.key, row.id), ())
            ),
            "operations": [
                {**one, "url": f"{one['url']}?id={row.id}"} for one in buttons[row.entity.key]
            ],
        }
        for row in rows
    ]
