"""What somebody chose for himself is kept, is his alone, and has a limit."""

import pytest
from sqlalchemy import Engine

from app.extensions import db
from app.spec.errors import Invalid
from app.store import preferences
from app.store.access import load_actor
from app.store.context import acting_as
from tests.contract.calls import user_ids
from tests.support.statements import count_statements
from tests.support.worlds import World


def test_choices_are_kept_changed_and_forgotten_by_their_owner(world: World) -> None:
    with world.app.app_context():
        people = user_ids(db.engine)
        mine, yours = load_actor(people["sales1a"]), load_actor(people["sales1b"])
        with acting_as(mine):
            preferences.put({"density": "compact", "list.customer": ["name", "level"]})
            preferences.put({"density": "comfortable"})
            db.session.commit()
        with acting_as(yours):
            assert preferences.get("density", "list.customer") == {}
            preferences.put({"density": "compact"})
            preferences.forget("list.customer")
        with acting_as(mine), count_statements() as seen:
            kept = preferences.get("density", "list.customer", "never chosen")
            assert kept == {"density": "comfortable", "list.customer": ["name", "level"]}
            preferences.put({"a": 1, "b": 2})
            preferences.forget("density", "a")
            assert len(seen) == 3
            assert preferences.get("density", "a", "b") == {"b": 2}
            with pytest.raises(Invalid):
                preferences.put({"b": "字" * 6_000})


def test_chosen_people_who_are_out_of_reach_by_now_are_let_go(world: World, engine: Engine) -> None:
    """REP-3: the home page starts anew; only an address that asks for them isn't found."""
    people = user_ids(engine)
    chosen = [["who", "chosen"], ["people", str(people["sales2a"])]]
    with world.app.app_context(), acting_as(load_actor(people["leader1"])):
        preferences.put({"dashboard.lens": chosen})
        db.session.commit()
    home = world.client("leader1").get("/")
    assert home.status_code == 200
    assert 'value="chosen" selected' not in home.text
