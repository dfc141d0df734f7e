"""``GET /api/v1/search/?q=``: all kinds of records at once, in the caller's scope (SEARCH)."""

from typing import Any

from flask import Response, jsonify, request
from flask_appbuilder.api import BaseApi, expose
from flask_babel import lazy_gettext as _l

from app.admin import state
from app.admin.finding import list_url, record_url
from app.spec.errors import BadRequest
from app.store import everywhere
from app.store.everywhere import COUNT_CAP, Group

SIZE, MAX_SIZE = 5, 100


class SearchApi(BaseApi):
    """The global search for programs; whoever may log in may ask, and sees his own rows only."""

    resource_name = "search"
    csrf_exempt = False
    allow_browser_login = True

    @expose("/", methods=["GET"])
    def get_list(self) -> Response:
        """The best hits of each kind of record; 400 without words."""
        state.only(request.args, {"q", "page_size"})
        words, size = request.args.get("q", ""), state.whole(request.args.get("page_size"), SIZE)
        if not words.strip():
            raise BadRequest(_l("Say what to search for."))
        if not 1 <= size <= MAX_SIZE:
            raise BadRequest(_l("The page size must be between 1 and %(n)s.", n=MAX_SIZE))
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
