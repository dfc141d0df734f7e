"""Secrets that have to be kept and read again: encrypted with a key made of the session key (R18).

The database alone gives nothing away. Whoever rotates the session key with its fallbacks loses
nothing (C110b); whoever replaces it enters such secrets anew.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

PURPOSE = b"haina-crm sealed settings"
"""What the derived key is for: no other purpose has the same one."""


def seal(text: str) -> str:
    """The text encrypted, as it may be stored."""
    return _keys().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text again; ValueError when it was sealed with a key that we no longer have."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise ValueError("sealed with another key") from None


def _keys() -> MultiFernet:
    config = current_app.config
    masters = [config["SECRET_KEY"], *(config.get("SECRET_KEY_FALLBACKS") or ())]
    return MultiFernet([Fernet(_derived(master)) for master in masters])


def _derived(master: str | bytes) -> bytes:
    raw = master.encode() if isinstance(master, str) else master
    return base64.urlsafe_b64encode(HKDF(SHA256(), 32, None, PURPOSE).derive(raw))
