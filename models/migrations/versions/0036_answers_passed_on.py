"""Requests that pass on to the city what a resident answered to its question."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark: what is there so far opens cases again."""
    op.add_column("service_request", sa.Column("answers_city", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("service_request", "answers_city")
