"""Call and confirm: who has the duty, who is called next, who answered; the ladder from grid to district."""
