"""Working in the permission matrix as a browser does: tick, check, save."""

import re
from html import unescape

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.web import hidden_inputs

BOX = re.compile(r'<input type="checkbox"[^>]*name="([^"]+)"[^>]*>')
SELECT = re.compile(r'<select[^>]*name="([a-z_]+:[^"]+)"[^>]*>(.*?)</select>', re.DOTALL)
CHOSEN = re.compile(r'value="([^"]*)"[^>]* selected')


def filled_in(html: str) -> dict[str, str | list[str]]:
    """Everything that a page's form would send as it stands."""
    form: dict[str, str | list[str]] = {**hidden_inputs(html)}
    for found in BOX.finditer(html):
        if " checked" in found[0]:
            form[found[1]] = "1"
    for name, inner in SELECT.findall(html):
        chosen = [unescape(one) for one in CHOSEN.findall(inner)]
        if chosen:
            form[name] = chosen if name.startswith("departments:") else chosen[0]
    return form


def with_changes(html: str, **cells: str | bool | list[str]) -> dict[str, str | list[str]]:
    """The form with some inputs changed, ``grant__customer__export=True``: False is unticked."""
    form = filled_in(html)
    for key, value in cells.items():
        name = key.replace("__", ":")
        form.pop(name, None)
        if value is not False:
            form[name] = "1" if value is True else value
    return form


def ask(client: FlaskClient, path: str, **cells: str | bool | list[str]) -> TestResponse:
    """Change something on a page of the matrix and send it: the answer is the question."""
    page = client.get(path)
    assert page.status_code == 200, f"{path} answers {page.status_code}"
    return client.post(path, data=with_changes(page.text, **cells))


def confirm(client: FlaskClient, question: TestResponse, **decisions: str) -> TestResponse:
    """Answer the question with yes."""
    return client.post("/matrix/save", data={**hidden_inputs(question.text), **decisions})


def change(client: FlaskClient, path: str, **cells: str | bool | list[str]) -> TestResponse:
    """Change, check, save."""
    question = ask(client, path, **cells)
    assert question.status_code == 200, question.text
    return confirm(client, question)
