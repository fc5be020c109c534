"""Who sees what in a room: which of its photos, whose faces, and until when photos may be added."""
