"""Requests and messages of child processes: one struct per message, one module per subject.

A request is one JSON object on the child's stdin; each message is one JSON object per line on its
stdout. Every module may import these; they import only msgspec and the errors. `child_process`
transports them.
"""
