"""Run background work: the job table lists it, and one thread does it."""
