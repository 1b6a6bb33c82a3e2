"""Finding passages of mail and people by words and by meaning, and answering questions from them."""
