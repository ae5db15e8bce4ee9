"""The indicators service's first schema."""

from alembic import op

from services.indicators.adapters.tables import metadata
from shared.kit.journal import JOURNAL_DDL
from shared.kit.leader import LEADER_DDL
from shared.kit.relay import RELAY_DDL

revision = "0001"
down_revision = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    for statement in (*JOURNAL_DDL, *LEADER_DDL, *RELAY_DDL):
        op.execute(statement)
    op.execute(
        "INSERT INTO journal_epoch (epoch, reason) "
        "SELECT extract(epoch FROM now() - timestamptz '2026-01-01 00:00Z')::int, 'created'"
    )


def downgrade() -> None:
    metadata.drop_all(op.get_bind())
