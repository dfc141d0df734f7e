"""``flask crm bench`` measures the real server and never touches anybody's records."""

import json
from dataclasses import replace
from inspect import getsource
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import Engine, func, select, text

from app.commands.bench import floor, measures, raw_import, spreadsheets
from app.commands.bench.client import Form, hidden
from app.commands.bench.command import own_environment
from app.commands.bench.database import PEOPLE, TODAY, Company, prepare
from app.commands.bench.measures import Measure
from app.commands.bench.runner import Result
from app.demo.loader import Size
from app.entities.customer import Customer
from app.spec.errors import Conflict
from tests.contract.calls import Api
from tests.contract.test_imports import counts, send
from tests.support.databases import Server
from tests.support.worlds import World

MEASURE = Measure(
    area="list", name="first page", who="self", ask=lambda c: c.get("/"), statements=8, ratio=6
)
PAGE = b"""<form data-form="search"><input name="q" value="x"></form>
<form data-form="edit"><input type="hidden" name="csrf_token" value="a&amp;b">
<input name="name" value="Haina"><input type="checkbox" name="off"><input type="checkbox"
name="on" value="1" checked><select name="level"><option value="A"><option value="B" selected>
</select><textarea name="remark">one
two</textarea></form>"""


def test_the_floor_is_small_enough_to_be_read() -> None:
    """Sixty lines, printed in the report: whoever doubts a ratio can look at it."""
    assert len(getsource(floor).splitlines()) <= 60


def test_the_floor_is_reached_in_the_bench_only(world: World) -> None:
    rules = [str(rule) for rule in world.app.url_map.iter_rules()]
    assert not [rule for rule in rules if "bench" in rule]
    answer = world.client("admin").post("/bench/floor/", json={})
    assert answer.status_code in (400, 404)
    assert "X-Statements" not in answer.headers


def test_a_form_is_posted_back_as_it_came() -> None:
    assert Form("edit", PAGE).values == {
        "csrf_token": "a&b",
        "name": "Haina",
        "on": "1",
        "level": "B",
        "remark": "one\ntwo",
    }
    assert hidden(PAGE) == {"csrf_token": "a&b"}


def test_lists_are_measured_in_every_scope_kind() -> None:
    """List, order, filter, depth and search: each by each of the four people (performance.md)."""
    numbers = dict.fromkeys(PEOPLE, 1_000)
    company = Company(
        "sqlite", 1_000, "", owners={scope: [1] for scope in PEOPLE}, listed=numbers,
        people={"sales2a": 1},
    )  # fmt: skip
    found = [*measures.lists(company), *measures.searches(company)]
    said = {(one.who, one.name.partition(",")[0]) for one in found}
    works = ("first page", "sorted by name", "filter: option", "deep page", "two characters")
    assert {(scope, work) for scope in PEOPLE for work in works} <= said


def test_missed_budgets_are_named() -> None:
    fine = Result(MEASURE, 200, 8, page=[12.0, 12.0, 90.0], floor=[2.0, 2.0, 2.0])
    assert (fine.to_floor, fine.over) == (6.0, [])
    slow = replace(fine, status=500, statements=9, page=[13.0])
    assert len(slow.over) == 3


def test_the_bench_has_files_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_INSTANCE", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/crm.sqlite")
    monkeypatch.setenv("SECRET_KEY", "the installation's own")
    environ = own_environment()
    assert environ["CRM_INSTANCE"] == str(tmp_path / "bench")
    assert "DATABASE_URL" not in environ
    assert "SECRET_KEY" not in environ


def test_a_database_in_use_is_refused(world: World) -> None:
    with world.app.app_context(), pytest.raises(Conflict, match="of its own"):
        prepare(Size(customers=200, today=TODAY), lambda _: None)
    world.is_dirty = True


def test_a_run_measures_and_writes(
    server: Server,
    empty_database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: FlaskCliRunner,
    fresh: Flask,
) -> None:
    """The whole way, as small as it gets: fill, serve, log in, count, ask, report; then again."""
    monkeypatch.setenv("CRM_INSTANCE", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", empty_database)
    size = ["--customers", "200", "--users", "18", "--departments", "9", "--rounds", "1"]
    size += ["--seconds", "0.5"]
    answer = run.invoke(args=["crm", "bench", "rest", *size])
    assert answer.exit_code == 0, answer.output
    assert "the floor:" in answer.stdout
    found = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert found["database"] == server.kind
    assert found["pages_per_second"] > 0
    assert [each["status"] for each in found["measures"]] == [200, 200]
    for each in found["measures"]:
        assert 0 < each["statements"] <= each["budget"]["statements"]
        assert each["page_ms"]


def test_the_least_of_an_import_is_all_that_it_has_written(world: World, engine: Engine) -> None:
    """The same rows again, in every table: a floor that left some out would be too low."""
    sheet, number = spreadsheets.sheet_of(60, 0), 60
    assert counts(send(Api(world, "manager"), "customers", sheet, "a.xlsx")) == (60, 0, 0, 0)

    def written() -> dict[str, int]:
        names = ("customer", "customer_search", "history", "operation_item", "import_part")
        with engine.connect() as connection:
            found = {n: select(func.count()).select_from(text(n)) for n in names}
            return {name: connection.scalar(one) or 0 for name, one in found.items()}

    with world.app.app_context():
        rows = raw_import.LastImport(lambda: sheet)
        rows.take()
        before = written()
        rows.write()
        more = {name: count - before[name] for name, count in written().items()}
    assert more == {**dict.fromkeys(more, number), "import_part": 1}
    with engine.connect() as connection:
        names = select(Customer.name).where(Customer.name.startswith(raw_import.MARK))
        living = connection.scalars(names.where(Customer.deleted_at.is_(None))).all()
    assert len(set(living)) == number
    more_of_it = send(Api(world, "manager"), "customers", spreadsheets.sheet_of(1, 99), "b.xlsx")
    assert counts(more_of_it) == (1, 0, 0, 0), "numbers go on behind the copies"
