"""Time: real instants for records, a civil day for decisions, movable only outside production."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class ClockIsReal(Exception):
    """Somebody tried to move the clock of a production system."""


class Clock:
    """What the house asks about time. Its civil date can be shifted by whole days when `movable`.

    The offset lives in the process; who wants every process of a service to agree stores the day in the
    database and calls `show` in each of them.
    """

    def __init__(self, *, movable: bool = False) -> None:
        self._movable = movable
        self._offset = timedelta()

    @property
    def movable(self) -> bool:
        """Whether `show` is allowed here: false in production."""
        return self._movable

    @property
    def offset(self) -> timedelta:
        """How far the civil date stands from the real one (zero in production)."""
        return self._offset

    def now(self) -> datetime:
        """The real instant, aware, in UTC: what `recorded_at` columns hold. Never moved."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The civil date in Asia/Shanghai on which decisions are taken, shifted by the offset."""
        return (self.now() + self._offset).astimezone(SHANGHAI).date()

    def show(self, day: date) -> None:
        """Make `today` answer `day` from now on (it goes on counting days).

        Raises ClockIsReal where the clock is not movable.
        """
        if not self._movable:
            raise ClockIsReal
        self._offset = day - self.now().astimezone(SHANGHAI).date()

    def reset(self) -> None:
        """Return to the real date."""
        self._offset = timedelta()
