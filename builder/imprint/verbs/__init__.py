"""The verbs: each module is one, and reads top to bottom as its own story."""
