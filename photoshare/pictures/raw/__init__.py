"""RAW files of cameras and phones: told by their bytes, shown by the JPEG inside (ADR 25)."""
