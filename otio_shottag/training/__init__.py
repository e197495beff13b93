"""Stills in folders or a list -> a checkpoint, and a checkpoint -> how well it judges."""
