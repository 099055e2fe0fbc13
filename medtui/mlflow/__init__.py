"""MLflow as a tracker: each run becomes one MLflow run, written by a process of its own.

`store` alone imports mlflow, and only the process `follower` uses it.
"""
