"""Plumbing every service needs, expressed once. The kit knows verbs, never nouns."""
