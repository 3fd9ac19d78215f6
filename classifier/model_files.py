"""The folder of model files: what each is, where it came from, its SHA-256 and licence, and which version runs.

A missing or wrong file is told in a sentence, and whatever can work without it works on.
"""

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
DAY_ONE = "day-one"
RARITY = "rarity.npy"
CORPUS_VECTORS = "corpus_vectors.npz"
ENCODER = "encoder"
OURS, OUR_LICENCE = "made by hark311 from its own corpus", "Apache-2.0"


class ModelFileTrouble(Exception):
    """A model file is missing, damaged or not the one that was made. Says what carries on and what to do."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the manifest says about one file."""

    what: str
    source: str
    licence: str
    sha256: str
    made_at: str


class ModelFiles:
    """One folder of model files. Changes of the manifest are atomic; readers see the old one or the new one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def manifest(self) -> Path:
        return self.folder / MANIFEST

    @property
    def stamp(self) -> int:
        """Changes whenever the manifest does; 0 where there is none."""
        try:
            return self.manifest.stat().st_mtime_ns
        except OSError:
            return 0

    def facts(self) -> dict[str, FileFacts]:
        """Every file by name. Raises ModelFileTrouble."""
        files = self._read()["files"]
        try:
            return {name: FileFacts(**one) for name, one in files.items()}
        except (TypeError, AttributeError) as error:
            raise ModelFileTrouble(self._damaged(str(error))) from error

    def running(self, task: str) -> str:
        """The version of a task's head that answers. Raises ModelFileTrouble."""
        return str(self._read()["running"].get(task, DAY_ONE))

    def versions(self, task: str) -> list[str]:
        """All versions of a task's head, oldest first; day one is the first, however late it was made anew.

        Raises ModelFileTrouble.
        """
        held = [(one.made_at, Path(name).stem) for name, one in self.facts().items() if name.startswith(f"{task}/")]
        return [version for _, version in sorted(held, key=lambda one: (one[1] != DAY_ONE, one))]

    def verified(self, name: str) -> Path:
        """The path of a file, its SHA-256 checked. Raises ModelFileTrouble."""
        facts, file = self.facts().get(name), self.folder / name
        if facts is None:
            raise ModelFileTrouble(f"{self.folder} holds no {name}. {_CARRY_ON}")
        try:
            found = sha256_of(file)
        except OSError as error:
            raise ModelFileTrouble(f"{file} cannot be read ({error.strerror}). {_CARRY_ON}") from None
        if found != facts.sha256:
            raise ModelFileTrouble(f"{file} is not the file that was made (its SHA-256 differs). {_CARRY_ON}")
        return file

    def add(self, name: str, facts: dict[str, str], *, now: datetime) -> None:
        """Enters a file that stands in the folder already."""
        held = self._read(or_new=True)
        file = FileFacts(sha256=sha256_of(self.folder / name), made_at=now.isoformat(timespec="seconds"), **facts)
        held["files"][name] = asdict(file)
        self._write(held)

    def drop(self, start: str) -> None:
        """Leaves out of the manifest the files whose names start so; the files themselves stay."""
        held = self._read(or_new=True)
        held["files"] = {name: one for name, one in held["files"].items() if not name.startswith(start)}
        self._write(held)

    def run(self, task: str, version: str) -> None:
        """Lets a version answer from now on. Raises ModelFileTrouble where there is no such version."""
        self.verified(f"{task}/{version}.npz")
        held = self._read()
        held["running"][task] = version
        self._write(held)

    def made_of(self) -> str:
        """The fingerprint of what day one was made of; "" where there is none."""
        try:
            return str(self._read().get("made_of", ""))
        except ModelFileTrouble:
            return ""

    def mark_made_of(self, fingerprint: str) -> None:
        """Remembers what day one was made of."""
        self._write(self._read() | {"made_of": fingerprint})

    def take_from(self, other: "ModelFiles") -> None:
        """Day one of another folder, linked where the file system can; versions of this folder stay and run on.

        Raises ModelFileTrouble where the other folder is not whole.
        """
        theirs = other._read()
        ours = self._read(or_new=True)
        for name in theirs["files"]:
            source, target = other.verified(name), self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            try:
                os.link(source, target)
            except OSError:
                shutil.copyfile(source, target)
        ours["files"] |= theirs["files"]
        self._write(ours | {"made_of": theirs.get("made_of", "")})

    def _read(self, *, or_new: bool = False) -> dict[str, Any]:
        try:
            held = json.loads(self.manifest.read_text("utf-8"))
        except FileNotFoundError:
            if or_new:
                return {"files": {}, "running": {}}
            raise ModelFileTrouble(f"There are no model files in {self.folder}. {_CARRY_ON}") from None
        except (OSError, ValueError) as error:
            raise ModelFileTrouble(self._damaged(str(error))) from error
        if not isinstance(held, dict) or not isinstance(held.get("files"), dict):
            raise ModelFileTrouble(self._damaged("it has no list of files"))
        held.setdefault("running", {})
        return held

    def _damaged(self, why: str) -> str:
        return f"{self.manifest} is damaged ({why}). {_CARRY_ON}"

    def _write(self, held: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.manifest.with_suffix(f".{os.getpid()}.new")
        fresh.write_text(json.dumps(held, indent=2, sort_keys=True) + "\n", "utf-8")
        fresh.replace(self.manifest)


_CARRY_ON = "What does not need it carries on. `hark train day-one` makes the files anew; labels are kept."


def sha256_of(file: Path) -> str:
    """Raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
