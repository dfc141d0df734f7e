"""Forms: required, too long, wrong, clashing and hostile values; what was typed is never lost.

The same values go through the form and through REST: both keep the same rules (contract §1).
"""

import json
import re
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.operations import primary
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.kinds import LongTextField
from tests.generated.browser import Page, Person
from tests.generated.samples import PAYLOADS, bad, good, is_plain_text, record
from tests.generated.seed import dice
from tests.generated.stage import Stage, check_refused
from tests.generated.surfaces import titled

WRITER = "admin"
ENTITIES = [e.key for e in catalogue if {"create", "edit"} <= set(e.operations)]


def inputs(entity: Entity) -> list[Field]:
    """The fields of the form for a new record."""
    return [f for f in entity.fields.values() if not f.system]


def by_form(person: Person, entity: Entity, values: dict[str, Any]) -> TestResponse:
    """A browser's new form, filled in."""
    page = Page(person.get(f"/{entity.plural}/add").text)
    data = page.form("add")
    for key, value in values.items():
        several = value if isinstance(value, list) else [value]
        data.setlist(key, [one for one in several if one is not None])
    return person.client.post(f"/{entity.plural}/add", data=data)


def by_rest(person: Person, entity: Entity, values: dict[str, Any]) -> TestResponse:
    return person.rest("POST", f"/{entity.plural}/", values)


def check_both(
    stage: Stage, entity: Entity, values: dict[str, Any], key: str, status: int = 422
) -> TestResponse:
    """Both ways refuse, name the field, and write nothing; answers the form's page."""
    person, label = stage.person(WRITER), f"{entity.key}.{key}={str(values.get(key))[:40]!r}"
    person.csrf()
    with stage.watch() as seen:
        page = by_form(person, entity, values)
    check_refused(stage, f"form {label}", page, seen, status)
    with stage.watch() as seen:
        answer = by_rest(person, entity, values)
    check_refused(stage, f"REST {label}", answer, seen, status)
    assert key in json.loads(answer.text)["fields"], f"REST {label}: {answer.text}"
    assert f"f-{key}-error" in Page(page.text).hooks("id"), f"form {label} shows no error"
    return page


@pytest.mark.parametrize("entity", ENTITIES)
def test_required_fields_are_required(stage: Stage, entity: str) -> None:
    """Without the field, empty, or blank: 422 at the field."""
    declared, tried = catalogue.get(entity), 0
    for f in inputs(declared):
        if not f.required:
            continue
        for empty in ([],) if f.kind == "relations" else ("", "   "):
            check_both(stage, declared, record(stage, declared, WRITER, **{f.key: empty}), f.key)
        tried += 1
        if f.initial() is not None:
            continue
        missing = record(stage, declared, WRITER)
        missing.pop(f.key, None)
        answer = by_rest(stage.person(WRITER), declared, missing)
        assert answer.status_code == 422, f"{entity} without {f.key}"
    assert tried


@pytest.mark.parametrize("entity", ENTITIES)
def test_wrong_values_are_refused_and_kept(stage: Stage, entity: str) -> None:
    """Too long, of another kind, no choice, no such record: 422, and the input is still there."""
    declared, tried = catalogue.get(entity), 0
    for f in inputs(declared):
        for value in bad(f):
            values = record(stage, declared, WRITER, **{f.key: value})
            if f.kind == "boolean":
                answer = by_rest(stage.person(WRITER), declared, values)
                assert answer.status_code == 422, f"{entity}.{f.key}={value}"
                continue
            page = check_both(stage, declared, values, f.key)
            form = Page(page.text).form("add")
            title = declared.title
            if f.key != title:
                assert form[title] == str(values[title]), f"{entity}.{f.key}: the title is lost"
            if isinstance(value, str) and f.kind not in ("relation", "option", "repeat"):
                assert form[f.key].strip() == value.strip(), f"{entity}.{f.key}: {value!r} is lost"
            tried += 1
    assert tried >= 3


@pytest.mark.parametrize("entity", ENTITIES)
def test_good_values_are_stored(stage: Stage, entity: str) -> None:
    """A complete form is stored as it was meant, and both ways read it back alike."""
    declared, person = catalogue.get(entity), stage.person(WRITER)
    values = record(stage, declared, WRITER)
    for f in inputs(declared):
        if f.key not in values and good(f) is not None:
            values[f.key] = good(f)
    values[declared.title] = f"Complete {entity}"
    answer = by_rest(person, declared, values)
    assert answer.status_code == 201, answer.text
    body = json.loads(answer.text)
    assert answer.headers["ETag"] == '"1"'
    for f in inputs(declared):
        sent, got = values.get(f.key), body["result"].get(f.key)
        if sent is not None and f.kind not in ("relation", "relations"):
            assert str(got) == str(sent), f"{entity}.{f.key}: {sent!r} became {got!r}"
    edit = person.fill(f"/{declared.plural}/edit/{body['id']}", "edit", {})
    assert edit.status_code == 302, Page(edit.text).words
    again = json.loads(person.rest("GET", f"/{declared.plural}/{body['id']}").text)
    assert again["result"] == body["result"], "saving an untouched form changed something"


@pytest.mark.parametrize("entity", ENTITIES)
def test_unique_values_clash_with_409(stage: Stage, entity: str) -> None:
    """A taken value: 409 at the field and nothing of the other record (C47)."""
    declared, person, tried = catalogue.get(entity), stage.person(WRITER), 0
    unique = [f for f in inputs(declared) if f.unique or any(d.is_unique for d in f.derived)]
    for f in unique:
        value = good(f) if f.key not in ("username", declared.title) else f"taken{f.key}"
        first, second = (
            record(stage, declared, WRITER, **{declared.title: f"{n} of its kind", f.key: value})
            for n in ("First", "Second")
        )
        if "username" in first and f.key != "username":
            first["username"], second["username"] = "firstof", "secondof"
        made = by_rest(person, declared, first)
        assert made.status_code == 201, f"{entity}.{f.key}: {made.text}"
        stage.settle()
        page = check_both(stage, declared, second, f.key, 409)
        assert "First of its kind" not in page.text or f.key == declared.title
        assert Page(page.text).form("add")[f.key] == value, "the input is lost"
        stage.reset()
        person = stage.person(WRITER)
        tried += 1
    assert bool(tried) == (entity in ("customer", "user", "tag"))


@pytest.mark.parametrize("entity", ENTITIES)
def test_hostile_text_stays_text(stage: Stage, seed: int, entity: str) -> None:
    """C50: stored as typed, shown escaped in list, record, history, form, and after a 422."""
    declared, person = catalogue.get(entity), stage.person(WRITER)
    texts = [f for f in inputs(declared) if is_plain_text(f) and not f.unique]
    assert texts
    for number, payload in enumerate(dice(seed, "text", entity).sample(PAYLOADS, 4)):
        values = record(stage, declared, WRITER)
        values |= {f.key: payload for f in texts if f.key != "timezone"}
        values[declared.title] = f"{payload} {number}"
        if "username" in values:
            values["username"] = f"hostile{number}"
        answer = by_form(person, declared, values)
        assert answer.status_code == 302, f"{entity} {payload!r}: {Page(answer.text).words}"
        path = answer.location
        for where in (path, f"{path}?tab=history", path.replace("show", "edit"),
                      f"/{declared.plural}/list/"):  # fmt: skip
            text = person.get(where).text
            check_escaped(text, payload, f"{entity} {where}")
        stored = json.loads(person.rest("GET", path.replace("/show", "")).text)["result"]
        assert payload.strip("\u200b\u202e")[:5] in stored[declared.title] or "\u202e" in payload
        assert "49" not in stored[declared.title]
        broken = by_form(person, declared, {**values, declared.title: "x" * 300 + payload})
        check_escaped(broken.text, payload, f"{entity} form again")


TOKEN = re.compile(r'(?:nonce|value)="[\w.-]{16,}"')
"""What is made by chance, and may have any digits in it."""


def check_escaped(text: str, payload: str, where: str) -> None:
    """The page has no element that the payload would make; the words are there as words."""
    page = Page(text)
    assert "onerror" not in page.hooks("onerror"), where
    bad_tags = [has for tag, has in page.attributes if tag == "img" and "onerror" in has]
    scripts = [has for tag, has in page.attributes if tag == "script" and not has]
    assert not bad_tags, where
    assert not scripts, where
    assert "7*7" not in payload or "4949" not in TOKEN.sub("", text), where


@pytest.mark.parametrize("entity", ENTITIES)
def test_nul_and_control_characters_never_reach_the_database(stage: Stage, entity: str) -> None:
    """C55, C57: refused or cleaned, never a fault, never stored."""
    declared, person = catalogue.get(entity), stage.person(WRITER)
    for number, payload in enumerate(("a\x00b", "a\x1bb", "a\u2028b", "a\r\nSet-Cookie: x=y")):
        values = record(stage, declared, WRITER, **titled(entity, payload))
        if "username" in values:
            values["username"] = f"control{number}"
        for answer in (by_form(person, declared, values), by_rest(person, declared, values)):
            assert answer.status_code in (201, 302, 400, 409, 422), f"{entity} {payload!r}"
    page = person.ask(declared.plural, page_size=100, order_column="id")
    if page.status_code == 200:
        names = [one[declared.title] for one in json.loads(page.text)["result"]]
        is_multiline = isinstance(declared.fields[declared.title], LongTextField)
        never = "\x00\x1b\r" if is_multiline else "\x00\x1b\r\n"
        assert not [n for n in names if n and any(c in n for c in never)]


@pytest.mark.parametrize("entity", ENTITIES)
def test_protected_and_unknown_keys_are_refused(stage: Stage, entity: str) -> None:
    """C35: id, version, stamps, owner of pools, deletion marks, unknown keys: 422 everywhere."""
    declared, person = catalogue.get(entity), stage.person(WRITER)
    system = [f.key for f in declared.fields.values() if f.system]
    columns = ["id", "version", "deleted_at", "created_by_id", "owner_id", "password",
               "nonsense", "__class__"]  # fmt: skip
    person.csrf()
    for key in (*system, *columns):
        values = record(stage, declared, WRITER, **{key: 1})
        with stage.watch() as seen:
            answer = by_rest(person, declared, values)
        check_refused(stage, f"REST {entity}.{key}", answer, seen, 422)
        with stage.watch() as seen:
            answer = by_form(person, declared, values)
        check_refused(stage, f"form {entity}.{key}", answer, seen, 422)
    chosen = {primary.key_of(child.entity) for child in declared.children}
    fixed = (*(f.key for f in inputs(declared) if not f.editable), *system[:3])
    for key in (key for key in fixed if key not in chosen):  # programs may choose those
        number = 2 if entity == "user" else 1
        answer = person.rest("PUT", f"/{declared.plural}/{number}", {key: 1}, {"If-Match": '"1"'})
        assert answer.status_code == 422, f"REST edit of {entity}.{key}"
    assert stage.differing() == []


def test_a_post_of_nothing_but_hidden_inputs_is_understood(stage: Stage) -> None:
    """Contract §2: posting the hidden inputs back is enough for the form to be judged."""
    for entity in ENTITIES:
        declared, person = catalogue.get(entity), stage.person(WRITER)
        form = Page(person.get(f"/{declared.plural}/add").text).form("add")
        hidden = {k: form[k] for k in ("csrf_token", "row_version", "form_nonce")}
        answer = person.client.post(f"/{declared.plural}/add", data=MultiDict(hidden))
        assert answer.status_code == 422, entity
