from hypothesis import given
from hypothesis import strategies as st
from mail_samples import message

from headrace_crm.mail.thread import (
    ThreadLinks,
    is_reply_subject,
    merge_threads,
    normalise_subject,
    place_in_threads,
    thread_links,
)

LINKS = st.lists(
    st.builds(
        ThreadLinks,
        st.lists(st.sampled_from("abcdefgh"), max_size=2).map(tuple),
        st.lists(st.sampled_from("uvw"), max_size=2).map(tuple),
        st.lists(st.sampled_from("uvwx"), max_size=1).map(tuple),
    ),
    max_size=10,
).map(lambda all_links: [(f"m{n}", links) for n, links in enumerate(all_links)])


def groups(threads):
    found = {}
    for key, thread in threads.items():
        found.setdefault(thread, set()).add(key)
    return {frozenset(group) for group in found.values()}


def place_one_by_one(messages):
    """A store in miniature: what the incremental interface asks of one."""
    thread_of, bound, offers = {}, {}, {}
    for number, (key, links) in enumerate(messages):
        placed = place_in_threads(links, bound=bound, offers=offers)
        thread = number if placed.thread is None else placed.thread
        thread_of[key] = thread
        bound.update(dict.fromkeys((*links.ids, *links.claimed), thread))
        for link in links.offered:
            offers.setdefault(link, set()).add(thread)
        gone = set(placed.absorbed)
        thread_of = {k: thread if t in gone else t for k, t in thread_of.items()}
        bound = {k: thread if t in gone else t for k, t in bound.items()}
        offers = {k: {thread if t in gone else t for t in ts} for k, ts in offers.items()}
    return thread_of


@given(LINKS, st.randoms())
def test_threads_do_not_depend_on_the_order_of_messages(messages, random):
    shuffled = messages.copy()
    random.shuffle(shuffled)
    assert merge_threads(shuffled) == merge_threads(messages)


@given(LINKS, st.randoms())
def test_placing_one_message_after_the_other_ends_as_merging_all_at_once(messages, random):
    shuffled = messages.copy()
    random.shuffle(shuffled)
    assert groups(place_one_by_one(shuffled)) == groups(merge_threads(messages))


def threads_of(*messages):
    return len(groups(merge_threads((item.message_key, thread_links(item)) for item in messages)))


def test_two_replies_to_a_message_nobody_has_are_one_thread():
    assert (
        threads_of(
            message("Message-ID: <1@x>", "References: <0@x>"), message("Message-ID: <2@x>", "In-Reply-To: <0@x>")
        )
        == 1
    )
    assert threads_of(message("Message-ID: <1@x>"), message("Message-ID: <2@x>")) == 2


def test_the_providers_thread_joins_messages():
    assert threads_of(*(message(f"Message-ID: <{n}@x>", "X-GM-THRID: 7") for n in range(3))) == 1


def mail(number, day, subject, sender, to, *more):
    return message(
        f"Message-ID: <{number}@x>",
        f"Date: {day} 2006 10:00:00 +0000",
        f"Subject: {subject}",
        f"From: {sender}",
        f"To: {to}",
        *more,
    )


def test_a_reply_without_references_joins_the_same_subject_between_the_same_people():
    first = mail(1, "5 Jan", "Lunch plans", "a@x.example", "b@x.example")
    reply = mail(2, "9 Jan", "Re: lunch  plans", "b@x.example", "a@x.example")
    assert threads_of(first, reply) == 1
    assert threads_of(first, mail(2, "9 Jan", "Re: lunch plans", "c@x.example", "d@x.example")) == 2
    assert threads_of(first, mail(2, "9 Jun", "Re: lunch plans", "b@x.example", "a@x.example")) == 2


def test_a_reply_to_all_joins_what_was_written_to_the_others_alone():
    first = mail(1, "5 Jan", "Release plan", "a@x.example", "group@x.example")
    assert (
        threads_of(first, mail(2, "6 Jan", "Re: Release plan", "b@x.example", "a@x.example", "Cc: group@x.example"))
        == 1
    )


def test_unrelated_messages_of_one_subject_stay_apart_without_a_reply():
    assert threads_of(*(mail(n, f"{n + 1} Jan", "Daily report", "a@x.example", "b@x.example") for n in range(5))) == 5


def test_subjects_lose_their_prefixes_in_many_languages():
    for subject in (
        "Re: Hello",
        "AW: WG: hello",
        "[list] Re[2]: Hello",
        "Fwd: Re: [x] hello",
        "SV:  Hello",
        "RE : hello",
    ):
        assert normalise_subject(subject) == "hello"
    assert normalise_subject("Regarding: x") == "regarding: x"
    assert is_reply_subject("[list] Re: x")
    assert not is_reply_subject("Fwd: x")
    assert not is_reply_subject("Reply")


def test_the_corpora_have_the_threads_they_are_known_to_have(main_corpus, small_corpus):
    for messages, count in ((main_corpus, 2_600), (small_corpus, 92)):
        by_reference = ((m.message_key, ThreadLinks(thread_links(m).ids, (), ())) for m in messages)
        assert len(set(merge_threads(by_reference).values())) == count
