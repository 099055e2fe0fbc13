"""Starts, extends, stops and resumes studies."""
