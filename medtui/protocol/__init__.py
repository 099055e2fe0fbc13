"""What child processes are asked, and what they answer: one struct a message, one module a subject.

A request is one JSON object on the child's stdin, a message one JSON object a line on its stdout.
Every module may import these; they import msgspec alone. `medtui.child_process` carries them.
"""
