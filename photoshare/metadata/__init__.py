"""Take the place and the serial numbers out of a picture file, without touching the picture.

Pure: bytes in, patches of the same length out. Nothing here decodes a picture or knows a database.
"""
