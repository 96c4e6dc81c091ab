"""Periodic cells: which nodes are images of each other, and motions that repeat themselves."""
