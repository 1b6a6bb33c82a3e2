"""The methods of the Gmail API, by resource."""
