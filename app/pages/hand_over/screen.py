"""What the page of a hand-over shows: the book, what would become of it, what has."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from app.admin import forms, people
from app.admin.job_pages import job_state
from app.admin.undo_pages import undo_state
from app.operations.handing_over.places import (
    LEVEL,
    PEOPLE,
    REGION,
    Book,
    Place,
    Way,
    named,
    places,
)
from app.operations.handing_over.running import Preview, left_over, owned
from app.operations.handing_over.splitting import COUNT, STAY
from app.operations.handing_over.taking_back import BACK, part_of
from app.operations.outcome import Skip, told
from app.operations.receivers import warnings as warn_of
from app.operations.undoing import UNDO_DAYS
from app.pages.hand_over.reading import BY, HOW, MARK, Sent
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.operations import DISABLE
from app.spec.plurals import ngettext
from app.spec.settings import value
from app.spec.words import listed
from app.store import access, door, hand_overs, jobs, titles
from app.store.context import actor
from app.store.runs import OperationRun

GROUPS_SHOWN = 40
"""So many regions of a kind are offered to be given away by hand, the largest first."""
ROWS_SHOWN = 100


def address(person: int) -> str:
    return f"/users/hand-over/{person}"


def base(person: int, step: str) -> dict[str, Any]:
    """What every step of the page has."""
    name = titles.by_ids(catalogue.get(PEOPLE), [person]).get(person, "")
    may_read = actor().rights.may(PEOPLE, "read")
    return {
        "title": _("Hand over what %(name)s has", name=name),
        "step": step,
        "person": name,
        "action": address(person),
        "back_url": f"/users/show/{person}" if may_read else "/address-book/",
        "hidden": [("csrf_token", generate_csrf())],
        "errors": [],
    }


def form(way: Way, book: Book, sent: Sent, *, errors: Sequence[Any] = ()) -> dict[str, Any]:
    """The book, who receives it, and how each kind of record is split."""
    names = titles.by_ids(catalogue.get(PEOPLE), sent.to)
    receivers = [(str(one), names.get(one, str(one))) for one in sent.to]
    rights, is_active = actor().rights, access.is_active(way.person)
    return base(way.person, "form") | {
        "picker": _picker(sent, errors),
        "chosen": receivers,
        "rows": [_row(places()[key], book, sent, receivers) for key in book.held],
        "is_empty": not book.held,
        "message": sent.message,
        "may_disable": rights.may(PEOPLE, DISABLE.slug) and is_active,
        "disables": sent.disables,
        "is_veiled": way.is_whole and not rights.is_super,
    }


def _picker(sent: Sent, errors: Sequence[Any]) -> dict[str, Any]:
    """Several people to choose, by being typed for."""
    entity = catalogue.get(PEOPLE)
    if actor().rights.may(PEOPLE, "list"):
        made = forms.control(entity, entity.fields["superior"], None, offers=False)
    else:
        made = people.picker("to", "", None)
    names = titles.by_ids(entity, sent.to)
    return made | {
        "key": "to",
        "label": _("Receivers"),
        "kind": "options",
        "value": [str(one) for one in sent.to],
        "text": "",
        "options": [{"code": str(one), "label": names.get(one, str(one))} for one in sent.to],
        "is_noted": False,
        "required": True,
        "help": _("One or several active people."),
        "errors": [str(one) for one in errors],
    }


def _row(
    place: Place, book: Book, sent: Sent, receivers: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """One kind: how many there are, and the ways to split them."""
    held, name = book.held[place.key], f"{HOW}{MARK}{place.key}"
    usual = receivers[0][0] if len(receivers) == 1 else COUNT
    ways = [(COUNT, _("Evenly, by number"))] if len(receivers) > 1 else []
    splits = place.splits() if len(receivers) > 1 else {}
    if LEVEL in splits:
        ways.append((LEVEL, _("Evenly, each level by itself")))
    if REGION in splits:
        ways.append((REGION, _("By region: a region stays together")))
    ways += [(number, _("All to %(name)s", name=who)) for number, who in receivers]
    return {
        "label": str(place.label),
        "count": len(held),
        "beyond": book.beyond.get(place.key, 0),
        "name": name,
        "chosen": sent.how.get(name, usual),
        "ways": [*ways, (STAY, _("Nothing: they stay"))],
        "follows": listed(_parents(place)),
        "groups": [_groups(place, key, book, sent) for key in splits if held],
    }


def _parents(place: Place) -> Iterable[str]:
    return (str(catalogue.get(f.to).one) for f in place.ties)


def _groups(place: Place, key: str, book: Book, sent: Sent) -> dict[str, Any]:
    """The values of one field, the most frequent first, each with who gets them by hand."""
    field = place.splits()[key]
    counted = Counter(one.groups.get(key) for one in book.held[place.key])
    lines = []
    for what, n in counted.most_common(GROUPS_SHOWN):
        name = MARK.join((BY, place.key, key, str(what or "")))
        label = named(field, what) or _("Without")
        lines.append({"name": name, "label": label, "count": n, "chosen": sent.by.get(name, "")})
    return {"label": str(field.label), "lines": lines}


def preview(way: Way, found: Preview, sent: Sent) -> dict[str, Any]:
    """Who would get what, what stays and why, and what has to be said before."""
    names = titles.by_ids(catalogue.get(PEOPLE), sent.to)
    keys = list(found.book.held)
    return base(way.person, "preview") | {
        "hidden": [
            ("csrf_token", generate_csrf()),
            ("form_nonce", forms.nonce()),
            *sent.pairs(),
        ],
        "receivers": [names.get(one, str(one)) for one in sent.to],
        "rows": [
            {
                "label": str(places()[key].label),
                "counts": [found.going[(one, key)] for one in sent.to],
                "follow": found.follow[key],
                "stays": found.staying.get(key, 0)
                + len(found.skipped.get(key, ()))
                + found.book.beyond.get(key, 0),
                "beyond": found.book.beyond.get(key, 0),
            }
            for key in keys
        ],
        "total": found.total,
        "sums": [sum(found.going[(one, key)] for key in keys) for one in sent.to],
        "reasons": _reasons(found.skipped),
        "warnings": warnings(way, found, sent.to, names),
        "disables": sent.disables,
        "undo_days": value(UNDO_DAYS),
    }


def _reasons(skipped: Mapping[str, Sequence[Skip]]) -> list[dict[str, Any]]:
    counted: Counter[tuple[str, str]] = Counter()
    for key, some in skipped.items():
        counted.update((str(part_of(key)), skip.reason) for skip in some)
    return [
        {"label": label, "text": text, "count": n} for (label, text), n in counted.most_common()
    ]


def warnings(
    way: Way, found: Preview, receivers: Sequence[int], names: Mapping[int, str]
) -> list[str]:
    """What is allowed and yet may be a mistake (XFER-3)."""
    getting: dict[int, list[Entity]] = {one: [] for one in receivers}
    for (one, key), n in found.going.items():
        getting[one] += [places()[key].entity] if n else []
    below = access.rights_of(way.person).people
    return [
        *warn_of(getting),
        *(
            _("%(name)s works under the person who leaves.", name=names.get(one, str(one)))
            for one in receivers
            if one in below
        ),
    ]


def report(run: OperationRun) -> dict[str, Any]:
    """What has become of everything, and what can be done about it."""
    mine, job = hand_overs.of(run.id), jobs.of_runs([run.id]).get(run.id)
    is_open = job is not None and job.state in jobs.OPEN
    counts = hand_overs.counts(run.id)
    to = list(dict.fromkeys(r for _p, r, _o, _n in counts if r))
    names = titles.by_ids(catalogue.get(PEOPLE), to)
    is_back = run.operation == BACK
    found = base(mine.person_id, "report")
    if is_back:
        found["title"] = _("Undone: what %(name)s had", name=found["person"])
    return found | {
        "is_back": is_back,
        "url": f"/users/hand-over/report/{run.id}",
        "job": job_state(job) if job and job.state != "done" else {},
        "is_open": is_open,
        "done": run.done,
        "skipped": run.skipped,
        "receivers": [names.get(one, str(one)) for one in to],
        "rows": _done(counts, to),
        "reasons": _left(run.id),
        "undo": {} if is_open or is_back else undo_state(run),
        "account": "" if is_open or is_back else _account(mine),
        "left": [] if is_open or is_back else _left_over(mine.person_id),
        "again_url": "" if is_open else address(mine.person_id),
        "file_url": f"/users/hand-over/report/{run.id}/rows",
    }


def _done(
    counts: Sequence[tuple[str, int | None, str, int]], to: Sequence[int]
) -> list[dict[str, Any]]:
    by: Counter[tuple[str, int | None, str]] = Counter()
    for key, receiver, outcome, n in counts:
        by[(key, receiver, outcome)] += n
    return [
        {
            "label": str(part_of(key)),
            "counts": [by[(key, one, "done")] for one in to] or [by[(key, None, "done")]],
            "stays": sum(n for (k, _r, o), n in by.items() if k == key and o == "skipped"),
        }
        for key in dict.fromkeys(k for k, _r, _o, _n in counts)
    ]


def _left(run: int) -> list[dict[str, Any]]:
    """What stayed and why; the records by name as far as the reader may read them."""
    items = hand_overs.items(run, "skipped", ROWS_SHOWN)
    found = []
    for key in dict.fromkeys(item.place for item in items):
        entity = catalogue.get(key.partition(":")[0])
        mine = [item for item in items if item.place == key]
        readable = door.within(entity, [item.record_id for item in mine], "read")
        known = titles.by_ids(entity, readable)
        for item in mine:
            number, is_read = item.record_id, item.record_id in known
            found.append(
                {
                    "kind": str(part_of(key)),
                    "label": known.get(number) or _("No. %(number)s", number=number),
                    "reason": told(item.code, item.reason),
                    "url": f"/{entity.plural}/show/{number}" if is_read else "",
                }
            )
    return found


def _account(mine: Any) -> str:
    """What became of the account, where it was to be disabled."""
    if not mine.disables or "disabled" not in mine.result:
        return ""
    if mine.result["disabled"]:
        if access.is_active(mine.person_id):
            return _("The account was disabled, and has been enabled again since.")
        return _("The account is disabled.")
    why = told(mine.result.get("code", ""), mine.result.get("reason", ""))
    return _("The account is not disabled. %(why)s", why=why)


def _left_over(person: int) -> list[str]:
    return [
        _("%(n)d × %(kind)s", n=n, kind=places()[key].label)
        for key, n in sorted(left_over(person).items(), key=lambda pair: not owned(pair[0]))
    ]


def undoing(run: OperationRun, *, errors: Sequence[Any] = ()) -> dict[str, Any]:
    """The question before a hand-over is undone; with a disabled account it asks for that too."""
    mine = hand_overs.of(run.id)
    found = base(mine.person_id, "undo")
    return found | {
        "title": _("Undo: what %(name)s had was handed over", name=found["person"]),
        "action": f"/users/hand-over/undo/{run.id}",
        "hidden": [
            ("csrf_token", generate_csrf()),
            ("step", "run"),
            ("form_nonce", forms.nonce()),
        ],
        "is_disabled": not access.is_active(mine.person_id),
        "total": run.done,
        "text": ngettext(
            "%(num)s thing goes back, unless somebody changed it meanwhile.",
            "%(num)s things go back, but what somebody changed meanwhile.",
            run.done,
        ),
        "back_url": f"/users/hand-over/report/{run.id}",
        "errors": [str(one) for one in errors],
    }
