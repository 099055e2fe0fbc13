"""Actions on studies and runs: their requests, handlers and implementations."""
