"""Imports in the browser and over REST: upload, mapping, dry run, run, report (IMP)."""
