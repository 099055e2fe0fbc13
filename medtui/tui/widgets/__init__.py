"""The widgets of screens, one module per widget."""
