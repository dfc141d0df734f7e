"""The audit log can name everything that is written into it."""

import pytest
from sqlalchemy import select

from app.admin.security.first_admin import create_first_admin
from app.extensions import db
from app.store.context import system_scope
from app.store.history import VERBS, History, record_event
from tests.support.company import PASSWORD
from tests.support.worlds import World


def test_an_event_that_nobody_declared_is_refused(world: World) -> None:
    with world.app.app_context(), pytest.raises(ValueError, match="declare it in EVENTS"):
        record_event("something_new")


def test_the_first_admin_has_a_word_in_the_log(world: World) -> None:
    with world.app.test_request_context():
        create_first_admin(PASSWORD, "second", is_second=True)
        with system_scope("look"):
            verbs = select(History.operation).where(History.subject == "second")
            found = db.session.scalars(verbs.order_by(History.id.desc())).first()
    assert found == "first_admin_created"
    assert VERBS.find(found) is not None
