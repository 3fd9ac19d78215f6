"""Moderation of residents' posts: by a person, under a clause of the published policy, captured first, for a time.

An official account that hides or blocks acts for the government (Lindke v. Freed, 601 U.S. 187 (2024)). Nothing here is
asked by the classifier, and nothing here asks it: there is no way from a guess about a text to an act.
"""

from responders.moderation.folding import hidden_acts, muted

__all__ = ["hidden_acts", "muted"]
