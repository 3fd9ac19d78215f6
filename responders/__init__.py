"""People decide, words go out: drafting, review, the outbox, the city, one adapter per channel."""
