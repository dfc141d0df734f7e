"""Somebody's browser, as plain as can be: it logs in, keeps its cookie, and takes the time."""

import io
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.commands.bench import HEADER

_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


@dataclass(frozen=True)
class Answer:
    """One response with how long it took, from the first byte sent to the last one read."""

    status: int
    seconds: float
    body: bytes
    headers: Mapping[str, str]

    @property
    def statements(self) -> int:
        return int(self.headers.get(HEADER.lower(), 0))


class Client:
    """A browser of one person on one port; nobody's until ``log_in``."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = ""
        self.token = ""

    def log_in(self, username: str, password: str) -> "Client":
        """Through the form, as people do; RuntimeError when the door stays shut."""
        form = hidden(self.get("/login/").body)
        answer = self.post("/login/", {**form, "username": username, "password": password})
        if answer.status not in (302, 303):
            raise RuntimeError(f"{username} may not log in: {answer.status}")
        self.token = hidden(self.get("/customers/list/").body).get("csrf_token", "")
        return self

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, b"", {})

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(form).encode(), kind)

    def post_json(self, path: str, body: Mapping[str, Any]) -> Answer:
        kind = {"Content-Type": "application/json", "X-CSRFToken": self.token}
        return self._ask("POST", path, json.dumps(body).encode(), kind)

    def post_file(self, path: str, content: bytes, form: Mapping[str, str]) -> Answer:
        """A workbook with the other inputs of its form."""
        file = FileStorage(io.BytesIO(content), "bench.xlsx")
        boundary, body = encode_multipart({**form, "file": file})
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._ask("POST", path, body, kind | {"X-CSRFToken": self.token})

    def _ask(self, verb: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        if self.cookie:
            headers = {**headers, "Cookie": self.cookie}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        began = time.perf_counter()
        connection.request(verb, path, body, {**headers, "Referer": "http://127.0.0.1/"})
        response = connection.getresponse()
        read = response.read()
        seconds = time.perf_counter() - began
        found = {name.lower(): value for name, value in response.getheaders()}
        connection.close()
        if "set-cookie" in found:
            self.cookie = found["set-cookie"].split(";")[0]
        return Answer(response.status, seconds, read, found)


def hidden(body: bytes) -> dict[str, str]:
    """The hidden inputs of a page: posting them back is enough (contract §2)."""
    found = {}
    for tag in _INPUT.findall(body.decode()):
        attributes = dict(_ATTRIBUTE.findall(tag))
        if attributes.get("type") == "hidden" and "name" in attributes:
            found[attributes["name"]] = unescape(attributes.get("value", ""))
    return found


class Form(HTMLParser):
    """What a browser would send of the first form called ``name`` if nothing were touched."""

    def __init__(self, name: str, body: bytes) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._name, self._is_inside, self._field = name, False, ""
        self.feed(body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form":
            self._is_inside = has.get("data-form") == self._name
        name = has.get("name") or ""
        if not self._is_inside:
            return
        if tag == "input" and name and (has.get("type") != "checkbox" or "checked" in has):
            self.values[name] = has.get("value") or ""
        elif tag in ("select", "textarea"):
            self._field = name
            self.values.setdefault(name, "")
        elif tag == "option" and "selected" in has and self._field:
            self.values[self._field] = has.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
        elif tag in ("select", "textarea"):
            self._field = ""

    def handle_data(self, data: str) -> None:
        if self._field and self.lasttag == "textarea":
            self.values[self._field] += data
