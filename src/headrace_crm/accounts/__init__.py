"""Accounts: mailboxes that an owner lets the CRM read, and the tokens that open them."""
