"""Accounts: passwords, sessions, throttle, headers and the pages about them.

The adapter between the framework's security manager and ``app.store.accounts``.
"""
