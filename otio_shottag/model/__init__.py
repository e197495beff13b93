"""The network that judges a picture: its shape, its file, what a picture goes through before it."""
