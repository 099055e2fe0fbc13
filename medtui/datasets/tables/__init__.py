"""Tables of names, labels and patients as files: bytes to text, text to rows, and joins."""
