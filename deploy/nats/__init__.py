"""The broker in production: its configuration, and who may say and hear what on it."""
