"""The errors of PhotoShare: each message is one sentence that can be shown to people as it is.

Messages that a page can show are collected for translation where they are raised:
``photoshare/translations/keywords.txt`` lists the classes.
"""

from __future__ import annotations


class PhotoshareError(Exception):
    """An error that can be explained to a person; ``str(error)`` is the sentence.

    Parameters
    ----------
    sentence : str
        In English, as in the catalogues, with ``%(name)s`` in place of a value.
    **values : str or int
        The values to fill in.

    Attributes
    ----------
    sentence, values
        As given; the pages say them in the guest's language (`words.translate_error`).
    """

    def __init__(self, sentence: str, **values: str | int) -> None:
        self.sentence, self.values = sentence, values
        english = {
            name: f"{value:,}" if isinstance(value, int) else value
            for name, value in values.items()
        }
        super().__init__(sentence % english if values else sentence)


class SettingError(PhotoshareError):
    """A setting has a value that cannot be used."""


class AssetError(PhotoshareError):
    """An installed package lacks a file that the pages need, or has a changed one."""


class ModelError(PhotoshareError):
    """A file of the face networks is missing or damaged."""


class StartError(PhotoshareError):
    """The server cannot start: the address, the data folder or the disk is not as needed."""


class BackupError(PhotoshareError):
    """A backup cannot be made in the chosen folder."""


class MoveError(PhotoshareError):
    """The rows of an installation cannot be moved to another database."""


class RoomFileError(PhotoshareError):
    """A room can't be written to a file, or a file isn't one that a room can be made of."""


class DamagedDatabaseError(StartError):
    """SQLite cannot read the database file."""


class NotFoundError(PhotoshareError):
    """What was asked for does not exist, or this browser may not see it."""


class NotJoinedError(NotFoundError):
    """The browser has not joined the room whose page it asked for."""


class RoomEndedError(NotFoundError):
    """The room has ended: who is not in it no longer gets in.

    Attributes
    ----------
    title : str or None
        The room's, for browsers that may know it.
    host_name : str or None
        The host's, for browsers that had joined.
    """

    def __init__(self, sentence: str, *, title: str | None, host_name: str | None) -> None:
        super().__init__(sentence)
        self.title, self.host_name = title, host_name


class RoomBinnedError(NotFoundError):
    """The room is in the bin; the browser is that of a host, who can restore it.

    Attributes
    ----------
    code : str
        The room's present one.
    """

    def __init__(self, sentence: str, *, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class RoomMovedError(NotFoundError):
    """The room has a new guest link; the browser is in it, and may know the new code.

    Attributes
    ----------
    code : str
        The room's present one.
    """

    def __init__(self, *, code: str) -> None:
        super().__init__("This room has a new address.")
        self.code = code


class PasswordChangedError(NotJoinedError):
    """The room has a new password, which the browser has not given yet.

    Attributes
    ----------
    guest_id : int
        Who the browser is in the room.
    name : str
        Of the guest; may be empty.
    """

    def __init__(self, sentence: str, *, guest_id: int, name: str) -> None:
        super().__init__(sentence)
        self.guest_id, self.name = guest_id, name


class TokenError(PhotoshareError):
    """A request to the API came without a token, or with one that is not valid."""


class InvalidInputError(PhotoshareError):
    """A form field cannot be accepted; the sentence names the field and how to fix it.

    Attributes
    ----------
    field : str or None
        The name of the field in the form, beside which the page shows the sentence.
    """

    def __init__(self, sentence: str, *, field: str | None = None, **values: str | int) -> None:
        super().__init__(sentence, **values)
        self.field = field


class WrongPasswordError(InvalidInputError):
    """The password is not the room's."""


class SameNameError(PhotoshareError):
    """The name is taken: the sentence asks whether the two are the same person.

    Attributes
    ----------
    namesake_id : int
        The person who has the name.
    """

    def __init__(self, question: str, namesake_id: int, **values: str | int) -> None:
        super().__init__(question, **values)
        self.namesake_id = namesake_id


class SamePhotoError(InvalidInputError):
    """Two faces in one photo would become one person: the sentence asks for confirmation.

    Attributes
    ----------
    pairs : tuple of (int, int)
        Ids of the faces in question, one pair for each photo.
    """

    def __init__(
        self, question: str, pairs: tuple[tuple[int, int], ...], **values: str | int
    ) -> None:
        super().__init__(question, field=None, **values)
        self.pairs = pairs


class NotAllowedError(PhotoshareError):
    """The browser may see this, but not change it."""


class RejectedPhotoError(PhotoshareError):
    """An uploaded file is refused: not a picture, damaged, or over a limit."""


class DiskFullError(PhotoshareError):
    """The disk has no space left for what was sent."""


def disk_full_error() -> DiskFullError:
    """Make the error for a full disk; its message is the same wherever it was noticed."""
    return DiskFullError("The server's disk is full. Please tell the host.")


def damaged_database_error(complaint: object) -> DamagedDatabaseError:
    """Make the error for a damaged database; its message says what to do.

    Parameters
    ----------
    complaint : str or exception
        SQLite's message.
    """
    return DamagedDatabaseError(
        f"The database is damaged ({complaint}). Replace it with the newest backup "
        "(docs/administration.md), or recover what you can with SQLite's own tool: sqlite3 "
        "photoshare.sqlite .recover | sqlite3 mended.sqlite"
    )


class RoomFullError(DiskFullError):
    """The room holds as many photos or bytes as the settings allow."""


class TryLaterError(PhotoshareError):
    """Something was done too often; it can be tried again later.

    Attributes
    ----------
    retry_after_s : int
        After how many seconds.
    """

    def __init__(self, sentence: str, *, retry_after_s: int, **values: str | int) -> None:
        super().__init__(sentence, **values)
        self.retry_after_s = retry_after_s


class TooManyUploadsError(TryLaterError):
    """One guest, or one network, has sent more files than an hour allows."""


class TooManyAttemptsError(TryLaterError):
    """One network has tried something too often."""


class ServerBusyError(TryLaterError):
    """The server does something of this kind already, and only one at a time."""


class StorageError(TryLaterError):
    """The bucket with the photos can't be reached, or doesn't let us in.

    Attributes
    ----------
    reason : str
        What is wrong and how to fix it, for whoever runs the server; no page shows it.
    """

    def __init__(self, sentence: str, *, retry_after_s: int, reason: str) -> None:
        super().__init__(sentence, retry_after_s=retry_after_s)
        self.reason = reason


def storage_error(reason: str) -> StorageError:
    """Make the error for a bucket out of reach; guests read the same sentence whatever the reason.

    Parameters
    ----------
    reason : str
        For whoever runs the server.
    """
    return StorageError(
        "The server can't reach its photos right now. Please try again in a minute.",
        retry_after_s=10,
        reason=reason,
    )


class WrongOffsetError(PhotoshareError):
    """A piece does not begin where the upload so far ends.

    Parameters
    ----------
    offset : int
        How many bytes of the upload are safe; the next piece begins there.
    """

    def __init__(self, offset: int) -> None:
        super().__init__("This piece doesn't continue where the upload left off.")
        self.offset = offset
