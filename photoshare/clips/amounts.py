"""How many frames of a clip are searched for faces."""

LEAST_APART_MS = 500  # of one frame to the next, in the mean: two a second
MOST_FRAMES = 60  # of one clip, however long it is
