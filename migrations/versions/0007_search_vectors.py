"""On PostgreSQL the search tables hold vectors, no arrays: the upgrade makes and fills them anew.

Revision: 0007, after 0006. Created 2026-11-22 01:20:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

OF_THAT_KIND = sa.text(
    "SELECT table_name FROM information_schema.columns WHERE table_schema = current_schema() "
    "AND column_name = 'tokens' AND udt_name = :kind AND table_name LIKE '%search'"
)


def upgrade() -> None:
    """Bring the schema to this revision."""
    _drop('_text')


def downgrade() -> None:
    """Take this revision back."""
    _drop('tsvector')


def _drop(kind: str) -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for name in op.get_bind().scalars(OF_THAT_KIND, {'kind': kind}).all():
            op.drop_table(name)
