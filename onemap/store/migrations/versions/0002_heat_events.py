"""What the heat surfaces count: finer cells, source and severity of each event."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    script = (Path(__file__).parent / "0002_heat_events.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script.replace("%", "%%"))
