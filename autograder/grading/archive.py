"""What lies in a zip file or a folder, archives within archives too: names as they were meant, and bytes up to a limit.

Nothing is unpacked to the disk, so no name of a file leads anywhere.
"""

import io
import os
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from lzma import LZMAError
from pathlib import Path
from typing import IO

from autograder.grading.intake import MAX_BYTES

# Of an archive that an LMS made, and of one that a student handed in.
MAX_FILES, MAX_FILES_WITHIN = 100_000, 5_000
# A student's archive, and all that is read of one student's upload.
MAX_ARCHIVE_BYTES, MAX_READ_BYTES = 100 * 2**20, 200 * 2**20
MAX_DEPTH = 3

# What operating systems and Jupyter leave beside a file.
_LEFT_BY_OTHERS = frozenset({"__macosx", ".ds_store", "thumbs.db", "desktop.ini", ".ipynb_checkpoints"})
_OTHER_ARCHIVES = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_ZIP = b"PK\x03\x04", b"PK\x05\x06"
_UTF8, _ENCRYPTED = 0x800, 0x1
_UNICODE_PATH = 0x7075


class Unreadable(Exception):
    """An archive, or a file in one, that cannot be read; the text says why."""


class TooLarge(Unreadable):
    """More than is read; `read` bytes were."""

    def __init__(self, read: int):
        super().__init__(f"it is larger than {read / 2**20:.3g} MB")
        self.read = read


@dataclass(frozen=True)
class Entry:
    """A file in an archive or a folder.

    Parameters
    ----------
    archive : the file that was named on the command line
    parts : its path in there, outermost folder first
    modified : its time, by the clock of whoever packed it; None where it has none
    open : opens it for reading
    """

    archive: Path
    parts: tuple[str, ...]
    modified: datetime | None
    open: Callable[[], IO[bytes]]

    @property
    def name(self) -> str:
        """Its path, to show."""
        return "/".join(self.parts)

    @property
    def is_left_by_others(self) -> bool:
        """Whether nobody meant to pack it: what macOS, Windows or Jupyter put beside people's files."""
        return self.parts[-1].startswith("._") or any(part.lower() in _LEFT_BY_OTHERS for part in self.parts)

    def head(self, count: int) -> bytes:
        """The first bytes."""
        return self._read(count)

    def read(self, most: int = MAX_BYTES) -> bytes:
        """All bytes.

        Raises
        ------
        Unreadable : broken, encrypted, packed in another way
        TooLarge : larger than `most`
        """
        data = self._read(most + 1)
        if len(data) > most:
            raise TooLarge(most)
        return data

    def _read(self, count: int) -> bytes:
        try:
            with self.open() as file:
                return file.read(count)
        except NotImplementedError:
            raise Unreadable("it is packed in a way that is not read here: unpack it and name the folder") from None
        except RuntimeError:
            raise Unreadable("it is encrypted with a password") from None
        except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, ValueError, struct.error):
            raise Unreadable("it is broken") from None
        except OSError as error:
            raise Unreadable(f"it cannot be read: {error.strerror or error}") from None


def entries(path: Path, stack: ExitStack) -> list[Entry]:
    """The files of a zip file or a folder.

    Parameters
    ----------
    stack : closes the zip file

    Raises
    ------
    Unreadable : no zip file, a broken one, or one with too many files
    """
    if path.is_dir():
        return list(_in_folder(path))
    try:
        zipped = stack.enter_context(zipfile.ZipFile(path))
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from None
    except (zipfile.BadZipFile, ValueError, EOFError, struct.error):
        raise Unreadable("it is no whole zip file: was the download cut off?") from None
    return _in_zip(zipped, path, (), MAX_FILES)


def kind(entry: Entry) -> str:
    """ "zip", "archive" for one of another kind, "text" for what may be a notebook, else "other"."""
    head = entry.head(512)
    if head.startswith(_ZIP):
        return "zip"
    if head.startswith(_OTHER_ARCHIVES):
        return "archive"
    # With or without a byte order mark.
    is_text = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
    return "text" if is_text else "other"


def within(entry: Entry, stack: ExitStack, most: int) -> tuple[list[Entry], int]:
    """The files of an archive in an archive, and its size in bytes.

    Parameters
    ----------
    most : bytes that may be read

    Raises
    ------
    Unreadable : as for `entries`, or too large
    """
    data = entry.read(min(MAX_ARCHIVE_BYTES, most))
    try:
        zipped = stack.enter_context(zipfile.ZipFile(io.BytesIO(data)))
    except (zipfile.BadZipFile, ValueError, EOFError, struct.error, OSError):
        raise Unreadable("it is a broken archive") from None
    return _in_zip(zipped, entry.archive, entry.parts, MAX_FILES_WITHIN), len(data)


def _in_zip(zipped: zipfile.ZipFile, archive: Path, above: tuple[str, ...], most: int) -> list[Entry]:
    infos = [info for info in zipped.infolist() if not info.is_dir()]
    if len(infos) > most:
        raise Unreadable(f"it holds more than {most} files")
    found = []
    for info in infos:
        parts = tuple(part for part in _name(info).replace("\\", "/").split("/") if part not in ("", "."))
        if parts:
            found.append(Entry(archive, above + parts, _modified(info), _opener(zipped, info)))
    return found


def _opener(zipped: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: zipped.open(info)


def _name(info: zipfile.ZipInfo) -> str:
    """A file's name as it was meant: macOS writes UTF-8 and does not say so, Windows the code page of old PCs."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8:
        try:
            raw = name.encode("cp437")
            name = _unicode_path(info.extra, raw) or raw.decode("utf-8")
        except UnicodeError:
            # Python has read it by that code page already.
            pass
    return unicodedata.normalize("NFC", name)


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """Info-ZIP's extra field with the name in UTF-8 (APPNOTE 4.6.9); empty where there is none that belongs to it."""
    while len(extra) >= 4:
        field, length = struct.unpack("<HH", extra[:4])
        content, extra = extra[4 : 4 + length], extra[4 + length :]
        if field == _UNICODE_PATH and len(content) > 5 and content[1:5] == struct.pack("<L", zlib.crc32(raw)):
            return content[5:].decode("utf-8")
    return ""


def _modified(info: zipfile.ZipInfo) -> datetime | None:
    """When a file was written; 1980 is how a zip file says that it does not know."""
    try:
        moment = datetime(*info.date_time)
    except ValueError:
        return None
    return moment if moment.year > 1980 else None


def _in_folder(folder: Path) -> Iterator[Entry]:
    count = 0
    for place, _, files in sorted(os.walk(folder)):
        for name in sorted(files):
            path = Path(place) / name
            # A link could lead to any file of this machine.
            if path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > MAX_FILES:
                raise Unreadable(f"it holds more than {MAX_FILES} files")
            parts = tuple(unicodedata.normalize("NFC", part) for part in path.relative_to(folder).parts)
            modified = datetime.fromtimestamp(path.stat().st_mtime)
            yield Entry(folder, parts, modified, lambda path=path: path.open("rb"))  # type: ignore[misc]
