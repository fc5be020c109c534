"""The errors of PhotoShare that a reader of the log or of a page can act on."""

from __future__ import annotations


class PhotoshareError(Exception):
    """Something went wrong in a way that PhotoShare foresaw; the text says what."""


class ModelError(PhotoshareError):
    """A face model file is missing, damaged or not the one PhotoShare knows."""
