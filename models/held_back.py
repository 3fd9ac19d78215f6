"""A call of an SDK that we did not let out."""

from datetime import datetime


class HeldBack(Exception):
    """Nothing left us: the channel is known to refuse this kind of call until `until` (aware UTC)."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"held back until {until:%H:%M:%S} UTC: the channel takes no more of these calls before")
        self.until = until
