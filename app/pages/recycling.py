"""What a pool recycles: its rules, and what they would take in the nights to come (POOL-7)."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import cells, forms, lists, state
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.admin.record import panels
from app.admin.record.panels import Panel, Seen
from app.extensions import db
from app.operations import editing, reports
from app.operations.rules import rules_of
from app.spec.catalogue import catalogue
from app.spec.errors import BadRequest, Invalid, StaleVersion
from app.spec.field import Field, Section
from app.spec.operations import RECYCLE
from app.spec.plurals import ngettext
from app.spec.recycling import CLOCKS, PoolRules, clocks_of
from app.spec.words import Label
from app.store import access, door, loading, recycling, recycling_runs, titles
from app.store.context import actor, operating
from app.store.forecasts import Forecast
from app.store.policy import Policy
from app.store.pools import Pool

PLACE = "/pools/rules"
ON_A_PAGE = 50
OWNERS = 10
"""So many of those who lose the most are shown; the others together."""
RUNS = 5
"""The last nights that are told."""
ARGUMENTS = {"night", "after"}


class RecyclingView(Page):
    """``/pools/rules/<id>``: for whoever reads the pool; its rules for whoever edits it."""

    route_base = PLACE
    default_view = "show"

    @expose("/<int:number>", methods=["GET", "POST"])
    @explained(
        _l(
            "When records go into this pool by themselves, and beside it what that means: how many "
            "go in each of the next 30 nights, whose they are, and which. What you type is counted "
            "before it is saved. Days are those of the company; what is locked never goes."
        )
    )
    def show(self, number: int) -> str | Response | tuple[str, int]:
        """The rules as they are kept; POST counts what was typed, or saves it."""
        state.only(request.args, ARGUMENTS)
        entity = catalogue.get("pool")
        pool = door.fetch(entity, number, "read", entity.fields.values())
        if request.method == "GET":
            return _page(pool)
        door.fetch(entity, number, "edit", ())
        raw = forms.read(request.form, _fields(pool))
        try:
            typed = _typed(pool, raw)
            if request.form.get("step") == "preview":
                return _page(pool, raw, typed)
            editing.edit(
                entity, number, raw, version=state.whole(request.form.get("row_version"), 0)
            )
        except (Invalid, StaleVersion) as refusal:
            db.session.rollback()
            return _page(pool, raw, None, refusal), refusal.status
        db.session.commit()
        flash(_("Saved."), "success")
        return go_to(f"{PLACE}/{number}")


def _fields(pool: Any) -> dict[str, Field]:
    """The rules that the reader may set."""
    writable = Policy(actor(), catalogue.get("pool"), "edit").writable(creating=False)
    return {key: f for key, f in writable.items() if key in _stored(pool)}


def _stored(pool: Any) -> dict[str, Any]:
    """What is kept of a pool's rules, as far as they mean anything for its kind of records."""
    own, idle = catalogue.get("pool").fields, _idle(pool.kind)
    return {
        key: getattr(pool, f.column)
        for key, f in own.items()
        if f.section is Section.RECYCLING and key not in idle
    }


def _idle(kind: str) -> set[str]:
    """The settings of clocks that never run for a kind of records, or spare none of them."""
    model = next(entity for entity in catalogue if entity.plural == kind).model
    clocks, running = list(CLOCKS.values()), clocks_of(model)
    spared = {e.chosen for one in clocks for e in one.unless if not hasattr(model, e.column)}
    return {one.days for one in clocks if one not in running} | spared


def _rules(pool: Any, values: Mapping[str, Any]) -> PoolRules:
    whole = {"id": pool.id, "kind": pool.kind, "position": pool.position, **values}
    return recycling.rules_of(whole, access.snapshot().members_of(pool.id))


def _typed(pool: Any, raw: forms.Raw) -> PoolRules:
    """The rules as they would be; Invalid for what could not be kept."""
    entity = catalogue.get("pool")
    values = editing.parse(_fields(pool), raw)
    rules_of(entity).before_change(entity, pool.id, {"kind": pool.kind}, dict(values))
    return _rules(pool, {**_stored(pool), **values})


def _page(
    pool: Any,
    raw: forms.Raw | None = None,
    typed: PoolRules | None = None,
    refusal: Invalid | StaleVersion | None = None,
) -> str:
    """The page; of refused rules the forecast is that of the kept ones."""
    entity, fields, stored = catalogue.get("pool"), _fields(pool), _stored(pool)
    policy = Policy(actor(), entity, "edit")
    values = forms.stored_values(policy, fields.values(), stored) if raw is None else raw
    wrong = refusal.fields if refusal else {}
    may = actor().rights.may(entity.key, "edit") and bool(fields)
    kept = _rules(pool, stored)
    sections = forms.sections(policy, fields.values(), values, wrong, {}) if may else []
    screen = {
        "title": _("Recycling: %(pool)s", pool=titles.title(entity, pool)),
        "back_url": f"/pools/show/{pool.id}",
        "action": f"{PLACE}/{pool.id}",
        "hidden": [("csrf_token", generate_csrf()), ("row_version", str(pool.version))],
        "fields": sections[0]["fields"] if sections else [],
        "told": [
            {"label": str(f.label), "text": f.to_text(stored[key]) or "—"}
            for key, f in entity.fields.items()
            if key in stored and key in policy.readable
        ],
        "errors": [str(refusal.message)] if refusal and not wrong else [],
        "wrong": list(dict.fromkeys(str(one) for some in wrong.values() for one in some)),
        "is_typed": typed is not None and typed != kept,
        "forecast": _forecast(typed or kept, f"{PLACE}/{pool.id}", is_typed=typed is not None),
        "runs": nights(pool.id),
    }
    return render_template("recycling.html", screen=screen)


def _forecast(rules: PoolRules, place: str, *, is_typed: bool) -> dict[str, Any]:
    """The nights to come: in words, as bars, by owner, and the records of one of them."""
    entity = recycling.entity_of(rules)
    forecast = Forecast(entity, rules)
    found = forecast.counts()
    by_night, by_owner = Counter[int](), Counter[int]()
    for (night, owner), n in found.items():
        by_night[night] += n
        by_owner[owner] += n
    chosen = _chosen(by_night, is_typed=is_typed)
    most = max(by_night.values(), default=0)
    return {
        "recycles": rules.recycles,
        "said": _said(entity, by_night[0]),
        "total": sum(by_night.values()),
        "kind": str(entity.many),
        "nights": [
            _night(day, by_night[n], most, "" if is_typed else f"{place}?night={day}", n == chosen)
            for n, day in enumerate(forecast.days)
        ],
        "owners": _owners(by_owner),
        "rows": None if chosen is None else _rows(forecast, chosen, by_night[chosen], place),
    }


def _said(entity: Any, number: int) -> str:
    return ngettext(
        "With these rules %(num)d record (%(kind)s) goes tonight.",
        "With these rules %(num)d records (%(kind)s) go tonight.",
        number,
        kind=entity.many,
    )


def _chosen(by_night: Mapping[int, int], *, is_typed: bool) -> int | None:
    """The night whose records are shown: the one asked for, else the first with any."""
    wanted = request.args.get("night")
    if wanted is None or is_typed:
        return min((night for night, n in by_night.items() if n), default=None)
    return _index(wanted)


def _index(text: str) -> int:
    try:
        return Forecast.place_of(date.fromisoformat(text))
    except ValueError:
        raise BadRequest from None


def _night(day: date, number: int, most: int, url: str, is_chosen: bool) -> dict[str, Any]:
    return {
        "day": f"{day:%m-%d}",
        "number": number,
        "height": round(100 * number / most) if most else 0,
        "url": url if number else "",
        "title": f"{day.isoformat()}: {number:,}",
        "is_chosen": is_chosen,
    }


def _owners(by_owner: Counter[int]) -> dict[str, Any]:
    """Who loses the most, by name."""
    first = by_owner.most_common(OWNERS)
    names = titles.by_ids(catalogue.get("user"), [owner for owner, _n in first])
    rest = sum(by_owner.values()) - sum(n for _owner, n in first)
    rows = [{"person": cells.person(names.get(o, "—")), "number": n} for o, n in first]
    return {"rows": rows, "rest": rest, "others": len(by_owner) - len(first)}


def _rows(forecast: Forecast, night: int, number: int, place: str) -> dict[str, Any]:
    """The records of a night that the reader may list, page by page."""
    entity, after = forecast.entity, state.whole(request.args.get("after"), 0)
    day = forecast.days[night]
    if not actor().rights.may(entity.key, "list"):
        return {"day": day.isoformat(), "number": number, "rows": [], "columns": []}
    policy = Policy(actor(), entity, "list", in_list=True)
    keys = (entity.title, "level", "owner", "last_follow_up_at", "obtained_at")
    fields = [policy.readable[key] for key in keys if key in policy.readable]
    ids = forecast.ids(night, ON_A_PAGE + 1, after)
    shown = ids[:ON_A_PAGE]
    with operating("list", entity.key):
        records = loading.rows_of(policy, shown, fields)
        rows = lists.rows(policy, records, fields)
    more = urlencode({"night": day, "after": shown[-1]}) if len(ids) > len(shown) else ""
    return {
        "day": day.isoformat(),
        "number": number,
        "entity": entity.key,
        "columns": [{"key": f.key, "label": str(f.label)} for f in fields],
        "rows": rows,
        "more_url": f"{place}?{more}" if more and request.method == "GET" else "",
    }


def nights(pool: int) -> list[dict[str, Any]]:
    """What the last nights of a pool were like, with their reports for whoever may see them."""
    runs = recycling_runs.latest(pool, RUNS)
    seat = actor().rights.pools.get(pool)
    may = actor().rights.is_super or (seat is not None and seat.is_admin)
    return [
        {
            "when": cells.moment(run.started_at),
            "is_over": run.finished_at is not None,
            "examined": run.examined,
            "recycled": run.recycled,
            "warned": run.warned,
            "url": _report(pool, run.operation_id) if run.operation_id and may else "",
        }
        for run in runs
    ]


def _report(pool: int, operation: int) -> str:
    kind = recycling_runs.kind_of(pool)
    entity = next(one for one in catalogue if one.plural == kind)
    return reports.address(entity, RECYCLE.slug, operation)


def _beside(seen: Seen) -> Mapping[str, Any] | None:
    """The last nights, on the page of a pool that has had any."""
    if seen.entity.model is not Pool:
        return None
    runs = nights(seen.record.id)
    return {"runs": runs, "url": f"{PLACE}/{seen.record.id}"} if runs else None


panels.declare(
    Panel(
        "recycling",
        Label("Automatic recycling", "自动收回"),
        "recycle",
        "panels/recycling.html",
        _beside,
        rank=25,
    )
)
