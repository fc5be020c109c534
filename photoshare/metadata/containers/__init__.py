"""Clean the file formats that contain pictures and metadata: JPEG, PNG, WebP, GIF, HEIC."""
