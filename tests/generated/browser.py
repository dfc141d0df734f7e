"""A person with a browser and a program: what they send, and what they read in the answer.

Pages are read as a browser reads them: a form posts back its inputs, a list is its ``tr[data-id]``.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

Values = Mapping[str, Any]


class Page(HTMLParser):
    """The hooks of a page (contract §9): forms with their inputs, rows, words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: dict[str, MultiDict[str, str]] = {}
        self.rows: list[tuple[str, int]] = []
        self.attributes: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._form: MultiDict[str, str] | None = None
        self._select = self._textarea = self._table = ""
        self._silent = 0
        self._options: list[tuple[str, bool]] = []
        self._is_multiple = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        self.attributes.append((tag, has))
        self._silent += tag in ("script", "style")
        if tag == "form":
            self._form = self.forms.setdefault(has.get("data-form", ""), MultiDict())
        elif tag == "table":
            self._table = has.get("data-entity", "")
        elif tag == "tr" and "data-id" in has:
            self.rows.append((self._table, int(has["data-id"])))
        elif tag == "textarea":
            self._textarea = has.get("name", "")
        elif tag == "select":
            self._select, self._options = has.get("name", ""), []
            self._is_multiple = "multiple" in has
        elif tag == "option":
            self._options.append((has.get("value", ""), "selected" in has))
        elif tag == "input":
            self._take_input(has)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._textarea = ""
        elif tag == "select":
            self._take_select()

    def handle_data(self, data: str) -> None:
        if self._textarea and self._form is not None:
            kept = self._form.get(self._textarea, "")
            self._form[self._textarea] = kept + data
        elif data.strip() and not self._silent:
            self.words.append(data.strip())

    def _take_input(self, has: dict[str, str]) -> None:
        if self._form is None or not has.get("name") or "disabled" in has:
            return
        if has.get("type") in ("checkbox", "radio") and "checked" not in has:
            return
        self._form.add(has["name"], has.get("value", ""))

    def _take_select(self) -> None:
        if self._form is None or not self._select:
            return
        chosen = [value for value, is_selected in self._options if is_selected]
        if not chosen and not self._is_multiple:
            chosen = [value for value, _selected in self._options[:1]]
        for value in chosen:
            self._form.add(self._select, value)

    def ids(self, entity: str) -> list[int]:
        """The ids of an entity's rows, in the order of the page."""
        return [number for table, number in self.rows if table == entity]

    def hooks(self, name: str) -> set[str]:
        """All values of an attribute on the page, such as ``data-operation``."""
        return {has[name] for _tag, has in self.attributes if name in has}

    def form(self, name: str) -> MultiDict[str, str]:
        """The inputs of ``form[data-form=name]`` as it would be posted now."""
        assert name in self.forms, f"no form {name!r}, only {sorted(self.forms)}"
        return self.forms[name]


@dataclass
class Person:
    """Somebody who is logged in, at the browser and with the API."""

    name: str
    client: FlaskClient
    token: str = field(default="", repr=False)

    def csrf(self) -> str:
        if not self.token:
            page = self.client.get("/account/password/")
            found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
            assert found, f"{self.name} finds no token: {page.status_code}"
            self.token = found[1]
        return self.token

    def get(self, path: str, **arguments: Any) -> TestResponse:
        return self.client.get(f"{path}?{urlencode(arguments)}" if arguments else path)

    def post(self, path: str, values: Values | MultiDict[str, str]) -> TestResponse:
        """Post a form of one's own making: token, version one and a nonce unless given."""
        own = MultiDict({"row_version": "1", "form_nonce": uuid4().hex})
        data = MultiDict(values)
        for key in own:
            data.setdefault(key, own[key])
        data["csrf_token"] = self.csrf()
        return self.client.post(path, data=data)

    def fill(self, path: str, form: str, values: Values) -> TestResponse:
        """Open a page, change some inputs of a form, post it with everything else it holds."""
        page = self.client.get(path)
        assert page.status_code == 200, f"{path} answers {page.status_code}"
        data = Page(page.text).form(form)
        for key, value in values.items():
            data.setlist(key, value if isinstance(value, list) else [value])
        return self.client.post(path, data=data)

    def rest(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """A call of the API by cookie, with the token that such a call needs."""
        extra = {"X-CSRFToken": self.csrf()} if method != "GET" else {}
        return self.client.open(
            f"/api/v1{path}",
            method=method,
            json=body,
            headers={**extra, **(headers or {})},
            buffered=True,
        )

    def ask(self, plural: str, **arguments: Any) -> TestResponse:
        """A list of the API, the arguments as JSON in ``q``."""
        query = urlencode({"q": json.dumps(arguments)}) if arguments else ""
        return self.rest("GET", f"/{plural}/?{query}" if query else f"/{plural}/")


VOLATILE = re.compile(
    r'(?P<a>name="(?:csrf_token|form_nonce)" value=")[^"]*|(?P<b>nonce=")[^"]*'
    r'|(?P<c>"request_id": ?")[^"]*|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
)


def same_but_for(answer: TestResponse, numbers: Sequence[int]) -> tuple[int, str]:
    """Status and text without tokens, request ids and the record's number in addresses."""
    text = VOLATILE.sub("", answer.text)
    for number in numbers:
        text = re.sub(rf"(?:(?<=/)|(?<=%2F)|(?<=id=)){number}\b", "#", text)
    return answer.status_code, text
