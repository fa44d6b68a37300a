"""The bench's harness; ../README.md says what it measures and how to read it."""
