"""The course: text to notebooks, its proofs, the sample class, the release, the site."""
