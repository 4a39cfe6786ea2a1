"""How good is it? MOTChallenge metrics against known truth."""
