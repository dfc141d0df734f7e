"""Logging in, staying in, getting out, and starting from nothing (reliability.md §2A, C110)."""
