"""How much personal data a scrubber finds, what it costs, and what it does to retrieval."""
