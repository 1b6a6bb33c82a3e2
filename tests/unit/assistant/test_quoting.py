from headrace_crm.assistant.quoting import TEXT_CHARS, quoted


def test_what_steers_a_terminal_or_turns_the_direction_is_left_out():
    assert quoted("a\x1b[2Jb\u202ec\nd") == "a [2Jb c\nd"


def test_a_text_is_cut_to_its_length_and_says_so():
    assert quoted("x" * TEXT_CHARS) == "x" * TEXT_CHARS
    cut = quoted("x" * (TEXT_CHARS + 1))
    assert (len(cut), cut[-1]) == (TEXT_CHARS, "\u2026")
