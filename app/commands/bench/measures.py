"""What is measured: the rows of performance.md's table of budgets that exist so far."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import prison

from app.commands.bench import raw, raw_import, spreadsheets
from app.commands.bench.client import Answer, Client, Form
from app.commands.bench.database import PEOPLE, Company
from app.commands.bench.meanwhile import Meanwhile
from app.pages.dashboard.cards import CARDS

SIZE = 50
Ask = Callable[[Client], Answer]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One row of the report: who asks for what, and what it is compared with."""

    area: str
    name: str
    who: str
    """The scope kind; ``PEOPLE`` says who that is."""
    ask: Ask
    floor: dict[str, Any] | None = None
    """What the floor is asked for the same rows; None where nothing is comparable."""
    statements: int
    """The budget."""
    ratio: float | None = None
    """The budget against the floor."""
    ready: Callable[[], None] | None = None
    """What the least work needs and isn't counted with it."""
    least: Callable[[], float] | None = None
    """Seconds of the least work, where that is no request: in the place of the floor."""
    rounds: int | None = None
    """How often, when it is not as often as the others."""
    mib: float | None = None
    """The budget for what the memory of the server's processes grows by meanwhile."""


def measures(company: Company) -> Iterator[Measure]:
    """All rows, in the order of the report."""
    yield from lists(company)
    yield from searches(company)
    yield from records(company)
    yield from programs(company)
    yield from to_dos()
    yield from transfers(company)
    yield from files(company)
    yield from imports(company)
    yield from crowded(company)


def lists(company: Company) -> Iterator[Measure]:
    """First page, order, filter and depth in every scope kind; a manager's filter by owner."""
    key_ones = [{"col": "level", "opr": "eq", "value": "A"}]
    for scope in PEOPLE:
        deep = min(500_000, company.listed[scope] // 2) // SIZE
        by_name, depth = {"order": "name_sort"}, {"offset": deep * SIZE}
        filtered: dict[str, Any] = {"filters": key_ones, "floor": {"level": "A"}}
        yield _list(company, f"first page, {scope}", scope)
        yield _list(company, f"sorted by name, {scope}", scope, order="name", floor=by_name)
        yield _list(company, f"filter: option, {scope}", scope, **filtered)
        yield _list(company, f"deep page, {scope}", scope, page=deep + 1, floor=depth)
    yield _get("list", "its count, asked for after it", "all", "/customers/count", 8, None, None)
    seller = company.people["sales2a"]
    yield _list(
        company,
        "filter: owner",
        "department_tree",
        filters=[{"col": "owner", "opr": "rel_o_m", "value": seller}],
        floor={"owners": [seller]},
    )


def searches(company: Company) -> Iterator[Measure]:
    """Fragments: common and rare, Chinese, initials, digits."""
    fragments = {
        "two characters, common": "科技",
        "two characters, rare": "泉州",
        "initials": "hzkj",
        "tail of a phone": "3807",
        "a whole word": "Trading",
    }
    for name, words in fragments.items():
        floor = {"words": words}
        yield _list(company, name, "department_tree", area="search", search=words, floor=floor)
    for who in ("self", "subordinates", "all"):
        name, floor = f"two characters, common, {who}", {"words": "科技"}
        yield _list(company, name, who, area="search", search="科技", floor=floor)
    counted = f"/customers/count?search={quote('科技')}"
    yield _get("search", "its count, two characters", "department_tree", counted, 8, None, None)
    # The floor's own plan walks a million rows to find nothing, so there is nothing to compare.
    nothing = f"/customers/list/?search={quote('鑫鑫鑫')}"
    yield _get("search", "nothing found", "department_tree", nothing, 8, None, None)
    everywhere = f"/search/?q={quote('科技')}"
    yield _get("search", "all entities", "department_tree", everywhere, 8, None, None)


def records(company: Company) -> Iterator[Measure]:
    """One record: read, form, saved."""
    number = company.own[len(company.own) // 2]
    page = {"id": number}
    yield _get("record", "detail", "self", f"/customers/show/{number}", 14, 8, page)
    history = f"/customers/show/{number}?tab=history"
    yield _get("record", "history tab", "self", history, 14, 8, page)
    form = {"id": number, "parts": 1}
    yield _get("record", "edit form", "self", f"/customers/edit/{number}", 6, 5, form)
    yield _get("record", "add form", "self", "/customers/add", 6, None, None)
    yield Measure(area="record", name="save an edit", who="self", ask=_save(number), statements=10)
    words = quote("科技")
    path = f"/contacts/options/customer?q={words}"
    yield _get("record", "type-ahead", "department_tree", path, 4, None, None)
    yield _get("record", "home", "department_tree", "/", 8, None, None)
    for card in CARDS:
        path = f"/dashboard/cards/{card}"
        yield _get("home", card, "department_tree", path, 8, None, None)


def programs(company: Company) -> Iterator[Measure]:
    """The API: a list and a record."""
    query = quote(prison.dumps({"page_size": SIZE}))
    floor = {**_floor(company, "department_tree"), "json": True}
    path = f"/api/v1/customers/?q={query}"
    yield _get("rest", "list of 50", "department_tree", path, 6, 4, floor)
    one = f"/api/v1/customers/{company.own[0]}"
    yield _get("rest", "one record", "department_tree", one, 6, None, None)


def to_dos() -> Iterator[Measure]:
    """The number on the icon, all counts of one's own and one's people's, and a list of them."""
    for who in ("self", "department_tree"):
        yield _get("todos", "the number on the icon", who, "/to-dos/waiting", 6, None, None)
        yield _get("todos", "all lists, mine", who, "/to-dos/", 6, None, None)
    people = "?who=my_people"
    paths = {
        "all lists, my people's": f"/to-dos/{people}",
        "a list, my people's": f"/to-dos/contact_customers/overdue{people}",
        "its counts, asked for after it": f"/to-dos/contact_customers/overdue/counts{people}",
    }
    for name, path in paths.items():
        yield _get("todos", name, "department_tree", path, 6, None, None)


def transfers(company: Company) -> Iterator[Measure]:
    """Rehearsed, there and back again: the least is the same rows by plain SQL."""
    count = f"{len(company.many):,}"
    yield Measure(
        area="bulk",
        name=f"dry run over {count}",
        who="department_tree",
        ask=_transfer(company, "sales1b", dry_run=True),
        statements=10,
        rounds=3,
    )
    for name, to in ((f"transfer {count}", "sales1b"), (f"transfer {count} again", "sales1a")):
        yield Measure(
            area="bulk",
            name=name,
            who="department_tree",
            ask=_transfer(company, to, dry_run=False),
            least=partial(raw.transferred, company.people["sales2a"]),
            statements=12 * -(-len(company.many) // 500),
            ratio=3,
            rounds=1,
        )


def files(company: Company) -> Iterator[Measure]:
    """Spreadsheets out, by jobs; the least is the library alone."""
    owners = company.owners["department_tree"]
    rows = spreadsheets.count_of(owners)
    plain = {"xlsx": (spreadsheets.plain_xlsx, 1.4), "csv": (spreadsheets.plain_csv, 2)}
    for kind, (least, ratio) in plain.items():
        yield Measure(
            area="bulk",
            name=f"export {rows:,} × 15, {kind}",
            who="department_tree",
            ask=partial(spreadsheets.exported, kind=kind),
            least=partial(least, owners),
            statements=14,
            ratio=ratio,
            rounds=1,
            mib=80,
        )


def imports(company: Company) -> Iterator[Measure]:
    """Spreadsheets in, by jobs: against the same rows in all their tables, and in a bare one."""
    for turn, number in enumerate((10_000, 100_000)):
        if number > company.customers:
            return
        same, bare = (partial(spreadsheets.sheet_of, number, 2 * turn + i) for i in (0, 1))
        rows = raw_import.LastImport(same)
        plain = partial(spreadsheets.plain_import, bare)
        yield _import(number, "the same rows", same, ratio=4, ready=rows.take, least=rows.write)
        yield _import(number, "a bare table", bare, least=plain)


def _import(number: int, to: str, content: spreadsheets.Content, **more: Any) -> Measure:
    return Measure(
        area="bulk",
        name=f"import {number:,} × 15, xlsx, against {to}",
        who="department_tree",
        ask=partial(spreadsheets.imported, content=content),
        statements=20 * -(-number // 500),
        rounds=1,
        **more,
    )


def crowded(company: Company) -> Iterator[Measure]:
    """A list while thousands are transferred or exported; the least is the same at rest."""
    columns = list(spreadsheets.COLUMNS)
    bodies = {
        "transfer": _body(company, "sales1b", dry_run=False),
        "export": {"filters": [], "params": {"format": "xlsx", "columns": columns}},
    }
    for slug, body in bodies.items():
        path = f"/api/v1/customers/bulk/{slug}"
        page = Meanwhile("/customers/list/", partial(Client.post_json, path=path, body=body))
        yield Measure(
            area="bulk",
            name=f"list during the {slug}",
            who="department_tree",
            ask=page.ask,
            least=page.least,
            statements=8,
            ratio=2,
            rounds=1,
        )


def _floor(company: Company, scope: str) -> dict[str, Any]:
    return {"owners": company.owners[scope], "order": "updated_at", "offset": 0, "size": SIZE}


def _list(
    company: Company,
    name: str,
    scope: str,
    *,
    floor: dict[str, Any] | None = None,
    area: str = "list",
    filters: list[Any] | None = None,
    **arguments: Any,
) -> Measure:
    asked = {**arguments, **({"filters": json.dumps(filters)} if filters else {})}
    path = f"/customers/list/?{urlencode(asked)}".rstrip("?")
    least = {**_floor(company, scope), **(floor or {})}
    return _get(area, name, scope, path, 8, 6, least)


def _get(
    area: str,
    name: str,
    who: str,
    path: str,
    statements: int,
    ratio: float | None,
    floor: dict[str, Any] | None,
) -> Measure:
    return Measure(
        area=area,
        name=name,
        who=who,
        ask=lambda client: client.get(path),
        floor=floor,
        statements=statements,
        ratio=ratio,
    )


def _save(number: int) -> Ask:
    """The form is opened first, and not counted; what is posted changes each time."""

    def ask(client: Client) -> Answer:
        path = f"/customers/edit/{number}"
        form = Form("edit", client.get(path).body).values
        form["remark"] = f"bench {form.get('form_nonce', '')}"
        return client.post(path, form)

    return ask


def _transfer(company: Company, to: str, *, dry_run: bool) -> Ask:
    """A transfer takes until its job has ended; counted are the statements of the request."""
    body = _body(company, to, dry_run=dry_run)

    def ask(client: Client) -> Answer:
        began = time.perf_counter()
        answer = client.post_json("/api/v1/customers/bulk/transfer", body)
        return spreadsheets.settled(client, began, answer)

    return ask


def _body(company: Company, to: str, *, dry_run: bool) -> dict[str, Any]:
    params = {"new_owner": to, "old_owner": "remove"}
    return {"ids": list(company.many), "params": params, "dry_run": dry_run}
