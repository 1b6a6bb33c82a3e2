"""What other people's assistants may ask and do, as a server of the Model Context Protocol."""
