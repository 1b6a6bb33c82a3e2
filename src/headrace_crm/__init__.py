"""The AI CRM that runs on Headrace."""
