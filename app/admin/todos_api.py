"""``GET /api/v1/to-dos/``: what waits for the caller, and marking it as handled (TODO)."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, jsonify, request
from flask_appbuilder.api import expose
from flask_babel import lazy_gettext as _l

from app.admin import bodies, state
from app.admin.once import once
from app.admin.openapi.own import OwnApi
from app.admin.openapi.parts import (
    FLAG,
    KEY,
    MOMENT,
    TEXT,
    WHOLE,
    Schema,
    operation,
    page_of,
    query,
    record,
    sent,
    several,
)
from app.spec import clock
from app.spec.errors import BadRequest
from app.spec.todos import HANDLED
from app.store import titles, todos
from app.store.idempotency import Replay
from app.store.todos import COUNT_CAP, Ask, Who

TAB = record(
    ("key", "label", "meaning", "waits", "count", "count_exact"),
    **dict.fromkeys(("key", "label", "meaning"), TEXT),
    waits=FLAG,
    count=WHOLE,
    count_exact=FLAG,
)
LIST = record(
    ("key", "entity", "label", "meaning", "tabs"),
    **dict.fromkeys(("key", "entity", "label", "meaning"), TEXT),
    tabs=several(TAB),
)
LISTS = record(("who", "lists"), who=TEXT, lists=several(LIST))
ROW = record(("id", "label", "since", "url"), id=WHOLE, label=TEXT, since=MOMENT, url=TEXT)
CHANGED = record(("changed",), changed=WHOLE)
WHO = query("who", TEXT | {"enum": [*Who], "default": str(Who.MINE)})


class ToDosApi(OwnApi):
    """To-dos for programs: the lists, counts and rows of the pages, of what one may list."""

    resource_name = "to-dos"

    @classmethod
    def paths(cls) -> dict[str, Any]:
        base = f"/api/v1/{cls.resource_name}/"
        place: list[Schema] = [_in_path("list"), _in_path("tab")]
        size = WHOLE | {"minimum": 1, "maximum": bodies.MAX_PAGE_SIZE, "default": bodies.PAGE_SIZE}
        pages = (query("page", WHOLE | {"minimum": 0, "default": 0}), query("page_size", size))
        whose = TEXT | {"enum": [*Who], "default": str(Who.MINE)}
        ids = sent(record(("ids",), ids=several(WHOLE), who=whose))
        rows = operation("the records of a tab, in its order", page_of(ROW), takes=(WHO, *pages))
        mark = "mark records of a tab as handled"
        unmark = "take marks back, in the tab of handled records"
        return {
            base: {"get": operation("your to-do lists with counts", LISTS, takes=(WHO,))},
            f"{base}{{list}}/{{tab}}": {"parameters": place, "get": rows},
            f"{base}{{list}}/{{tab}}/mark": {
                "parameters": place,
                "post": operation(mark, CHANGED, takes=(KEY,), body=ids),
            },
            f"{base}{{list}}/{{tab}}/unmark": {
                "parameters": place,
                "post": operation(unmark, CHANGED, takes=(KEY,), body=ids),
            },
        }

    @expose("/", methods=["GET"])
    def get_list(self) -> Response:
        """Every list with its tabs and counts: one statement."""
        state.only(request.args, {"who"})
        who = _who(request.args.get("who"))
        found = todos.readable(who)
        asks = [Ask(entity, one, tab, who) for entity, one in found for tab in one.all_tabs]
        numbers = list(zip(asks, todos.counts(asks), strict=True))
        lists = [
            {
                "key": one.key,
                "entity": entity.key,
                "label": str(one.label),
                "meaning": str(one.meaning),
                "tabs": [_tab(ask, n) for ask, n in numbers if ask.to_do is one],
            }
            for entity, one in found
        ]
        return jsonify({"who": who, "lists": lists})

    @expose("/<key>/<tab>", methods=["GET"])
    def get_rows(self, key: str, tab: str) -> Response:
        """A page of a tab, what waits longest first."""
        ask = todos.asked(key, tab, _who(request.args.get("who")))
        state.only(request.args, {"who", "page", "page_size"})
        size = bodies.page_size(state.whole(request.args.get("page_size"), bodies.PAGE_SIZE))
        start = state.whole(request.args.get("page"), 0) * size
        if start > COUNT_CAP * bodies.MAX_PAGE_SIZE:
            raise BadRequest(_l("There is no such page."))
        found = todos.page(ask, [ask.entity.fields[ask.to_do.since]], slice(start, start + size))
        return jsonify(
            {
                "count": found.count,
                "count_exact": found.is_exact,
                "ids": list(found.ids),
                "result": [_row(ask, one) for one in found.rows],
            }
        )

    @expose("/<key>/<tab>/mark", methods=["POST"])
    def mark(self, key: str, tab: str) -> Response:
        """Mark records of a tab that waits as handled; again does no harm."""
        return _changed(key, tab, todos.mark, lambda ask: ask.tab.waits)

    @expose("/<key>/<tab>/unmark", methods=["POST"])
    def unmark(self, key: str, tab: str) -> Response:
        """Take marks back."""
        return _changed(key, tab, todos.unmark, lambda ask: ask.tab.key == HANDLED)


def _in_path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def _who(said: Any) -> Who:
    if said is None:
        return Who.MINE
    if said not in [*Who]:
        raise BadRequest
    return Who(said)


def _tab(ask: Ask, count: int) -> dict[str, Any]:
    return {
        "key": ask.tab.key,
        "label": str(ask.tab.label),
        "meaning": str(ask.tab.meaning),
        "waits": ask.tab.waits,
        "count": min(count, COUNT_CAP),
        "count_exact": count <= COUNT_CAP,
    }


def _row(ask: Ask, one: Any) -> dict[str, Any]:
    since = getattr(one, ask.entity.fields[ask.to_do.since].column)
    return {
        "id": one.id,
        "label": titles.title(ask.entity, one),
        "since": clock.iso(since) if since else None,
        "url": f"/{ask.entity.plural}/show/{one.id}",
    }


def _changed(
    key: str,
    tab: str,
    change: Callable[[Ask, Sequence[int]], int],
    is_fitting: Callable[[Ask], bool],
) -> Response:
    """Of the records that the body names; 404, and nothing changed, when one is out of reach."""
    state.only(request.args)
    body = bodies.json_object()
    state.only(body, {"ids", "who"})
    ask = todos.asked(key, tab, _who(body.get("who")))
    if not is_fitting(ask) or not _are_numbers(body.get("ids")):
        raise BadRequest
    wanted = sorted(set(body["ids"]))

    def effect() -> Replay:
        return Replay(200, {}, {"changed": change(ask, wanted)})

    replay, is_replay = once(bodies.idempotency_key(), effect)
    return bodies.answered(replay, is_replay=is_replay)


def _are_numbers(ids: Any) -> bool:
    return (
        isinstance(ids, list)
        and 0 < len(ids) <= COUNT_CAP
        and all(isinstance(one, int) and not isinstance(one, bool) for one in ids)
    )
