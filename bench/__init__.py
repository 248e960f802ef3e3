"""The benchmark: `make bench`, or `python -m bench` in the course's directory."""

# The assignment on which graders are compared.
TOPIC = "07_batchnorm"
