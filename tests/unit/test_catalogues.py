"""Every sentence stands in both catalogues, and the Chinese ones look Chinese (UI-8)."""

import os
import re
import shutil
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.support import Translations

from app.admin.theme import sentences
from app.spec import words
from tests.support.catalogues import (
    CHINESE,
    ENGLISH,
    ROOT,
    extracted,
    mistakes,
    placeholders,
    read,
)
from tests.support.catalogues import sentences as entries

ONE, MANY = "%(num)d person works here.", "%(num)d people work here."
HAN = "[\u4e00-\u9fff]"
HALF_WIDTH = re.compile(rf"{HAN}[,;:!?()]|[,;:!?(){{}}]{HAN}|{HAN}\.(?!\w)")
"""A sign of the Latin keyboard beside a Chinese character."""


@pytest.fixture(scope="module")
def wanted() -> list[Message]:
    found = entries(extracted())
    assert len(found) > 300
    return found


def forms(message: Message) -> list[str]:
    text = message.string
    return [text] if isinstance(text, str) else list(text or ())


def test_every_sentence_has_its_chinese(wanted: list[Message]) -> None:
    catalogue = read(CHINESE)
    assert [f"{m.id!r} {wrong}" for m in wanted for wrong in mistakes(m, catalogue)] == []


def test_english_catalogue_says_what_the_sources_say(wanted: list[Message]) -> None:
    catalogue = read(ENGLISH)
    for message in wanted:
        own = [message.id] if isinstance(message.id, str) else list(message.id)
        entry = catalogue.get(own[0], message.context)
        assert entry is not None, own[0]
        assert forms(entry) == own


def test_no_entry_is_left_over(wanted: list[Message]) -> None:
    sources = {m.id for m in wanted}
    for path in (CHINESE, ENGLISH):
        assert [m.id for m in entries(read(path)) if m.id not in sources] == []


def test_plural_forms_keep_their_placeholders(wanted: list[Message]) -> None:
    several = [m for m in wanted if not isinstance(m.id, str)]
    assert len(several) > 5
    for message in several:
        assert placeholders(message.id[0]) == placeholders(message.id[1]), message.id


def test_chinese_has_full_width_signs() -> None:
    catalogue = read(CHINESE)
    wrong = [t for m in entries(catalogue) for t in forms(m) if HALF_WIDTH.search(bare(t))]
    assert wrong == []
    assert HALF_WIDTH.search("你好,世界")


def test_chinese_names_in_declarations_have_full_width_signs() -> None:
    declared = re.compile(rf'"[A-Z][^"\n]*",\s*"([^"\n]*{HAN}[^"\n]*)"')
    sources = sorted((ROOT / "app").rglob("*.py"))
    texts = [text for path in sources for text in declared.findall(path.read_text("utf-8"))]
    assert len(texts) > 200
    assert [text for text in texts if HALF_WIDTH.search(text)] == []


def bare(text: str) -> str:
    """The text without what the program fills in."""
    return re.sub(r"%\(\w+\)[a-z]|\{\w+\}", "", text)


def test_changed_catalogues_are_compiled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "zh" / "LC_MESSAGES" / "messages.po"
    source.parent.mkdir(parents=True)
    shutil.copy(CHINESE, source)
    monkeypatch.setattr(sentences, "FOLDER", tmp_path)
    assert sentences.build()
    assert not sentences.build()
    os.utime(source, ns=(0, 0))
    assert sentences.build()
    assert [path.name for path in source.parent.iterdir() if path.name.startswith(".")] == []
    loaded = Translations.load(str(tmp_path), ["zh"])
    assert loaded.gettext("Save") == "保存"
    assert loaded.ngettext(ONE, MANY, 1) == "此部门有 %(num)d 名员工。"


@pytest.mark.parametrize(("language", "text"), [("zh", "甲、乙"), ("en", "甲, 乙")])
def test_names_are_listed_as_the_language_does(language: str, text: str) -> None:
    token = words.language.set(language)
    try:
        assert words.listed(["甲", "乙"]) == text
    finally:
        words.language.reset(token)


def test_catalogues_are_of_their_language() -> None:
    for path, plurals in ((CHINESE, 1), (ENGLISH, 2)):
        catalogue: Catalog = read(path)
        assert catalogue.num_plurals == plurals
        assert not [m.id for m in entries(catalogue) if m.fuzzy]
