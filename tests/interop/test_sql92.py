"""Our SQL92 beside the genuine evaluator: the same is refused, and answered."""

from sql_corpus import corpus, genuine_answers, our_answer

CASES = 6_000


def test_ours_answers_what_the_genuine_evaluator_answers() -> None:
    cases = corpus(CASES)
    genuine = genuine_answers(cases)
    different = [
        (case, theirs, ours)
        for case, theirs in zip(cases, genuine, strict=True)
        if theirs != (ours := our_answer(case))
    ]
    assert different == []
    letters = {letter for answers in genuine for letter in answers}
    assert letters == set("PTFNE")
