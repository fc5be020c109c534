"""How requests are answered: partials, files, toasts, errors, the way back."""
