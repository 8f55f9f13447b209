"""Accounts, invitations, sessions and codes of people who log in."""
