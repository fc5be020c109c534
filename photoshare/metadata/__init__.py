"""Remove what identifies a person, a device or a location from a file, but not from its picture.

Pure: bytes in, patches out. Nothing here decodes a picture or uses a database.
"""
