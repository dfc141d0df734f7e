"""What can be done with records, over any entity: create, edit, delete and the bulk operations.

Layer 2. Operations take rows and an actor, change, record and return an outcome; they never commit,
flash or redirect (style.md 8).
"""
