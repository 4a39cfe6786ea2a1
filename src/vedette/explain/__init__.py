"""Why something happened, or did not: the decision ledger in sentences. Pure."""
