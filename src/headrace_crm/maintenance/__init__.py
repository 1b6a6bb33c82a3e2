"""What keeps the CRM's data as it should be: the erasure of people."""
