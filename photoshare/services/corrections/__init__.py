"""Make, store, undo and list the corrections of faces and people."""
