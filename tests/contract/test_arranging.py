"""Lists arranged by their readers: columns, widths, density; small and cheap whatever is chosen."""

import re
from typing import Any

import pytest
from sqlalchemy import Engine

from app.spec.catalogue import catalogue
from tests.contract.calls import Api, condition, filters_of, grant_fields, write
from tests.contract.test_views import Reader
from tests.generated.browser import Page
from tests.support.statements import count_statements
from tests.support.worlds import World

MOST_BYTES = 100 * 1024
MOST_STATEMENTS = 8


def columns_of(page: str) -> list[str]:
    return re.findall(r'<th scope="col" data-column="(\w+)"', page)


def arrange(reader: Reader, plural: str, **form: Any) -> int:
    return reader.post(f"/columns/{plural}/?view=all", {"frozen": "1", **form}).status_code


def test_columns_are_chosen_ordered_and_reset(world: World) -> None:
    """LIST-1: any field he may read, system fields too; the name comes first; his alone."""
    seller, other = Reader(world, "sales1a"), Reader(world, "sales1b")
    before = columns_of(seller.open("mine").text)
    assert arrange(seller, "customers", column=["owner", "created_at", "name", "level"],
                   up="created_at", frozen="2") == 302  # fmt: skip
    page = seller.open("mine").text
    assert columns_of(page) == ["name", "created_at", "owner", "level"]
    assert 'data-frozen="2"' in page
    assert columns_of(other.open("mine").text) == before
    for wrong in ({"column": "password"}, {"column": "owner_id"}, {"frozen": "9"}):
        assert arrange(seller, "customers", **wrong) == 400, wrong
    assert arrange(seller, "customers", column=[]) == 302
    assert columns_of(seller.open("mine").text) == ["name"]
    assert arrange(seller, "customers", reset="1") == 302
    assert columns_of(seller.open("mine").text) == before


def test_widths_and_density_are_kept(world: World) -> None:
    seller = Reader(world, "sales1a")
    path = "/columns/customers/widths?view=mine"
    assert (
        seller.post(path, {"widths": '{"name": 300, "level": 4, "owner": 9999}'}).status_code == 204
    )
    page = seller.open("mine").text
    assert [int(n) for n in re.findall(r'<col width="(\d+)"', page)][1:3] == [300, 48]
    for wrong in ('{"name": "300"}', '{"name": true}', "[1]", "{", "", '{"password": 100}'):
        assert seller.post(path, {"widths": wrong}).status_code == 400, wrong
    assert seller.post("/columns/customers/density", {"density": "compact"}).status_code == 302
    assert 'class="dense"' in seller.client.get("/leads/list/").text
    assert seller.post("/columns/customers/density", {"density": "tiny"}).status_code == 400


def test_sums_are_those_of_the_filter_on_the_page(world: World, engine: Engine) -> None:
    """LIST-6: asked for after the page by its own filter; of a masked amount there's none (C43)."""
    seller = Reader(world, "sales1a")
    assert arrange(seller, "customers", column=["annual_revenue"]) == 302
    for record, amount in ((1, 100), (2, 23)):
        write(engine, "customer", record, annual_revenue=amount)
    one = filters_of(condition("name", "eq", "Customer 01"))
    for more, total in (({}, "123.00"), ({"filters": one}, "100.00"), ({"search": "02"}, "23.00")):
        page = Page(seller.open("all", **more).text)
        [url] = page.hooks("data-sums")
        assert seller.client.get(url).json["annual_revenue"]["exact"] == total
        assert "annual_revenue" in page.hooks("data-sum")
    for mask in (1, 2):
        grant_fields(engine, "salesperson", "customer", annual_revenue={"mask": mask})
        page = Page(seller.open("all").text)
        assert not page.hooks("data-sums") | page.hooks("data-sum")
        assert seller.client.get("/customers/sums").json == {}


@pytest.mark.parametrize("entity", [entity.key for entity in catalogue])
def test_every_field_at_once(world: World, entity: str) -> None:
    """Statements don't grow with the columns (LIST-1); ten columns of fifty rows stay small."""
    declared = catalogue.get(entity)
    admin, path = Reader(world, "admin"), f"/{declared.plural}/list/?view=all"
    everything = list(declared.fields)
    if "<tr data-id=" not in admin.client.get(path).text:
        assert admin.post(f"/{declared.plural}/add", declared.samples[0]).status_code == 302
    assert arrange(admin, declared.plural, column=everything) == 302
    if not columns_of(admin.client.get(path).text):  # a list without rows has no columns
        Api(world, "admin").post(f"/{declared.plural}/", dict(declared.samples[0]))
    admin.client.get(path)
    with count_statements() as asked:
        page = admin.client.get(path)
    told_beside = {"records", "claims_left"}  # of no field (``Rules.beside_rows``)
    assert set(columns_of(page.text)) - told_beside == set(everything)
    most = MOST_STATEMENTS + (declared.key == "pool")  # its numbers beside are one more
    assert len(asked) <= most, asked
    assert arrange(admin, declared.plural, column=everything[:10]) == 302
    page = admin.client.get(path).text
    start, end = page.index("<tr data-id="), page.rindex("</tbody>")
    rows = page[start:end].split("<tr data-id=")[1:]
    around = page[:start] + page[end:]
    assert len(around.encode()) + 50 * len("".join(rows).encode()) / len(rows) < MOST_BYTES
