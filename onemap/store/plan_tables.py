"""Plans and their edits."""
