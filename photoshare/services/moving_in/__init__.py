"""Make a room of a room file, which `photoshare.services.take_home` wrote on another server."""
