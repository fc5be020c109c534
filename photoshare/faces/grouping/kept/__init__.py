"""What is kept of a room from photo to photo: one more costs the same, however large it is."""
