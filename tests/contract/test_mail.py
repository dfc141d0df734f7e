"""Mail: who gets what, in which words, when; what if the server is away (NOTE, R6, T17)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from babel.dates import format_datetime
from sqlalchemy import Engine, select

from app.extensions import db
from app.jobs import mailing
from app.spec import clock
from app.store import mails
from app.store.channels import Wanted
from app.store.outbox import Outbox
from tests.contract.calls import Api, set_role, user_ids, write
from tests.support.mailbox import Mailbox, deliver, mailbox, set_up
from tests.support.web import hidden_inputs, submit
from tests.support.worlds import World

NIGHT = datetime(2026, 3, 1, 17, 10, tzinfo=UTC)
"""01:10 in Shanghai."""
SWITCHES = "/notifications/settings"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as found:
        yield found


@pytest.fixture
def told(world: World, engine: Engine, box: Mailbox) -> Mailbox:
    """Mail is set up, and somebody who reads English has an address."""
    set_up(world, box.port)
    person = user_ids(engine)["sales2a"]
    write(engine, "user", person, email="sales2a@example.com", language="en", timezone="Asia/Tokyo")
    return box


def hand_over(world: World, *ids: int, message: str = "") -> None:
    params = {"new_owner": "sales2a", "old_owner": "remove", "message": message}
    assert Api(world, "manager").bulk("customers", "transfer", ids, params).status_code == 200


def rows(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(mails.Mail.__table__.select().order_by("id")))


def choose(world: World, **choices: Any) -> None:
    """Change switches on the page, as sales2a."""
    client = world.client("sales2a")
    form = {**hidden_inputs(client.get(SWITCHES).text), **choices}
    assert client.post(SWITCHES, data=form).status_code == 302


def test_a_mail_speaks_to_its_reader(
    world: World, engine: Engine, told: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """His language and clock; text and HTML; links by the site's own address; nothing injected."""
    monkeypatch.setitem(world.app.config, "CRM_PUBLIC_URL", "https://crm.example.com/app")
    hand_over(world, 1, 3, message="call\r\nBcc: evil@example.com\r\n<b>now</b>")
    deliver(world)
    deliver(world)
    (mail,) = told.mails()
    assert mail["From"].addresses[0].addr_spec == "crm@example.com"
    assert mail["To"].addresses[0].addr_spec == "sales2a@example.com"
    assert "transferred 2 records to you" in mail["Subject"]
    assert mail["Bcc"] is None
    assert b"\nBcc:" not in told.raw[0].split(b"\r\n\r\n")[0], "a header of its own"
    plain, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    with engine.connect() as connection:
        at = connection.scalar(select(Outbox.at)).astimezone(ZoneInfo("Asia/Tokyo"))
    assert format_datetime(at, "medium", locale="en") in plain
    for text in (plain, html):
        assert "https://crm.example.com/app/customers/list/?view=mine" in text
        assert "localhost" not in text
    assert "<b>now</b>" not in html


def test_nothing_old_is_sent_when_mail_is_set_up_later(
    world: World, engine: Engine, box: Mailbox
) -> None:
    write(engine, "user", user_ids(engine)["sales2a"], email="sales2a@example.com")
    hand_over(world, 1)
    deliver(world)
    set_up(world, box.port)
    deliver(world)
    assert box.raw == []
    assert rows(engine) == []


def test_a_server_that_is_away_loses_nothing(world: World, engine: Engine, told: Mailbox) -> None:
    """R6: the change is done, the mail waits and says why, and goes out later, once."""
    with mailbox() as gone:
        set_up_again(world, gone.port)
    hand_over(world, 1)
    deliver(world)
    (row,) = rows(engine)
    assert (row.state, row.attempts, row.worker) == ("waiting", 0, "")
    assert row.error
    assert row.error in world.client("admin").get("/mail/").text
    set_up_again(world, told.port)
    deliver(world)
    assert [mail["Message-ID"] for mail in told.mails()] == [f"<{row.message_id}@example.com>"]
    assert rows(engine)[0].state == "sent"


def set_up_again(world: World, port: int) -> None:
    """Another port, as an admin would enter it."""
    admin = world.client("admin")
    answer = submit(admin, "/settings/", mail_port=str(port), **shown(admin))
    assert answer.status_code == 302


def shown(client: Any) -> dict[str, str]:
    """What the settings form holds besides hidden inputs, of mail."""
    return {"mail_host": "127.0.0.1", "mail_security": "none", "mail_sender": "crm@example.com"}


def test_refusals_are_tried_again_and_then_shown(
    world: World, engine: Engine, told: Mailbox
) -> None:
    """R6: after 1, 5, 30 minutes, 2 and 8 hours; then it is dead, and the admin decides."""
    hand_over(world, 1)
    told.refusal = "421 closing"
    deliver(world)
    assert (rows(engine)[0].attempts, rows(engine)[0].error) == (0, "421 closing"), "only away"
    told.refusal = "451 try later"
    start = datetime.now(UTC)
    with time_machine.travel(start, tick=False) as moment:
        for minutes in (1, 5, 30, 120, 480, 0):
            moment.shift(timedelta(seconds=1))
            deliver(world)
            deliver(world)
            said = rows(engine)[0].attempts
            moment.shift(timedelta(minutes=minutes))
            if minutes:  # a moment too early
                moment.shift(timedelta(seconds=-2))
                deliver(world)
                assert rows(engine)[0].attempts == said
                moment.shift(timedelta(seconds=2))
    (row,) = rows(engine)
    assert (row.state, row.attempts, row.error) == ("dead", 6, "451 try later")
    admin = world.client("admin")
    page = admin.get("/mail/").text
    assert "451 try later" in page
    told.refusal = ""
    form = {**hidden_inputs(page), "do": "retry"}
    assert world.client("sales1a").get("/mail/").status_code == 403
    assert world.client("audit").post(f"/mail/{row.id}", data=form).status_code in (400, 403)
    assert [admin.post(f"/mail/{row.id}", data=form).status_code for _ in "12"] == [302, 404]
    deliver(world)
    assert len(told.raw) == 1
    told.refusal = "550 no such person"
    hand_over(world, 3)
    deliver(world)
    assert rows(engine)[1].state == "dead", "for good"


def test_what_a_dead_sender_held_is_sent_when_its_lease_is_over(
    world: World, engine: Engine, told: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: not before, so that nobody gets it twice; then once, under the Message-ID that it had."""
    hand_over(world, 1)
    with monkeypatch.context() as patched:  # it is sorted, and its sender claims it and dies
        patched.setattr(mailing, "send_due", lambda _until: mails.claim("dead", 20) and ())
        deliver(world)
    (row,) = rows(engine)
    assert (row.state, row.worker) == ("waiting", "dead")
    with world.app.app_context():  # somebody slow, who had it before
        assert mails.held(row.id, "slow") is None
        db.session.rollback()
        mails.mark(row.id, "slow", state=mails.SENT)
        mails.let_go([row.id], "slow", "it is away")
    assert rows(engine) == [row]
    deliver(world)
    assert (told.raw, rows(engine)[0].worker) == ([], "dead")
    with engine.begin() as connection:
        over = clock.now() - timedelta(seconds=1)
        connection.execute(mails.Mail.__table__.update().values(lease_until=over))
    for _twice in "12":
        deliver(world)
    assert [mail["Message-ID"] for mail in told.mails()] == [f"<{row.message_id}@example.com>"]
    assert rows(engine)[0].state == "sent"


def test_one_that_is_too_large_holds_up_no_other(
    world: World, engine: Engine, told: Mailbox
) -> None:
    """The server refuses its size before it gets it: that is about this mail, not the sender."""
    hand_over(world, 1, message="long " * 90)
    hand_over(world, 3)
    told.most = 2_500
    deliver(world)
    assert [row.state for row in rows(engine)] == ["dead", "sent"], rows(engine)


def test_quiet_hours_and_the_daily_digest(world: World, engine: Engine, told: Mailbox) -> None:
    """Mail waits for the end of the quiet on the reader's clock; what is daily comes together."""
    choose(world, transfer=["mail"], add_team=["digest"], quiet_from="22:00", quiet_until="07:00")
    team = {"users": ["sales2a"], "level": "read"}
    hand_over(world, 1)
    for record in (3, 4):
        Api(world, "manager").bulk("customers", "add_team", [record], team)
    assert world.client("sales2a").get("/notifications/unread").text == "", "muted in the bell"
    with time_machine.travel(NIGHT, tick=False) as moment:
        deliver(world)
        assert told.raw == []
        due = {row.kind: row.due_at for row in rows(engine)}
        assert due["message"] == datetime(2026, 3, 1, 22, tzinfo=UTC), "07:00 in Tokyo"
        assert due["digest"] == datetime(2026, 3, 2, 0, 30, tzinfo=UTC), "08:30 in Shanghai"
        moment.move_to(datetime(2026, 3, 1, 22, 0, 1, tzinfo=UTC))
        deliver(world)
        assert Wanted({}, "", "07:00", "07:00").quiet_end(clock.now()) is None, "never, not always"
        assert ["transferred 1 record" in mail["Subject"] for mail in told.mails()] == [True]
        moment.move_to(datetime(2026, 3, 2, 0, 30, 1, tzinfo=UTC))
        deliver(world)
    digest = told.mails()[1]
    assert "Daily digest: 2 notifications" in digest["Subject"]
    assert digest.get_body(("plain",)).get_content().count("added you to the team") == 2


def test_a_day_makes_one_digest(world: World, engine: Engine, told: Mailbox) -> None:
    """NOTE: however often what comes in meanwhile is looked at."""
    choose(world, add_team=["digest"])
    team = {"users": ["sales2a"], "level": "read"}
    for minutes, record in ((0, 3), (5, 4)):
        Api(world, "manager").bulk("customers", "add_team", [record], team)
        deliver_at(world, NIGHT + timedelta(minutes=minutes))
    deliver_at(world, datetime(2026, 3, 2, 0, 30, tzinfo=UTC))
    [digest] = told.mails()
    assert "Daily digest: 2 notifications" in digest["Subject"]


def test_the_digest_waits_for_a_working_day(world: World, engine: Engine, told: Mailbox) -> None:
    """SET-1: over a weekend and a holiday none comes and nothing is lost; mail at once still goes.
    A holiday that is entered when a digest is planned already holds for that one too."""
    monday = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    choose(world, transfer=["digest"], add_team=["mail"])
    hand_over(world, 1)
    deliver_at(world, monday - timedelta(days=2))
    assert [row.due_at for row in rows(engine)] == [monday], "08:30 in Shanghai"
    admin = world.client("admin")
    holidays = {"holidays": "2026-03-02 ~ 3", **shown(admin)}
    assert submit(admin, "/settings/", **holidays).status_code == 302
    deliver_at(world, monday)
    assert told.raw == []
    hand_over(world, 4)
    team = {"users": ["sales2a"], "level": "read"}
    Api(world, "manager").bulk("customers", "add_team", [3], team)
    deliver_at(world, monday + timedelta(days=1))
    assert ["Daily" in mail["Subject"] for mail in told.mails()] == [False]
    deliver_at(world, monday + timedelta(days=2))
    texts = [mail.get_body(("plain",)).get_content() for mail in told.mails()[1:]]
    assert sum(text.count("transferred 1 record") for text in texts) == 2
    assert {row.state for row in rows(engine)} == {"sent"}


def test_a_digest_within_the_quiet_comes_at_its_end(
    world: World, engine: Engine, told: Mailbox
) -> None:
    """On whatever day that is: one's own hours go first, and it must not wait for ever."""
    friday = datetime(2026, 2, 27, 15, tzinfo=UTC)
    choose(world, transfer=["digest"], digest_at="23:00", quiet_from="22:00", quiet_until="07:00")
    hand_over(world, 1)
    deliver_at(world, friday - timedelta(hours=1))
    deliver_at(world, friday)
    (row,) = rows(engine)
    assert (row.state, row.due_at) == ("waiting", friday + timedelta(hours=7)), "07:00 in Tokyo"
    deliver_at(world, row.due_at)
    assert len(told.raw) == 1


def deliver_at(world: World, moment: datetime) -> None:
    """What the clock does in the second after that moment."""
    with time_machine.travel(moment + timedelta(seconds=1), tick=False):
        deliver(world)


def test_whoever_may_not_hear_of_it_any_more_gets_no_mail(
    world: World, engine: Engine, told: Mailbox
) -> None:
    """Looked at again when it is sent: a disabled account, kinds switched off."""
    hand_over(world, 1)
    write(engine, "user", user_ids(engine)["sales2a"], is_active=False)
    deliver(world)
    assert (told.raw, rows(engine)[0].state) == ([], "dropped")
    write(engine, "user", user_ids(engine)["sales2a"], is_active=True)
    choose(world, transfer=["in_app"])
    hand_over(world, 3)
    deliver(world)
    assert (told.raw, len(rows(engine))) == ([], 1)
    assert world.client("sales2a").get("/notifications/unread").text == "2"


def test_a_mail_goes_only_to_whom_it_may_still_concern(
    world: World, engine: Engine, told: Mailbox
) -> None:
    """R6: the right to list the kind, and the record itself, are asked for when it is sent."""
    reader = user_ids(engine)["sales2a"]

    def states() -> list[str]:
        return [row.state for row in rows(engine) if row.user_id == reader]

    hand_over(world, 1)
    again = {"new_owner": "sales1b", "old_owner": "remove"}
    assert Api(world, "admin").bulk("customers", "transfer", [1], again).json["done"] == 1
    deliver(world)
    assert (told.raw, states()) == ([], ["dropped"])
    hand_over(world, 3, 4)
    deliver(world)
    assert (len(told.raw), states()) == (1, ["dropped", "sent"]), "still his"
    hand_over(world, 2, 5)
    set_role(engine, "sales2a", "people_admin")
    deliver(world)
    assert (len(told.raw), states()) == (1, ["dropped", "sent", "dropped"])


def test_the_password_is_kept_secret_and_used(world: World, engine: Engine, told: Mailbox) -> None:
    """R18: encrypted in the table, on no page, in no history; an empty input keeps it."""
    admin, secret = world.client("admin"), "correct horse battery"
    write(engine, "user", user_ids(engine)["admin"], email="admin@example.com")
    for given in ({"mail_user": "crm", "mail_password": secret}, {"mail_user": "crm"}):
        assert submit(admin, "/settings/", **given).status_code == 302
    assert submit(admin, "/mail/", path=None).status_code == 405
    page = admin.get("/mail/").text
    answer = admin.post("/mail/test", data=hidden_inputs(page), follow_redirects=True)
    assert "admin@example.com" in answer.text
    assert told.logins == [("crm", secret)]
    assert [mail["To"].addresses[0].addr_spec for mail in told.mails()] == ["admin@example.com"]
    told.refusal = "554 we know you"
    answer = admin.post("/mail/test", data=hidden_inputs(page), follow_redirects=True)
    assert "554 we know you" in answer.text
    with engine.connect() as connection:
        tables = (db.metadata.tables[name] for name in ("setting", "history"))
        kept = [str(row) for table in tables for row in connection.execute(table.select())]
    assert kept
    assert not any(secret in row for row in kept)
    for path in ("/settings/", "/settings/history", "/audit/list/"):
        assert secret not in admin.get(path).text
    assert world.client("sales1a").post("/mail/test", data={}).status_code in (400, 403)


def test_one_mail_that_cannot_be_written_holds_up_nobody(
    world: World, engine: Engine, told: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dead, for the admin to see; the next one goes. No transaction stays open behind either."""
    claim, held, is_open = mails.claim, mails.held, []

    def watched(worker: str, most: int) -> list[int]:
        is_open.append(db.session().in_transaction())
        return claim(worker, most)

    monkeypatch.setattr(mails, "claim", watched)
    people = user_ids(engine)
    for who, address in (("sales2a", "张三@公司.cn"), ("sales1a", "zhang@公司.cn")):
        write(engine, "user", people[who], email=address)
        params = {"new_owner": who, "old_owner": "remove", "message": ""}
        record = [1] if who == "sales2a" else [3]
        assert Api(world, "manager").bulk("customers", "transfer", record, params).status_code
    deliver(world)
    assert [(row.state, row.worker) for row in rows(engine)] == [("dead", ""), ("sent", "")]
    assert told.mails()[0]["To"].addresses[0].addr_spec == "zhang@xn--55qx5d.cn"
    monkeypatch.setattr(mails, "held", lambda number, _worker: held(number, "somebody else"))
    hand_over(world, 4)
    deliver(world)
    assert (len(told.raw), is_open) == (1, [False] * 4)
    admin = world.client("admin")
    page = admin.get("/mail/").text
    assert "a–z" in page
    write(engine, "user", people["admin"], email="李@公司.cn")
    answer = admin.post("/mail/test", data=hidden_inputs(page), follow_redirects=True)
    assert answer.status_code == 200
    assert "a–z" in answer.text
    refused = submit(admin, "/settings/", **{**shown(admin), "mail_sender": "系统@公司.cn"})
    assert (refused.status_code, "a–z" in refused.text) == (422, True)
