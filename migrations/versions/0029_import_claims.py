"""What the portions of an import claim is stored with them: who takes it up decides as the first.

Revision: 0029, after 0028. Created 2026-11-23 00:30:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('import_claim',
    sa.Column('import_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('packed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['import_file.id'], name=op.f('fk_import_claim_import_id_import_file')),
    sa.PrimaryKeyConstraint('import_id', 'number', name=op.f('pk_import_claim'))
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('import_claim')
