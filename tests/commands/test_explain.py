"""``flask crm explain`` prints what a declaration means, for every declared entity."""

import pytest
from click.testing import Result
from flask import Flask

from app import create_app
from app.spec.catalogue import catalogue


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """No database is needed: nothing is looked up."""
    return create_app({"CRM_INSTANCE": str(tmp_path_factory.mktemp("explain"))})


def explain(app: Flask, name: str) -> Result:
    return app.test_cli_runner().invoke(args=["crm", "explain", name])


@pytest.mark.parametrize("key", [entity.key for entity in catalogue])
def test_everything_declared_is_said(app: Flask, key: str) -> None:
    entity = catalogue.get(key)
    answer = explain(app, key)
    assert answer.exit_code == 0, answer.output
    words = set(answer.stdout.split())
    assert {f.key for f in entity.fields.values()} <= words
    assert {verb.slug for verb in entity.verbs} <= words
    assert {column.name for column in entity.model.__table__.columns} <= words
    assert set(entity.grants) <= words
    assert {child.through for child in entity.children} <= words
    assert {f"/{entity.plural}/list/", f"/api/v1/{entity.plural}/<int:pk>"} <= words
    for field in entity.fields.values():
        assert field.label.en in answer.stdout
        assert field.label.zh in answer.stdout


@pytest.mark.parametrize("name", ["Customer", "customer", "customers", "CUSTOMERS"])
def test_an_entity_goes_by_all_its_names(app: Flask, name: str) -> None:
    assert explain(app, name).stdout.startswith("customer ")


def test_an_unknown_name_is_answered_with_the_known_ones(app: Flask) -> None:
    answer = explain(app, "spaceship")
    assert answer.exit_code == 2
    assert "customer" in answer.output


def test_columns_stand_under_each_other(app: Flask) -> None:
    """Chinese words are two columns wide per character."""
    found = explain(app, "contact").stdout.splitlines()
    kinds = {
        width_before(line, " text ") for line in found if " text " in line and "eq neq" in line
    }
    assert len(kinds) == 1


def width_before(line: str, piece: str) -> int:
    return sum(2 if ord(char) > 0x2E80 else 1 for char in line[: line.index(piece)])
