"""A made-up entity gets every feature: the same suites run on it as on the declared ones.

Its fields are drawn by the seed of the run, so another mix is tried every day.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.admin import build
from app.spec.catalogue import catalogue
from tests.generated import (
    test_access,
    test_born,
    test_forms,
    test_hostile,
    test_lists,
    test_scope,
    test_versions,
)
from tests.generated.browser import Page
from tests.generated.invented import invented
from tests.generated.stage import Stage
from tests.support.company import PEOPLE
from tests.support.databases import Server
from tests.support.worlds import World

ACTORS = [person.name for person in PEOPLE]


@pytest.fixture(params=["here", pytest.param("there", marks=pytest.mark.prove)])
def made_up(
    request: pytest.FixtureRequest, world: World, server: Server, shared_folder: Path, seed: int
) -> Iterator[Stage]:
    """One that lies in pools on one database and one that doesn't on the other; the proof has both
    on each.

    ``world`` is asked for so that the template is made before anything is made up.
    """
    pooled = (server.kind == "postgresql") is (request.param == "here")
    with invented(server, shared_folder, seed, pooled=pooled) as stage:
        yield stage


def key_of(stage: Stage) -> str:
    world: Any = stage.world
    return world.entity.key


def turn(stage: Stage, *checks: Callable[[str], None]) -> None:
    """Run checks one after the other, each on fresh rows."""
    for check in checks:
        check(key_of(stage))
        stage.reset()


def test_it_is_served_as_any_other(made_up: Stage) -> None:
    """Pages, REST, menu, description, and a title in both languages."""
    entity = catalogue.get(key_of(made_up))
    assert build.view_of(entity).entity is entity
    assert build.api_of(entity).entity is entity
    person = made_up.person("admin")
    for path in (f"/{entity.plural}/list/", f"/{entity.plural}/show/1", f"/{entity.plural}/add"):
        page = Page(person.get(path).text)
        assert f"/{entity.plural}/list/" in page.hooks("href"), f"{path} has no menu entry"
    document = person.rest("GET", "/_openapi").text
    assert f"/api/v1/{entity.plural}/" in document
    assert (
        entity.plural in person.get("/matrix/3").text or entity.key in person.get("/matrix/3").text
    )


def test_it_obeys_rights(made_up: Stage, seed: int) -> None:
    """Part 1: what is granted works, what isn't is refused."""
    key = key_of(made_up)
    assert sum(test_access.check_refusals(made_up, seed, actor, key) for actor in ACTORS)
    assert made_up.differing() == []
    assert sum(test_access.check_grants(made_up, seed, actor, key) for actor in ACTORS)


def test_it_obeys_scopes(made_up: Stage, seed: int) -> None:
    """Part 1: rows out of reach, mixed selections, births."""
    key = key_of(made_up)
    for actor in ("manager", "leader1", "sales1a", "sales1b", "clerk1", "audit"):
        test_scope.check_out_of_reach(made_up, actor, key)
        test_scope.check_mixed(made_up, seed, actor, key)
    assert made_up.differing() == []
    for actor in ("leader1", "sales1b"):
        test_scope.check_readable(made_up, seed, actor, key)
        test_born.check_births(made_up, actor, key)
        made_up.reset()


def test_its_lists_filter_and_sort(made_up: Stage, seed: int) -> None:
    """Part 3."""
    turn(
        made_up,
        lambda key: test_lists.test_every_operator_finds_what_plain_python_finds(
            made_up, seed, key
        ),
        lambda key: test_lists.test_groups_and_the_filter_builder(made_up, seed, key),
        lambda key: test_lists.test_every_sortable_column_sorts_both_ways(made_up, key),
        lambda key: test_lists.test_pages_of_a_list_show_every_row_once(made_up, key),
        lambda key: test_hostile.test_bad_arguments_are_400(made_up, key),
        lambda key: test_hostile.test_bad_selections_do_nothing(made_up, key),
        lambda key: test_hostile.test_bodies_of_other_types_are_415_or_400(made_up, key),
    )


def test_its_forms_keep_the_rules(made_up: Stage, seed: int) -> None:
    """Part 4."""
    turn(
        made_up,
        lambda key: test_forms.test_required_fields_are_required(made_up, key),
        lambda key: test_forms.test_wrong_values_are_refused_and_kept(made_up, key),
        lambda key: test_forms.test_good_values_are_stored(made_up, key),
        lambda key: test_forms.test_hostile_text_stays_text(made_up, seed, key),
        lambda key: test_forms.test_protected_and_unknown_keys_are_refused(made_up, key),
        lambda key: test_versions.test_a_stale_form_is_409_with_both_values(made_up, key),
        lambda key: test_versions.test_rest_asks_for_the_version(made_up, key),
        lambda key: test_versions.test_a_form_sent_twice_makes_one_record(made_up, key),
        lambda key: test_versions.test_an_idempotency_key_replays_the_first_answer(made_up, key),
    )


def test_nothing_of_it_is_left() -> None:
    """The catalogue and the tables are as they were."""
    from app.extensions import db

    assert not [entity.key for entity in catalogue if entity.key.startswith("invented")]
    assert not [name for name in db.metadata.tables if name.startswith("invented")]
