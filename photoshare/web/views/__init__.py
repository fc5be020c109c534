"""The pages: one module a blueprint; a view never imports a view."""
