"""``flask crm demo`` fills in the company of contract §8, once, and always the same."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import column, func, select, table, text
from sqlalchemy.exc import DatabaseError

from app.admin.security import passwords
from app.extensions import db
from app.spec import clock, company
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.kinds import CountField
from app.store import door, history, past, search_index, settings
from app.store.context import system_scope
from app.store.opinions import Opinion
from app.store.organisation import Department, User
from app.store.pools import TeamSeat
from app.store.reindex import reindex
from app.store.writer import Context, first_values, insert_rows, stored
from tests.commands.conftest import PASSWORD
from tests.support.snapshot import snapshot

BUSINESS = ("lead", "customer", "contact", "task", "event")

Demo = Callable[..., Result]


@pytest.fixture
def demo(run: FlaskCliRunner) -> Demo:
    def make(*arguments: str, customers: int = 200) -> Result:
        size = ["--customers", str(customers), "--today", "2026-11-21", "--password", PASSWORD]
        return run.invoke(args=["crm", "demo", *size, *arguments])

    return make


def number_of(key: str) -> int:
    return db.session.scalar(select(func.count()).select_from(catalogue.get(key).model)) or 0


def rows_of(statement: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in db.session.execute(statement)]


def test_the_company_is_there(demo_app: Flask) -> None:
    customer = catalogue.get("customer").model
    with demo_app.app_context(), system_scope("look"):
        assert (number_of("customer"), number_of("lead")) == (200, 100)
        assert 200 <= number_of("contact") <= 600
        assert 30 <= number_of("task") <= 40
        assert 20 <= number_of("event") <= 30
        owners = rows_of(
            select(User.username, func.count())
            .select_from(customer)
            .outerjoin(User, User.id == customer.owner_id)
            .group_by(User.username)
        )
        assert dict(owners) == {  # type: ignore[comparison-overlap]
            "sales1a": 36,
            "sales1b": 36,
            "sales2a": 36,
            "sales2b": 36,
            "sales2c": 16,
            "manager": 10,
            None: 30,
        }
        pooled = select(func.count()).where(
            customer.pool_id.is_not(None), customer.owner_id.is_(None)
        )
        assert db.session.scalar(pooled) == 30
        assert db.session.scalar(select(func.count()).select_from(TeamSeat)) > 0
        assert {row.is_disputed for row in db.session.query(Opinion)} == {True, False}


def test_every_customer_knows_its_first_contact(demo_app: Flask) -> None:
    customer, contact = (catalogue.get(key).model for key in ("customer", "contact"))
    with demo_app.app_context(), system_scope("look"):
        own = select(func.count()).join_from(
            customer,
            contact,
            (contact.id == customer.primary_contact_id) & (contact.customer_id == customer.id),
        )
        assert db.session.scalar(own) == 200


def test_people_log_in_with_the_password(demo_app: Flask) -> None:
    with demo_app.app_context(), system_scope("look"):
        people = rows_of(select(User.username, User.password, User.must_change_password))
        heads = dict(rows_of(select(Department.name, Department.head_id)))
        leader = db.session.scalar(select(User.superior_id).where(User.username == "sales2c"))
        name = db.session.scalar(select(User.username).where(User.id == leader))
    assert len(people) == 18
    assert name == "leader3"
    assert None not in heads.values()
    assert not any(must_change for _, _, must_change in people)
    assert passwords.matches(people[0][1], PASSWORD)


def test_rows_are_what_the_writer_would_have_left(demo_app: Flask) -> None:
    """Derived columns, defaults, search index and history, read back and compared."""
    with demo_app.app_context(), system_scope("look"):
        for entity in map(catalogue.get, BUSINESS):
            records = list(db.session.scalars(select(entity.model).order_by(entity.model.id)))
            for record in records:
                values = {
                    key: getattr(record, f.column)
                    for key, f in entity.fields.items()
                    if f.is_stored
                }
                for column, value in stored(entity, values).items():
                    assert getattr(record, column) == value, (entity.key, column)
            entry = history.History
            told = rows_of(
                select(entry.record_id, entry.at, entry.subject, entry.changes)
                .where(entry.entity == entity.key, entry.operation == "create")
                .order_by(entry.record_id)
            )
            kept = dict(zip((r.id for r in records), values_of(entity, records), strict=True))
            assert told == [
                (r.id, r.created_at, getattr(r, entity.title), first_values(entity, kept[r.id]))
                for r in records
            ]


def values_of(entity: Entity, records: Sequence[Any]) -> list[dict[str, Any]]:
    return [door.values_of(entity, record, entity.fields.values()) for record in records]


def test_the_past_of_every_record_is_known(demo_app: Flask) -> None:
    """The births tell all that a record holds, so that "as of" doesn't have to guess (UI-5)."""
    with demo_app.app_context(), system_scope("look"):
        for entity in map(catalogue.get, BUSINESS):
            newest = select(entity.model).order_by(entity.model.id.desc()).limit(10)
            for record in db.session.scalars(newest):
                fields = [f for f in entity.fields.values() if not isinstance(f, CountField)]
                now = past.present(entity, record, fields)
                assert past.as_of(entity, record.id, now, clock.now()).unknown == frozenset()


def test_the_index_is_complete_and_right(demo_app: Flask) -> None:
    """A rebuild of the index finds nothing to change."""
    with demo_app.app_context(), system_scope("look"):
        key = "id" if db.engine.dialect.name == "postgresql" else "rowid"
        for entity in map(catalogue.get, BUSINESS):
            name = search_index.side_table(entity)
            every = select(column(key), column("tokens")).select_from(table(name)).order_by(key)
            before = rows_of(every)
            assert len(before) == number_of(entity.key)
            assert list(reindex(entity))[-1] == number_of(entity.key)
            assert rows_of(every) == before


def test_nothing_lies_after_today_but_plans(demo_app: Flask) -> None:
    customer = catalogue.get("customer").model
    end = datetime(2026, 11, 21, 16, tzinfo=UTC)
    with demo_app.app_context(), system_scope("look"):
        latest = db.session.execute(
            select(func.max(customer.created_at), func.max(customer.updated_at))
        ).one()
    assert max(latest) < end


def test_the_same_seed_gives_the_same_rows(fresh: Flask, demo: Demo) -> None:
    demo(customers=40)
    first = content(fresh)
    assert demo("--reset", customers=40).exit_code == 0
    assert content(fresh) == first
    demo("--reset", "--seed", "2", customers=40)
    assert content(fresh) != first


def content(app: Flask) -> list[list[tuple[Any, ...]]]:
    """The rows of the company, ids included."""
    with app.app_context():
        tables = [db.metadata.tables[name] for name in (*BUSINESS, "team_seat", "user_account")]
        return [
            rows_of(
                select(*(c for c in t.c if c.name not in CLOCK)).order_by(*t.primary_key.columns)
            )
            for t in tables
        ]


CLOCK = {"created_at", "updated_at", "password", "session_epoch", "version"}
"""What tells when the demo was run, or how often."""


def test_a_database_in_use_is_left_alone(fresh: Flask, demo: Demo) -> None:
    demo(customers=20)
    with fresh.app_context():
        before = snapshot(db.engine, db.metadata)
    answer = demo(customers=20)
    assert answer.exit_code == 1
    assert "--reset" in answer.output
    with fresh.app_context():
        assert snapshot(db.engine, db.metadata) == before


def test_reset_takes_everything_but_the_set_up(fresh: Flask, demo: Demo) -> None:
    demo("--users", "30", "--departments", "14", customers=60)
    with fresh.app_context(), system_scope("look"):
        assert number_of("user") == 30
        settings.save([settings.Wish(company.NAME, "Haina", 0)])
        db.session.commit()
    assert demo("--reset", customers=20).exit_code == 0
    with fresh.app_context(), system_scope("look"):
        assert (number_of("customer"), number_of("user"), number_of("department")) == (20, 18, 9)
        told = rows_of(select(history.History.subject).where(history.History.operation == "set_up"))
        assert ("reset",) in told
        assert settings.load()[company.NAME.key] == "Haina"


def test_the_history_is_locked_again_after_a_reset(fresh: Flask, demo: Demo) -> None:
    demo(customers=20)
    demo("--reset", customers=20)
    with fresh.app_context():
        for statement in ("UPDATE history SET subject = ''", "DELETE FROM history"):
            with pytest.raises(DatabaseError, match="append-only"):
                db.session.execute(text(statement))
            db.session.rollback()


def test_a_made_up_password_is_shown_once(fresh: Flask, run: FlaskCliRunner) -> None:
    answer = run.invoke(args=["crm", "demo", "--customers", "0"])
    assert answer.exit_code == 0, answer.output
    with fresh.app_context(), system_scope("look"):
        assert number_of("user") == 18, "its people are there without a customer"
    shown = answer.stdout.strip().splitlines()
    assert len(shown) == 1
    assert "password" in shown[0]


def test_a_short_password_is_refused(run: FlaskCliRunner) -> None:
    answer = run.invoke(args=["crm", "demo", "--password", "short"])
    assert answer.exit_code == 1
    assert "12" in answer.output


def test_new_records_are_numbered_on(fresh: Flask, demo: Demo) -> None:
    demo(customers=20)
    with fresh.app_context(), system_scope("write one more"):
        [number] = insert_rows(catalogue.get("customer"), [{"name": "后来者"}], Context("create"))
        db.session.commit()
    assert number == 21
