"""Reconstruction of representative volume elements from one image."""
