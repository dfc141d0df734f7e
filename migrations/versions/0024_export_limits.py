"""how much a role lets somebody export without approval.

Revision: 0024, after 0023. Created 2026-11-22 11:35:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision; roles that exist get what new ones start with."""
    op.add_column('role', sa.Column('export_limit', sa.Integer(), nullable=True))
    role = sa.table('role', sa.column('code', sa.String()), sa.column('export_limit', sa.Integer()))
    op.execute(role.update().values(export_limit=1000))
    op.execute(role.update().where(role.c.code == 'sales_manager').values(export_limit=20000))
    op.execute(role.update().where(role.c.code == 'super_admin').values(export_limit=None))


def downgrade() -> None:
    """Take this revision back."""
    op.drop_column('role', 'export_limit')
