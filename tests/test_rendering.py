"""A verdict as text and HTML: nothing twice, something below every cross, two open, the rest folded, no marks left."""

from html.parser import HTMLParser

import pytest

from autograder.rendering import verdict_html, verdict_text
from autograder.verdict import CaseResult, KnownMistake, Verdict


class Page(HTMLParser):
    """Words, tags and what is folded."""

    def __init__(self, text):
        super().__init__()
        self.words, self.tags, self.folded, self.links = [], [], [], []
        self._in = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self._in.append(tag)
        self.links += [value for name, value in attributes if name == "href"]

    def handle_endtag(self, tag):
        while self._in and self._in.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" not in self._in:
            self.words.append(data)
            if "details" in self._in and "summary" not in self._in:
                self.folded.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def case(title, passed=False, **fields):
    fields = {"called": "f(x)", "message": f"wrong in {title}", **fields}
    return CaseResult(title, 1.0, passed, **fields)


def verdict(*cases, **fields):
    return Verdict("f", 1.0, 4.0, tuple(cases), **fields)


FOUR = [case(name) for name in ("one", "two", "three", "four")]


def test_two_crosses_are_told_and_the_others_are_folded():
    page = Page(verdict_html(verdict(*FOUR)))
    folded = " ".join(page.folded)
    assert "wrong in three" in folded and "wrong in four" in folded
    assert "wrong in one" not in folded and "wrong in two" not in folded
    assert all(f"wrong in {c.title}" in page.text for c in FOUR)


def test_nothing_is_said_twice_and_no_cross_is_bare():
    same = [case(name, message="the very same") for name in ("one", "two", "three")]
    for text in (verdict_text(verdict(*same)), Page(verdict_html(verdict(*same))).text):
        assert text.count("the very same") == 1 and text.count("as said above") == 2
        assert text.count("f(x)") == 1


def test_what_a_mistake_says_is_not_said_again_below_its_cross():
    known = KnownMistake("a_name", "The very sentence.")
    text = verdict_text(verdict(case("one", message="The very sentence."), known=(known,)))
    assert text.count("The very sentence.") == 1 and "as said above" in text


def test_what_is_not_judged_yet_is_neither_tick_nor_cross_and_says_why_once():
    waiting = [case(name, open="not judged yet: it is hidden") for name in ("one", "two")]
    shown = verdict(case("zero"), *waiting)
    assert verdict_text(shown).count("○") == 2 and verdict_text(shown).count("✗") == 1
    assert verdict_text(shown).count("it is hidden") == 1
    page = Page(verdict_html(shown))
    assert page.text.count("it is hidden") == 1 and page.text.count("not judged yet: one") == 1
    assert "wrong in one" not in page.text


def test_marks_become_code_and_stress_or_go():
    known = KnownMistake("a_name", "Use `x * y ** 2`, *not* `*args`; 2 * 3 * 4 stays.")
    shown = verdict(case("`f` of *this*"), known=(known,), facts=("`x` is *all* zero.",))
    text = verdict_text(shown)
    assert "Use x * y ** 2, not *args; 2 * 3 * 4 stays." in text and "x is all zero." in text and "f of this" in text
    html = verdict_html(shown)
    assert "<code>x * y ** 2</code>, <i>not</i> <code>*args</code>; 2 * 3 * 4 stays." in html
    assert "`" not in Page(html).text


def test_what_was_printed_stands_below_the_first_cross_alone():
    cases = [case("zero", True), case("one", printed="x is 3\nand more\n"), case("two", printed="x is 4\n")]
    text = verdict_text(verdict(*cases))
    assert "printed  x is 3" in text and "and more" in text and "x is 4" not in text
    assert Page(verdict_html(verdict(*cases))).text.count("x is 3") == 1


def test_a_part_a_fact_and_an_eased_verdict_are_told():
    known = KnownMistake("a_name", "One thing.", partial=True)
    text = verdict_text(verdict(*FOUR, known=(known,), facts=("Another thing.",), eased=True))
    assert "Among other things: One thing." in text and "→ Another thing." in text and "Only details are wrong" in text


def test_a_section_is_a_link_where_it_is_known_to_lie():
    known = KnownMistake("a_name", "One thing.", "3 · Here & <there>")
    shown = verdict(*FOUR, known=(known,))
    assert Page(verdict_html(shown)).links == []
    page = Page(verdict_html(shown, {"3 · Here & <there>": "02_sgd.ipynb#cell-id=text_7"}))
    assert page.links == ["02_sgd.ipynb#cell-id=text_7"] and "3 · Here & <there>" in page.text


@pytest.mark.parametrize("field", ["title", "message", "called", "inputs", "line", "printed", "open"])
def test_markup_in_any_field_is_text(field):
    fields = {"title": "one", field: "<script>x</script> & 'q'"}
    shown = verdict(CaseResult(weight=1.0, passed=False, **{"called": "f(x)", "message": "wrong", **fields}))
    page = Page(verdict_html(shown))
    assert "script" not in page.tags and "<script>x</script> & 'q'" in page.text
