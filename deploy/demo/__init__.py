"""The demonstration: a synthetic prefecture and the story told on it."""
