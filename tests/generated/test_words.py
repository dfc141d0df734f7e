"""Words: everything has a name in both languages, and no page mixes them (UI-8).

A Chinese page may hold data, codes and names of products in Latin letters, but no sentence of ours.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from babel.messages.pofile import read_po

from app.spec.catalogue import catalogue
from app.spec.field import SECTION_LABELS
from app.spec.kinds import OptionField
from app.spec.operations import OPERATIONS
from app.spec.words import Label
from tests.generated.browser import Page
from tests.generated.stage import Stage
from tests.support.catalogues import CHINESE, extracted, mistakes, read, sentences
from tests.support.company import PEOPLE
from tests.support.halves import ONCE

CHINESE_LETTER = re.compile(r"[\u4e00-\u9fff]")
ENGLISH_LETTER = re.compile(r"[A-Za-z]{2}")
SAME = frozenset({"Excel", "CSV", "IT"})
"""Names that are the same in both languages."""


def labels() -> Iterator[tuple[str, Any]]:
    """Every label of every declaration, with where it stands."""
    for entity in catalogue:
        yield f"{entity.key}.one", entity.one
        yield f"{entity.key}.many", entity.many
        for view in entity.builtin_views:
            yield f"{entity.key}.view.{view.key}", view.label
        for f in entity.fields.values():
            yield f"{entity.key}.{f.key}", f.label
            if f.help:
                yield f"{entity.key}.{f.key}.help", f.help
            if isinstance(f, OptionField):
                for option in f.choices.current():
                    yield f"{entity.key}.{f.key}={option.code}", option.label
    for verb in OPERATIONS.values():
        yield f"operation {verb.slug}", verb.label
        for parameter in verb.params:
            yield f"operation {verb.slug}.{parameter.key}", parameter.label
    for section, label in SECTION_LABELS.items():
        yield f"section {section}", label
    for page in catalogue.pages.values():
        yield f"page {page.key}", page.label


def test_every_label_is_in_both_languages() -> None:
    """Chinese has Chinese letters, English has none; both say something."""
    found = list(labels())
    assert len(found) > 300
    for where, label in found:
        assert isinstance(label, Label), f"{where} is in one language only: {label!r}"
        assert not CHINESE_LETTER.search(label.en), f"{where}: {label.en}"
        if label.en not in SAME:
            assert CHINESE_LETTER.search(label.zh), f"{where}: {label.zh}"


def english_sentences() -> dict[str, str]:
    """Our sentences in English, as the pages show them: those without placeholders."""
    with CHINESE.open("rb") as file:
        entries = [message for message in read_po(file) if message.id]
    plain = [m for m in entries if isinstance(m.id, str) and "%" not in m.id]
    return {m.id: str(m.string) for m in plain if ENGLISH_LETTER.search(m.id)}


def pages(entity: Any) -> list[str]:
    """The addresses of an entity's pages."""
    base, number = f"/{entity.plural}", 2 if entity.key == "user" else 1
    found = [f"{base}/list/", f"{base}/list/?search=zzzz", f"{base}/show/{number}",
             f"{base}/show/{number}?tab=history", f"{base}/list/?order=nonsense"]  # fmt: skip
    if "create" in entity.operations:
        found += [f"{base}/add", f"{base}/edit/{number}"]
    if entity.has_timeline:
        found.append(f"{base}/show/{number}?tab=details")
    if "add_team" in entity.operations:
        found.append(f"{base}/show/{number}?tab=team")
    if "delete" in entity.operations:
        found.append(f"{base}/delete/{number}")
    return [*found, *(f"{base}/bulk/{v.slug}?id={number}" for v in entity.bulk_verbs)]


def words_of(page: Page) -> set[str]:
    """What a reader sees or hears: text, labels, placeholders, titles."""
    spoken = {
        has[name]
        for _tag, has in page.attributes
        for name in ("aria-label", "placeholder", "title", "data-nothing", "data-type")
        if has.get(name)
    }
    return {*page.words, *spoken}


LANGUAGE_SWITCH = frozenset({"English", "EN", "JSON"})
DATA = frozenset(person.name.title() for person in PEOPLE)
"""What people are called is no sentence of ours, even when they are called "Finance"."""


@ONCE
@pytest.mark.parametrize("key", [*(entity.key for entity in catalogue), "other"])
def test_chinese_pages_have_no_english_sentence(stage: Stage, key: str) -> None:
    """Labels and sentences of ours appear in the reader's language only, on every page."""
    others = ["/", "/account/password/", "/account/sessions/", "/notifications/", "/matrix/3"]
    paths = others if key == "other" else pages(catalogue.get(key))
    english = {en: zh for en, zh in english_sentences().items() if en != zh}
    english |= {label.en: label.zh for _where, label in labels() if label.en != label.zh}
    person = stage.person("admin")
    person.client.get("/lang/zh")
    for path in paths:
        answer = person.client.get(path)
        assert answer.status_code in (200, 400, 404, 409), f"{path}: {answer.status}"
        page = Page(answer.text)
        assert page.hooks("lang") & {"zh", "zh-CN"}, path
        left = {w for w in words_of(page) if w in english and w not in LANGUAGE_SWITCH | DATA}
        assert not left, f"{path} in Chinese says {sorted(left)}"
        assert sum(bool(CHINESE_LETTER.search(w)) for w in words_of(page)) > 5, path
    person.client.get("/lang/en")
    for path in paths:
        page = Page(person.client.get(path).text)
        assert "en" in page.hooks("lang"), path
        chinese = {w for w in words_of(page) if CHINESE_LETTER.search(w)} - {"中文", "中"}
        known = {label.zh for _where, label in labels()} | set(english_sentences().values())
        assert not chinese & known, f"{path} in English says {sorted(chinese & known)}"


def test_every_page_has_one_heading(stage: Stage) -> None:
    """Contract §9: one ``h1`` each, and the hooks that outside tools rely on."""
    person = stage.person("admin")
    for entity in catalogue:
        for path in pages(entity):
            answer = person.client.get(path)
            page = Page(answer.text)
            headings = [tag for tag, _has in page.attributes if tag == "h1"]
            assert len(headings) == 1, f"{path} has {len(headings)} headings"
            if path.endswith("/list/"):
                assert entity.key in page.hooks("data-entity"), path
                assert page.hooks("data-total"), path
            if path.endswith("/add"):
                assert "add" in page.hooks("data-form"), path
            if answer.status_code >= 400:
                assert "alert" in page.hooks("role"), path


def test_every_sentence_is_in_the_chinese_catalogue() -> None:
    """No sentence of the sources is missing, empty, uncertain, or has other placeholders."""
    wanted, have = sentences(extracted()), read(CHINESE)
    wrong = [f"{message.id!r} {why}" for message in wanted for why in mistakes(message, have)]
    assert len(wanted) > 150
    assert not wrong, "\n".join(wrong)
