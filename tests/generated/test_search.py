"""Global search: in each kind of record exactly what the searcher may list, by what he may read.

The expectation comes from the oracle and from the names and numbers that the company's records
were given; the same words asked of the lists must give the same ids (SEARCH, PERM-4, C24, C43).
"""

import json
from typing import Any

import pytest
from sqlalchemy import select, update

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import access
from app.store.context import system_scope
from app.store.organisation import Role, RoleGrant
from app.store.writer import Context, insert_rows
from tests.generated.browser import Person
from tests.generated.stage import Stage
from tests.support.company import PEOPLE
from tests.support.statements import count_statements

WORDS = ("customer", "ust", "Lead", "０3", "contact 02", "CUSTOMER 11", "0000002", "omer 8")
"""Pieces of names, wide digits, several words, the tail of a telephone number; and no name."""
OWNED = ("lead", "customer", "contact")
WITHOUT_NUMBERS = {("legal", "customer")}
"""Who reads telephone numbers as masks only (contract §7)."""
HOSTILE = ["%", "_", "\\", "'", '"', "* OR NEAR", ") OR 1=1 --", "tokens : a", "a" * 200, "۞",
           "🙂🙂", "-", "ss AND", "l" * 40, "aaaaaaaaaaaaaaaa zz 1 海"]  # fmt: skip


def found(person: Person, words: str, size: int = 100) -> dict[tuple[str, bool], list[int]]:
    """The ids of each group, by entity and whether it is the one of the pools."""
    answer = person.get("/api/v1/search/", q=words, page_size=size)
    assert answer.status_code == 200, f"{words!r}: {answer.text}"
    groups = json.loads(answer.text)["groups"]
    for group in groups:
        assert group["count"] >= len(group["result"]) > 0
    return {
        (group["entity"], group["in_pools"]): [hit["id"] for hit in group["result"]]
        for group in groups
    }


def has(entity: str, number: int, words: str, *, by_number: bool) -> bool:
    """Whether the record of that number has the words, told from how the loader names it."""
    folded = words.lower().replace("０", "0").split()
    name, mobile = f"{entity} {number:02}", f"138{len(entity)}{number:07}"
    return all(
        word in name or (by_number and len(word) > 3 and word in mobile)
        for word in folded
        if len(word) > 1
    )


def expected(stage: Stage, actor: str, words: str) -> dict[tuple[str, bool], set[int]]:
    oracle, wanted = stage.oracle, {}
    for entity in OWNED:
        by_number = (actor, entity) not in WITHOUT_NUMBERS
        for in_pools in (False, True):
            ids = oracle.visible(actor, entity, "list")
            if in_pools:
                pools = oracle.company.pools
                ids = set().union(*(oracle.visible(actor, entity, "list", p) for p in pools))
            hits = {i for i in ids if has(entity, i, words, by_number=by_number)}
            if hits:
                wanted[entity, in_pools] = hits
    return wanted


@pytest.mark.parametrize("actor", [person.name for person in PEOPLE])
def test_hits_are_what_one_may_list(stage: Stage, actor: str) -> None:
    """Neither one more nor one less, and the list says the same."""
    person, seen = stage.person(actor), 0
    for words in WORDS:
        hits = found(person, words)
        owned = {key: set(ids) for key, ids in hits.items() if key[0] in OWNED}
        assert owned == expected(stage, actor, words), f"{actor} searches {words!r}"
        for (key, in_pools), ids in hits.items():
            filters: list[Any] = [{"col": "pool", "opr": "not_empty"}] if in_pools else []
            listed = person.ask(
                catalogue.get(key).plural, search=words, filters=filters, page_size=100
            )
            assert set(json.loads(listed.text)["ids"]) == set(ids), f"{actor}: {key} {words!r}"
            seen += len(ids)
    others = {key for key, _ in found(person, actor[:4]) if key not in OWNED}
    assert all(stage.oracle.may(actor, key, "list") for key in others)
    assert seen or not any(stage.oracle.may(actor, key, "list") for key in OWNED)


def test_deleted_records_are_not_found(stage: Stage) -> None:
    """C101: they lie in the bin and nowhere else."""
    gone = {row.id for row in stage.oracle.company.rows["customer"] if row.is_deleted}
    hits = found(stage.person("admin"), "customer")
    assert gone
    assert not gone & {*hits["customer", False], *hits["customer", True]}


def test_a_withheld_field_neither_finds_nor_shows(stage: Stage) -> None:
    """C43, PERM-6: a hidden English name finds nothing and shows nowhere; the name still does."""
    person = stage.person("sales1a")
    with stage.world.app.app_context(), system_scope("rows to look for"):
        row = {"name": "重慶遠山貿易", "name_en": "Farhill Trading", "mobile": "13911112222",
               "owner": stage.people["sales1a"]}  # fmt: skip
        [number] = insert_rows(catalogue.get("customer"), [row], Context("create"))
        db.session.commit()
    for words in (
        "重庆",
        "远",
        "yuanshan",
        "cqys",
        "farh",
        "Ｆａｒｈｉｌｌ",
        "2222",
        "1391-1112222",
    ):
        assert found(person, words) == {("customer", False): [number]}, words
    for levels, silent in (
        ({"name_en": {"level": 0}, "mobile": {"mask": 1}}, ("farh", "2222", "Farhill 重庆")),
    ):
        with stage.world.app.app_context(), system_scope("a field is taken away"):
            role = select(Role.id).where(Role.code == "salesperson").scalar_subquery()
            db.session.execute(
                update(RoleGrant)
                .where(RoleGrant.role_id == role, RoleGrant.entity == "customer")
                .values(fields=levels)
            )
            access.touch()
            db.session.commit()
        assert found(person, "重庆") == {("customer", False): [number]}
        for words in silent:
            assert found(person, words) == {}, words
        for path in ("/search/", "/search/panel", "/api/v1/search/"):
            text = person.get(path, q="重庆").text
            assert f"/customers/show/{number}" in text
            assert "Farhill" not in text
            assert "13911112222" not in text
    stage.reset()


def test_better_hits_come_first_and_are_cut(stage: Stage) -> None:
    """The very name, then what begins with it, then what was changed last; counted all the same."""
    names = ["上海安达", "安达物流", "安达", "北京安达", "安达国际"]
    with stage.world.app.app_context(), system_scope("rows to look for"):
        rows = [{"name": name, "owner": stage.people["leader1"]} for name in names]
        ids = insert_rows(catalogue.get("customer"), rows, Context("create"))
        db.session.commit()
    by_name = dict(zip(ids, names, strict=True))
    person = stage.person("leader1")
    order = [by_name[i] for i in found(person, "安达")["customer", False]]
    assert order[0] == "安达"
    assert set(order[1:3]) == {"安达物流", "安达国际"}
    assert len(found(person, "安达", size=2)["customer", False]) == 2
    page = person.get("/search/panel", q="安达").text
    assert "<mark>安达</mark>物流" in page
    assert "search=%E5%AE%89%E8%BE%BE" in page
    stage.reset()


def test_statements_do_not_grow(stage: Stage) -> None:
    """performance.md: at most 8 for all kinds together, whatever is found."""
    for path in ("/search/", "/search/panel", "/api/v1/search/"):
        counts = set()
        for words in ("customer", "0", "zzzz", "03"):
            person = stage.person("leader1")
            person.get(path, q=words)
            with count_statements() as asked:
                person.get(path, q=words)
            counts.add(len(asked))
            assert len(asked) <= 8, f"{path} {words!r}:\n{asked}"
        assert max(counts) <= 4, counts


def test_hostile_words(stage: Stage) -> None:
    """C55: signs of SQL and of the full-text language are plain text; too long is 400."""
    person = stage.person("manager")
    for words in HOSTILE:
        for path in ("/search/", "/search/panel", "/api/v1/search/"):
            assert person.get(path, q=words).status_code == 200, f"{path} {words!r}"
    for words in ("x" * 201, "a\x00b", "汉" * 3_000):
        for path in ("/search/", "/search/panel", "/api/v1/search/"):
            assert person.get(path, q=words).status_code == 400, f"{path} {words[:9]!r}"
    for odd in ({"q": "a", "x": "1"}, {"q": " "}, {"q": "ab", "page_size": "101"}, {}):
        assert person.get("/api/v1/search/", **odd).status_code == 400, odd
    assert "<script>" not in person.get("/search/", q="<script>").text
