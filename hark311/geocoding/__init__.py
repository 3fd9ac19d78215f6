"""Geocoders outside the house, off by default: a place phrase goes out, candidates with an attribution come back."""
