"""Why a guess has its score, several problems in one post, labels that people gave, and whom a danger is for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CERTAINTY_OF_WHAT_WAITS = """
UPDATE mention SET certainty = COALESCE((
    SELECT newest.service_probability FROM understanding AS newest
    WHERE newest.mention_id = mention.id ORDER BY newest.id DESC LIMIT 1
), 0) WHERE state IN ('received', 'understood', 'drafted', 'in_review')
"""


def upgrade() -> None:
    op.create_table(
        "referral",
        sa.Column("danger", sa.String(), nullable=False),
        sa.Column("call", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("checked_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["checked_by"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("danger"),
    )
    op.create_table(
        "label",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(length=40), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("suggested", sa.String(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mention_id", "task"),
    )
    op.create_index("ix_label_task_at", "label", ["task", "at"])
    op.add_column("mention", sa.Column("certainty", sa.Float(), nullable=False, server_default="0"))
    op.create_index("ix_mention_certainty", "mention", ["state", "certainty", "id"])
    op.execute(CERTAINTY_OF_WHAT_WAITS)
    op.add_column("alarm", sa.Column("score", sa.Float(), nullable=False, server_default="1"))
    op.add_column("service", sa.Column("category", sa.String(), nullable=True))
    op.add_column("understanding", sa.Column("abstained_because", sa.String(), nullable=False, server_default=""))
    for name in ("intents", "problems", "explanations"):
        json = sa.JSON(none_as_null=True)
        op.add_column("understanding", sa.Column(name, json, nullable=False, server_default="[]"))
    op.add_column("understanding", sa.Column("danger_score", sa.Float(), nullable=False, server_default="0"))


def downgrade() -> None:
    for name in ("danger_score", "explanations", "problems", "intents", "abstained_because"):
        op.drop_column("understanding", name)
    op.drop_column("service", "category")
    op.drop_column("alarm", "score")
    op.drop_index("ix_mention_certainty", table_name="mention")
    op.drop_column("mention", "certainty")
    op.drop_index("ix_label_task_at", table_name="label")
    op.drop_table("label")
    op.drop_table("referral")
