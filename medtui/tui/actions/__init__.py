"""Actions on studies and runs: the requests, their handlers, and what is done."""
