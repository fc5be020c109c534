"""Tests of `photoshare.services.clocks`."""
