"""Every setting of the product, read from the environment and checked before anything starts.

``settings()`` turns environment variables into one mapping for Flask. A value that can't work stops
the start with a sentence that names the variable and the cure (C110, C111); nothing here touches
the disk or the database.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
S3 = ("BUCKET", "ENDPOINT", "PREFIX", "REGION", "STYLE", "KEY", "SECRET")
"""What is said of a store of files, each as ``CRM_S3_…``."""


class ConfigError(ValueError):
    """A setting that can't work: names the variable and what to put there."""

    def __init__(self, variable: str, cure: str) -> None:
        super().__init__(f"{variable}: {cure}")


@dataclass(frozen=True)
class Bucket:
    """Where the content of attached files lies in an S3-compatible store, and who we are there."""

    name: str
    endpoint: str
    """Its address; empty for that of AWS."""
    prefix: str
    """What our keys begin with: empty, or something that ends with a slash."""
    region: str
    is_virtual: bool
    """Whether the bucket is part of the host name; else it is the beginning of the path."""
    key: str
    secret: str = field(repr=False)


def settings(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Flask's configuration from environment variables; :class:`ConfigError` on nonsense."""
    env = os.environ if environ is None else environ
    folder = Path(env.get("CRM_INSTANCE") or ROOT / "instance").resolve()
    is_https = _switch(env, "CRM_HTTPS")
    return {
        # The folder of everything this installation owns: keys, SQLite file, attachments.
        "CRM_INSTANCE": str(folder),
        # The first super admin's password at the very first start (otherwise one is generated).
        "CRM_ADMIN_PASSWORD": env.get("CRM_ADMIN_PASSWORD") or None,
        # The site is reached over https only: Secure cookies with the __Host- prefix, HSTS.
        "CRM_HTTPS": is_https,
        # Reverse proxies in front of us whose X-Forwarded-* headers are believed.
        "CRM_PROXIES": _whole(env, "CRM_PROXIES", 0, 0, 5),
        # The largest request body: files to import, attachments; forms and JSON stay far below it.
        "MAX_CONTENT_LENGTH": _whole(env, "CRM_MAX_UPLOAD_MB", 64, 1, 1024) * 1024 * 1024,
        # Fields of a form without its files: 10,000 ticked ids fit (BULK), more does not.
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        # Host names we answer to; anything else gets 400 (C14).
        "TRUSTED_HOSTS": _hosts(env),
        # The folder of attached files: one that all hosts share, or else CRM_S3_BUCKET.
        "CRM_FILES": str(Path(env.get("CRM_FILES") or folder / "files").resolve()),
        # The S3-compatible store that has the content of attached files; None: the folder has it.
        "CRM_S3": _bucket(env),
        # Where people find the site, for links in mails: never taken from a request (C14).
        "CRM_PUBLIC_URL": _public_url(env),
        # Who does background jobs: threads of the serving processes, or workers of their own.
        "CRM_JOBS": _jobs(env),
        # Threads of each process that do background jobs; 0 leaves them to other processes.
        "CRM_JOB_THREADS": _whole(env, "CRM_JOB_THREADS", 1, 0, 16),
        # Whether this process does what is due by the clock; 0 leaves it to other processes.
        "CRM_CLOCK": _switch(env, "CRM_CLOCK", default="1"),
        **_database(env, folder),
        **_sessions(env, is_https=is_https),
        **_keys(env),
        **_framework(),
    }


def _database(env: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Where the database is; the time-outs of R10 on PostgreSQL."""
    url = _database_url(env.get("DATABASE_URL") or f"sqlite:///{folder / 'crm.sqlite'}")
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(url),
        # A read replica of PostgreSQL: large exports read their rows there.
        "SQLALCHEMY_BINDS": _replica(env.get("DATABASE_REPLICA_URL", "").strip(), url),
    }


def _replica(given: str, primary: str) -> dict[str, Any]:
    """How to connect to the replica, when there is one: nothing can be written over it."""
    if not given:
        return {}
    if not all(url.startswith("postgres") for url in (given, primary)):
        cure = "give the postgresql:// address of a replica of DATABASE_URL, or unset it"
        raise ConfigError("DATABASE_REPLICA_URL", cure)
    url = _database_url(given)
    options = {**engine_options(url), "pool_size": 2, "max_overflow": 6}
    options["connect_args"]["options"] += " -c default_transaction_read_only=on"
    return {"replica": {"url": url, **options}}


def engine_options(url: str) -> dict[str, Any]:
    """How to connect to ``url``: answers within seconds when the database is away (R10, C93).

    What a failed statement was about is told to nobody, the log included (R14). Statements are
    planned for the values they come with: connections that only commit would keep plans for any
    value, 20 to 40 times slower for a page of a million customers.
    """
    if not url.startswith("postgresql"):
        return {"hide_parameters": True, "connect_args": {"timeout": 5}}
    ways = {
        "statement_timeout": "5s",
        "lock_timeout": "3s",
        "idle_in_transaction_session_timeout": "10s",
        "plan_cache_mode": "force_custom_plan",
    }
    return {
        "hide_parameters": True,
        "pool_pre_ping": True,
        "pool_size": 8,
        "max_overflow": 8,
        "pool_timeout": 3,
        "connect_args": {
            "connect_timeout": 2,
            "keepalives_idle": 30,
            "tcp_user_timeout": 1_000,  # ms: with connecting anew 3 s, when packets just vanish
            "options": " ".join(f"-c {name}={value}" for name, value in ways.items()),
        },
    }


def _database_url(url: str) -> str:
    """The address with our PostgreSQL driver; other databases are refused."""
    scheme, mark, rest = url.partition("://")
    if mark and scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
        return f"postgresql+psycopg://{rest}"
    if mark and scheme == "sqlite":
        return url
    raise ConfigError("DATABASE_URL", "give a sqlite:/// or a postgresql:// address")


def _sessions(env: Mapping[str, str], *, is_https: bool) -> dict[str, Any]:
    """How long somebody stays logged in, what the cookie looks like, how often one may try."""
    absolute = timedelta(hours=_whole(env, "CRM_SESSION_HOURS", 12, 1, 72))
    return {
        # A session dies after this long without a request, and after that long in any case (C12).
        "CRM_SESSION_IDLE": timedelta(minutes=_whole(env, "CRM_IDLE_MINUTES", 30, 1, 24 * 60)),
        "CRM_SESSION_ABSOLUTE": absolute,
        "PERMANENT_SESSION_LIFETIME": absolute,
        # Attempts to log in per LOGIN_WINDOW: one account, one address, one network (C1, R12).
        "LOGIN_WINDOW": timedelta(minutes=_whole(env, "CRM_LOGIN_WINDOW_MINUTES", 15, 1, 24 * 60)),
        "LOGIN_PER_ACCOUNT": _whole(env, "CRM_LOGIN_PER_ACCOUNT", 10, 1, 10**6),
        "LOGIN_PER_ADDRESS": _whole(env, "CRM_LOGIN_PER_ADDRESS", 30, 1, 10**6),
        "LOGIN_PER_NETWORK": _whole(env, "CRM_LOGIN_PER_NETWORK", 100, 1, 10**6),
        # The cookie carries a random session number and nothing about the person (R11, C11).
        "SESSION_COOKIE_NAME": "__Host-session" if is_https else "session",
        "SESSION_COOKIE_SECURE": is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "PREFERRED_URL_SCHEME": "https" if is_https else "http",
        # API tokens: short access, refreshing ends with the session (R11).
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=_whole(env, "CRM_TOKEN_MINUTES", 15, 1, 60)),
        "JWT_REFRESH_TOKEN_EXPIRES": min(absolute, timedelta(hours=12)),
    }


def _keys(env: Mapping[str, str]) -> dict[str, Any]:
    """Keys given by the environment; missing ones are the instance's own (app.secrets, R18)."""
    given = {name: env[name] for name in ("SECRET_KEY", "JWT_SECRET_KEY") if name in env}
    # Former session keys, separated by spaces: sessions survive a rotation (C110b).
    fallbacks = env.get("SECRET_KEY_FALLBACKS", "").split()
    return {**given, "SECRET_KEY_FALLBACKS": fallbacks}


def _framework() -> dict[str, Any]:
    """What the frameworks must not do by themselves."""
    return {
        "APP_NAME": "海纳 CRM",
        # Accounts are ours; the generator's own tables and pages for them are not used.
        "FAB_SECURITY_MANAGER_CLASS": "app.admin.security.manager.CrmSecurityManager",
        # Tables and permissions come from `flask crm upgrade`; starting issues no SQL.
        "FAB_CREATE_DB": False,
        "FAB_UPDATE_PERMS": False,
        # Our own counter in the database is the limit; the per-process one stays off (R12).
        "RATELIMIT_ENABLED": False,
        "LANGUAGES": {"zh": {"name": "中文"}, "en": {"name": "English"}},
        "BABEL_DEFAULT_LOCALE": "zh",
        "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
        # One check of our own before every request decides (app.admin.security.csrf).
        "WTF_CSRF_CHECK_DEFAULT": False,
        # A form may stay open as long as its session lives.
        "WTF_CSRF_TIME_LIMIT": None,
        "JWT_TOKEN_LOCATION": ["headers"],
        "JWT_ALGORITHM": "HS256",
    }


def _jobs(env: Mapping[str, str]) -> str:
    """``threads`` or ``workers``; the queue of the workers is in PostgreSQL."""
    found = env.get("CRM_JOBS", "").strip() or "threads"
    if found not in {"threads", "workers"}:
        raise ConfigError("CRM_JOBS", "write threads or workers")
    if found == "workers" and not (env.get("DATABASE_URL") or "").startswith("postgres"):
        raise ConfigError("CRM_JOBS", "workers need PostgreSQL: set DATABASE_URL, or write threads")
    return found


def _bucket(env: Mapping[str, str]) -> Bucket | None:
    """The store of attached files when one is named; nothing is taken from elsewhere, as keys."""
    given = {name: env.get(f"CRM_S3_{name}", "").strip() for name in S3}
    if not given["BUCKET"]:
        stray = [name for name, found in given.items() if found]
        if stray:
            raise ConfigError("CRM_S3_BUCKET", f"name the bucket, or unset CRM_S3_{stray[0]}")
        return None
    for name in ("KEY", "SECRET"):
        if not given[name]:
            raise ConfigError(f"CRM_S3_{name}", "give the access key of the bucket and its secret")
    if not re.fullmatch(r"[A-Za-z0-9._-]{3,63}", given["BUCKET"]):
        raise ConfigError("CRM_S3_BUCKET", "write the name of the bucket alone")
    prefix = given["PREFIX"].strip("/")
    if not re.fullmatch(r"[A-Za-z0-9._/-]*", prefix):
        raise ConfigError("CRM_S3_PREFIX", "write letters, digits and . _ - / only")
    region = given["REGION"] or "us-east-1"
    if not re.fullmatch(r"[A-Za-z0-9-]+", region):
        raise ConfigError("CRM_S3_REGION", "write the name of the region, as us-east-1")
    style = given["STYLE"] or ("path" if given["ENDPOINT"] else "virtual")
    if style not in {"path", "virtual"}:
        raise ConfigError("CRM_S3_STYLE", "write path or virtual")
    return Bucket(
        name=given["BUCKET"],
        endpoint=_endpoint(given["ENDPOINT"]),
        prefix=prefix and f"{prefix}/",
        region=region,
        is_virtual=style == "virtual",
        key=given["KEY"],
        secret=given["SECRET"],
    )


def _endpoint(found: str) -> str:
    """The address of the store; a password in it would be shown wherever the address is."""
    try:
        parts = urlsplit(found.rstrip("/"))
        is_plain = parts.hostname and not (parts.path or parts.query or parts.username)
        is_usable = parts.scheme in {"http", "https"} and is_plain and parts.port != 0
    except ValueError:
        is_usable = False
    if found and not is_usable:
        raise ConfigError("CRM_S3_ENDPOINT", "write an address, as https://s3.example.com")
    return found.rstrip("/")


def _hosts(env: Mapping[str, str]) -> list[str]:
    """Loopback names always, plus those of ``CRM_TRUSTED_HOSTS`` (commas or spaces)."""
    named = env.get("CRM_TRUSTED_HOSTS", "").replace(",", " ").split()
    if any("/" in name or "*" in name for name in named):
        raise ConfigError("CRM_TRUSTED_HOSTS", "list host names only, for example crm.example.com")
    return [*LOOPBACK, *named]


def _public_url(env: Mapping[str, str]) -> str:
    """The site's address without a slash at its end; empty when nobody said."""
    found = env.get("CRM_PUBLIC_URL", "").strip().rstrip("/")
    parts = urlsplit(found)
    if found and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.query):
        raise ConfigError("CRM_PUBLIC_URL", "write an address, for example https://crm.example.com")
    return found


def _switch(env: Mapping[str, str], variable: str, default: str = "0") -> bool:
    """A yes or no: 1 or 0."""
    value = env.get(variable, default).strip().casefold()
    if value in {"", "0", "false", "no", "off"}:
        return False
    if value in {"1", "true", "yes", "on"}:
        return True
    raise ConfigError(variable, "write 1 or 0")


def _whole(env: Mapping[str, str], variable: str, default: int, *bounds: int) -> int:
    """A whole number within ``bounds`` (lowest, highest)."""
    text = env.get(variable, "").strip()
    low, high = bounds
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ConfigError(variable, f"write a whole number from {low} to {high}")
    return int(text)
