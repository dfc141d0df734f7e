"""How often one may try a password, at every door: page, API, changing one's own (C1, C2, R12).

Three counters in the database, whatever process or machine is asked: the account (also one that
does not exist), the address, the network of the address. Full means 429 with the time to wait,
before any password is looked at. The right password clears the account's counter and gives the
addresses their try back, so an office behind one address can log in; and it works again as soon as
the window is over, from any address that has not filled its own counter.
"""

import hashlib
import ipaddress
import unicodedata

from flask import current_app, request

from app.extensions import db
from app.spec.errors import Throttled
from app.store.accounts import find_credentials
from app.store.attempts import Attempt, count_attempts, forgive_attempts
from app.store.history import record_event

LOOKS = 60
"""So often one calendar may be read within the window; telephones look a few times an hour."""


def count_try(username: str) -> None:
    """Count one try; :class:`Throttled` (429 + Retry-After) when a counter is full.

    Ends the transaction under way first: a count must never wait for its own request.
    """
    db.session.rollback()
    config = current_app.config
    address, network = _address_keys(request.remote_addr or "")
    account = _account_key(username)
    refused = count_attempts(
        (
            Attempt(network, config["LOGIN_PER_NETWORK"]),
            Attempt(address, config["LOGIN_PER_ADDRESS"]),
            Attempt(account, config["LOGIN_PER_ACCOUNT"]),
        ),
        config["LOGIN_WINDOW"],
    )
    if refused is None:
        return
    if refused.is_first:
        _record_lock(username, refused.key)
    raise Throttled(refused.seconds)


def count_look(secret: str) -> None:
    """Count one look at a calendar by its secret address; Throttled when a counter is full."""
    db.session.rollback()
    config = current_app.config
    address, network = (f"feed:{key}" for key in _address_keys(request.remote_addr or ""))
    known = f"feed:{hashlib.sha256(secret.encode('utf-8', 'surrogatepass')).hexdigest()}"
    refused = count_attempts(
        (
            Attempt(network, config["LOGIN_PER_NETWORK"]),
            Attempt(address, config["LOGIN_PER_ADDRESS"]),
            Attempt(known, LOOKS),
        ),
        config["LOGIN_WINDOW"],
    )
    if refused is not None:
        raise Throttled(refused.seconds)


def forgive_look() -> None:
    """The secret was one: an office behind one address may read as many calendars as it has."""
    address, network = (f"feed:{key}" for key in _address_keys(request.remote_addr or ""))
    forgive_attempts("", (network, address))


def _record_lock(username: str, counter: str) -> None:
    """A name that nobody has is not kept: it may be a password typed into the wrong box."""
    found = find_credentials(username)
    kind = counter.partition(":")[0]
    record_event("login_locked", subject=found.username if found else "", detail={"counter": kind})
    db.session.commit()


def forgive(username: str) -> None:
    """The password was right: the tries so far are forgotten."""
    forgive_attempts(_account_key(username), _address_keys(request.remote_addr or ""))


def _account_key(username: str) -> str:
    """The counter of an account: hashed, because people type passwords into the wrong box."""
    name = unicodedata.normalize("NFKC", username).strip().casefold()
    return "account:" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _address_keys(text: str) -> tuple[str, str]:
    """The counters of an address and of its network: IPv4 /32 and /24, IPv6 /64 and /48."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "address:unknown", "network:unknown"
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    narrow, wide = (32, 24) if address.version == 4 else (64, 48)
    host = ipaddress.ip_network((address, narrow), strict=False)
    network = ipaddress.ip_network((address, wide), strict=False)
    return f"address:{host}", f"network:{network}"
