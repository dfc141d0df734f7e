"""A person with a browser and a program: what they send, and what they read in the answer.

Pages are read as a browser reads them: a form posts back its inputs, a list is its ``tr[data-id]``.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from flask.testing import FlaskClient
from lxml import html
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

Values = Mapping[str, Any]


class Page:
    """The hooks of a page (contract §9): forms with their inputs, rows, words."""

    def __init__(self, text: str) -> None:
        self._root: Any = html.document_fromstring(text or "<html></html>")

    @cached_property
    def forms(self) -> dict[str, MultiDict[str, str]]:
        """What each form would post now; the inputs of forms of one name stand together."""
        found: dict[str, MultiDict[str, str]] = {}
        for form in self._root.iter("form"):
            inputs = found.setdefault(form.get("data-form", ""), MultiDict())
            for one in form.iter("input", "select", "textarea"):
                if one.get("name"):
                    for value in _posted(one):
                        inputs.add(one.get("name"), value)
        return found

    @cached_property
    def rows(self) -> list[tuple[str, int]]:
        """Of each row that is a record: the entity of its table, and its number."""
        return [
            (row.xpath("string(ancestor::table[1]/@data-entity)"), int(row.get("data-id")))
            for row in self._root.iter("tr")
            if "data-id" in row.attrib
        ]

    @cached_property
    def attributes(self) -> list[tuple[str, dict[str, str]]]:
        """Each tag with its attributes."""
        return [(each.tag, dict(each.attrib)) for each in self._root.iter("*")]

    @cached_property
    def words(self) -> list[str]:
        """Each piece of text that is neither program nor what somebody typed into a form."""
        silent = "self::script or self::style or self::textarea[ancestor::form]"
        found = self._root.xpath(f"//*[not({silent})]/text()")
        return [text.strip() for text in found if text.strip()]

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


def _posted(inside: Any) -> list[str]:
    """The values that an input, a choice or a text sends along."""
    if "disabled" in inside.attrib:
        return []
    if inside.tag == "textarea":
        return [(inside.text or "").removeprefix("\n")]
    if inside.tag == "select":
        offered = list(inside.iter("option"))
        chosen = [one for one in offered if "selected" in one.attrib]
        if not chosen and "multiple" not in inside.attrib:
            chosen = offered[:1]
        return [one.get("value", "") for one in chosen]
    if inside.get("type") in ("checkbox", "radio") and "checked" not in inside.attrib:
        return []
    return [inside.get("value", "")]


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
