"""What keeps a data folder whole: backups, checks, deleted bytes, the doctor."""
