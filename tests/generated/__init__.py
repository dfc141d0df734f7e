"""Tests that write themselves: from the catalogue what there is, from the oracle what to expect."""
