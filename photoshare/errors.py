"""The errors of PhotoShare: each message is one sentence for people, ready to be shown.

The sentences of those that a page can show are found for the catalogues where they are raised:
``photoshare/translations/keywords.txt`` names the classes.
"""

from __future__ import annotations


class PhotoshareError(Exception):
    """Something went wrong that a person can understand; ``str(error)`` is the sentence.

    Parameters
    ----------
    sentence : str
        In English, as it stands in the catalogues: ``%(name)s`` where a value belongs.
    **values : str or int
        What belongs there.

    Attributes
    ----------
    sentence, values
        As given; the pages say them in the guest's language (`words.say_error`).
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
    """An installed package lacks a file that the pages need, or the file was changed."""


class ModelError(PhotoshareError):
    """A file of the face networks is missing or damaged."""


class StartError(PhotoshareError):
    """The server cannot start: the address, the data folder or the disk is not as needed."""


class BackupError(PhotoshareError):
    """A backup cannot be made there."""


class DamagedDatabaseError(StartError):
    """SQLite cannot make sense of the database file."""


class NotFoundError(PhotoshareError):
    """What was asked for does not exist, or is none of the asker's business."""


class InvalidInputError(PhotoshareError):
    """A form field cannot be accepted; the sentence names the field and the remedy."""


class WrongPasswordError(InvalidInputError):
    """What was typed is not the password of the room."""


class SameNameError(PhotoshareError):
    """Somebody else has the name already: the sentence asks whether the two are one person.

    Attributes
    ----------
    namesake_id : int
        The person who has the name.
    """

    def __init__(self, question: str, namesake_id: int, **values: str | int) -> None:
        super().__init__(question, **values)
        self.namesake_id = namesake_id


class SamePhotoError(InvalidInputError):
    """Two faces of one photo would become one person: the sentence asks whether that is so.

    Attributes
    ----------
    pairs : tuple of (int, int)
        Ids of the faces in question, one pair for each photo.
    """

    def __init__(
        self, question: str, pairs: tuple[tuple[int, int], ...], **values: str | int
    ) -> None:
        super().__init__(question, **values)
        self.pairs = pairs


class NotAllowedError(PhotoshareError):
    """The asker may see this, but not do it."""


class RejectedPhotoError(PhotoshareError):
    """An uploaded file is not taken: not a picture, damaged, or over a limit."""


class DiskFullError(PhotoshareError):
    """There is no room left on the disk for what was sent."""


def disk_full_error() -> DiskFullError:
    """Make the error that says that the disk is full, whoever noticed."""
    return DiskFullError("The server's disk is full. Please tell the host.")


def damaged_database_error(complaint: object) -> DamagedDatabaseError:
    """Make the error that says that the database is damaged, and what to do.

    Parameters
    ----------
    complaint : str or exception
        What SQLite says.
    """
    return DamagedDatabaseError(
        f"The database is damaged ({complaint}). Replace it with the newest backup (README, "
        "Backup), or recover what you can with SQLite's own tool: sqlite3 photoshare.sqlite "
        ".recover | sqlite3 mended.sqlite"
    )


class RoomFullError(DiskFullError):
    """The room holds as many photos or bytes as the settings allow."""


class TryLaterError(PhotoshareError):
    """Something was done too often; the same will be possible later.

    Attributes
    ----------
    retry_after_s : int
        In how many seconds.
    """

    def __init__(self, sentence: str, *, retry_after_s: int, **values: str | int) -> None:
        super().__init__(sentence, **values)
        self.retry_after_s = retry_after_s


class TooManyUploadsError(TryLaterError):
    """One guest, or one network, has sent more files than an hour allows."""


class TooManyAttemptsError(TryLaterError):
    """One network has tried something too often."""


class WrongOffsetError(PhotoshareError):
    """A piece does not begin where the upload ends.

    Parameters
    ----------
    offset : int
        How many bytes of the upload are safe; the next piece begins there.
    """

    def __init__(self, offset: int) -> None:
        super().__init__("This piece doesn't continue where the upload left off.")
        self.offset = offset
