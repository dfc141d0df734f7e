"""Settings are declared once, checked while the program loads, and documented (SET-1)."""

from pathlib import Path

import pytest

from app import create_app  # noqa: F401 - loads every module that declares a setting
from app.spec import columns, settings
from app.spec.errors import DeclarationError
from app.spec.settings import Chapter, declare

GUIDE = Path(__file__).parents[2] / "docs" / "admin-guide.md"
SETTINGS = list(settings.declared())


def test_the_guide_lists_every_setting_with_its_default() -> None:
    rows = [line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    documented = {s.key: row for s in SETTINGS for row in rows if f"`{s.key}`" in row}
    assert len(SETTINGS) >= 10
    assert [s.key for s in SETTINGS if s.key not in documented] == []
    usual = {s.key: s.default for s in SETTINGS if s.default}
    usual |= {key: " ".join(several) for key, several in usual.items() if type(several) is tuple}
    assert [key for key, default in usual.items() if f"`{default}`" not in documented[key]] == []


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("currency", columns.text("Again", "又一个", default="x")),
        ("nothing", columns.text("No default", "无默认值")),
        ("needed", columns.text("Required", "必填", default="x", required=True)),
        ("short", columns.integer("Too small", "过小", default=0, minimum=1)),
        ("shape", columns.integer("As text", "文本", default="12")),
    ],
)
def test_a_setting_that_cannot_work_stops_the_start(key: str, field: settings.Field) -> None:
    before = list(settings.declared())
    with pytest.raises((DeclarationError, ValueError)):
        declare(key, field, Chapter.LISTS)
    assert list(settings.declared()) == before


def test_a_default_holds_until_something_else_is_set() -> None:
    setting = next(iter(SETTINGS))
    token = settings.live.set({})
    try:
        assert settings.value(setting) == setting.default
        settings.live.set({setting.key: "other"})
        assert settings.value(setting) == "other"
    finally:
        settings.live.reset(token)
