"""Bulk operations in the browser: settings, dry run, result (BULK-2)."""
