"""What is wrong with a database and its workers, told with the next step: facts gathered, then judged."""
