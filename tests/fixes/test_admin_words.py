"""What pages say of values and conditions: the reader's words, in whole sentences."""

from typing import Any

import pytest
from flask_babel import force_locale
from sqlalchemy import Engine, text

from app.admin import words
from app.operations.behaviour import Behaviour
from app.operations.registry import BEHAVIOURS
from app.operations.undoing import UNDO
from app.spec.catalogue import catalogue
from app.spec.field import Field
from app.spec.notices import NOTICES, declare
from app.spec.words import language
from tests.contract.calls import Api, condition, filters_of, user_ids
from tests.contract.test_bulk import rows_in
from tests.support.company import PASSWORD
from tests.support.statements import count_statements
from tests.support.web import submit
from tests.support.worlds import World


def _retire(engine: Engine, dictionary: str, code: str) -> str:
    """Retire a choice as an administrator does; its word."""
    which = {"d": dictionary, "c": code}
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE dictionary_option SET is_active = FALSE, zh = 'Once', en = 'Once' "
                "WHERE dictionary = :d AND code = :c"
            ),
            which,
        )
        connection.execute(text("UPDATE rights_version SET number = number + 1"))
    return "Once"


def test_a_retired_choice_keeps_its_word(world: World, engine: Engine) -> None:
    """Old records and their history stay readable; so does a bookmarked filter."""
    api = Api(world, "sales1a")
    version = api.get("/customers/1").json["result"]["version"]
    for code in ("referral", "cold_visit"):
        assert api.put("/customers/1", {"source": code}, version).status_code == 200
        version += 1
    word = _retire(engine, "source", "referral")
    past = api.client.get("/customers/show/1?tab=history").text
    assert word in past
    chip = filters_of(condition("source", "in", ["referral", "cold_visit"]))
    page = api.client.get("/customers/list/", query_string={"filters": chip}).text
    assert f"{word}, " in page


def test_every_value_comes_back_from_the_history() -> None:
    """``from_json`` is the inverse of ``to_json`` for every field and sample."""
    looked_at = 0
    for entity in catalogue:
        for sample in entity.samples:
            for key in sample.keys() & entity.fields.keys():
                field = entity.fields[key]
                value = field.parse(sample[key])
                assert field.from_json(field.to_json(value)) == value, (entity.key, key)
                looked_at += 1
    assert looked_at


def _fields() -> list[tuple[Field, str]]:
    return [(f, o) for e in catalogue for f in e.fields.values() for o in f.operators]


def test_every_operator_has_its_sentence() -> None:
    assert {operator for _field, operator in _fields()} <= words.SENTENCES.keys()
    assert words.OPERATORS.keys() == words.SENTENCES.keys()


@pytest.mark.parametrize(
    ("given", "chinese", "english"),
    [
        (condition("name", "ct", "海纳"), "客户名称 包含 海纳", "Name contains 海纳"),
        (
            condition("annual_revenue", "between", ["1", "2"]),
            "年营业额 介于 1 与 2 之间",
            "Annual revenue is between 1 and 2",
        ),
        (
            {"or": [condition("name", "empty"), condition("mobile", "not_empty")]},
            "客户名称 为空 或 手机 不为空",
            "Name is empty or Mobile is not empty",
        ),
    ],
)
def test_conditions_are_whole_sentences(
    world: World, given: dict[str, Any], chinese: str, english: str
) -> None:
    fields = catalogue.get("customer").fields
    with world.app.test_request_context("/"):
        for locale, wanted in (("zh", chinese), ("en", english)):
            token = language.set(locale)
            try:
                with force_locale(locale):
                    assert words.Speech([given], fields).sentence(given) == wanted
            finally:
                language.reset(token)


def test_every_message_has_its_own_sentence() -> None:
    """An operation that tells somebody says what it did; no other sentence stands in for it."""
    telling = {
        slug for slug, does in BEHAVIOURS.items() if type(does).notified is not Behaviour.notified
    }
    assert telling
    assert telling | {UNDO.slug} <= NOTICES.keys()
    sentences = [notice.says for notice in NOTICES.values()]
    assert len(set(sentences)) == len(sentences)
    with pytest.raises(ValueError, match="another key"):
        declare(NOTICES["transfer"])


def test_a_preview_asks_for_names_once(world: World, engine: Engine) -> None:
    """However many rows change hands, their owners are named in one statement."""
    api, new = Api(world, "manager"), user_ids(engine)["sales1b"]
    given = {"step": "preview", "new_owner": new, "csrf_token": api.headers["X-CSRFToken"]}
    counts = []
    for ids in ([1], [1, 2, 4, 5, 6, 7]):
        with count_statements() as asked:
            page = api.client.post("/customers/bulk/transfer", data={**given, "ids": ids})
        assert page.status_code == 200
        counts.append(sum("FROM user_account" in one for one in asked))
    assert counts[0] == counts[1]


def test_the_audit_log_speaks_its_readers_language(world: World, engine: Engine) -> None:
    """What an event tells has words for its parts and its codes, and a setting its values."""
    admin = world.client("admin")
    login = {"username": "sales1a", "password": PASSWORD}
    assert world.app.test_client().post("/api/v1/security/login", json=login).status_code == 200
    assert submit(admin, "/settings/", file_mb=7).status_code == 302
    admin.get("/lang/zh")
    for operation, said in (
        ("login", ("登录到", "接口")),
        ("setting_changed", ("附件大小上限（MB）", "<ins>7</ins>")),
    ):
        entry = rows_in(engine, "history", operation=operation)[-1]
        page = admin.get(f"/audit/show/{entry['id']}").text
        log = page[page.index("record-history") :].partition("</section>")[0]
        assert all(word in log for word in said), log
        assert not any(raw in log for raw in ("kind", "token", "file_mb", "[", "None"))
