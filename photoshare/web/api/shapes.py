"""The shapes of what the API answers and takes; its OpenAPI document is made of them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from photoshare.web.requests import ADD, READ

MOST_PHOTOS = 200  # in one answer: of ten faces each, about 150 KB
USUAL_PHOTOS = 50


def _text(description: str, **options: object) -> fields.String:
    return fields.String(required=True, metadata={"description": description}, **options)  # type: ignore[arg-type]


def _count(description: str, **options: object) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": description}, **options)  # type: ignore[arg-type]


class ProblemShape(Schema):
    """What every error answers, as RFC 9457 has it."""

    title = _text("The name of the status.")
    status = _count("The status of the answer.")
    detail = _text("One sentence for people, in the language of Accept-Language.")


class RoomShape(Schema):
    """The room of the token."""

    title = _text("As its host named it.")
    ends_on = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "The last day on which guests may enter."},
    )
    photo_count = _count("Photos in the room.")
    rights = fields.List(
        fields.String(validate=validate.OneOf((READ, ADD))),
        required=True,
        metadata={"description": "What the token is for."},
    )


class FaceShape(Schema):
    """A face in a photo, in pixels of the upright photo."""

    id = _count("Stays as long as the photo.")
    person_id = _count("Whose it is; null: nobody's yet.", allow_none=True)
    top = _count("The upper edge.")
    right = _count("The right edge.")
    bottom = _count("The lower edge.")
    left = _count("The left edge.")


class PhotoShape(Schema):
    """A photo."""

    id = _count("Never given twice.")
    file_name = _text("As on the device that sent it.")
    media_type = _text("Of the original: image/..., or video/... for a video.")
    size_bytes = _count("Of the original as it was sent; a download may be smaller.")
    duration_ms = _count("How long a video is; null: a photo.", allow_none=True)
    width = _count("Pixels, upright.")
    height = _count("Pixels, upright.")
    uploader = _text("The guest's name; null: they gave none.", allow_none=True)
    added_at = fields.AwareDateTime(required=True, metadata={"description": "When it was sent."})
    taken_at = _text(
        "When it was taken, as the camera's clock showed it, without a zone; null: unknown.",
        allow_none=True,
    )
    is_searched = fields.Boolean(
        required=True, metadata={"description": "Whether its faces have been looked for."}
    )
    faces = fields.List(fields.Nested(FaceShape), required=True)


class PhotosShape(Schema):
    """A page of photos, the newest first."""

    photos = fields.List(fields.Nested(PhotoShape), required=True)
    next_cursor = _text("What the next page begins after; null: this is the last.", allow_none=True)


class PersonShape(Schema):
    """Someone in the room."""

    id = _count("Lasts until two people turn out to be one.")
    name = _text("As guests named them; null: not named yet.", allow_none=True)
    photo_count = _count("Photos they are in.")


class PeopleShape(Schema):
    """Everybody guests see, most photos first."""

    people = fields.List(fields.Nested(PersonShape), required=True)


class AddedShape(Schema):
    """An accepted photo."""

    id = _count("Of the photo.")
    is_duplicate = fields.Boolean(
        required=True, metadata={"description": "Whether the room had the same bytes already."}
    )


class PageQuery(Schema):
    """Which page of photos."""

    cursor = fields.String(metadata={"description": "The next_cursor of the page before."})
    limit = fields.Integer(
        load_default=USUAL_PHOTOS,
        validate=validate.Range(1, MOST_PHOTOS),
        metadata={"description": "The most photos of the page."},
    )


class PhotoForm(Schema):
    """A photo to add."""

    photo = fields.Raw(
        required=True,
        metadata={
            "description": "The file, with its name.",
            "type": "string",
            "contentMediaType": "application/octet-stream",
        },
    )
