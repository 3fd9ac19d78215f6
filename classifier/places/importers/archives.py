"""Zip files from strangers: what would not fit is refused before it is unpacked."""

import zipfile
from pathlib import Path

from classifier.places.importers.sources import BrokenSource

LARGEST = 4 << 30
"""Bytes unpacked. The streets of a whole state have a tenth."""
MOST_PACKED = 200
"""Times smaller than unpacked. Text packs to a tenth or twentieth."""


def refuse_bombs(path: Path) -> None:
    """Raises BrokenSource for what is no zip file or a locked or oddly packed one, or unpacks to absurdly much."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise BrokenSource(f"{path.name} is no whole zip file. Fetch it again.") from error
    for one in members:
        if one.flag_bits & 1:
            raise BrokenSource(f"{path.name} is locked with a password.")
        if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BrokenSource(f"{path.name} is packed in an unusual way. Unpack it and zip it again.")
    unpacked, packed = (sum(one.file_size for one in members), sum(one.compress_size for one in members))
    if unpacked > LARGEST or unpacked > MOST_PACKED * max(packed, 1) + (1 << 20):
        raise BrokenSource(f"{path.name} would unpack to {unpacked >> 20} MB. It is refused; give the file itself.")
