"""Contacts: the people an owner deals with, found in the mail, with their addresses and interactions."""
