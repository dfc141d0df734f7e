"""``flask crm create-admin``: the first super admin comes from the command line only (C16)."""

from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select

from app.admin.security import passwords
from app.extensions import db
from app.store.context import system_scope
from app.store.organisation import User
from tests.commands.conftest import PASSWORD

CREATE = ["crm", "create-admin", "--password", PASSWORD]


def names(app: Flask) -> list[str]:
    with app.app_context(), system_scope("look"):
        return list(db.session.scalars(select(User.username).order_by(User.id)))


def test_the_first_is_made_on_an_empty_database(fresh: Flask, run: FlaskCliRunner) -> None:
    answer = run.invoke(args=CREATE)
    assert answer.exit_code == 0, answer.output
    assert names(fresh) == ["admin"]
    with fresh.app_context(), system_scope("look"):
        person = db.session.execute(select(User.password, User.must_change_password)).one()
    assert passwords.matches(person.password, PASSWORD)
    assert not person.must_change_password


def test_a_second_needs_saying_so(fresh: Flask, run: FlaskCliRunner) -> None:
    run.invoke(args=CREATE)
    assert run.invoke(args=[*CREATE, "--username", "second"]).exit_code == 1
    assert names(fresh) == ["admin"]
    again = run.invoke(args=[*CREATE, "--username", "second", "--force-second"])
    assert again.exit_code == 0, again.output
    assert names(fresh) == ["admin", "second"]


def test_a_name_is_given_once(fresh: Flask, run: FlaskCliRunner) -> None:
    run.invoke(args=CREATE)
    answer = run.invoke(args=[*CREATE, "--username", "ADMIN", "--force-second"])
    assert answer.exit_code == 1
    assert names(fresh) == ["admin"]


def test_a_made_up_password_is_shown_once_and_changed(fresh: Flask, run: FlaskCliRunner) -> None:
    answer = run.invoke(args=["crm", "create-admin"])
    assert len(answer.stdout.strip().splitlines()) == 1
    with fresh.app_context(), system_scope("look"):
        assert db.session.scalar(select(User.must_change_password))
