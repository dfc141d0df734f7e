"""What ``flask crm`` offers, one file per command; ``app.cli`` puts them together."""
