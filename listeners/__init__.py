"""Posts come in: one adapter per channel, one place that stores."""
