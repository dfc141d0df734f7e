"""What people say about a record to each other: a panel of the newest, a tab of all (NOTE)."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from app.admin import cells, forms
from app.admin.record import panels
from app.admin.record.own_marks import linked
from app.admin.record.panels import Panel, Seen
from app.operations import commenting
from app.operations.commenting import Candidate
from app.spec import mentions
from app.spec.words import Label
from app.store import comments, directory
from app.store.comments import LONGEST, Person, Told
from app.store.context import actor

BESIDE, ON_A_PAGE = 10, 50
TAB, TEMPLATE = "comments", "panels/comments.html"


def has_tab(seen: Seen) -> bool:
    """Whether its reader reads the record as a whole: a pool shows its members columns."""
    return seen.entity.has_comments and seen.policy.pool_columns(seen.record) is None


def screen(seen: Seen, before: int) -> dict[str, Any]:
    """A page of all comments, those older than comment ``before``; the oldest of it first."""
    place = f"{_page(seen)}?tab={TAB}"
    shown = _shown(seen, ON_A_PAGE, before or None)
    older = f"{place}&before={shown['first']}" if shown["has_older"] else ""
    return {**shown, "older_url": older, "newest_url": place if before else ""}


def _content(seen: Seen) -> Mapping[str, Any] | None:
    """The newest comments, and a place to add one."""
    if not has_tab(seen):
        return None
    shown = _shown(seen, BESIDE, None)
    older = f"{_page(seen)}?tab={TAB}" if shown["has_older"] else ""
    is_open = not commenting.is_closed(seen.entity, seen.record)
    return {**shown, "older_url": older, "is_open": is_open, "typed": "", "error": ""}


def _page(seen: Seen) -> str:
    return f"/{seen.entity.plural}/show/{seen.record.id}"


def _shown(seen: Seen, most: int, before: int | None) -> dict[str, Any]:
    """Some comments in the order in which they were written, and how to answer them."""
    entity, number = seen.entity, seen.record.id
    found = comments.page(entity.key, number, before=before, limit=most + 1)
    told = found[:most]
    people = comments.mentioned(one.text for one in told)
    may_change = not commenting.is_closed(entity, seen.record)
    return {
        "action": f"/{entity.plural}/comment/{number}",
        "candidates_url": f"/{entity.plural}/mentions/{number}",
        "csrf_token": generate_csrf(),
        "nonce": forms.nonce(),
        "longest": LONGEST,
        "draft": f"{actor().user_id}.comment.{entity.key}.{number}",
        "comments": [_one(seen, one, people, may_change=may_change) for one in reversed(told)],
        "first": told[-1].id if told else 0,
        "has_older": len(found) > most,
    }


def _one(
    seen: Seen, one: Told, people: Mapping[int, Person], *, may_change: bool
) -> dict[str, Any]:
    names = {number: person.username for number, person in people.items()}
    return {
        "id": one.id,
        "author": cells.person(one.author.label),
        "when": cells.moment(one.written_at),
        "edited": cells.moment(one.edited_at) if one.edited_at else "",
        "is_deleted": one.is_deleted,
        "html": said(one.text, people),
        "text": mentions.typed(one.text, names),
        "nonce": forms.nonce(),
        "may_change": may_change and not one.is_deleted and commenting.may_change(one),
        "may_remove": may_change and not one.is_deleted and commenting.may_remove(seen.entity, one),
    }


def said(text: str, people: Mapping[int, Person]) -> Markup:
    """A stored text for a page: escaped, with its lines and links, people by their names."""
    return Markup("").join(
        linked(part) if isinstance(part, str) else _person(part, people)
        for part in mentions.parts(text)
    )


def _person(number: int, people: Mapping[int, Person]) -> Markup:
    one = people.get(number)
    if one is None:
        return Markup("@[{}]").format(number)
    kind = "mention mine" if number == actor().user_id else "mention"
    return Markup('<span class="{}">@{}</span>').format(kind, one.label)


def candidates(found: Sequence[Candidate]) -> list[dict[str, str]]:
    """Colleagues to pick from, each with what picking him types."""
    departments = directory.names() if found else {}
    return [
        {
            "name": one.person.label,
            "hint": departments.get(one.department_id, ""),
            "text": mentions.as_typed(one.person.id, one.person.username),
        }
        for one in found
    ]


panels.declare(
    Panel("comments", Label("Comments", "评论"), "messages", TEMPLATE, _content, rank=46)
)
