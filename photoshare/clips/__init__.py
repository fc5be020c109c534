"""Clips: opening, checking and looking into files that move, by FFmpeg (PyAV)."""
