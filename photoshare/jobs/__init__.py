"""Background work: the job table says what is to be done, one thread does it."""
