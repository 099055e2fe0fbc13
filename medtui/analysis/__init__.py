"""Compares runs: columns, filters, paired differences, subgroups and tables, as pure functions.

A table reads result files alone; predictions, telemetry and logs are opened on request.
"""
