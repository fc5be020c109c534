"""Take whatever identifies a person, a device or a place out of a picture file, not the picture.

Pure: bytes in, patches out. Nothing here decodes a picture or knows a database.
"""
