"""Files attached to records.

Revision: 0025, after 0024. Created 2026-11-22 11:40:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        'attachment',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('entity', sa.String(length=40), nullable=False),
        sa.Column('record_id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(length=255), nullable=False),
        sa.Column('size', sa.BigInteger(), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('content_type', sa.String(length=100), nullable=False),
        sa.Column('storage', sa.String(length=32), nullable=False),
        sa.Column('created_at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column('created_by_id', sa.Integer(), nullable=True),
        sa.Column('deleted_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column('deleted_by_id', sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(['created_by_id'], ['user_account.id'], name='fk_attachment_created_by_id_user_account'),
        sa.ForeignKeyConstraint(['deleted_by_id'], ['user_account.id'], name='fk_attachment_deleted_by_id_user_account'),
        sa.PrimaryKeyConstraint('id', name='pk_attachment'),
    )
    op.create_index('ix_attachment_record', 'attachment', ['entity', 'record_id', 'id'])
    op.create_index('ix_attachment_storage', 'attachment', ['storage'])


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('attachment')
