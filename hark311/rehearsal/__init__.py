"""Rehearsals: the whole product in one command, over HTTP, on a clock that is turned instead of waited for."""
