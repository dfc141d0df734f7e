"""What departments think of a record: a panel of what counts, a tab of all they said (CUS-5)."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from flask_babel import gettext as _

from app.admin import cells
from app.admin.record import panels
from app.admin.record.panels import Panel, Seen
from app.operations.judging import OPINIONS
from app.spec.kinds import OptionField
from app.spec.words import Label, either, listed
from app.store import opinions
from app.store.opinions import Told

SHOWN = 50
TAB = OPINIONS


def has_tab(seen: Seen) -> bool:
    """Whether its reader may know what departments think: a pool shows its members columns."""
    return bool(_aspects(seen))


def screen(seen: Seen, before: int) -> dict[str, Any]:
    """All opinions, those older than opinion ``before``; the newest first."""
    aspects, place = _aspects(seen), f"{_page(seen)}?tab={TAB}"
    found = opinions.given(
        seen.entity.key, seen.record.id, tuple(aspects), before=before or None, limit=SHOWN + 1
    )
    return {
        "judge_url": _judging(seen),
        "acts": _acts(aspects, found[:SHOWN]),
        "older_url": f"{place}&before={found[SHOWN - 1].id}" if len(found) > SHOWN else "",
        "newest_url": place if before else "",
    }


def _content(seen: Seen) -> Mapping[str, Any] | None:
    """What counts now, department by department, and in words about what they differ."""
    aspects = _aspects(seen)
    if not aspects:
        return None
    found = opinions.current(seen.entity.key, seen.record.id, tuple(aspects))
    disputed = [f for key, f in aspects.items() if _differ(found, key)]
    if not found and not _judging(seen):
        return None
    return {
        "judge_url": _judging(seen),
        "all_url": f"{_page(seen)}?tab={TAB}" if found else "",
        "conflict": _conflict(disputed),
        "badges": [{"text": _("Opinions conflict"), "colour": "orange"}] if disputed else [],
        "departments": [
            {"name": either(*names), "acts": _acts(aspects, some)}
            for names, some in groupby(found, key=lambda one: one.department[1:])
        ],
    }


def _differ(found: Iterable[Told], aspect: str) -> bool:
    return any(one.is_disputed for one in found if one.aspect == aspect)


def _conflict(disputed: Sequence[OptionField]) -> str:
    """That departments differ, and about what; empty when they don't."""
    if not disputed:
        return ""
    about = listed(str(f.label) for f in disputed)
    return _("The departments don't agree about: %(aspects)s", aspects=about)


def _acts(aspects: Mapping[str, OptionField], found: Iterable[Told]) -> list[dict[str, Any]]:
    """What was said at one time together: the aspects, and once who said so, when and why."""
    acts = []
    for (department, author, at, note, state), some in groupby(found, key=_act):
        acts.append(
            {
                "department": either(*department[1:]),
                "author": either(*author[1:]),
                "when": cells.moment(at),
                "note": note,
                "state": state,
                "aspects": [
                    {
                        "label": str(aspects[one.aspect].label),
                        "html": cells.badge(aspects[one.aspect], one.value),
                        "is_disputed": one.is_disputed,
                    }
                    for one in some
                ],
            }
        )
    return acts


def _act(one: Told) -> tuple[Any, ...]:
    return one.department, one.author, one.at, one.note, _state(one)


def _state(one: Told) -> str:
    """What became of an opinion, in a word."""
    if one.is_taken_back:
        return _("Taken back")
    return "" if one.is_current else _("Earlier")


def _aspects(seen: Seen) -> dict[str, OptionField]:
    is_limited = seen.policy.pool_columns(seen.record) is not None
    return {} if is_limited else seen.policy.aspects


def _judging(seen: Seen) -> str:
    number = seen.record.id
    may = "judge" in seen.offered
    return f"/{seen.entity.plural}/bulk/judge?id={number}" if may else ""


def _page(seen: Seen) -> str:
    return f"/{seen.entity.plural}/show/{seen.record.id}"


panels.declare(
    Panel(
        OPINIONS,
        Label("Opinions of the departments", "部门意见"),
        "scale",
        "panels/opinions.html",
        _content,
        rank=40,
    )
)
