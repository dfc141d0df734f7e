"""Hits of the global search as a reader sees them: where they lead, and why they were found."""

import json
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.spec.highlight import spans
from app.store.everywhere import COUNT_CAP, Group, Hit

IN_POOLS = json.dumps([{"col": "pool", "opr": "not_empty"}], separators=(",", ":"))


def list_url(group: Group, words: str) -> str:
    """The list with everything that was found of this kind."""
    asked = {"search": words.strip()} | ({"filters": IN_POOLS} if group.in_pools else {})
    return f"/{group.entity.plural}/list/?{urlencode(asked)}"


def record_url(group: Group, hit: Hit) -> str:
    return f"/{group.entity.plural}/show/{hit.id}"


def shown(group: Group, words: str) -> dict[str, Any]:
    """A group with its hits, the words marked where they stand."""
    many = str(group.entity.many)
    count = f"{group.count:,}" if group.is_exact else f"{COUNT_CAP:,}+"
    label = _("%(kind)s in pools", kind=many) if group.in_pools else many
    return {
        "key": f"{group.entity.key}-in-pools" if group.in_pools else group.entity.key,
        "label": label,
        "icon": group.entity.icon,
        "count": count,
        "url": list_url(group, words),
        "all": _("All %(count)s results in %(kind)s", count=count, kind=label),
        "has_more": group.count > len(group.hits),
        "hits": [_shown_hit(group, hit, words) for hit in group.hits],
    }


def _shown_hit(group: Group, hit: Hit, words: str) -> dict[str, Any]:
    is_title = hit.field is None or hit.value == hit.title
    return {
        "id": hit.id,
        "url": record_url(group, hit),
        "title": marked(hit.title, words),
        "field": "" if is_title or hit.field is None else str(hit.field.label),
        "value": "" if is_title else marked(hit.value, words),
    }


def marked(value: str, words: str) -> Markup:
    """The value with the words marked."""
    parts, done = [], 0
    for start, end in spans(value, words):
        parts += [escape(value[done:start]), Markup("<mark>{}</mark>").format(value[start:end])]
        done = end
    return Markup("").join([*parts, escape(value[done:])])
