"""Build the answers to requests: partials, files, toasts, errors, the way back."""
