"""A declaration that can't work is refused while loading, with entity, attribute and cure."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pytest

from app.spec.catalogue import Catalogue, catalogue
from app.spec.columns import name, text
from app.spec.conditions import condition
from app.spec.conversion import Beside, Conversion
from app.spec.entity import Child, Entity
from app.spec.errors import DeclarationError
from app.spec.metrics import metric
from app.spec.relations import LinksField, RelationField, TagsField
from app.spec.roles import SALESPERSON, grant
from app.spec.scopes import Scope
from app.spec.todos import HANDLED
from app.spec.views import view
from app.spec.words import Label, language


class Plain:
    """Enough of a model to be declared: fields and what it is able to."""

    __fields__: ClassVar[Mapping[str, Any]] = {
        "name": name("Name", "名称").keyed("name"),
        "note": text("Note", "备注").keyed("note"),
    }
    __owned__ = False
    __pooled__ = False
    __binned__ = False


class OwnedPlain(Plain):
    __owned__ = True
    __binned__ = True


def declared(**changes: Any) -> Entity:
    facts: dict[str, Any] = {
        "model": Plain,
        "key": "thing",
        "plural": "things",
        "one": Label("Thing", "东西"),
        "many": Label("Things", "东西"),
        "icon": "box",
        "menu": "settings",
        "operations": ("list", "read"),
    }
    return Entity(**{**facts, **changes})


def refusal(entity: Entity, known: Mapping[str, Entity] | None = None) -> str:
    with pytest.raises(DeclarationError) as error:
        entity.validate({entity.key: entity, **(known or {})})
    return str(error.value)


def test_a_sound_declaration_is_accepted() -> None:
    declared().validate({})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"key": "two words"}, "two words.key: use small letters"),
        ({"plural": "two words"}, "thing.key: use small letters"),
        ({"menu": "nope"}, "thing.menu: there is no group 'nope'"),
        ({"title": "nope"}, "thing.title: there is no field 'nope'"),
        ({"order": "-nope"}, "thing.order: there is no field '-nope'"),
        ({"operations": ("list", "fly")}, "there is no operation 'fly'"),
        ({"operations": ("transfer",)}, "transfer needs a model with 'owner'; drop it"),
        ({"operations": ("delete",)}, "delete needs a model with 'bin'; drop it"),
        ({"operations": ("claim",)}, "claim needs a model with 'pool'; drop it"),
        ({"grants": {"pirate": grant(Scope.ALL, "list")}}, "no built-in role 'pirate'"),
        (
            {"grants": {SALESPERSON: grant(Scope.ALL, "list edit")}},
            "salesperson is granted ['edit'], not declared here",
        ),
        (
            {"grants": {SALESPERSON: grant(Scope.SELF, "list")}},
            "rows without an owner have scope ALL or NONE",
        ),
        ({"grants": {SALESPERSON: grant(Scope.ALL, "list", hidden="nope")}}, "no fields ['nope']"),
        (
            {"grants": {SALESPERSON: grant(Scope.ALL, "list", masked="note")}},
            "thing.note: declare a kind of mask to mask it",
        ),
        ({"children": (Child("nobody", "thing"),)}, "nobody.thing does not point here"),
        ({"views": (view("v", "V", "V", "nope", "empty"),)}, "thing.views: v: no fields ['nope']"),
        ({"first_view": "nope"}, "thing.first_view: there is no view 'nope'"),
        ({"conversion": Conversion("nobody")}, "thing.conversion: name an entity"),
    ],
)
def test_nonsense_is_refused_with_its_cure(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(declared(**changes))


@pytest.mark.parametrize("link", [RelationField, LinksField, TagsField])
def test_a_link_to_nothing_is_refused(link: Any) -> None:
    class Linked(Plain):
        __fields__: ClassVar[Mapping[str, Any]] = {
            **Plain.__fields__,
            "boss": link(label=Label("Boss", "老板"), key="boss", to="nobody"),
        }

    assert "thing.boss: points at 'nobody', which is not declared" in refusal(
        declared(model=Linked)
    )


@pytest.mark.parametrize(("model", "to"), [(Plain, "user"), (OwnedPlain, "thing")])
def test_only_people_are_let_in_and_only_to_owned_rows(model: Any, to: str) -> None:
    """Contract §6: owner or participant."""

    class Shared(model):  # type: ignore[misc]
        __fields__: ClassVar[Mapping[str, Any]] = {
            **model.__fields__,
            "owner": RelationField(label=Label("O", "O"), key="owner", to="user"),
            "helpers": LinksField(label=Label("H", "H"), key="helpers", to=to, lets_in=True),
        }

    known = {"user": declared(key="user", plural="users")}
    assert "thing.helpers: only people are let in, to owned" in refusal(
        declared(model=Shared), known
    )


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        (Conversion("thing", {"nope": ("name",)}), "thing: no ['nope']"),
        (Conversion("thing", {"name": ("nope",)}), "no fields ['nope']"),
        (Conversion("thing", beside=(Beside("thing", "nope"),)), "thing: no ['nope']"),
        (Conversion("thing", beside=(Beside("nobody", "thing"),)), "nobody: no ['thing']"),
    ],
)
def test_a_conversion_from_or_into_no_field_is_refused(way: Conversion, sentence: str) -> None:
    class Becoming(Plain):
        __fields__: ClassVar[Mapping[str, Any]] = {
            **Plain.__fields__,
            "thing": RelationField(label=Label("Thing", "东西"), key="thing", to="thing"),
        }

    assert f"thing.conversion: {sentence}" in refusal(declared(model=Becoming, conversion=way))


def test_a_required_system_field_is_refused() -> None:
    class Strict(Plain):
        __fields__: ClassVar[Mapping[str, Any]] = {
            **Plain.__fields__,
            "state": text("State", "状态", required=True, system=True).keyed("state"),
        }

    assert "a system field is in no form" in refusal(declared(model=Strict))


def test_a_list_without_columns_is_refused() -> None:
    class Blank(Plain):
        __fields__: ClassVar[Mapping[str, Any]] = {
            "name": replace(Plain.__fields__["name"], listed=False)
        }

    assert "mark at least one field as listed" in refusal(declared(model=Blank))


def test_a_second_entity_of_the_same_name_is_refused() -> None:
    found = Catalogue()
    found.declare(declared())
    with pytest.raises(DeclarationError, match="another entity has this name"):
        found.declare(declared(model=OwnedPlain))
    with pytest.raises(DeclarationError, match="another entity has this model"):
        found.declare(declared(key="other", plural="others"))


@pytest.mark.parametrize(("en", "zh"), [("", "名称"), ("Name", ""), (" ", "名称")])
def test_a_label_needs_both_languages(en: str, zh: str) -> None:
    with pytest.raises(ValueError, match="both languages"):
        Label(en, zh)


def test_a_label_speaks_the_readers_language_and_carries_no_markup() -> None:
    label = Label("<b>Name</b>", "名称")
    token = language.set("en")
    try:
        assert str(label) == "<b>Name</b>"
        assert label.__html__() == "&lt;b&gt;Name&lt;/b&gt;"
    finally:
        language.reset(token)
    assert str(label) in {"名称", "<b>Name</b>"}


def test_every_entity_fits_its_budget_of_lines() -> None:
    """Architecture section 2: the whole file, names and grants included."""
    budgets = {"customer": 120, "lead": 115, "contact": 60}
    assert len(catalogue) >= 8
    for entity in catalogue:
        source = Path(import_module(f"app.entities.{entity.key}").__file__ or "")
        lines = len(source.read_text(encoding="utf-8").splitlines())
        assert lines <= budgets.get(entity.key, 100), f"{entity.key}: {lines} lines"


@pytest.mark.parametrize(
    ("facets", "cure"),
    [
        ({"date": "name"}, "date"),
        ({"person": "level"}, "person"),
        ({"sums": "mobile"}, "sums"),
        ({"date": "nothing"}, "nothing"),
    ],
)
def test_a_metric_that_cannot_be_asked_is_refused(facets: dict[str, str], cure: str) -> None:
    """REP-1: a number over a field that isn't there, or of another kind, stops the program."""
    one = metric("some", Label("Some", "若干"), Label("Some.", "若干。"), **facets)
    with pytest.raises(DeclarationError, match=cure):
        one.validate(catalogue.get("customer").fields)


def test_a_to_do_list_that_cannot_be_asked_is_refused() -> None:
    """TODO: a time to wait since, a person, fields that there are, and something to be done."""
    fields = catalogue.get("customer").fields
    one = next(one for entity, one in catalogue.to_dos() if entity.key == "customer")
    one.validate(fields)
    today, *others = one.tabs
    done = replace(today, waits=False)
    for broken, cure in (
        (replace(one, since="name"), "must be a datetime"),
        (replace(one, person="name"), "must be a relation"),
        (replace(one, shows=("nothing",)), "no fields"),
        (replace(one, reminds="done"), "tabs that wait"),
        (replace(one, escalates="nothing"), "tabs that wait"),
        (replace(one, tabs=(today, today)), "key of its own"),
        (replace(one, tabs=(replace(today, key=HANDLED),)), "key of its own"),
        (replace(one, tabs=(done,), reminds="", escalates=""), "to be done"),
        (replace(one, tabs=(replace(today, conditions=()), *others)), "every record"),
    ):
        with pytest.raises(DeclarationError, match=cure):
            broken.validate(fields)
    with pytest.raises(DeclarationError, match="this name"):
        catalogue.list_to_dos("customer", one)
    lists = Catalogue()
    lists.list_to_dos("nothing", one)
    with pytest.raises(DeclarationError, match="no owned entity"):
        lists.validate()


def test_a_kind_of_entry_that_cannot_be_asked_is_refused() -> None:
    """TASK: a time to stand at, people, fields that there are, and a list of the same records."""
    fields = catalogue.get("customer").fields
    one = next(kind for entity, kind in catalogue.calendar() if entity.key == "customer")
    one.validate(fields)
    for broken, cure in (
        (replace(one, starts="name"), "a moment or a day"),
        (replace(one, ends="founded_on"), "same kind"),
        (replace(one, all_day="name"), "a flag"),
        (replace(one, person="name"), "a person"),
        (replace(one, partakers="owner"), "people"),
        (replace(one, conditions=(condition("nothing", "empty"),)), "no fields"),
        (replace(one, over=(condition("nothing", "empty"),)), "no fields"),
        (replace(one, colour="crimson"), "no colour"),
    ):
        with pytest.raises(DeclarationError, match=cure):
            broken.validate(fields)
    with pytest.raises(DeclarationError, match="this name"):
        catalogue.list_in_calendar("customer", one)
    kinds = Catalogue()
    kinds.list_in_calendar("nothing", one)
    with pytest.raises(DeclarationError, match="no owned entity"):
        kinds.validate()
