"""What a language model sees in letters that rules do not: asked for, checked, kept, and told beside them."""
