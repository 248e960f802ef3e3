"""The capstone: everything together."""
