"""The privacy review point: the indicators service tells the world nothing yet; it has no facts to announce."""
