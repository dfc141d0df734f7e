"""Two people save one form: the same field is a conflict, different ones merge (UI-6, R4)."""

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
