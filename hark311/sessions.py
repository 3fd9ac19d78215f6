"""Sessions that channels hand out and limit: kept in DATA/sessions, readable by us alone, shared by all processes."""

import json
import os
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile


class KeptSession:
    """The session of one account. It counts for the sign-in it was made with; after a change of that there is none."""

    def __init__(self, file: Path, *made_with: str) -> None:
        self._file = file
        self._made_with = sha256("\0".join(made_with).encode()).hexdigest()[:16]

    def load(self) -> str:
        """The session as it was saved, by whichever process; empty where there is none."""
        try:
            kept = json.loads(self._file.read_text())
            return str(kept["session"]) if kept["made_with"] == self._made_with else ""
        except (OSError, ValueError, LookupError, TypeError):
            return ""

    def save(self, session: str) -> None:
        """Keep a session; a reader sees the one before or this one, never half of it."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=self._file.parent, prefix=".", delete=False) as written:  # made with mode 0600
            json.dump({"made_with": self._made_with, "session": session}, written)
        os.replace(written.name, self._file)

    def forget(self) -> None:
        """Forget it: the next call signs in anew."""
        self._file.unlink(missing_ok=True)
