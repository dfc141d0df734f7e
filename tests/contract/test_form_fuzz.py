"""C60: every form of every page, sent with whatever somebody may type, is answered by the contract.

The forms are found on the pages themselves, the pages in the program's own map of routes, so that a
new page needs no word here. Hidden inputs go back as they came, or one of them spoiled. The default
run sends a few hundred, ``-m prove`` ten thousand.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.spec.catalogue import catalogue
from tests.support.worlds import World

LEAVES = ("/logout/", "/login/", "/lang/")
"""Forms that end the session, or are tried by people who have none."""
TYPED = (
    "", " ", "x", "0", "-1", "1", "３", "9" * 400, "1e400", "NaN", "%", "\\", "\u202e", "\x00",
    "'; DROP TABLE lead; --", "<script>alert(1)</script>", "{{7*7}}", "x" * 5_000, "汉" * 300,
    "@me", "all", "none", "[]", "{}", "[" * 1_000, '[{"col":"id","opr":"eq","value":1}]', "on",
    "2026-02-30", "2026-11-21", "2026-11-21T08:00", "9999-12-31T23:59", "sales1a",
    "\r\nSet-Cookie: a=b", "+86 138 0013 8000",
)  # fmt: skip
FINE = frozenset({200, 201, 204, 302, 303, 400, 403, 404, 405, 409, 410, 413, 415, 422, 428, 429})


@dataclass
class Form:
    """A form as a browser sees it: where it goes, and each control with the values it offers."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    controls: dict[str, list[str]] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page that are sent by POST; buttons with an address are forms of their own."""

    def __init__(self, address: str, html: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._address, self._inside, self._select = address, False, ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = has.get("method", "get").lower() == "post"
            if self._inside:
                self.found.append(Form(has.get("action") or self._address))
        if not self._inside:
            return
        name, form = has.get("name", ""), self.found[-1]
        if tag == "button" and has.get("formaction"):
            self.found.insert(0, Form(has["formaction"], form.hidden, form.controls))
        if tag == "input" and has.get("type") == "hidden":
            form.hidden[name] = has.get("value", "")
        elif tag in ("input", "textarea", "button") and name:
            form.controls.setdefault(name, []).append(has.get("value", ""))
        elif tag == "select" and name:
            self._select = name
            form.controls.setdefault(name, [])
        elif tag == "option" and self._select:
            form.controls[self._select].append(has.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = ""


def pages(app: Flask) -> Iterator[str]:
    """Every page with at most one record in its address: the first few."""
    for rule in app.url_map.iter_rules():
        names = rule.arguments
        if "GET" not in (rule.methods or ()) or rule.rule.startswith(
            ("/api/", "/static/", *LEAVES)
        ):
            continue
        if names <= {"pk", "role_id"}:
            yield from {rule.build(dict.fromkeys(names, one))[1] for one in (1, 2)}  # type: ignore[index]
        elif names == {"slug"}:
            entity = next((e for e in catalogue if rule.rule.startswith(f"/{e.plural}/")), None)
            for verb in entity.bulk_verbs if entity else ():
                yield f"{rule.build({'slug': verb.slug})[1]}?id=1&id=2"  # type: ignore[index]


def forms(client: FlaskClient, app: Flask) -> list[Form]:
    """The forms of all pages, each address and set of controls once."""
    found: dict[Any, Form] = {}
    for address in sorted(set(pages(app))):
        answer = client.get(address)
        assert answer.status_code < 500, address
        if answer.mimetype == "text/html":
            for form in Forms(address, answer.text).found:
                if not form.action.startswith(LEAVES):
                    found.setdefault((form.action, *sorted(form.controls)), form)
        answer.close()  # files are sent from disk
    return list(found.values())


def filled(form: Form, dice: random.Random) -> list[tuple[str, str]]:
    """The form as somebody may send it: mostly what is offered, here and there anything."""
    sent = [(key, value) for key, value in form.hidden.items()]
    if sent and dice.random() < 0.1:
        place = dice.randrange(len(sent))
        sent[place] = (sent[place][0], dice.choice(TYPED))
    for name, offered in form.controls.items():
        if dice.random() < 0.3:
            continue
        values = [one for one in offered if one] if dice.random() < 0.5 else []
        sent.append((name, dice.choice(values or TYPED)))
    return sent


def fuzz(world: World, wanted: int) -> int:
    """Send about ``wanted`` filled forms; how many they were."""
    client, dice, sent = world.client("admin"), random.Random(7), 0  # noqa: S311 - no secret
    found = forms(client, world.app)
    assert len(found) > 30
    for _round in range(-(-wanted // len(found))):
        for form in found:
            body = filled(form, dice)
            data: dict[str, list[str]] = {}
            for key, value in body:
                data.setdefault(key, []).append(value)
            answer = client.post(form.action, data=data)
            sent += 1
            assert answer.status_code in FINE, (form.action, answer.status_code, body)
            if "/login/" in (answer.location or ""):
                client = world.client("admin")
    return sent


def test_any_form_takes_anything(world: World) -> None:
    assert fuzz(world, 200) >= 200


@pytest.mark.prove
def test_ten_thousand_forms_find_no_fault(world: World) -> None:
    assert fuzz(world, 10_000) >= 10_000
