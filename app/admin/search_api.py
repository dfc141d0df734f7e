"""``GET /api/v1/search/?q=``: all kinds of records at once, in the caller's scope (SEARCH)."""

from typing import Any

from flask import Response, jsonify, request
from flask_appbuilder.api import expose
from flask_babel import lazy_gettext as _l

from app.admin import bodies, state
from app.admin.finding import list_url, record_url
from app.admin.openapi.own import OwnApi
from app.admin.openapi.parts import FLAG, TEXT, WHOLE, maybe, operation, query, record, several
from app.spec.errors import BadRequest
from app.store import everywhere
from app.store.everywhere import COUNT_CAP, Group
from app.store.listing import MAX_SEARCH

SIZE = 5
HIT = record(("id", "label"), id=WHOLE, label=TEXT, field=maybe(TEXT), value=maybe(TEXT), url=TEXT)
GROUP = record(
    ("entity", "count", "count_exact", "result"),
    entity=TEXT,
    label=TEXT,
    in_pools=FLAG,
    count=WHOLE,
    count_exact=FLAG,
    url=TEXT,
    result=several(HIT),
)
FOUND = record(("q", "groups"), q=TEXT, groups=several(GROUP))


class SearchApi(OwnApi):
    """The global search for programs; whoever may log in may ask, and sees his own rows only."""

    resource_name = "search"

    @classmethod
    def paths(cls) -> dict[str, Any]:
        words = query("q", TEXT | {"minLength": 1, "maxLength": MAX_SEARCH}, required=True)
        most = WHOLE | {"minimum": 1, "maximum": bodies.MAX_PAGE_SIZE, "default": SIZE}
        takes = (words, query("page_size", most, "per group"))
        summary = "search everything that you may list; hits in groups, the best first"
        found = operation(summary, FOUND, takes=takes)
        return {f"/api/v1/{cls.resource_name}/": {"get": found}}

    @expose("/", methods=["GET"])
    def get_list(self) -> Response:
        """The best hits of each kind of record; 400 without words."""
        state.only(request.args, {"q", "page_size"})
        words = request.args.get("q", "")
        if not words.strip():
            raise BadRequest(_l("Say what to search for."))
        size = bodies.page_size(state.whole(request.args.get("page_size"), SIZE))
        found = everywhere.find(words, size)
        return jsonify({"q": words, "groups": [_described(group, words) for group in found]})


def _described(group: Group, words: str) -> dict[str, Any]:
    return {
        "entity": group.entity.key,
        "label": str(group.entity.many),
        "in_pools": group.in_pools,
        "count": min(group.count, COUNT_CAP),
        "count_exact": group.is_exact,
        "url": list_url(group, words),
        "result": [
            {
                "id": hit.id,
                "label": hit.title,
                "field": hit.field.key if hit.field else None,
                "value": hit.value or None,
                "url": record_url(group, hit),
            }
            for hit in group.hits
        ],
    }
