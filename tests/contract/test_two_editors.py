"""Two people save one form: the same field is a conflict, different ones merge (UI-6, R4)."""

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.web import hidden_inputs, submit

EDIT = "/customers/edit/1"
SHOW = "/customers/show/1"
Login = Callable[[str], FlaskClient]


@pytest.fixture
def late(log_in_as: Login) -> tuple[FlaskClient, dict[str, str]]:
    """A person whose open form a colleague has overtaken with a new city."""
    client = log_in_as("manager")
    opened = hidden_inputs(client.get(EDIT).text)
    assert submit(log_in_as("sales1a"), EDIT, city="Hangzhou").status_code == 302
    return client, opened


def test_different_fields_merge(late: tuple[FlaskClient, dict[str, str]]) -> None:
    client, opened = late
    answer = client.post(EDIT, data={**opened, "city": "", "district": "Xihu"})
    assert answer.status_code == 302
    shown = client.get(SHOW).text
    assert "Hangzhou" in shown
    assert "Xihu" in shown


def test_the_same_field_is_a_conflict_until_it_is_decided(
    late: tuple[FlaskClient, dict[str, str]],
) -> None:
    client, opened = late
    answer = client.post(EDIT, data={**opened, "city": "Ningbo"})
    assert answer.status_code == 409
    assert "Hangzhou" in answer.text
    assert "Ningbo" in answer.text
    assert "Ningbo" not in client.get(SHOW).text
    decided = client.post(EDIT, data={**hidden_inputs(answer.text), "city": "Ningbo"})
    assert decided.status_code == 302
    assert "Ningbo" in client.get(SHOW).text


@pytest.mark.parametrize("original", ["", "{", "[]", '{"district": {"a": 1}}', "[" * 5000])
def test_without_the_values_it_started_from_nothing_merges(
    late: tuple[FlaskClient, dict[str, str]], original: str
) -> None:
    client, opened = late
    data = {**opened, "city": "", "district": "Xihu", "original": original}
    assert client.post(EDIT, data=data).status_code == 409
    assert "Xihu" not in client.get(SHOW).text


@pytest.mark.parametrize(("side", "city"), [("mine", "Ningbo"), ("theirs", "Hangzhou"),
                                            ("original", "")])  # fmt: skip
def test_one_save_decides_for_a_side(
    late: tuple[FlaskClient, dict[str, str]], side: str, city: str
) -> None:
    """UI-6: without a script the choice itself is sent, with everything else of the form."""
    client, opened = late
    answer = client.post(EDIT, data={**opened, "city": "Ningbo", "district": "Xihu"})
    assert answer.status_code == 409
    choice = {"city": "Ningbo", "district": "Xihu", "keep-city": side}
    decided = client.post(EDIT, data={**hidden_inputs(answer.text), **choice})
    assert decided.status_code == 302
    now = json.loads(client.get("/api/v1/customers/1").text)["result"]
    assert (now["city"] or "", now["district"]) == (city, "Xihu")


def test_what_merges_is_named(log_in_as: Login) -> None:
    client = log_in_as("manager")
    opened = hidden_inputs(client.get(EDIT).text)
    theirs = {"city": "Hangzhou", "district": "Xihu"}
    assert submit(log_in_as("sales1a"), EDIT, **theirs).status_code == 302
    answer = client.post(EDIT, data={**opened, "province": "Zhejiang"}, follow_redirects=True)
    assert "Changed by somebody else meanwhile and kept: City, District." in answer.text
    clash = client.post(EDIT, data={**opened, "city": "Ningbo", "form_nonce": "another"})
    assert clash.status_code == 409
    assert "<strong>District</strong> Xihu" in clash.text


def test_hostile_choices_change_nothing(late: tuple[FlaskClient, dict[str, str]]) -> None:
    client, opened = late
    for disputed in ("{", "[]", '{"city": {"a": 1}}', '{"owner": "1"}'):
        for side in ("original", "theirs", "nobody's", ""):
            fresh = {**opened, "form_nonce": f"{disputed}{side}"[:40]}
            data = {**fresh, "city": "Ningbo", "disputed": disputed, "keep-city": side}
            answer = client.post(EDIT, data={**data, "keep-annual_revenue": "original"})
            assert answer.status_code in (302, 409), answer.status
    assert "Ningbo" not in client.get(SHOW).text


def test_one_layer_is_edited_alone(log_in_as: Login) -> None:
    """UI-5: the same form with the fields of one layer; nothing else is touched."""
    client = log_in_as("manager")
    page = client.get(f"{EDIT}?section=address").text
    assert 'name="city"' in page
    assert 'name="name"' not in page
    data = {**hidden_inputs(page), "city": "Ningbo"}
    assert client.post(f"{EDIT}?section=address", data=data).status_code == 302
    assert client.post(f"{EDIT}?section=address", data={**data, "name": "x"}).status_code == 422
    for wrong in ("nonsense", "system"):
        assert client.get(f"{EDIT}?section={wrong}").status_code == 400
