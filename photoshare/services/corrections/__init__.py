"""What people say of faces and people: made, kept as events, undone, told as history."""
