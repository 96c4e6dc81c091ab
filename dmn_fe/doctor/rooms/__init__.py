"""Self-tests, a file for each room: something small is computed whose answer is known."""
