"""Takes runs elsewhere: readers of run folders that write outside of them."""
