"""Settings: what may be left out, and nonsense that stops the start with a sentence."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from config import ConfigError, settings

STORE = {
    "CRM_S3_BUCKET": "crm",
    "CRM_S3_ENDPOINT": "https://s3.example.com/",
    "CRM_S3_KEY": "AKIA",
    "CRM_S3_SECRET": "lanterns",
}


def test_a_store_of_files() -> None:
    """Named as a whole or not at all; its secret is shown nowhere, whatever prints the setting."""
    assert settings({})["CRM_S3"] is None
    found = settings({**STORE, "CRM_S3_PREFIX": "/haina/files"})["CRM_S3"]
    assert (found.name, found.endpoint, found.prefix) == (
        "crm",
        "https://s3.example.com",
        "haina/files/",
    )
    assert (found.region, found.is_virtual, found.secret) == ("us-east-1", False, "lanterns")
    assert "lanterns" not in f"{found!r} {found}"
    at_aws = settings({**STORE, "CRM_S3_ENDPOINT": ""})["CRM_S3"]
    assert (at_aws.endpoint, at_aws.is_virtual) == ("", True)
    with pytest.raises(ConfigError, match="CRM_S3_BUCKET"):
        settings({**STORE, "CRM_S3_BUCKET": ""})


def test_nothing_has_to_be_set(tmp_path: Path) -> None:
    found = settings({"CRM_INSTANCE": str(tmp_path)})
    assert found["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path / 'crm.sqlite'}"
    assert found["SESSION_COOKIE_NAME"] == "session"
    assert found["SESSION_COOKIE_SECURE"] is False
    assert found["SESSION_COOKIE_SAMESITE"] == "Lax"
    assert found["CRM_SESSION_IDLE"] == timedelta(minutes=30)
    assert found["CRM_SESSION_ABSOLUTE"] == timedelta(hours=12)
    assert "SECRET_KEY" not in found


def test_https_makes_the_cookie_a_host_cookie() -> None:
    found = settings({"CRM_HTTPS": "1"})
    assert found["SESSION_COOKIE_NAME"] == "__Host-session"
    assert found["SESSION_COOKIE_SECURE"] is True
    assert found["SESSION_COOKIE_PATH"] == "/"
    assert found.get("SESSION_COOKIE_DOMAIN") is None


def test_postgresql_gets_its_driver_and_its_time_outs() -> None:
    found = settings({"DATABASE_URL": "postgres://crm@db/crm"})
    assert found["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://crm@db/crm"
    options = found["SQLALCHEMY_ENGINE_OPTIONS"]
    assert options["pool_pre_ping"] is True
    assert "statement_timeout" in options["connect_args"]["options"]
    vanishes, anew = (options["connect_args"][k] for k in ("tcp_user_timeout", "connect_timeout"))
    assert vanishes / 1_000 + anew <= 3, "C93: within three seconds when nothing comes back"


def test_a_replica_is_only_read() -> None:
    """It takes a replica of PostgreSQL; SQLite, which is one file, has none."""
    assert settings({})["SQLALCHEMY_BINDS"] == {}
    urls = {"DATABASE_URL": "postgres://crm@db/crm", "DATABASE_REPLICA_URL": "postgres://crm@b/crm"}
    found = settings(urls)["SQLALCHEMY_BINDS"]["replica"]
    assert found["url"] == "postgresql+psycopg://crm@b/crm"
    assert found["hide_parameters"] is True
    options = found["connect_args"]["options"]
    assert "statement_timeout" in options
    assert "default_transaction_read_only=on" in options


@pytest.mark.parametrize("url", ["sqlite://", "postgres://crm@db/crm"])
def test_a_fault_of_the_database_tells_no_values(url: str) -> None:
    """R14: what a statement was about gets into no log."""
    hides = settings({"DATABASE_URL": url})["SQLALCHEMY_ENGINE_OPTIONS"]["hide_parameters"]
    engine = create_engine("sqlite://", hide_parameters=hides)
    with engine.connect() as connection, pytest.raises(OperationalError) as fault:
        connection.execute(text("SELECT :number FROM nowhere"), {"number": "13800138000"})
    assert "13800138000" not in str(fault.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://crm@db/crm"),
        ("DATABASE_URL", "crm.sqlite"),
        ("CRM_HTTPS", "maybe"),
        ("CRM_IDLE_MINUTES", "0"),
        ("CRM_IDLE_MINUTES", "-5"),
        ("CRM_SESSION_HOURS", "half a day"),
        ("CRM_LOGIN_PER_ACCOUNT", "1e3"),
        ("CRM_LOGIN_PER_ACCOUNT", "٣"),
        ("CRM_TRUSTED_HOSTS", "*"),
        ("CRM_TRUSTED_HOSTS", "https://crm.example.com"),
        ("DATABASE_REPLICA_URL", "postgresql://crm@db/crm"),
        ("DATABASE_REPLICA_URL", "sqlite:///crm.sqlite"),
        ("CRM_S3_BUCKET", "https://s3.example.com/crm"),
        ("CRM_S3_ENDPOINT", "s3.example.com"),
        ("CRM_S3_ENDPOINT", "https://key:secret@s3.example.com"),
        ("CRM_S3_ENDPOINT", "https://s3.example.com/crm"),
        ("CRM_S3_ENDPOINT", "https://[::1"),
        ("CRM_S3_ENDPOINT", "https://s3.example.com:99999"),
        ("CRM_S3_REGION", "us east"),
        ("CRM_S3_PREFIX", "files of crm/"),
        ("CRM_S3_STYLE", "both"),
        ("CRM_S3_KEY", ""),
        ("CRM_S3_SECRET", ""),
    ],
)
def test_nonsense_is_named(variable: str, value: str) -> None:
    others = STORE if variable.startswith("CRM_S3_") else {}
    with pytest.raises(ConfigError, match=variable):
        settings({**others, variable: value})


def test_trusted_hosts_add_to_loopback() -> None:
    found = settings({"CRM_TRUSTED_HOSTS": "crm.example.com, intern.example.com"})["TRUSTED_HOSTS"]
    assert found[-2:] == ["crm.example.com", "intern.example.com"]
    assert "localhost" in found
