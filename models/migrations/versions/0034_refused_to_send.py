"""Since when, and why, a channel takes no words of ours: the key may still be good for listening."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both."""
    op.add_column("account", sa.Column("refused_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("account", sa.Column("refused_because", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("account", "refused_because")
    op.drop_column("account", "refused_since")
