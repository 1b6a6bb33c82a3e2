"""Other job queues, run beside Headrace on the same server: each by its own API, tuned as its documentation says."""
