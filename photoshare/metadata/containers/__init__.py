"""The files that hold pictures and metadata: JPEG with its segments, PNG, WebP, GIF, HEIC."""
