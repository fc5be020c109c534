"""The pages about photos that are shown as one."""
