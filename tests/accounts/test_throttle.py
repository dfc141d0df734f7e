"""How often one may try, at every door, however many processes are asked: C1 and C2."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from app.extensions import db
from app.spec import clock
from app.store.attempts import Attempt, LoginThrottle, count_attempts
from app.store.context import system_scope
from tests.accounts.conftest import from_address
from tests.support.company import PASSWORD
from tests.support.web import hidden_inputs, log_in, submit

WINDOW = timedelta(minutes=15)
WRONG = "certainly not this one"


def by_form(app: Flask, username: str, password: str = WRONG, address: str = "127.0.0.1") -> int:
    client = app.test_client()
    page = client.get("/login/", environ_overrides=from_address(address))
    data = {**hidden_inputs(page.text), "username": username, "password": password}
    answer = client.post("/login/", data=data, environ_overrides=from_address(address))
    if answer.status_code == 429:
        assert 0 < int(answer.headers["Retry-After"]) <= 900
    return answer.status_code


def by_api(app: Flask, username: str, password: str = WRONG, address: str = "127.0.0.1") -> int:
    answer = app.test_client().post(
        "/api/v1/security/login",
        json={"username": username, "password": password, "provider": "db"},
        environ_overrides=from_address(address),
    )
    if answer.status_code == 429:
        assert answer.json["code"] == "throttled"
        assert 0 < int(answer.headers["Retry-After"]) <= 900
    return answer.status_code


def test_ten_tries_per_account(strict_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """C1: 50 bad tries, 10 reach the password check; the right one then waits as well."""
    checked = count_checks(monkeypatch)
    answers = Counter(by_form(strict_app, "sales1a") for _ in range(25))
    answers += Counter(by_api(strict_app, "sales1a") for _ in range(25))
    assert answers == {401: 10, 429: 40}
    assert len(checked) == 10
    assert by_form(strict_app, "sales1a", PASSWORD) == 429


def test_the_right_password_works_again_from_elsewhere(strict_app: Flask) -> None:
    """C1: no lock-out for good; the window ends by itself."""
    for _ in range(15):
        by_form(strict_app, "sales1a")
    with time_machine.travel(clock.now() + WINDOW + timedelta(seconds=2), tick=False):
        assert by_form(strict_app, "sales1a", PASSWORD, "198.51.100.7") == 302


def test_thirty_tries_per_address(strict_app: Flask) -> None:
    """C1: whatever names are tried; a colleague's address is not concerned."""
    answers = Counter(by_api(strict_app, f"nobody{n}") for n in range(40))
    assert answers == {401: 30, 429: 10}
    assert by_form(strict_app, "clerk1", PASSWORD) == 429
    assert by_form(strict_app, "clerk1", PASSWORD, "198.51.100.7") == 302


def test_a_network_has_a_counter_of_its_own(
    strict_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred in a real installation; fewer here, each try costs a hash."""
    assert strict_app.config["LOGIN_PER_NETWORK"] == 100
    monkeypatch.setitem(strict_app.config, "LOGIN_PER_NETWORK", 12)
    answers = Counter(by_api(strict_app, f"nobody{n}", address=f"203.0.113.{n}") for n in range(16))
    assert answers == {401: 12, 429: 4}
    assert by_api(strict_app, "clerk1", PASSWORD, "203.0.114.1") == 200


def test_an_address_of_version_six_counts_as_its_house(
    strict_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One subscriber has a whole /64: its addresses are one."""
    monkeypatch.setitem(strict_app.config, "LOGIN_PER_ADDRESS", 5)
    answers = Counter(
        by_api(strict_app, f"nobody{n}", address=f"2001:db8:0:1::{n:x}") for n in range(8)
    )
    assert answers == {401: 5, 429: 3}
    assert by_api(strict_app, "clerk1", PASSWORD, "2001:db8:0:2::1") == 200


def test_the_name_is_one_however_it_is_written(strict_app: Flask) -> None:
    names = ["sales1a", "SALES1A", " Sales1a ", "ｓales1a"]
    answers = [by_api(strict_app, names[n % 4]) for n in range(12)]
    assert answers == [401] * 10 + [429] * 2


def test_an_unknown_name_is_counted_like_a_known_one(strict_app: Flask) -> None:
    assert [by_api(strict_app, "nobody") for _ in range(12)] == [401] * 10 + [429] * 2


def test_success_forgets_the_tries(strict_app: Flask) -> None:
    """An office behind one address logs in all day: only failures fill its counter."""
    for _ in range(3):
        assert [by_api(strict_app, "sales1a") for _ in range(4)] == [401] * 4
        assert by_api(strict_app, "sales1a", PASSWORD) == 200
    for _ in range(20):
        assert by_api(strict_app, "clerk1", PASSWORD) == 200


def test_changing_the_password_shares_the_counter(strict_app: Flask) -> None:
    """C2: asking for the current password is a door like any other."""
    client = log_in(strict_app.test_client(), "sales1a")
    page = "/account/password/"
    answers = [
        submit(client, page, current_password=WRONG, new_password="x" * 20).status_code
        for _ in range(12)
    ]
    assert answers == [422] * 10 + [429] * 2
    assert by_api(strict_app, "sales1a", PASSWORD) == 429
    assert client.get("/logout/").status_code == 200, "whoever is in stays in"


def test_a_full_counter_is_in_the_log_once(strict_app: Flask) -> None:
    from app.store.history import History

    for _ in range(14):
        by_api(strict_app, "sales1a")
    with strict_app.app_context(), system_scope("look"):
        found = db.session.execute(
            select(History.operation, func.count())
            .where(History.operation.like("login%"), History.subject == "sales1a")
            .group_by(History.operation)
        )
        counts = dict(tuple(row) for row in found)
    assert counts["login_failed"] == 10
    assert counts["login_locked"] == 1


@pytest.mark.parametrize("full", ["LOGIN_PER_ACCOUNT", "LOGIN_PER_ADDRESS"])
def test_a_name_that_nobody_has_is_not_in_the_log(
    strict_app: Flask, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    """Whichever counter is full: it may be a password, typed into the wrong box."""
    from app.store.history import History

    monkeypatch.setitem(strict_app.config, full, 2)
    assert [by_api(strict_app, PASSWORD) for _ in range(3)] == [401, 401, 429]
    with strict_app.app_context(), system_scope("look"):
        locked = select(History.subject, History.changes).where(History.operation == "login_locked")
        [(subject, changes)] = db.session.execute(locked).all()
    assert subject == ""
    assert changes == {"counter": "account" if full == "LOGIN_PER_ACCOUNT" else "address"}


def race(app: Flask, count: Callable[[Barrier], bool], threads: int = 8, tries: int = 5) -> int:
    """How many of ``threads × tries`` simultaneous tries got through."""
    through: list[bool] = []
    barrier = Barrier(threads)

    def run() -> None:
        with app.app_context():
            for _ in range(tries):
                barrier.wait(timeout=30)
                through.append(count(barrier))
            db.session.remove()

    runners = [Thread(target=run) for _ in range(threads)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(timeout=60)
    assert len(through) == threads * tries
    return sum(through)


def test_simultaneous_tries_are_counted_exactly(app: Flask) -> None:
    """R12: 40 tries on eight connections at once let exactly ten through."""
    attempts = (Attempt("account:race", 10),)
    assert race(app, lambda _barrier: count_attempts(attempts, WINDOW) is None) == 10


def test_looking_first_and_counting_then_would_let_more_through(app: Flask) -> None:
    """C89b: the naive counter, in the same race, must fail, else the race proves nothing."""
    row = LoginThrottle.__table__
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(row.insert().values(key="naive", started_at=clock.now(), attempts=0))

    def naive(barrier: Barrier) -> bool:
        with db.engine.connect() as connection:
            seen = connection.execute(select(row.c.attempts).where(row.c.key == "naive")).scalar()
        barrier.wait(timeout=30)  # everybody has looked before anybody counts
        if seen >= 10:
            return False
        with db.engine.begin() as connection:
            connection.execute(update(row).where(row.c.key == "naive").values(attempts=seen + 1))
        return True

    assert race(app, naive) > 10


def count_checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the hashes that are really computed; the check itself stays as it is."""
    from app.admin.security import passwords

    seen: list[str] = []
    honest = passwords.matches

    def counting(stored: str | None, password: str) -> bool:
        seen.append(stored or "nobody")
        return honest(stored, password)

    monkeypatch.setattr(passwords, "matches", counting)
    return seen
