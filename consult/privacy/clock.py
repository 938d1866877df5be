"""What the periods of retention decide is done by itself; it stands on the table of them, which stands on the service.

Each second one period is looked at, the one that waits longest; where more of it is over than one act takes, soon again, else in an hour.
"""

import time

from consult.core.jobs import every_second
from consult.privacy.retention import PERIODS

EVERY = 3600.0  # seconds
_due: dict[str, float] = {}


@every_second
def end_what_is_over() -> None:
    now = time.monotonic()
    due = [period for period in PERIODS if period.ends is not None and _due.get(period.data, 0.0) <= now]
    if due:
        period = min(due, key=lambda one: _due.get(one.data, 0.0))
        _due[period.data] = now + EVERY  # one that fails is no reason not to look at the others
        if period.ends is not None and period.ends():
            _due[period.data] = now


def end_all() -> int:
    """Everything that is over, here and now; how much."""
    total = 0
    for period in PERIODS:
        while period.ends is not None and (count := period.ends()):
            total += count
    return total
