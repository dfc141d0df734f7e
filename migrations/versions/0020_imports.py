"""files being imported, their rows, and what became of them.

Revision: 0020, after 0019. Created 2026-11-22 07:48:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('import_file',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('entity', sa.String(length=40), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=False),
    sa.Column('at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('kind', sa.String(length=5), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('sheet', sa.String(length=120), nullable=False),
    sa.Column('sheets', sa.JSON(), nullable=False),
    sa.Column('headings', sa.JSON(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('mapping', sa.JSON(), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('rehearsal', sa.JSON(), nullable=True),
    sa.Column('operation_id', sa.Integer(), nullable=True),
    sa.Column('job_id', sa.Integer(), nullable=True),
    sa.Column('created', sa.Integer(), nullable=False),
    sa.Column('updated', sa.Integer(), nullable=False),
    sa.Column('skipped', sa.Integer(), nullable=False),
    sa.Column('failed', sa.Integer(), nullable=False),
    sa.Column('is_forgotten', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['user_account.id'], name=op.f('fk_import_file_actor_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_file'))
    )
    op.create_index('ix_import_file_actor_id', 'import_file', ['actor_id', 'id'])
    op.create_table('import_line',
    sa.Column('import_id', sa.Integer(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.String(length=10), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['import_file.id'], name=op.f('fk_import_line_import_id_import_file')),
    sa.PrimaryKeyConstraint('import_id', 'line', name=op.f('pk_import_line'))
    )
    op.create_table('import_part',
    sa.Column('import_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('packed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['import_file.id'], name=op.f('fk_import_part_import_id_import_file')),
    sa.PrimaryKeyConstraint('import_id', 'number', name=op.f('pk_import_part'))
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('import_part')
    op.drop_table('import_line')
    op.drop_index('ix_import_file_actor_id', table_name='import_file')
    op.drop_table('import_file')
