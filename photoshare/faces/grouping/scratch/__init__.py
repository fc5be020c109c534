"""Group many faces from scratch: by cores of near faces, which an index may find."""
