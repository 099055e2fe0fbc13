"""Evaluates sealed tests of finished runs, for the gate."""
