"""The benchmark: `make bench`, or `python -m bench` in the course's directory."""
