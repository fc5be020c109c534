"""Take a room home: a zip of all that it is.

docs/take-home.md describes the zip, which is called a room file; `photoshare.services.moving_in`
makes the same room of it on another server.
"""
