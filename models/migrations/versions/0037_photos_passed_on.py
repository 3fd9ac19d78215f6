"""Photos that no channel has an address for: what leads the city to our copy, and whether one goes along."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both."""
    op.add_column("attachment", sa.Column("link", sa.String(), nullable=True))
    op.create_index("ix_attachment_link", "attachment", ["link"], unique=True)
    op.add_column("service_request", sa.Column("with_photo", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """Drop both."""
    op.drop_column("service_request", "with_photo")
    op.drop_index("ix_attachment_link", "attachment")
    op.drop_column("attachment", "link")
