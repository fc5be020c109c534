"""The work that waits: the job table, the queue of photos, and what crashes leave behind."""
