"""Calendars with their days, desks and stoppages, what services promise, and the promised date of a request."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("subdivision", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "calendar_desk",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("on_closed_days", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendar.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_calendar_desk_calendar_id", "calendar_desk", ["calendar_id"])
    op.create_table(
        "calendar_opening",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("to_minute", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendar.id"]),
        sa.ForeignKeyConstraint(["desk_id"], ["calendar_desk.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_calendar_opening_calendar_id", "calendar_opening", ["calendar_id"])
    op.create_table(
        "calendar_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=True),
        sa.Column("to_minute", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendar.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("calendar_id", "day", "own"),
    )
    op.create_index("ix_calendar_day_calendar_id", "calendar_day", ["calendar_id"])
    op.create_table(
        "stoppage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendar.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_stoppage_calendar", "stoppage", ["calendar_id", "begins_at"])
    op.create_table(
        "service_promise",
        sa.Column("service_code", sa.String(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendar.id"]),
        sa.ForeignKeyConstraint(["service_code"], ["service.service_code"]),
        sa.PrimaryKeyConstraint("service_code"),
    )
    op.create_index("ix_service_promise_calendar_id", "service_promise", ["calendar_id"])
    _promised_dates()


def _promised_dates() -> None:
    """Every request so far has the date its city gave."""
    op.add_column("service_request", sa.Column("promised_datetime", sa.DateTime(timezone=True), nullable=True))
    op.add_column("service_request", sa.Column("promise_mark", sa.String(length=40), nullable=True))
    op.execute("UPDATE service_request SET promised_datetime = expected_datetime")
    still_open = sa.text("state = 'submitted' AND coalesce(status, '') != 'closed'")
    marked = sa.text("promise_mark IS NOT NULL")
    op.drop_index("ix_service_request_promised", table_name="service_request")
    op.create_index(
        "ix_service_request_promised",
        "service_request",
        ["promised_datetime"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index(
        "ix_service_request_marked",
        "service_request",
        ["promise_mark", "promised_datetime"],
        sqlite_where=marked,
        postgresql_where=marked,
    )


def downgrade() -> None:
    filed = sa.text("state = 'submitted'")
    op.drop_index("ix_service_request_marked", table_name="service_request")
    op.drop_index("ix_service_request_promised", table_name="service_request")
    op.create_index(
        "ix_service_request_promised",
        "service_request",
        ["status", "expected_datetime"],
        sqlite_where=filed,
        postgresql_where=filed,
    )
    op.drop_column("service_request", "promise_mark")
    op.drop_column("service_request", "promised_datetime")
    for table in ("service_promise", "stoppage", "calendar_day", "calendar_opening", "calendar_desk", "calendar"):
        op.drop_table(table)
