"""Text is understood: intent, service, place, danger and language, each with its evidence."""
