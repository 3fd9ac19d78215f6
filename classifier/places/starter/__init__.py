"""Starter gazetteers: what is generally known of a city, for a desk that has not imported the city's own places yet."""

from classifier.places.starter.reader import CITIES, UnknownCity, starter_features

__all__ = ["CITIES", "UnknownCity", "starter_features"]
