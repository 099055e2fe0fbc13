"""Suggests a card for images without one: an analysis with evidence, and the card's text."""
