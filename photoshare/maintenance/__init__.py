"""Maintain a data folder: backups, checks, erasing deleted bytes, the doctor."""
